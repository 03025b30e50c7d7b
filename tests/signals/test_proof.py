"""The proof itself: everything answers, and what cannot answer is found."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from generator.files import yamlfile

from .proof import prove
from .report import as_text, in_readme
from .scrapes import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from .binaries import Binaries

pytestmark = pytest.mark.slow


@pytest.mark.thorough
def test_every_target_variable_and_record_answers_and_every_alert_can_be_evaluated(binaries: Binaries) -> None:
    report = prove(binaries)
    assert not report.failed, as_text(report)
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert in_readme(readme, report) == readme, "README's table is out of date: make signals"


@pytest.mark.thorough
def test_gpus_answer_too_where_the_exporters_own_chart_brings_the_monitor(binaries: Binaries) -> None:
    """It does not honour labels: whose GPU it is stands in exported_pod and exported_namespace."""
    report = prove(binaries, foreign=("dcgm",))
    assert not report.failed, as_text(report)


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """A small project: one dashboard, one file of rules, and the real monitors and metrics."""
    for name in ("metrics", "monitors", "values-schemas"):
        (tmp_path / name).symlink_to(ROOT / name)
    for name in ("dashboards", "rules"):
        (tmp_path / name).mkdir()
    exprs = {
        "Fine": "ray_node_mem_used",
        "Renamed": "rate(ray_vllm_num_requests_swapped[$__rate_interval])",
        "Label": 'ray_node_mem_used{pod="$nothing"}',
        "Join": "ray_node_mem_used * on (pod) ray_node_mem_total * on (ray_io_cluster) ray_node_cpu_count",
    }
    panels = [
        {
            "title": title,
            "type": "timeseries",
            "unit": "short",
            "description": "For the test; nothing here is bad.",
            "targets": [{"expr": expr}],
        }
        for title, expr in exprs.items()
    ]
    variable = {
        "name": "nothing",
        "description": "Offers nothing.",
        "query": "label_values(ray_node_mem_used, none)",
    }
    data = {
        "title": "Broken",
        "uid": "broken",
        "description": "For the test.",
        "variables": [variable],
        "rows": [{"title": "Row", "panels": panels}],
    }
    (tmp_path / "dashboards" / "broken.yaml").write_text(yamlfile.dump(data), encoding="utf-8")
    rules = {
        "description": "For the test.",
        "records": [
            {"record": "cluster:used:sum", "expr": "sum(ray_node_mem_used)", "description": "Used."},
            {"record": "cluster:again:sum", "expr": "2 * cluster:used:sum", "description": "Reads another record."},
            {"record": "cluster:dead:sum", "expr": "sum(ray_vllm_num_requests_swapped)", "description": "Dead."},
        ],
    }
    (tmp_path / "rules" / "broken.yaml").write_text(yamlfile.dump(rules), encoding="utf-8")
    return tmp_path


def test_a_dead_name_an_empty_menu_and_a_join_of_many_to_many_are_found(binaries: Binaries, broken: Path) -> None:
    report = prove(binaries, broken)
    assert report.failed
    assert {(result.kind, result.where): result.state for result in report.results} == {
        ("variable", "nothing"): "silent",
        ("target", "Fine A"): "measured",
        ("target", "Renamed A"): "silent",
        ("target", "Label A"): "silent",
        ("target", "Join A"): "error",
        ("record", "cluster:used:sum"): "measured",
        ("record", "cluster:again:sum"): "measured",
        ("record", "cluster:dead:sum"): "silent",
    }
    (join,) = (result for result in report.results if result.state == "error")
    assert "many-to-many" in join.detail
