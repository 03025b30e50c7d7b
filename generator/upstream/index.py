"""Finds one chart in a Helm repository's index.yaml.

A public index has 10 MiB and more, which PyYAML reads in six seconds. Its entries are therefore cut out by their
indentation, and only the one that is wanted is parsed.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from generator.errors import bad_input, nearest
from generator.files import yamlfile
from generator.files.depth import json_is_deep

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from generator.errors import InputError
    from generator.upstream.lock import Dependency

_DIGEST = re.compile(r"(sha256:)?[0-9a-f]{64}")


@dataclass(frozen=True)
class Release:
    """One version of a chart in an index.

    Attributes:
        url: where the archive is, absolute or relative to the repository.
        digest: the sha256 of the archive; None if the index gives none.
    """

    url: str
    digest: str | None


@dataclass(frozen=True)
class ChartVersion:
    """What an index says of one version of a chart.

    Attributes:
        version: the chart's version.
        app_version: the version of the software that it installs; "" if the index does not say.
        created: the day (YYYY-MM-DD) on which it was published; "" if the index does not say.
    """

    version: str
    app_version: str = ""
    created: str = ""


def list_releases(text: str, dependency: Dependency, *, file: str) -> list[ChartVersion]:
    """Returns every version of a chart in an index, in its order.

    Args:
        text: the index, block-style YAML as Helm writes it, or JSON.
        dependency: the chart; its version does not matter.
        file: the index's address, shown in errors.

    Raises:
        InputError: no index, or no such chart in it.
    """
    blocks = _blocks(text.splitlines())
    if not blocks:
        entries = _parse(text, dependency, file)
        keys = [[str(entry.get(key, "")) for key in _LISTED] for entry in entries]
    elif dependency.name not in blocks:
        raise _no_chart(dependency, blocks, file)
    else:
        keys = [[_value(item, key) for key in _LISTED] for item in _items(blocks[dependency.name])]
    return [ChartVersion(version, app, created[:10]) for version, app, created in keys if version]


_LISTED = ("version", "appVersion", "created")


def _value(item: list[str], key: str) -> str:
    """Returns the text of one of an item's own keys, "" if it has none: parsing hundreds of items takes seconds."""
    depth = (_depth(item[0]) or 0) + 2
    for line in item:
        plain = line.replace("- ", "  ", 1) if line is item[0] else line
        if _depth(plain) == depth and plain.lstrip().startswith(f"{key}:"):
            return plain.partition(":")[2].strip().strip("\"'")
    return ""


def find_release(text: str, dependency: Dependency, *, file: str) -> Release:
    """Returns the entry of this chart at this version.

    Args:
        text: the index, block-style YAML as Helm writes it, or JSON.
        dependency: the chart that is wanted.
        file: the index's address, shown in errors.

    Raises:
        InputError: no index, no such chart or version in it, or an entry without url.
    """
    blocks = _blocks(text.splitlines())
    entries = _cut(blocks, dependency, file) if blocks else _parse(text, dependency, file)
    for entry in entries:
        if entry.get("version") == dependency.version:
            return _release(entry, dependency, file)
    raise _no_version(dependency, _versions(blocks, dependency, entries), file)


def _release(entry: dict[str, Any], dependency: Dependency, file: str) -> Release:
    urls = entry.get("urls")
    if not isinstance(urls, list) or not urls or not isinstance(urls[0], str):
        raise bad_input(
            f"the entry of {dependency} names no url",
            file=file,
            hint="the repository is broken; name another with --chart-mirror",
        )
    digest = entry.get("digest")
    known = isinstance(digest, str) and _DIGEST.fullmatch(digest)
    return Release(urls[0], str(digest).removeprefix("sha256:") if known else None)


def _no_chart(dependency: Dependency, names: Iterable[str], file: str) -> InputError:
    hint = nearest(dependency.name, names) or "check the address of the repository"
    return bad_input(f"found no chart '{dependency.name}'", file=file, hint=hint)


def _no_version(dependency: Dependency, versions: Sequence[str], file: str) -> InputError:
    some = ", ".join(versions[:5]) + (", …" if len(versions) > 5 else "")
    return bad_input(
        f"found no {dependency.name} {dependency.version}, expected just that version",
        file=file,
        hint=f"it has {some}" if some else "it lists no versions of it",
    )


