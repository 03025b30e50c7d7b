"""A profile that keeps no logs has no log panels, and no data source that would find nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from generator.build.build import fit
from generator.build.chart import chart
from generator.build.findings import findings
from generator.build.log_panels import keeps_logs
from generator.build.profile import load_profile
from generator.choices.profiles import Layer
from tests.chart import dashboards

if TYPE_CHECKING:
    from collections.abc import Mapping

    from generator.build.sources import Sources

OFF = {"components": {"opensearch": {"enabled": False}, "fluent-bit": {"enabled": False}}}
ELSEWHERE = {"components": {"opensearch": {"enabled": False}, "fluent-bit": {"host": "logs.example"}}}


def chart_of(sources: Sources, choices: Mapping[str, Any]) -> Mapping[str, str]:
    build = fit(load_profile("standalone", sources, [Layer("-f", dict(choices))]), sources)
    assert findings(build) == ()
    return chart(build)


@pytest.mark.parametrize(
    ("choices", "expected"),
    [
        ({}, True),
        (OFF, False),
        (ELSEWHERE, True),
        ({**OFF, "dashboards": {"logs": True}}, True),
        ({"dashboards": {"logs": False}}, False),
        ({"dashboards": {"logs": None}}, True),
    ],
)
def test_logs_are_kept_by_this_charts_opensearch_by_another_or_as_the_profile_says(
    sources: Sources, choices: dict[str, Any], expected: bool
) -> None:
    assert keeps_logs(load_profile("standalone", sources, [Layer("-f", choices)])) is expected


def test_without_logs_no_dashboard_names_their_data_source(sources: Sources) -> None:
    files = chart_of(sources, OFF)
    boards = dashboards(files)
    assert "logs-explorer" not in boards
    assert "templates/dashboards/logs-explorer.yaml" not in files
    assert "logs-explorer" not in files["values.yaml"]
    for name, board in boards.items():
        assert "grafana-opensearch-datasource" not in json.dumps(board), name
        assert board["panels"]


def test_a_choice_about_a_dashboard_that_is_left_out_is_no_error(sources: Sources) -> None:
    files = chart_of(sources, {**OFF, "dashboards": {"logs-explorer": {"enabled": False}}})
    assert "logs-explorer" not in files["values.yaml"]


def test_logs_that_are_kept_elsewhere_have_their_panels(sources: Sources) -> None:
    files = chart_of(sources, ELSEWHERE)
    boards = dashboards(files)
    assert "grafana-opensearch-datasource" in json.dumps(boards["gpu-training"])
    assert "logs-explorer" in boards
