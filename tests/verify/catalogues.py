"""A small catalogue, written by hand, that has one of everything the check tells apart."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from generator.catalogue.spec import Exposure, Family, KnownSeries
from generator.promql.expression import Expression
from generator.verify.verifier import verify

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from generator.catalogue.spec import FamilyType
    from generator.verify.spec import Finding

Catalogue = dict[str, tuple[KnownSeries, ...]]

TARGET = frozenset({"namespace", "pod", "job", "instance"})
PARTS: Mapping[str, tuple[tuple[str, str, set[str]], ...]] = {
    "histogram": (("_bucket", "bucket", {"le"}), ("_sum", "sum", set()), ("_count", "count", set())),
    "summary": (("", "quantile", {"quantile"}), ("_sum", "sum", set()), ("_count", "count", set())),
}
GONE = {"app_queue_length": ("app_queue_requests", "0.15"), "app_swapped": ("", "0.9")}


def known(
    name: str,
    kind: FamilyType,
    unit: str = "",
    labels: Iterable[str] = (),
    *,
    exporter: str = "app",
    on: bool = True,
    lives: int = 0,
    estimated: bool = False,
) -> list[KnownSeries]:
    """Returns the entries of one family."""
    family = Family(name, kind, unit, frozenset(labels))
    exposure = Exposure(monitor=exporter, lives=lives, sums_estimated=estimated)
    return [
        KnownSeries(name + suffix, sample, family, exporter, exposure, family.labels | TARGET | extra, on)  # type: ignore[arg-type]
        for suffix, sample, extra in PARTS.get(kind, (("", "value", set()),))
    ]


def catalogue(*families: Iterable[KnownSeries]) -> Catalogue:
    found: dict[str, list[KnownSeries]] = {}
    for family in families:
        for one in family:
            found.setdefault(one.name, []).append(one)
    return {name: tuple(ways) for name, ways in found.items()}


SMALL = catalogue(
    known("app_requests_total", "counter", "", {"code", "model"}),
    known("app_errors_total", "counter", "", {"code", "model"}),
    known("app_jobs_started_total", "counter"),
    known("app_jobs_finished_total", "counter"),
    known("gpu_jobs_finished_total", "counter"),
    known("app_busy_seconds_total", "counter", "seconds"),
    known("app_read_bytes_total", "counter", "bytes"),
    known("app_latency_seconds", "histogram", "seconds", {"model"}),
    known("app_wait_ms", "histogram", "milliseconds", {"model"}),
    known("app_pause_seconds", "summary", "seconds"),
    known("app_queue_requests", "gauge", "", {"model"}),
    known("app_cache_used", "gauge", "ratio", {"model"}),
    known("app_load", "gauge", "percent"),
    known("app_memory_bytes", "gauge", "bytes"),
    known("app_frame_buffer", "gauge", "mebibytes"),
    known("app_start_time", "gauge", "timestamp"),
    known("app_info", "gauge", "info", {"version"}),
    known("app_lone", "untyped", "", {"colour"}),
    known("vllm:running", "gauge", "", {"model_name"}, exporter="vllm"),
    known("ray_vllm_running", "gauge", "", {"model_name", "ReplicaId"}, exporter="ray"),
    known("app_brief", "gauge", "", {"model"}, lives=20),
    known("app_brief_max", "gauge", "", {"model"}, lives=20),
    known("app_bucketed_seconds", "histogram", "seconds", {"model"}, estimated=True, lives=20),
    known("gpu_active", "gauge", "ratio", {"gpu"}, exporter="dcgm", on=False),
)


def changed(name: str, **fields: object) -> Catalogue:
    """Returns the catalogue with other facts about one name."""
    return {**SMALL, name: tuple(replace(one, **fields) for one in SMALL[name])}  # type: ignore[arg-type]


def found(
    text: str, *, records: Mapping[str, str] | None = None, gone: Mapping[str, tuple[str, str]] = GONE, **fields: object
) -> tuple[Finding, ...]:
    """Checks one expression against the small catalogue; the rules of ``records`` are known but not checked."""
    expression = replace(Expression("d.yaml", "rows[0].panels[0].targets[0]", "target", "Panel", text), **fields)  # type: ignore[arg-type]
    upstream = [Expression("r.yaml", name, "record", name, rule) for name, rule in (records or {}).items()]
    return verify([expression], SMALL, gone, upstream=upstream)


def checks(text: str, **fields: object) -> list[str]:
    """Returns the kinds of finding, in order."""
    return [finding.check for finding in found(text, **fields)]  # type: ignore[arg-type]
