"""What a run of each scenario has left: its recording and its events, in fixtures/."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.truth import events, samples

if TYPE_CHECKING:
    from tests.signals.needed import Needed
    from tests.truth.events import Event
    from tests.truth.samples import Recording

FOLDER = Path(__file__).parent / "fixtures"


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
    """Writes a run, of the samples those with a name that is wanted."""
    folder.mkdir(parents=True, exist_ok=True)
    recording = kept.recording.only(wanted.__contains__) if wanted else kept.recording
    samples.write(recording, folder / f"{name}.samples.gz")
    events.write(kept.events, folder / f"{name}.events.gz")


def names(folder: Path = FOLDER) -> list[str]:
    """Returns the scenarios that were run."""
    return sorted(path.name.removesuffix(".events.gz") for path in folder.glob("*.events.gz"))
