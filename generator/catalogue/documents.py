"""Reads what an exporter's documentation says of its metrics: tables and lists in Markdown, and Kubernetes' own lists.

Documentation tells names, and of most of them labels and what they are for; a type more often than not. It is a claim:
a scrape and source count more, and what it does not name may be there all the same.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from generator.catalogue.exposition import ScrapedFamily
from generator.errors import bad_input

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

MAX_BYTES = 8 * 1024 * 1024
"""Largest file read; Kubernetes' page of all metrics has 0.3 MB."""

ENDINGS = (".md", ".markdown", ".yaml", ".yml")

_NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*_[a-zA-Z0-9_:]*|[a-z]+:[a-z0-9_:]+"
"""A metric's name in a text: a word alone, as ``up``, could be anything."""
_SERIES = re.compile(
    rf"^[*_]*`?[*_]*({_NAME})\s*(?:\{{([^}}]*)\}})?[*_]*`?[*_]*\s*[-:\u2013\u2014]*\s*(.*)$", re.DOTALL
)
_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_VALUE = re.compile(r"""\s*(?:=~|!~|!=|=)\s*(?:"[^"]*"|'[^']*'|[^,}\s]*)""")
_ITEM = re.compile(r"^\s*[*+-]\s+(.*)$")
_PART = re.compile(r'class="metric_(name|help|type|label)"[^>]*>([^<]*)<')
"""What Kubernetes' page of metrics, HTML within Markdown, says of each."""

_COLUMNS = {
    "name": ("metric", "metric name", "metrics", "metrics name", "name", "prometheus metric", "key"),
    "type": ("type", "metric type", "kind"),
    "labels": ("labels", "label", "tags", "dimensions"),
    "help": ("description", "help", "meaning", "notes"),
}
_TYPES = {
    "counter": "counter",
    "gauge": "gauge",
    "histogram": "histogram",
    "timingratiohistogram": "histogram",
    "summary": "summary",
}


def is_documentation(path: Path) -> bool:
    """Returns whether a path is documentation, by the end of its name: a scrape may have any other."""
    return path.suffix.lower() in ENDINGS and not path.is_dir()


def read_documentation(path: Path) -> dict[str, ScrapedFamily]:
    """Returns the families that documentation names; the type is ``untyped`` where it says none.

    Markdown: tables with a column of names (*Metric*, *Name*), and others of types, labels and descriptions if there
    are any; items of lists that begin with a name in backticks, with labels in braces or not; Kubernetes' page of
    metrics. YAML: a list as Kubernetes makes of its source, ``documentation-list.yaml``.

    Args:
        path: the file.

    Raises:
        InputError: it cannot be read, is too large, or names no metric.
    """
    from generator.files import yamlfile

    try:
        raw = path.read_bytes()
    except OSError as error:
        raise bad_input(f"cannot be read: {error.strerror or error}", file=str(path)) from None
    if len(raw) > MAX_BYTES:
        raise bad_input(f"larger than {MAX_BYTES // 2**20} MiB; this is no documentation", file=str(path))
    text = raw.decode("utf-8", errors="replace")
    if path.suffix.lower() in {".yaml", ".yml"}:
        data = yamlfile.parse(text, file=str(path))
        rows = list(_listed(data)) if isinstance(data, list) else []
    else:
        rows = [*_page(text), *_tables(text.splitlines()), *_items(text.splitlines())]
    families: dict[str, ScrapedFamily] = {}
    for row in rows:
        _lay(families, row)
    _join_parts(families)
    if not families:
        raise bad_input(
            "no metric in it, expected documentation of metrics",
            file=str(path),
            hint="a table with a column 'Metric', or a list whose items begin with a name in backticks",
        )
    return families


def _lay(families: dict[str, ScrapedFamily], row: ScrapedFamily) -> None:
    known = families.setdefault(row.name, row)
    if known is not row:
        known.labels |= row.labels
        known.help = known.help or row.help
        known.type = row.type if known.type == "untyped" else known.type


