"""What goes with a workload that the cluster does not have: panels, dashboards, records, objectives and alerts."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generator.build.build import fit
from generator.build.chart import chart
from generator.build.findings import findings
from generator.build.profile import load_profile
from generator.choices.profiles import Layer
from generator.rules.groups import alerts_of
from tests.conftest import PROFILES, ROOT
from tests.thorough import examples, some

if TYPE_CHECKING:
    from pathlib import Path

    from generator.build.build import Build
    from generator.build.sources import Sources
    from generator.rules.spec import Rules

REASON = "a test has none of it"
MONITORS = sorted(path.stem for path in (ROOT / "monitors").glob("*.yaml"))


def without(sources: Sources, *absent: str, profile: str = "standalone", **choices: Any) -> Build:
    layer = {"cluster": {"absent": dict.fromkeys(absent, REASON)}, **choices}
    return fit(load_profile(profile, sources, [Layer("mine.yaml", layer, "-f mine.yaml")]), sources)


def titles(build: Build, dashboard: str) -> list[str]:
    return [panel.title for _, panel in build.sources.dashboards[dashboard].panels()]


def names(spec: Rules) -> set[str]:
    records = {count.record for count in spec.counts} | {record.record for record in spec.records}
    return records | {alert.alert for _, _, alert in alerts_of(spec)}


def on(build: Build, block: str) -> set[str]:
    """Returns the dashboards, or the files of rules, that the chart's values switch on."""
    return {name for name, each in build.values[block].items() if isinstance(each, dict) and each.get("enabled")}


def rule_names(build: Build) -> set[str]:
    return {name for file in on(build, "rules") for name in names(build.sources.rules[file])}


def assert_sound(build: Build) -> None:
    """The chart is made, and the check finds nothing: in what was left out, and asked anew in what is left.

    A side of an ``or`` may ask for a record that went; then the other side answers.
    """
    assert findings(build) == ()
    assert chart(build)
    anew = findings(replace(build, checked=None))
    assert {finding.check for finding in anew if finding.severity == "error"} <= {"name", "exemption", "off"}
    assert not [finding for finding in anew if finding.check == "off" and finding.kind != "variable"]


@pytest.mark.parametrize("name", some(MONITORS, one_in=8))
def test_every_workload_can_be_switched_off_alone(sources: Sources, name: str) -> None:
    assert_sound(without(sources, name))


@pytest.mark.slow
@settings(max_examples=examples(1, thorough=60))
@given(absent=st.sets(st.sampled_from(MONITORS), min_size=1, max_size=4), profile=st.sampled_from(PROFILES))
def test_any_workloads_can_be_switched_off_in_any_profile(sources: Sources, absent: set[str], profile: str) -> None:
    assert_sound(without(sources, *absent, profile=profile))


def test_a_row_of_an_absent_workload_goes_and_the_others_stay(sources: Sources) -> None:
    build = without(sources, "argocd")
    rows = [row.title for row in build.sources.dashboards["jark-platform"].rows]
    assert "Argo CD" not in rows
    assert {"At a glance", "JupyterHub", "Targets"} <= set(rows)
    assert "Applications out of step" not in titles(build, "jark-platform")
    assert build.sources.dashboards["inference"] == sources.dashboards["inference"]
    assert build.sources.rules == sources.rules


def test_a_panel_that_something_else_feeds_too_keeps_that_query(sources: Sources) -> None:
    build = without(sources, "dcgm")
    panels = {panel.title: panel for _, panel in build.sources.dashboards["inference"].panels()}
    before = {panel.title: panel for _, panel in sources.dashboards["inference"].panels()}
    assert 0 < len(panels["GPU utilisation"].targets) < len(before["GPU utilisation"].targets)


def test_a_server_alone_takes_along_what_counts_its_requests_and_no_more(sources: Sources) -> None:
    gone = rule_names(without(sources)) - rule_names(without(sources, "vllm"))
    assert gone == {
        "namespace_job:vllm_http_requests:increase1m",
        "namespace_job:vllm_http_errors:increase1m",
        "namespace_job_pod_status:vllm_http_responses:increase1m",
        "VllmErrorBudgetBurnFast",
        "VllmErrorBudgetBurnSlow",
    }


