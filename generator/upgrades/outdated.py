"""How far each pin is behind what there is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from generator.choices.pins import Pin
from generator.errors import InputError
from generator.files.versions import is_exact
from generator.upgrades.available import chart_versions, image_versions
from generator.upgrades.versions import Updates, newer
from generator.upstream.mirror import parse_mirror
from generator.upstream.web import UnreachableError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from generator.choices.pins import Pins
    from generator.errors import Problem
    from generator.upstream.index import ChartVersion
    from generator.upstream.web import Client

Kind = Literal["chart", "image"]


@dataclass(frozen=True)
class PinStatus:
    """One pin beside what there is.

    Attributes:
        name: the pin's name.
        kind: whether it is a chart or an image.
        current: the pinned version.
        released: the day (YYYY-MM-DD) on which that was published; "" if unknown.
        newer: the newest versions beyond it.
        newest_released: the day on which the newest of all was published; "" if unknown.
        problems: why the source could not be asked; () if it was.
    """

    name: str
    kind: Kind
    current: str
    released: str = ""
    newer: Updates = field(default_factory=Updates)
    newest_released: str = ""
    problems: tuple[Problem, ...] = ()


def outdated(pins: Pins, client: Client, *, mirror: str | None, images: bool) -> list[PinStatus]:
    """Compares every pin with what there is, charts before images, in the order of pins.yaml.

    A source that gives no answer is asked once.

    Args:
        pins: the pins.
        client: from web.open_client.
        mirror: where the charts are; None for each one's own repository.
        images: whether the registries of the pinned images are asked too.

    Raises:
        InputError: ``mirror`` is nothing that can be asked.
    """
    source = parse_mirror(mirror) if mirror else None
    silent: dict[str, tuple[Problem, ...]] = {}
    standings: list[PinStatus] = []
    for pinned in (*pins.charts.values(), *(pins.images.items() if images else ())):
        name, current = (pinned.name, pinned.version) if isinstance(pinned, Pin) else (pinned[0], pinned[1].tag)
        host = (mirror or pinned.repository) if isinstance(pinned, Pin) else pinned[1].repository.partition("/")[0]
        kind: Kind = "chart" if isinstance(pinned, Pin) else "image"
        try:
            if host in silent:
                raise InputError(*silent[host])
            listed = (
                chart_versions(pinned, source, client) if isinstance(pinned, Pin) else image_versions(pinned[1], client)
            )
            standings.append(_compared(name, kind, current, listed))
        except InputError as error:
            if isinstance(error, UnreachableError):
                silent[host] = error.problems
            standings.append(PinStatus(name, kind, current, problems=error.problems))
    return standings


def _compared(name: str, kind: Kind, current: str, listed: list[ChartVersion]) -> PinStatus:
    if not is_exact(current):
        return PinStatus(name, kind, current)
    steps = newer(current, (release.version for release in listed))
    days = {release.version: release.created for release in listed}
    newest = steps.major or steps.minor or steps.patch or ""
    return PinStatus(name, kind, current, days.get(current, ""), steps, days.get(newest, ""))


def as_rows(standings: Iterable[PinStatus]) -> list[dict[str, str]]:
    """Returns a row a pin, for a table; "-" where there is no such step, "?" where nobody answered."""
    return [dict(_row(standing)) for standing in standings]


def _row(standing: PinStatus) -> Iterator[tuple[str, str]]:
    none = "?" if standing.problems else "-"
    yield "pin", standing.name
    yield "kind", standing.kind
    yield "current", f"{standing.current} ({standing.released})" if standing.released else standing.current
    for step in ("patch", "minor", "major"):
        yield step, getattr(standing.newer, step) or none
    yield "newest of", standing.newest_released or none


def as_data(standings: Iterable[PinStatus]) -> list[dict[str, Any]]:
    """Returns the pins as data for JSON; null where nothing is known."""
    return [
        {
            "name": standing.name,
            "kind": standing.kind,
            "current": standing.current,
            "released": standing.released or None,
            "patch": standing.newer.patch,
            "minor": standing.newer.minor,
            "major": standing.newer.major,
            "newestReleased": standing.newest_released or None,
            "outdated": None if standing.problems else bool(standing.newer),
        }
        for standing in standings
    ]
