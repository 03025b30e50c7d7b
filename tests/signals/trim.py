"""Cuts a scrape down to a fixture: few series of each family, every bucket of those.

``python -m tests.signals.trim CAPTURE > tests/captures/NAME.prom`` moves the proof to a new version.
"""

from __future__ import annotations

import gzip
import sys
from collections import defaultdict
from pathlib import Path

from tests.signals.exposition import Series, escaped, read

SETS = {"histogram": 2, "summary": 2}
"""Label sets kept of each family, by type; other types keep MOST."""

MOST = 8


def trimmed(text: str) -> str:
    """Returns the scrape with few label sets of each family: those that show most values of its labels."""
    scrape = read(text)
    groups: dict[str, dict[tuple[tuple[str, str], ...], list[Series]]] = defaultdict(lambda: defaultdict(list))
    for series in scrape.series:
        if series.name.endswith("_created"):
            continue
        key = tuple(sorted((k, v) for k, v in series.labels.items() if k not in ("le", "quantile")))
        groups[scrape.family(series.name)][key].append(series)
    lines = []
    for family in sorted(groups):
        kind = scrape.type(family)
        lines.append(f"# TYPE {family} {kind}")
        for key in _telling(groups[family], SETS.get(kind, MOST)):
            lines += [_line(series) for series in groups[family][key]]
    return "\n".join(lines) + "\n"


def _telling(sets: dict[tuple[tuple[str, str], ...], list[Series]], most: int) -> list[tuple[tuple[str, str], ...]]:
    """Picks the label sets that add most label values that the others have not; a moving series before a still one."""
    values: dict[str, set[str]] = defaultdict(set)
    for key in sets:
        for label, value in key:
            values[label].add(value)

    def news(key: tuple[tuple[str, str], ...]) -> float:
        # A label with few values is one that queries choose by; one with many is a name.
        return sum(1 / len(values[label]) for label, value in key if (label, value) not in seen)

    kept: list[tuple[tuple[str, str], ...]] = []
    seen: set[tuple[str, str]] = set()
    rest = sorted(sets)
    while rest and len(kept) < most:
        best = max(rest, key=lambda key: (news(key), any(one.value for one in sets[key])))
        rest.remove(best)
        kept.append(best)
        seen |= set(best)
    return kept


def _line(series: Series) -> str:
    labels = ",".join(f'{name}="{escaped(value)}"' for name, value in series.labels.items())
    return f"{series.name}{{{labels}}} {series.value:g}" if labels else f"{series.name} {series.value:g}"


def main() -> None:
    """Writes the trimmed scrape of the file that the command line names to standard output."""
    path = Path(sys.argv[1])
    raw = path.read_bytes()
    sys.stdout.write(trimmed((gzip.decompress(raw) if path.suffix == ".gz" else raw).decode()))


if __name__ == "__main__":
    main()