@pytest.mark.sample(3)
@pytest.mark.parametrize(
    ("absent", "dashboards", "rules"),
    [
        (("neuron",), {"neuron"}, {"neuron"}),
        (("triton",), {"triton"}, set()),
        (("karpenter",), set(), {"karpenter"}),
        (("dcgm",), set(), set()),
        (("fluent-bit",), set(), {"logs"}),
        (("opensearch",), set(), {"opensearch"}),
        (("fluent-bit", "opensearch"), {"logs-pipeline"}, {"logs", "opensearch"}),
        (
            ("ray",),
            {"gpu-training", "ray-cluster", "ray-data", "ray-serve"},
            {"ray", "ray-serve", "ray-train"},
        ),
        (
            ("sglang", "ray"),
            {"gpu-training", "ray-cluster", "ray-data", "ray-serve", "sglang"},
            {"ray", "ray-serve", "ray-train", "sglang"},
        ),
        (
            ("vllm", "ray-serve-vllm", "ray"),
            {"gpu-training", "inference", "ray-cluster", "ray-data", "ray-serve"},
            {"ray", "ray-serve", "ray-train", "vllm"},
        ),
    ],
)
def test_a_file_of_which_nothing_is_left_goes_as_a_whole(
    sources: Sources, absent: tuple[str, ...], dashboards: set[str], rules: set[str]
) -> None:
    before, after = without(sources), without(sources, *absent)
    assert on(before, "dashboards") - on(after, "dashboards") == dashboards
    assert on(before, "rules") - on(after, "rules") == rules


def test_the_half_about_the_store_stays_where_only_the_collector_is_absent(sources: Sources) -> None:
    build = without(sources, "fluent-bit")
    assert "Records read" not in titles(build, "logs-pipeline")
    assert "OpenSearch, as it sees itself" in [row.title for row in build.sources.dashboards["logs-pipeline"].rows]


def test_an_exemption_of_what_is_left_out_is_no_finding(sources: Sources) -> None:
    exemption = {
        "check": "off",
        "subject": "karpenter",
        "file": "rules/karpenter.yaml",
        "reason": "Something else scrapes Karpenter here.",
    }
    build = without(sources, "karpenter", exemptions=[exemption])
    assert findings(build) == ()
    assert "karpenter" not in on(build, "rules")


def test_an_exemption_of_what_was_never_wrong_stays_a_finding(sources: Sources) -> None:
    exemption = {"check": "rate", "file": "dashboards/triton.yaml", "reason": "There is nothing wrong with it at all."}
    (finding,) = findings(without(sources, "argocd", exemptions=[exemption]))
    assert finding.check == "exemption"


def test_a_file_of_ones_own_loses_what_reads_a_record_that_went(sources: Sources, tmp_path: Path) -> None:
    (tmp_path / "team.yaml").write_text(
        "description: What a team watches.\n"
        "records:\n"
        "  - record: team:queue:max\n"
        "    description: Pending workloads.\n"
        "    expr: max(cluster_queue_status:kueue_pending_workloads:max)\n"
        "alerts:\n"
        "  - alert: TeamQueueLong\n"
        "    severity: info\n"
        "    summary: The queue is long\n"
        '    description: "{{ $value }} workloads wait."\n'
        "    expr: team:queue:max > 100\n"
        "  - alert: TeamTargetsDown\n"
        "    severity: info\n"
        "    summary: Targets are down\n"
        '    description: "{{ $value }} targets are down."\n'
        "    expr: count(up{@monitors} == 0) > 3\n"
    )
    build = without(sources, "kueue", rules={"extra": [str(tmp_path / "team.yaml")]})
    assert names(build.sources.rules["team"]) == {"TeamTargetsDown"}
    assert findings(build) == ()


def test_a_monitor_that_is_off_without_being_absent_stays_a_finding(sources: Sources) -> None:
    build = without(sources, "triton", monitors={"kueue": {"enabled": False}})
    assert {finding.off for finding in findings(build)} == {("monitors.kueue.enabled",)}


def test_a_workload_of_rules_is_a_monitor(sources: Sources) -> None:
    assert {spec.workload for spec in sources.rules.values()} - {""} <= sources.monitors.keys()
