"""Chart.yaml and Chart.lock: every component with its switch, and a lock that the real Helm takes as in sync."""

from __future__ import annotations

import functools
import http.server
import io
import os
import subprocess
import tarfile
import threading
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

import pytest

from generator import __version__
from generator import stack as components
from generator.build.library import with_library
from generator.build.metadata import LIBRARY, chart_lock, chart_yaml
from generator.build.sources import read_pins
from generator.choices.pins import Pin, Pins
from generator.errors import InputError
from tests import libyaml
from tests.conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def pins() -> Pins:
    return read_pins(ROOT)


def changed(pins: Pins, name: str, pin: Pin | None) -> Pins:
    charts = dict(pins.charts)
    if pin is None:
        del charts[name]
    else:
        charts[name] = pin
    return Pins(pins.as_of, MappingProxyType(charts))


def test_chart_yaml_names_every_component_once_with_its_switch(pins: Pins) -> None:
    data = libyaml.load(chart_yaml(pins, "Generated."))
    library, *upstream = data["dependencies"]
    assert library == {"name": "ai-ml-observability-library", "version": __version__, "repository": ""}
    assert [each["name"] for each in upstream] == list(components.NAMES)
    assert [each["condition"] for each in upstream] == [f"{name}.rendered,{name}.enabled" for name in components.NAMES]
    assert [each["version"] for each in upstream] == [pins.pin(name).version for name in components.NAMES]


def test_chart_yaml_is_a_helm_3_chart_with_the_packages_version(pins: Pins) -> None:
    data = libyaml.load(chart_yaml(pins, "Generated."))
    assert (data["apiVersion"], data["type"], data["name"]) == ("v2", "application", "ai-ml-observability")
    assert data["version"] == data["appVersion"] == __version__


def test_both_are_the_same_bytes_each_time(pins: Pins) -> None:
    assert chart_yaml(pins, "H").startswith("# H\n")
    assert chart_yaml(pins, "H") == chart_yaml(pins, "H")
    assert chart_lock(pins) == chart_lock(pins)


def test_the_lock_says_when_the_pins_were_made_not_when_it_was_written(pins: Pins) -> None:
    assert libyaml.load(chart_lock(pins))["generated"] == f"{pins.as_of}T00:00:00Z"


@pytest.mark.parametrize("field", ["version", "repository"])
def test_another_pin_is_another_digest(pins: Pins, field: str) -> None:
    other = replace(pins.pin("opensearch"), **{field: "https://example.com/9.9.9"})
    digests = {libyaml.load(chart_lock(each))["digest"] for each in (pins, changed(pins, "opensearch", other))}
    assert len(digests) == 2


def test_a_component_without_a_pin_is_an_error_that_names_it(pins: Pins) -> None:
    with pytest.raises(InputError, match=r"pins.yaml: charts: the key 'opensearch' is missing"):
        chart_lock(changed(pins, "opensearch", None))


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *_arguments: object) -> None:  # noqa: A002 - the base class's name
        pass


@pytest.fixture
def repository(tmp_path: Path, pins: Pins) -> Iterator[Pins]:
    """Serves an empty chart for each component from this machine; gives pins that point there.

    The path holds the characters that Go escapes in JSON, which the digest is taken from.
    """
    repository_dir = tmp_path / "served" / "a&b"
    repository_dir.mkdir(parents=True)
    handler = functools.partial(_Quiet, directory=str(tmp_path / "served"))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    address = f"http://127.0.0.1:{server.server_port}/a&b"
    entries = {}
    for name in components.NAMES:
        version = pins.pin(name).version
        metadata = f"apiVersion: v2\nname: {name}\nversion: {version}\n".encode()
        member = tarfile.TarInfo(f"{name}/Chart.yaml")
        member.size = len(metadata)
        with tarfile.open(repository_dir / f"{name}-{version}.tgz", "w:gz") as archive:
            archive.addfile(member, io.BytesIO(metadata))
        entries[name] = [{"apiVersion": "v2", "name": name, "version": version, "urls": [f"{name}-{version}.tgz"]}]
    (repository_dir / "index.yaml").write_text(libyaml.dump({"apiVersion": "v1", "entries": entries}))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield Pins(
        pins.as_of, MappingProxyType({name: replace(pin, repository=address) for name, pin in pins.charts.items()})
    )
    server.shutdown()
    server.server_close()


def dependency(verb: str, helm_binary: Path, chart: Path, pins: Pins, locked: Pins) -> subprocess.CompletedProcess[str]:
    """Runs ``helm dependency VERB`` on a chart of ``pins`` that is locked to ``locked``, in a home of its own.

    Helm builds only from repositories that it has been told of before.
    """
    for path, text in library().items():
        (chart / path).parent.mkdir(parents=True, exist_ok=True)
        (chart / path).write_text(text)
    (chart / "Chart.yaml").write_text(chart_yaml(pins, "Generated."))
    (chart / "Chart.lock").write_text("# Generated.\n" + chart_lock(locked))
    homes = {f"HELM_{kind}_HOME": str(chart.parent / kind) for kind in ("CACHE", "CONFIG", "DATA")}
    env = {**os.environ, **homes, "NO_PROXY": "*"}
    add = [str(helm_binary), "repo", "add", "here", pins.pin("opensearch").repository]
    subprocess.run(add, env=env, capture_output=True, check=True)
    return subprocess.run(
        [helm_binary, "dependency", verb, chart], env=env, capture_output=True, text=True, check=False
    )


def library() -> dict[str, str]:
    return with_library({"templates/_helpers.tpl": "{{- /* Generated. */ -}}\n"}, "Generated.")


@pytest.mark.slow
@pytest.mark.parametrize("verb", ["build", "update"])
def test_helm_takes_the_lock_as_in_sync_fetches_what_it_names_and_leaves_the_library(
    helm_binary: Path, tmp_path: Path, repository: Pins, verb: str
) -> None:
    chart = tmp_path / "chart"
    for _again in range(2):
        done = dependency(verb, helm_binary, chart, repository, repository)
        assert done.returncode == 0, done.stderr
        assert {path.name for path in (chart / "charts").iterdir()} == {
            LIBRARY,
            *(f"{name}-{repository.pin(name).version}.tgz" for name in components.NAMES),
        }
        assert {path: (chart / path).read_text() for path in library()} == library()
        locked = libyaml.load((chart / "Chart.lock").read_text())
        assert locked["digest"] == libyaml.load(chart_lock(repository))["digest"]


@pytest.mark.slow
def test_helm_refuses_a_lock_of_other_pins(helm_binary: Path, tmp_path: Path, repository: Pins) -> None:
    other = changed(repository, "opensearch", replace(repository.pin("opensearch"), version="9.9.9"))
    done = dependency("build", helm_binary, tmp_path / "chart", repository, other)
    assert done.returncode != 0
    assert "out of sync" in done.stderr
