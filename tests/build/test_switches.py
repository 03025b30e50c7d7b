"""What the check on queries may read of the chart's values."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from generator.build.build import fit
from generator.build.findings import findings, prepared, series
from generator.build.profile import load_profile
from generator.build.switches import switches
from generator.choices.profiles import merge

if TYPE_CHECKING:
    from generator.build.sources import Sources

UPSTREAM = ("opensearch", "fluent-bit")

VALUES: dict[str, Any] = {
    "opensearch": {"enabled": True, "replicas": 3},
    "monitors": {
        "enabled": True,
        "interval": "30s",
        "labels": {"team": "ml"},
        "dropMetrics": ["go_.*"],
        "dropLabels": [],
        "ray": {"enabled": True, "endpoints": {"head": {"enabled": False, "interval": "5s"}, "workers": {}}},
    },
    "dashboards": {"enabled": True, "ray": {"enabled": False, "folder": "Ray"}},
    "rules": {"enabled": True, "gpu": {"enabled": True, "thresholds": {"celsius": 87}}},
}


@pytest.mark.parametrize(
    "change",
    [
        {"monitors": {"interval": "1m"}},
        {"monitors": {"ray": {"endpoints": {"head": {"interval": "1m"}}}}},
        {"dashboards": {"ray": {"folder": "Other"}}},
        {"rules": {"gpu": {"thresholds": {"celsius": 1}}}},
        {"opensearch": {"replicas": 1}},
    ],
)
def test_what_switches_nothing_on_or_off_is_not_seen(change: dict[str, Any]) -> None:
    assert switches(merge(VALUES, change), UPSTREAM) == switches(VALUES, UPSTREAM)


@pytest.mark.parametrize(
    "change",
    [
        {"monitors": {"enabled": False}},
        {"monitors": {"dropMetrics": ["ray_.*"]}},
        {"monitors": {"dropLabels": ["pod"]}},
        {"monitors": {"ray": {"enabled": False}}},
        {"monitors": {"ray": {"endpoints": {"workers": {"enabled": False}}}}},
        {"dashboards": {"enabled": False}},
        {"dashboards": {"ray": {"enabled": True}}},
        {"rules": {"gpu": {"enabled": False}}},
        {"opensearch": {"enabled": False}},
    ],
)
def test_each_switch_is_seen(change: dict[str, Any]) -> None:
    assert switches(merge(VALUES, change), UPSTREAM) != switches(VALUES, UPSTREAM)


@pytest.mark.parametrize("wrong", [5, None, [1], {"ray": 1, "enabled": []}, {"ray": {"endpoints": [1]}}])
@pytest.mark.parametrize("block", ["monitors", "dashboards", "rules", "opensearch"])
def test_values_that_break_the_schema_are_left_to_the_schema(block: str, wrong: object) -> None:
    assert isinstance(switches({**VALUES, block: wrong}, UPSTREAM), dict)


def test_the_switches_alone_give_the_same_queries_and_series(sources: Sources) -> None:
    build = fit(load_profile("jark", sources), sources)
    without = replace(build, values=merge(build.values, {"monitors": {"ray": {"enabled": False}}}))
    narrowed = replace(without, values=switches(without.values, build.pins.charts))
    assert series(narrowed) == series(without) != series(build)
    assert prepared(sources, narrowed.values) == prepared(sources, without.values)
    assert findings(without) != ()
