"""From what a pod serves to what Prometheus stores, through the monitors of the generated chart."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from generator.files import yamlfile
from tests.conftest import CAPTURES
from tests.monitors.conftest import endpoints_of, render_chart, write_chart
from tests.monitors.prometheus import scraped, stored
from tests.signals.exposition import Scrape, normalized_le, read
from tests.signals.motion import Stored

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tests.monitors.prometheus import Labels, Pod

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class ScrapeTarget:
    """One target: its labels, and the endpoint of the monitor that found it, with its rules for series."""

    labels: Labels
    endpoint: Mapping[str, Any]

    def store(self, name: str, labels: Mapping[str, str], kind: str, value: float) -> Stored | None:
        """Returns a series of this target as it is stored; None if the monitor drops it."""
        found = stored(self.labels, {"__name__": name, **normalized_le(labels)}, self.endpoint)
        return None if found is None else Stored(found, kind, value)


def generated_monitors(root: Path, folder: Path) -> list[dict[str, Any]]:
    """Returns the monitors as Helm renders them from the generated templates with their default values.

    Args:
        root: the folder that holds monitors/.
        folder: where a chart of nothing else may be written.
    """
    specs = {path.stem: yamlfile.load_mapping(path) for path in sorted((root / "monitors").glob("*.yaml"))}
    return [
        found
        for found in render_chart(write_chart(folder, specs)).values()
        if found["kind"] in ("PodMonitor", "ServiceMonitor")
    ]


def targets(monitors: Iterable[Mapping[str, Any]], pods: Iterable[Pod]) -> list[ScrapeTarget]:
    """Returns every target that the monitors find, each endpoint with its own rules."""
    everyone = list(pods)
    return [
        ScrapeTarget(labels, endpoint)
        for monitor in monitors
        for endpoint in endpoints_of(monitor)
        for labels in scraped([_with_one(monitor, endpoint)], everyone)
    ]


def _with_one(monitor: Mapping[str, Any], endpoint: Mapping[str, Any]) -> dict[str, Any]:
    key = "podMetricsEndpoints" if monitor["kind"] == "PodMonitor" else "endpoints"
    return {**monitor, "spec": {**monitor["spec"], key: [endpoint]}}


def of_every_scrape(target: ScrapeTarget, samples: int) -> Iterator[Stored]:
    """Yields the series that Prometheus itself makes for each target; without samples the target is down."""
    own = {name: value for name, value in target.labels.items() if not name.startswith("__")}
    for name, value in (
        ("up", 1.0 if samples else 0.0),
        ("scrape_duration_seconds", 0.02),
        ("scrape_samples_scraped", float(samples)),
        ("scrape_samples_post_metric_relabeling", float(samples)),
        ("scrape_series_added", 2.0),
    ):
        yield Stored({"__name__": name, **own}, "gauge", value)


@cache
def capture(name: str) -> Scrape | None:
    """Reads a capture by its name without ending; None if there is none."""
    for ending in (".prom", ".prom.gz"):
        path = CAPTURES / f"{name}{ending}"
        if path.is_file():
            raw = path.read_bytes()
            return read((gzip.decompress(raw) if ending == ".prom.gz" else raw).decode())
    return None
