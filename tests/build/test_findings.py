"""Every dashboard and rule against the catalogue; and the proof that the check notices when the catalogue changes."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from generator.build.build import fit
from generator.build.findings import dashboard_findings, findings, prepared, refuse_errors, series
from generator.build.profile import load_profile
from generator.catalogue.known import gone_names
from generator.choices.profiles import parse_set
from generator.errors import InputError
from generator.promql.parser import selectors
from generator.verify.render import as_text, failed
from generator.verify.verifier import check
from tests.conftest import PROFILES, ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from generator.build.sources import Sources
    from generator.catalogue.spec import Exporter, Family, KnownSeries
    from generator.verify.prepare import Item, Prepared
    from generator.verify.spec import Finding

    World = tuple[Sources, Prepared, Callable[[Mapping[str, Exporter]], dict[str, tuple[KnownSeries, ...]]]]


@pytest.mark.parametrize("profile", PROFILES)
def test_everything_that_is_queried_is_emitted(sources: Sources, profile: str) -> None:
    found = findings(fit(load_profile(profile, sources), sources))
    assert not failed(found), as_text(found)


def test_a_monitor_that_is_off_leaves_its_panels_empty_and_the_check_says_so(sources: Sources) -> None:
    from generator.choices.profiles import Layer

    off = Layer("--set", {"monitors": {"ray": {"enabled": False}}})
    found = findings(fit(load_profile("jark", sources, [off]), sources))
    assert {finding.check for finding in found} >= {"off"}
    assert any(finding.file == "dashboards/gpu-training.yaml" for finding in found)


@pytest.mark.parametrize(
    "path", ["monitors.enabled", "monitors.argo-workflows.enabled", "monitors.argo-workflows.endpoints.metrics.enabled"]
)
def test_what_is_off_is_named_by_the_choice_that_has_it_off(sources: Sources, path: str) -> None:
    found = findings(fit(load_profile("jark", sources, [parse_set(f"{path}=false")]), sources))
    of_argo = [each for each in found if "argo-workflows" in each.subjects]
    assert {each.file for each in of_argo} >= {"dashboards/jark-platform.yaml"}
    for finding in of_argo:
        assert path in finding.off
        assert f"'{path}'" in finding.hint
        if finding.place:
            assert ("cluster.absent.argo-workflows" in finding.hint) is (path != "monitors.enabled")
    assert (path == "monitors.enabled") is any(not each.place for each in found)


def test_what_the_cluster_no_longer_scrapes_is_told_where_to_say_so(sources: Sources) -> None:
    found = findings(fit(load_profile("jark", sources, [parse_set("cluster.scrapes.dcgm-exporter=null")]), sources))
    of_dcgm = [each for each in found if each.check == "off" and "dcgm" in each.subjects and each.place]
    assert len(of_dcgm) > 5
    assert all(each.hint.endswith("say what in 'cluster.scrapes.dcgm-exporter'") for each in of_dcgm)
    off = findings(fit(load_profile("jark", sources, [parse_set("monitors.karpenter.enabled=false")]), sources))
    assert all(
        each.hint.endswith("exempt it and say what") for each in off if "karpenter" in each.subjects and each.place
    )


@pytest.mark.parametrize("path", ["rules.enabled", "rules.vllm.enabled"])
def test_a_record_that_is_off_is_named_by_the_choice_that_has_it_off(sources: Sources, path: str) -> None:
    found = findings(fit(load_profile("jark", sources, [parse_set(f"{path}=false")]), sources))
    of_vllm = [each for each in found if each.check == "name" and "rules/vllm.yaml" in each.hint]
    assert len(of_vllm) > 5
    assert {each.hint for each in of_vllm} == {f"rules/vllm.yaml records it; switch '{path}' on"}


def test_what_reads_records_of_an_absent_workload_says_that_nothing_scrapes_it(sources: Sources) -> None:
    from generator.choices.profiles import Layer

    absent = "the cluster has no Ray"
    layer = Layer("test", {"cluster": {"absent": {"ray": absent}}, "monitors": {"ray": {"enabled": False}}})
    off = Layer("test", {"rules": {"ray-serve": {"enabled": False}}})
    found = findings(fit(load_profile("standalone", sources, [layer, off]), sources))
    assert {finding.check for finding in found if finding.file == "dashboards/inference.yaml"} <= {"off"}

    found = findings(fit(load_profile("standalone", sources, [off]), sources))
    assert "name" in {finding.check for finding in found if finding.file == "dashboards/inference.yaml"}


def test_generation_stops_at_an_error_and_names_the_panel(sources: Sources) -> None:
    vllm = sources.exporters["vllm"]
    families = {name: family for name, family in vllm.families.items() if name != "vllm:kv_cache_usage_perc"}
    poorer = replace(sources, exporters={**sources.exporters, "vllm": replace(vllm, families=families)})
    with pytest.raises(InputError) as raised:
        refuse_errors(findings(fit(load_profile("jark", poorer), poorer)))
    assert any(problem.file == "dashboards/inference.yaml" for problem in raised.value.problems)
    assert "KV cache" in str(raised.value)


def test_every_exemption_has_a_reason_and_exempts_something(sources: Sources) -> None:
    assert all(len(exemption.reason) >= 20 for exemption in sources.exemptions)
    without = findings(fit(load_profile("jark", sources), replace(sources, exemptions=())))
    assert len([finding for finding in without if finding.severity == "error"]) >= len(sources.exemptions)


def test_a_foreign_dashboard_is_told_which_of_its_names_are_dead(sources: Sources, tmp_path: Path) -> None:
    (tmp_path / "old.json").write_text(
        '{"title": "Old", "panels": [{"type": "timeseries", "title": "Swapped", "targets": '
        '[{"expr": "sum(ray_vllm_num_requests_swapped)"}, {"expr": "avg(vllm:gpu_cache_usage_perc)"}]}]}'
    )
    findings = dashboard_findings(tmp_path / "old.json", fit(load_profile("jark", sources), sources)).findings
    assert [finding.subjects for finding in findings] == [
        ("ray_vllm_num_requests_swapped",),
        ("vllm:gpu_cache_usage_perc",),
    ]
    assert "vllm:kv_cache_usage_perc" in findings[1].message + findings[1].hint


@pytest.mark.parametrize(
    ("profile", "values", "name", "off"),
    [
        ("standalone", {}, "scheduler_pending_pods", ()),
        ("jark", {}, "scheduler_pending_pods", ("kube-prometheus-stack.kubeScheduler.enabled",)),
        ("jark", {}, "apiserver_request_total", ()),
        ("standalone", {}, "instance:node_cpu_utilisation:rate5m", ()),
        (
            "standalone",
            {"defaultRules": {"rules": {"nodeExporterRecording": False}}},
            "instance:node_cpu_utilisation:rate5m",
            ("kube-prometheus-stack.defaultRules.rules.nodeExporterRecording",),
        ),
        (
            "standalone",
            {"coreDns": {"enabled": False}},
            "coredns_panics_total",
            ("kube-prometheus-stack.coreDns.enabled",),
        ),
        ("bring-your-own-prometheus", {}, "coredns_panics_total", ()),
    ],
)
def test_what_the_upstream_chart_brings_is_known_as_the_profile_has_it(
    sources: Sources, tmp_path: Path, profile: str, values: dict[str, Any], name: str, off: tuple[str, ...]
) -> None:
    from generator.choices.profiles import Layer

    layers = [Layer("test", {"values": {"kube-prometheus-stack": values}})] if values else []
    if profile == "standalone":
        layers.append(Layer("test", {"cluster": {"controlPlane": {"scheduler": True}}}))
    build = fit(load_profile(profile, sources, layers), sources)
    query = {"title": "P", "type": "timeseries", "targets": [{"expr": f"count({name})"}]}
    both = {"panels": [query, {**query, "targets": [{"expr": "count(up)"}]}]}
    (tmp_path / "board.json").write_text(json.dumps(both))
    found = dashboard_findings(tmp_path / "board.json", build).findings
    assert [(finding.check, finding.off) for finding in found] == ([("off", off)] if off else [])
    assert all(path in found[0].hint for path in off)


@pytest.fixture(scope="module")
def world(sources: Sources) -> World:
    """Returns the sources, every query parsed once, and what turns a catalogue into the series of a profile.

    The profile has everything on, so that no query is excused.
    """
    fitted = fit(load_profile("standalone", sources), sources)

    def build(exporters: Mapping[str, Exporter]) -> dict[str, tuple[KnownSeries, ...]]:
        return series(replace(fitted, sources=replace(fitted.sources, exporters=exporters)))

    return sources, prepared(sources, fitted.values), build


PROMETHEUS_OWN = {"alerts", "scrape"}
"""Files of what Prometheus writes itself for every target: no exporter can take it away."""


def _labels_used(items: Iterable[Item], names: set[str]) -> set[str]:
    """Returns the labels that expressions match on these names; where they query nothing else, all that they name."""
    found: set[str] = set()
    for item in items:
        chosen = [selector for selector in selectors(item.tree) if selector.name in names or selector.names]
        found |= {matcher.label for selector in chosen for matcher in selector.matchers if not matcher.accepts("")}
        if item.names <= names:
            clauses = re.findall(r"(?:by|on|group_left|group_right)\s*\(([^)]*)\)", item.expression.text)
            found |= {label.strip() for clause in clauses for label in clause.split(",")}
            found |= set(re.findall(r"\{\{\s*(\w+)\s*\}\}", item.expression.texts))
    return found


def _mutants(family: Family, used_labels: set[str]) -> dict[str, Family | None]:
    """Returns the mutants of a family that something uses, by what was done to it; None stands for dropped."""
    other: dict[str, Any] = {"counter": "gauge", "gauge": "counter", "histogram": "gauge", "summary": "gauge"}
    mutants: dict[str, Family | None] = {"dropped": None, "renamed": replace(family, name=f"{family.name}_x")}
    if family.type in other:
        mutants["retyped"] = replace(family, type=other[family.type])
    for label in sorted(family.labels & used_labels):
        mutants[f"label {label} dropped"] = replace(family, labels=family.labels - {label})
    return mutants


@pytest.mark.thorough
@pytest.mark.slow
def test_no_family_can_change_unnoticed(world: World) -> None:
    """Renames, drops and retypes each family that a dashboard or rule uses, and drops each label that it uses.

    A family that two exporters emit is changed in both. A label that the target carries too is there all the same, so
    that dropping it from the family is no mutation.
    """
    sources, queries, build = world
    known, gone = build(sources.exporters), gone_names(sources.exporters)
    queried = {name for item in queries.items for name in item.names}
    families = {name: family for each in sources.exporters.values() for name, family in each.families.items()}
    own = {name for file in PROMETHEUS_OWN for name in sources.exporters[file].families}
    names_of: dict[str, set[str]] = {}
    for name, ways in known.items():
        for way in ways:
            names_of.setdefault(way.family.name, set()).add(name)
    survivors: list[str] = []
    mutations = 0
    for family in families.values():
        names = names_of.get(family.name, set())
        if family.name in own or not names & queried:
            continue
        used = _labels_used(queries.mentioning(names), names)
        before = _errors(check(queries, known, gone, only=names))
        for what, mutant in _mutants(family, used).items():
            mutated = _changed(sources.exporters, family.name, mutant)
            fresh = {name: ways for name, ways in build(mutated).items() if name in names or name not in known}
            if {name: {way.labels for way in ways} for name, ways in fresh.items()} == {
                name: {way.labels for way in known[name]} for name in names
            } and what.startswith("label"):
                continue
            mutations += 1
            world_after = {name: ways for name, ways in known.items() if name not in names} | fresh
            after = _errors(check(queries, world_after, gone, only=names))
            if not any(finding.name for finding in after - before):
                survivors.append(f"{family.name} {what}")
    assert mutations > 800
    assert sorted(set(survivors) ^ _explained()) == []


def _changed(exporters: Mapping[str, Exporter], name: str, mutant: Family | None) -> dict[str, Exporter]:
    """Returns the exporters that emit a family, with that family alone, changed."""
    families = {} if mutant is None else {mutant.name: mutant}
    return {key: replace(each, families=families) for key, each in exporters.items() if name in each.families}


def _errors(findings: tuple[Finding, ...]) -> set[Finding]:
    return {finding for finding in findings if finding.severity == "error"}


def _explained() -> set[str]:
    """Returns the mutants that change nothing that anyone sees, as mutants.txt lists them with the reason."""
    lines = (ROOT / "tests" / "mutants.txt").read_text(encoding="utf-8").splitlines()
    return {line for line in lines if line and not line.startswith("#")}
