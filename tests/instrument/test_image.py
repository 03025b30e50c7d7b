"""The image that `gen-chart instrument` writes: that of the chart's own Fluent Bit, wherever it is pulled from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from generator.build.sources import read_pins
from generator.stack.images.listing import lock_file
from tests.conftest import ROOT
from tests.instrument.helpers import minimal

if TYPE_CHECKING:
    from pathlib import Path

DIGEST = "sha256:" + "5e" * 32
FLUENT_BIT = "cr.fluentbit.io/fluent/fluent-bit:5.1.1"
LOCK_FILE = lock_file({FLUENT_BIT: DIGEST}, {"fluent-bit": read_pins(ROOT).pin("fluent-bit").version})


@pytest.mark.parametrize(
    ("arguments", "image"),
    [
        ((), FLUENT_BIT),
        (("--registry", "registry.example:5000/mirror"), "registry.example:5000/mirror/fluent/fluent-bit:5.1.1"),
        (
            ("--profile", "jark", "--set", "images.registry=registry.example"),
            "registry.example/fluent/fluent-bit:5.1.1",
        ),
        (("-f", "images.lock.yaml"), f"{FLUENT_BIT}@{DIGEST}"),
        (
            ("-f", "images.lock.yaml", "--registry", "registry.example"),
            f"registry.example/fluent/fluent-bit:5.1.1@{DIGEST}",
        ),
        (("--set", "values.fluent-bit.image.tag=5.1.1-debug"), f"{FLUENT_BIT}-debug"),
        (("--set", "values.fluent-bit.image.tag='-'"), "cr.fluentbit.io/fluent/fluent-bit"),
    ],
)
def test_instrument_writes_the_image_of_the_charts_own_fluent_bit(
    run: Any, tmp_path: Path, arguments: tuple[str, ...], image: str
) -> None:
    (tmp_path / "ray.yaml").write_text(minimal())
    (tmp_path / "images.lock.yaml").write_text(LOCK_FILE)
    code, out, _ = run("instrument", "ray.yaml", *arguments)
    assert code == 0
    assert [line.split()[1] for line in out.splitlines() if "fluent/fluent-bit" in line] == [image]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("--registry", "https://registry.example"),
            "--registry: found 'https://registry.example', expected HOST[/PATH] without a scheme",
        ),
        (("--set", "values.fluent-bit.image=mine"), "fluent-bit.image: found 'mine', expected a mapping"),
        (("--profile", "jrak"), "jrak"),
    ],
)
def test_instrument_says_what_is_wrong_with_the_choice_of_the_image(
    run: Any, tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    (tmp_path / "ray.yaml").write_text("a: 1\n")
    code, out, err = run("instrument", "ray.yaml", *arguments)
    assert (code, out) == (2, "")
    assert message in err
