"""A shipped query that is broken by one edit of its dashboard's file is refused, and the finding says what is wrong."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from generator.build.build import fit
from generator.build.findings import findings
from generator.build.profile import load_profile
from generator.dashboards.reader import parse_dashboard
from generator.files import yamlfile
from tests.conftest import ROOT

if TYPE_CHECKING:
    from generator.build.sources import Sources

SPEED = "sum by (node) (ray_node_network_receive_speed{@ray})"
MEMORY = "1048576 * sum by (node) (ray_node_gram_used{@ray})"
MENU = "label_values(ray_node_cpu_count{@job}, node)"

EDITS = {
    "a name": ("gpu-training", "ray_node_network_receive_speed", "ray_node_network_speed", "name"),
    "a name in a menu": ("gpu-training", MENU, MENU.replace("cpu_count", "cpu_counts"), "name"),
    "a menu's label": ("gpu-training", MENU, MENU.replace(", node)", ", nodes)"), "label"),
    "a label in a menu": ("gpu-training", MENU, MENU.replace("@job", '@job,zone="a"'), "label"),
    "a label that is matched": ("gpu-training", SPEED, SPEED.replace("@ray", '@ray,zone="a"'), "label"),
    "a label that is grouped by": ("gpu-training", SPEED, SPEED.replace("(node)", "(zone)"), "label"),
    "a label that is joined on": ("gpu-training", "* on (namespace, pod)", "* on (namespace, zone)", "label"),
    "a legend's label": ("gpu-training", "legend: Network in,", 'legend: "{{zone}}",', "label"),
    "rate of a gauge": (
        "gpu-training",
        SPEED,
        "sum by (node) (rate(ray_node_network_receive_speed{@ray}[5m]))",
        "rate",
    ),
    "increase of what only grows": (
        "gpu-training",
        "delta(ray_train_report_total_blocked_time_s{@ray}[15m])",
        "increase(ray_train_report_total_blocked_time_s{@ray}[15m])",
        "rate",
    ),
    "delta of a counter without _total": (
        "triton",
        "rate(nv_inference_request_success",
        "delta(nv_inference_request_success",
        "rate",
    ),
    "a bucket's limit": (
        "jark-platform",
        "rate(jupyterhub_request_duration_seconds_bucket{@hub}",
        'rate(jupyterhub_request_duration_seconds_bucket{@hub,le="5"}',
        "le",
    ),
    "mebibytes as bytes": ("gpu-training", MEMORY, MEMORY.removeprefix("1048576 * "), "unit"),
    "percent as a ratio": ("gpu-training", "legend: CPU, unit: percent}", "legend: CPU, unit: percentunit}", "unit"),
    "a ratio as percent": ("inference", "max($vllm:kv_cache_usage_perc", "100 * max($vllm:kv_cache_usage_perc", "unit"),
    "a speed as a size": ("gpu-training", "legend: Network in, unit: Bps}", "legend: Network in, unit: bytes}", "unit"),
    "a parenthesis": ("gpu-training", f"expr: {SPEED}", f"expr: {SPEED[:-1]}", "syntax"),
}


@pytest.mark.parametrize(("name", "before", "after", "check"), EDITS.values(), ids=EDITS)
def test_an_edit_that_breaks_a_shipped_query_is_refused(
    name: str, before: str, after: str, check: str, sources: Sources
) -> None:
    path = ROOT / "dashboards" / f"{name}.yaml"
    text = path.read_text("utf-8")
    assert before in text
    schema = yamlfile.load_mapping(ROOT / "values-schemas" / "dashboard.schema.yaml")
    edited = yamlfile.parse(text.replace(before, after), file=path.name)
    broken = {name: parse_dashboard(name, edited, schema, file=path.name)}
    # Every other file is left out: what is found is about this one.
    found = findings(
        fit(load_profile("standalone", sources), replace(sources, dashboards=broken, rules={}, exemptions=()))
    )
    assert [finding for finding in found if (finding.check, finding.severity) == (check, "error")]
    sound = replace(sources, dashboards={name: sources.dashboards[name]}, rules={}, exemptions=())
    assert check not in {finding.check for finding in findings(fit(load_profile("standalone", sources), sound))}
