"""Changes of one choice each, put together where they change different parts of a chart, so that Helm runs less often.

Helm makes of a template what its text and the values that it reads say. So a chart in which each changed file and each
changed value is that of one change alone stands for all of them; united() makes sure that it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests import libyaml

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

VALUES = "values.yaml"

DEPTH = 3
"""How many keys tell the parts of values apart: ``monitors.vllm.interval`` is one, ``monitors.vllm.labels`` another."""

MOST = 40
"""Changes that are put together."""

MISSING = object()


@dataclass(frozen=True)
class Change:
    """One choice changed.

    Attributes:
        path: its keys, with dots between them.
        value: what it is changed to.
        files: the files of the chart that are not as before, path → text, None if it is gone; without its values.
        values: the parts of its values that are not as before, keys → value, MISSING if it is gone.
    """

    path: str
    value: Any
    files: Mapping[str, str | None]
    values: Mapping[tuple[str, ...], Any]

    @property
    def parts(self) -> frozenset[str | tuple[str, ...]]:
        """What it changes."""
        return frozenset(self.files) | frozenset(self.values)


class Before:
    """The chart of a profile as it is, which changes are held against."""

    def __init__(self, chart: Mapping[str, str]) -> None:
        self.chart = chart
        self.values = libyaml.load(chart[VALUES])

    def change(self, path: str, value: Any, chart: Mapping[str, str]) -> Change:
        """Returns what the chart of a change has that this one has not."""
        return Change(path, value, *self._differences(chart))

    def united(self, changes: Iterable[Change], chart: Mapping[str, str]) -> bool:
        """Returns whether a chart differs from this one in exactly what each of some changes alone changes."""
        files, values = self._differences(chart)
        said = list(changes)
        return files == {k: v for one in said for k, v in one.files.items()} and values == {
            k: v for one in said for k, v in one.values.items()
        }

    def _differences(self, chart: Mapping[str, str]) -> tuple[dict[str, str | None], dict[tuple[str, ...], Any]]:
        names = {*self.chart, *chart} - {VALUES}
        files = {name: chart.get(name) for name in sorted(names) if chart.get(name) != self.chart.get(name)}
        values = {} if chart[VALUES] == self.chart[VALUES] else dict(_changed(self.values, libyaml.load(chart[VALUES])))
        return files, values


def _changed(before: Any, now: Any, at: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    if before == now:
        return
    if len(at) == DEPTH or not isinstance(before, dict) or not isinstance(now, dict):
        yield at, now
        return
    for key in sorted({*before, *now}):
        yield from _changed(before.get(key, MISSING), now.get(key, MISSING), (*at, key))


def grouped(changes: Iterable[Change]) -> list[list[Change]]:
    """Returns changes in groups, of which none changes what another of its group changes."""
    groups: list[tuple[set[Any], list[Change]]] = []
    for change in changes:
        for parts, group in groups:
            if len(group) < MOST and parts.isdisjoint(change.parts):
                parts.update(change.parts)
                group.append(change)
                break
        else:
            groups.append((set(change.parts), [change]))
    return [group for _, group in groups]


def culprits(group: Sequence[Change], fault: Callable[[Sequence[Change]], str | None]) -> Iterator[tuple[Change, str]]:
    """Yields each change of a group that is at fault by itself, with what is said of it.

    Args:
        group: changes of different parts of a chart.
        fault: what is wrong with a chart that has some of them, "" if nothing; None if no chart stands for all of them,
            which is never so for one.

    Raises:
        AssertionError: nothing stands for a change by itself, or several are at fault together and none of them alone.
    """
    said = fault(group)
    if said == "":
        return
    if len(group) == 1:
        assert said is not None, f"{group[0].path}: {group[0].value} makes another chart the second time"
        yield group[0], said
        return
    halves = [found for half in (group[::2], group[1::2]) for found in culprits(half, fault)]
    assert said is None or halves, f"only together: {[change.path for change in group]}: {said}"
    yield from halves
