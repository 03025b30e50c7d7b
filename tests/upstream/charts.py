"""Small real charts and archives, good and malicious."""

from __future__ import annotations

import gzip
import hashlib
import io
import random
import tarfile
from typing import TYPE_CHECKING

from generator.choices.pins import Pin, Pins
from generator.files import yamlfile
from generator.upstream import pack_chart

if TYPE_CHECKING:
    from pathlib import Path

CONFIG_MAP = """apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}-%s
data:
  colour: {{ .Values.colour }}
"""


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def noise(size: int) -> bytes:
    """Returns bytes that do not compress, the same ones every time."""
    return random.Random(7).randbytes(size)  # noqa: S311 - filler


def make_chart(
    folder: Path, name: str, version: str, *, needs: tuple[tuple[str, str], ...] = (), colour: str = "blue"
) -> Path:
    """Writes an unpacked chart with one template to ``folder`` and gives folder back."""
    (folder / "templates").mkdir(parents=True)
    metadata = {
        "apiVersion": "v2",
        "name": name,
        "version": version,
        "dependencies": [{"name": need, "version": wanted, "condition": f"{need}.enabled"} for need, wanted in needs],
    }
    (folder / "Chart.yaml").write_text(yamlfile.dump(metadata))
    (folder / "values.yaml").write_text(f"colour: {colour}\n")
    (folder / "templates" / "map.yaml").write_text(CONFIG_MAP % name)
    return folder


def make_archive(scratch: Path, name: str, version: str, *, size: int = 0, colour: str = "blue") -> bytes:
    """Returns the published archive of a chart that carries ``size`` bytes that do not compress."""
    folder = make_chart(scratch / f"{name}-{version}-{colour}-{size}", name, version, colour=colour)
    if size:
        (folder / "noise.bin").write_bytes(noise(size))
    target = folder.with_suffix(".tgz")
    pack_chart(folder, target, name=name)
    return target.read_bytes()


def make_umbrella(folder: Path, *dependencies: tuple[str, str, str]) -> Path:
    """Writes a chart with Chart.yaml and Chart.lock for (name, version, repository) and gives folder back."""
    entries = [{"name": name, "version": version, "repository": url} for name, version, url in dependencies]
    folder.mkdir(parents=True, exist_ok=True)
    chart = {"apiVersion": "v2", "name": "umbrella", "version": "0.1.0", "dependencies": entries}
    (folder / "Chart.yaml").write_text(yamlfile.dump(chart))
    lock = {"dependencies": entries, "digest": "sha256:0", "generated": "2026-01-01T00:00:00Z"}
    (folder / "Chart.lock").write_text(yamlfile.dump(lock))
    return folder


def pins(**digests: tuple[str, bytes]) -> Pins:
    """Returns pins whose digests are those of the given (version, archive); ``_`` in a name stands for ``-``."""
    charts = {
        name.replace("_", "-"): Pin(
            name.replace("_", "-"), version, "1", "https://charts.example", sha256(archive), "a test wants it"
        )
        for name, (version, archive) in digests.items()
    }
    return Pins("2026-01-01", charts)


def index(*entries: tuple[str, str, str, str | None]) -> bytes:
    """Returns a Helm index of (name, version, url, digest)."""
    charts: dict[str, list[dict[str, object]]] = {}
    for name, version, url, digest in entries:
        entry: dict[str, object] = {"apiVersion": "v2", "name": name, "version": version, "urls": [url]}
        if digest:
            entry["digest"] = digest
        charts.setdefault(name, []).append(entry)
    return yamlfile.dump({"apiVersion": "v1", "entries": charts, "generated": "2026-01-01T00:00:00Z"}).encode()


def tar_of(*entries: tarfile.TarInfo | tuple[str, bytes]) -> bytes:
    """Returns an uncompressed tar of (path, content) and of entries without content."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for entry in entries:
            if isinstance(entry, tarfile.TarInfo):
                tar.addfile(entry)
            else:
                info = tarfile.TarInfo(entry[0])
                info.size = len(entry[1])
                tar.addfile(info, io.BytesIO(entry[1]))
    return buffer.getvalue()


def tgz_of(*entries: tarfile.TarInfo | tuple[str, bytes]) -> bytes:
    return gzip.compress(tar_of(*entries), mtime=0)


def chart_yaml(name: str = "opensearch", version: str = "3.6.0", more: str = "") -> tuple[str, bytes]:
    """Returns the entry ``NAME/Chart.yaml``."""
    return f"{name}/Chart.yaml", f"apiVersion: v2\nname: {name}\nversion: {version}\n{more}".encode()


def tree(folder: Path) -> dict[str, bytes]:
    """Returns every file below a folder with its bytes."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