def _parse(text: str, dependency: Dependency, file: str) -> list[dict[str, Any]]:
    """Reads an index of another layout as a whole."""
    try:
        is_json = text.lstrip().startswith("{")
        if is_json and json_is_deep(text, yamlfile.MAX_DEPTH):
            raise ValueError(f"nested more than {yamlfile.MAX_DEPTH} levels deep")
        index = json.loads(text) if is_json else yamlfile.parse(text, file=file)
    except ValueError as error:
        raise bad_input(f"not a Helm index: {error}", file=file) from None
    entries = index.get("entries") if isinstance(index, dict) else None
    if not isinstance(entries, dict):
        raise bad_input(
            "not a Helm index, expected a mapping with 'entries'",
            file=file,
            hint="--chart-mirror takes a directory, the address of a Helm repository, or oci://…",
        )
    if dependency.name not in entries:
        raise _no_chart(dependency, entries, file)
    versions = entries[dependency.name]
    return [entry for entry in versions if isinstance(entry, dict)] if isinstance(versions, list) else []


def _blocks(lines: list[str]) -> dict[str, list[str]]:
    """Returns the lines below each key of ``entries:``; {} if the text is not laid out in blocks.

    Lines that are less indented end a block in YAML, whatever they hold, so that no parser is needed.
    """
    begin = next((at for at, line in enumerate(lines) if re.fullmatch(r"entries:\s*(#.*)?", line)), None)
    if begin is None:
        return {}
    blocks: dict[str, list[str]] = {}
    current: list[str] = []
    level = 0
    for line in lines[begin + 1 :]:
        depth = _depth(line)
        level = level or depth or 0
        if depth is None or depth > level or (depth == level and line[depth] == "-" and blocks):
            current.append(line)
        elif depth < level or not level:
            break
        else:
            key = re.fullmatch(r"""\s*(["']?)([^"':]+)\1:\s*(#.*)?""", line)
            if key is None:
                return {}
            current = blocks.setdefault(key[2], [])
    return blocks


def _depth(line: str) -> int | None:
    """Returns the number of leading spaces; None for an empty line and a comment."""
    text = line.lstrip(" ")
    return None if not text or text.startswith("#") else len(line) - len(text)


def _items(block: list[str]) -> Iterator[list[str]]:
    """Yields the lines of each item of the list in a block."""
    level = next((depth for line in block if (depth := _depth(line)) is not None), 0)
    item: list[str] = []
    for line in block:
        if _depth(line) == level and item:
            yield item
            item = []
        item.append(line)
    if item:
        yield item


def _version_line(version: str) -> re.Pattern[str]:
    return re.compile(rf"""\s*(?:- +)?version: *(["']?)({version})\1\s*""")


def _cut(blocks: dict[str, list[str]], dependency: Dependency, file: str) -> list[dict[str, Any]]:
    """Returns the items in which the version stands, be it as the version of something else in them."""
    if dependency.name not in blocks:
        raise _no_chart(dependency, blocks, file)
    version_line = _version_line(re.escape(dependency.version))
    versions: list[dict[str, Any]] = []
    for item in _items(blocks[dependency.name]):
        if any(version_line.fullmatch(line) for line in item):
            parsed = yamlfile.parse("\n".join(item), file=file)
            versions += [entry for entry in parsed if isinstance(entry, dict)] if isinstance(parsed, list) else []
    return versions


def _versions(blocks: dict[str, list[str]], dependency: Dependency, entries: list[dict[str, Any]]) -> list[str]:
    """Returns the versions that the index has of a chart, in its order (Helm writes the newest first)."""
    if not blocks:
        return [str(entry.get("version")) for entry in entries]
    any_version = _version_line(r"""[^"'\s]+""")
    versions: list[str] = []
    for item in _items(blocks.get(dependency.name, [])):
        depth = (_depth(item[0]) or 0) + 2
        keys = [line for line in item if _depth(line.replace("- ", "  ", 1)) == depth]
        versions += [match[2] for line in keys if (match := any_version.fullmatch(line))]
    return versions
