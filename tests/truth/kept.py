"""What a run of each scenario has left: its recording and its events, in fixtures/."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.truth import events, samples

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.signals.needed import Needed
    from tests.truth.events import Event
    from tests.truth.samples import Recording

FOLDER = Path(__file__).parent / "fixtures"

OF_WORKLOADS = re.compile("(http_|ray_data_|ray_serve_|ray_train|ray_vllm|vllm:)(?!.*_bucket$)")
"""Series about what scenarios run, not about the cluster's own processes; buckets would be too many."""


@dataclass(frozen=True)
class Kept:
    """One run."""

    recording: Recording
    events: tuple[Event, ...]


def load(name: str, folder: Path = FOLDER) -> Kept:
    """Reads what the last run of a scenario has left.

    Raises:
        FileNotFoundError: it was never run.
    """
    return Kept(samples.read(folder / f"{name}.samples.gz"), tuple(events.read(folder / f"{name}.events.gz")))


def save(name: str, kept: Kept, folder: Path = FOLDER, *, wanted: Needed | None = None) -> None:
    """Writes a run.

    Args:
        name: the scenario's.
        kept: what the run has left.
        folder: where to.
        wanted: the names that panels and rules read: what neither they nor the panels of tomorrow may want is left out,
            and of the events the lists (the time of every single token). None keeps all.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if wanted:
        kept = Kept(
            kept.recording.only(lambda each: each in wanted or bool(OF_WORKLOADS.match(each))),
            tuple(replace(event, fields=_without_lists(event.fields)) for event in kept.events),
        )
    samples.write(kept.recording, folder / f"{name}.samples.gz")
    events.write(kept.events, folder / f"{name}.events.gz")


def _without_lists(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if not isinstance(value, list)}


def names(folder: Path = FOLDER) -> list[str]:
    """Returns the scenarios that were run."""
    return sorted(path.name.removesuffix(".events.gz") for path in folder.glob("*.events.gz"))
