"""Packs an unpacked chart into a ``.tgz`` whose bytes depend on nothing but its files.

Two packings of the same files are equal to the byte with the same zlib; another implementation of deflate may
compress the same tar differently.
"""

from __future__ import annotations

import gzip
import io
import os
import tarfile
from typing import TYPE_CHECKING

from generator.errors import bad_input
from generator.files import yamlfile
from generator.upstream.helmignore import ignored, parse_rules
from generator.upstream.limits import MAX_ENTRIES, MAX_UNPACKED

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from generator.upstream.helmignore import Rule

_FILE_MODE = 0o644


def pack_chart(chart: Path, target: Path, *, name: str) -> None:
    """Writes the files of an unpacked chart below ``name/`` into a gzipped tar.

    Sorted by path, without directories, owner 0:0, mode 0644, time 0; what .helmignore names is left out.

    Args:
        chart: the directory that holds Chart.yaml.
        target: the archive to write; an existing one is overwritten.
        name: the first part of every path in the archive.

    Raises:
        InputError: a link or special file in the chart, a name that is not UTF-8, a .helmignore that Helm
            refuses, or a chart beyond MAX_ENTRIES or MAX_UNPACKED.
        OSError: a file cannot be read or the target not written.
    """
    with (
        target.open("wb") as raw,
        gzip.GzipFile(filename="", mode="wb", compresslevel=9, fileobj=raw, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar,
    ):
        room = MAX_UNPACKED
        for relative, path in chart_files(chart):
            content = path.read_bytes()
            room -= len(content)
            if room < 0:
                raise _too_large(chart, f"more than {MAX_UNPACKED // 2**20} MiB")
            entry = tarfile.TarInfo(f"{name}/{relative}")
            entry.size = len(content)
            entry.mode = _FILE_MODE
            tar.addfile(entry, io.BytesIO(content))


def chart_files(chart: Path) -> list[tuple[str, Path]]:
    """Returns (path below the chart, file) for each file that Helm would pack, sorted by path.

    Raises:
        InputError: see pack_chart.
        OSError: a directory cannot be read.
    """
    rules_file = chart / ".helmignore"
    text = yamlfile.read_text(rules_file) if rules_file.is_file() else ""
    packed: list[tuple[str, Path]] = []
    for item in _walk(chart, "", parse_rules(text, file=str(rules_file))):
        packed.append(item)
        if len(packed) > MAX_ENTRIES:
            raise _too_large(chart, f"more than {MAX_ENTRIES} files")
    return sorted(packed)


def _walk(folder: Path, prefix: str, rules: tuple[Rule, ...]) -> Iterator[tuple[str, Path]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            relative = prefix + entry.name
            path = folder / entry.name
            is_dir = entry.is_dir(follow_symlinks=False)
            if ignored(relative, is_dir, rules):
                continue
            if is_dir:
                yield from _walk(path, relative + "/", rules)
                continue
            _check_plain(entry, path)
            yield relative, path


def _check_plain(entry: os.DirEntry[str], path: Path) -> None:
    """A link could bring a file from outside the chart into the archive, so none is followed."""
    if not entry.is_file(follow_symlinks=False):
        kind = "a symbolic link" if entry.is_symlink() else "a special file"
        raise bad_input(
            f"found {kind}, expected files and directories only",
            file=str(path),
            hint="put a copy of the file in its place, or name it in the chart's .helmignore",
        )
    if not entry.name.isprintable():
        raise bad_input(
            f"found the file name {entry.name!r}, expected printable UTF-8",
            file=str(path.parent),
            hint="rename the file",
        )


def _too_large(chart: Path, size: str) -> Exception:
    return bad_input(
        f"the chart has {size}",
        file=str(chart),
        hint="name what does not belong to the chart in its .helmignore, or point at the chart's own directory",
    )
