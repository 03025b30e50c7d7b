"""Two versions of an upstream chart, written for the occasion and packed as published."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from generator.files import yamlfile
from generator.upstream import pack_chart

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

CRD = """apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  annotations: {}
  name: {name}
spec: {spec}
"""


def write_chart(
    folder: Path,
    name: str,
    version: str,
    values: Mapping[str, Any],
    *,
    nested: Mapping[str, tuple[str, Mapping[str, Any]]] | None = None,
    crds: Mapping[str, str] | None = None,
    template: str = "",
    **metadata: Any,
) -> Path:
    """Writes an unpacked chart; ``nested`` is name → (version, values), ``crds`` name → text of its spec."""
    (folder / "templates").mkdir(parents=True)
    dependencies = [{"name": one, "version": wanted} for one, (wanted, _values) in (nested or {}).items()]
    chart = {"apiVersion": "v2", "name": name, "version": version, "dependencies": dependencies, **metadata}
    (folder / "Chart.yaml").write_text(yamlfile.dump(chart))
    (folder / "values.yaml").write_text(yamlfile.dump(dict(values)))
    (folder / "templates" / "all.yaml").write_text(template)
    for one, spec in (crds or {}).items():
        (folder / "crds").mkdir(exist_ok=True)
        (folder / "crds" / f"{one}.yaml").write_text(CRD.replace("{name}", one).replace("{spec}", spec))
    for one, (wanted, below) in (nested or {}).items():
        write_chart(folder / "charts" / one, one, wanted, below)
    return folder


def publish(mirror: Path, scratch: Path, name: str, version: str, values: Mapping[str, Any], **more: Any) -> Path:
    """Puts the archive of a chart into a mirror and gives its path."""
    mirror.mkdir(exist_ok=True)
    archive = mirror / f"{name}-{version}.tgz"
    pack_chart(write_chart(scratch / f"{name}-{version}", name, version, values, **more), archive, name=name)
    return archive
