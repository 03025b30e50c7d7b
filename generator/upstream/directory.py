"""Takes charts from a directory: ``NAME-VERSION.tgz`` as published, or an unpacked ``NAME/``."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from generator.errors import bad_input
from generator.files import yamlfile
from generator.upstream.archive import verify
from generator.upstream.lock import is_archive_of
from generator.upstream.pack import pack_chart

if TYPE_CHECKING:
    from pathlib import Path

    from generator.errors import InputError
    from generator.upstream.lock import Dependency


def take_chart(mirror: Path, dependency: Dependency, target: Path, *, digest: str | None) -> tuple[str, Path, bool]:
    """Writes the chart's archive to ``target``, verified; an archive in the mirror goes before a directory.

    Args:
        mirror: the directory.
        dependency: the chart that is wanted.
        target: the archive to write.
        digest: the sha256 of the published archive, which a directory packed here cannot have.

    Returns:
        The archive's sha256, the path in the mirror that it was made from, and whether that was the published archive.

    Raises:
        InputError: the mirror lacks the chart, has it in another version only, or what it has is no good.
        OSError: something cannot be read or written.
    """
    archive, unpacked = mirror / dependency.archive, mirror / dependency.name
    if archive.is_file():
        hint = "put the published archive in its place"
        if digest is not None:
            hint += f", or the chart unpacked as {unpacked}"
        shutil.copyfile(archive, target)
        return verify(target, dependency, digest=digest, file=str(archive), hint=hint), archive, True
    if not (unpacked / "Chart.yaml").is_file():
        raise _lacking(mirror, dependency)
    _check_version(unpacked, dependency)
    pack_chart(unpacked, target, name=dependency.name)
    hint = (
        f"put {dependency} there whole, with the charts in its charts/ directory ('helm dependency update' adds them)"
    )
    return verify(target, dependency, digest=None, file=str(unpacked), hint=hint), unpacked, False


def _check_version(unpacked: Path, dependency: Dependency) -> None:
    """Checks this before packing, so that the wrong version is called that and nothing else."""
    chart_yaml = unpacked / "Chart.yaml"
    metadata = yamlfile.load_mapping(chart_yaml)
    for key, expected in (("name", dependency.name), ("version", dependency.version)):
        if metadata.get(key) != expected:
            raise bad_input(
                f"found '{metadata.get(key)}', expected '{expected}'",
                file=str(chart_yaml),
                path=key,
                hint=f"put {dependency} there, or its archive as {unpacked.parent / dependency.archive}",
            )


def _lacking(mirror: Path, dependency: Dependency) -> InputError:
    others = sorted(path.name for path in mirror.iterdir() if is_archive_of(path.name, dependency.name))
    has = f"; it has {', '.join(others)}" if others else ""
    return bad_input(
        f"found no {dependency.archive} and no {dependency.name}/ with a Chart.yaml in the mirror{has}",
        file=str(mirror),
        hint=f"put one of them there; upstream publishes it at {dependency.repository}",
    )