def _join_parts(families: dict[str, ScrapedFamily]) -> None:
    """Puts what documentation says of ``_bucket``, ``_sum`` and ``_count`` to the histogram or summary."""
    for name in [name for name in families if name.endswith("_bucket")]:
        part = families.pop(name)
        _lay(families, ScrapedFamily(name.removesuffix("_bucket"), "histogram", part.help, part.labels - {"le"}))
    for name, family in list(families.items()):
        if family.type in {"histogram", "summary"}:
            family.labels -= {"le", "quantile"}
            for suffix in ("_sum", "_count"):
                families.pop(name + suffix, None)


def _listed(data: Iterable[Any]) -> Iterator[ScrapedFamily]:
    for entry in data:
        if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
            continue
        name = "_".join(str(entry[key]) for key in ("namespace", "subsystem", "name") if entry.get(key))
        labels = {*map(str, entry.get("labels") or ()), *map(str, entry.get("constLabels") or ())}
        yield ScrapedFamily(name, _type(str(entry.get("type", ""))), _plain(str(entry.get("help") or "")), labels)


def _page(text: str) -> Iterator[ScrapedFamily]:
    family: ScrapedFamily | None = None
    for part, value in _PART.findall(text):
        if part == "name":
            if family:
                yield family
            family = ScrapedFamily(value.strip())
        elif family and part == "label":
            family.labels.add(value.strip())
        elif family and part == "type":
            family.type = _type(value)
        elif family:
            family.help = _plain(value)
    if family:
        yield family


def _tables(lines: list[str]) -> Iterator[ScrapedFamily]:
    columns: Mapping[str, int] = {}
    for line, after in zip(lines, [*lines[1:], ""], strict=True):
        cells = _cells(line)
        if not cells:
            columns = {}
        elif re.fullmatch(r"[\s|:-]+", after) and "-" in after:
            columns = _columns(cells)
        elif "name" in columns and (match := _SERIES.match(_cell(cells, columns["name"]))):
            words = _cell(cells, columns.get("labels", -1))
            labels = {*_braces(match[2]), *_labels(words)}
            yield ScrapedFamily(
                match[1],
                _type(_cell(cells, columns.get("type", -1))),
                _plain(_cell(cells, columns.get("help", -1))),
                labels,
            )


def _cells(line: str) -> list[str]:
    stripped = line.strip()
    if "|" not in stripped:
        return []
    return [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", stripped.strip("|"))]


def _cell(cells: list[str], index: int) -> str:
    return cells[index] if 0 <= index < len(cells) else ""


def _columns(cells: list[str]) -> dict[str, int]:
    heads = [cell.strip("*_` ").lower() for cell in cells]
    return {
        what: next(index for index, head in enumerate(heads) if head in names)
        for what, names in _COLUMNS.items()
        if any(head in names for head in heads)
    }


def _braces(words: str | None) -> list[str]:
    return _LABEL.findall(_VALUE.sub("", words or ""))


def _labels(words: str) -> set[str]:
    """Returns the labels of a cell: those in backticks, or each word between commas; "-", "none" and prose are none."""
    quoted = re.findall(r"`([^`]+)`", words) or re.split(r"[,;]|<br\s*/?>|\s", words)
    found = {label.strip().partition("=")[0].strip('"{} ') for label in quoted}
    return {label for label in found if _LABEL.fullmatch(label)} - {"none", "None", "N", "NA"}


def _items(lines: list[str]) -> Iterator[ScrapedFamily]:
    for line in lines:
        item = _ITEM.match(line)
        match = _SERIES.match(item[1]) if item and re.match(r"[*_]*`", item[1]) else None
        if match:
            yield ScrapedFamily(match[1], _type(match[3]), _plain(match[3]), set(_braces(match[2])))


def _type(words: str) -> str:
    """Returns the type that the first words say, as in ``Histogram of seconds``; ``untyped`` if they say none."""
    first = re.findall(r"[A-Za-z]+", words)[:1]
    return _TYPES.get(first[0].lower(), "untyped") if first else "untyped"


def _plain(words: str) -> str:
    return re.sub(r"\s+", " ", words.replace("`", "")).strip(" *_-")
