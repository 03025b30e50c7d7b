"""The pretended cluster: what is loaded carries the labels that the catalogue and the monitors promise, no others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from generator.catalogue.known import DropRules, known_series
from generator.catalogue.reader import read_catalogue
from generator.files import yamlfile
from tests.blocks import block

from . import world
from .fleet import FEEDS, every_pod
from .needed import needed
from .scrapes import ROOT, capture, generated_monitors, targets
from .synthetic import Sources, Values, read_values, synthetic

if TYPE_CHECKING:
    from generator.catalogue.spec import Exporter, KnownSeries

    from .world import Targets

EVERYTHING = needed(['{__name__=~".+"}'])
VALUES = read_values(ROOT / "tests" / "signals" / "values.yaml")
SPECS = {path.stem: yamlfile.load_mapping(path) for path in sorted((ROOT / "monitors").glob("*.yaml"))}


@pytest.fixture(scope="module")
def exporters() -> dict[str, Exporter]:
    return read_catalogue(ROOT, yamlfile.load_mapping(ROOT / "values-schemas" / "metrics.schema.yaml"))


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Targets:
    return world.Targets(targets(generated_monitors(ROOT, tmp_path_factory.mktemp("chart")), every_pod()))


@pytest.fixture(scope="module")
def known(exporters: dict[str, Exporter]) -> dict[str, tuple[KnownSeries, ...]]:
    monitors = block("monitors")["properties"]
    drops = DropRules(*(tuple(monitors[key]["default"]) for key in ("dropMetrics", "dropLabels")))
    return known_series(exporters, SPECS, enabled=lambda _: True, common_drops=drops)


def test_every_capture_that_a_pod_answers_with_is_there() -> None:
    assert not [feed.capture for feed in FEEDS if capture(feed.capture) is None]


def test_the_monitors_find_every_pod_that_has_something_to_say(cluster: Targets) -> None:
    scraped = {(target.labels["__address__"].split(":")[0], target.labels["endpoint"]) for target in cluster.scraped}
    assert {(feed.pod.ip, feed.endpoint) for feed in FEEDS} <= scraped


@pytest.mark.slow
def test_measured_series_carry_only_labels_that_the_catalogue_knows(
    exporters: dict[str, Exporter], cluster: Targets, known: dict[str, tuple[KnownSeries, ...]]
) -> None:
    loaded = world.measured(exporters, cluster, EVERYTHING)
    assert len(loaded) > 3000
    unknown = set()
    for one in loaded.values():
        labels = one.labels.keys() - {"__name__"}
        ways = known.get(one.labels["__name__"], ())
        if ways and not any(labels <= way.labels for way in ways):
            unknown.add((one.labels["__name__"], *sorted(labels - ways[0].labels)))
    assert sorted(unknown) == []


@pytest.mark.slow
def test_synthetic_series_carry_only_labels_that_the_catalogue_knows(
    exporters: dict[str, Exporter], cluster: Targets, known: dict[str, tuple[KnownSeries, ...]]
) -> None:
    sources = Sources(exporters, cluster.of, world.subjects, EVERYTHING, VALUES)
    loaded = synthetic(sources, {})
    assert len(loaded) > 1000
    wrong = set()
    for one in loaded.values():
        labels = one.labels.keys() - {"__name__"}
        ways = known[one.labels["__name__"]]
        if not any(labels <= way.labels for way in ways):
            wrong.add((one.labels["__name__"], *sorted(labels - ways[0].labels)))
    assert sorted(wrong) == []


def test_a_value_that_nobody_wrote_down_is_not_made(exporters: dict[str, Exporter], cluster: Targets) -> None:
    wanted = needed(["kube_pod_status_phase"])
    sources = Sources(exporters, cluster.of, world.subjects, wanted, VALUES)
    phases = {one.labels["phase"] for one in synthetic(sources, {}).values()}
    assert phases == {"Running", "Pending", "Succeeded", "Failed", "Unknown"}
    bare = Sources(exporters, cluster.of, world.subjects, wanted, Values())
    assert {one.labels["phase"] for one in synthetic(bare, {}).values()} == {"phase-1"}


def test_values_name_only_families_and_labels_of_the_catalogue(exporters: dict[str, Exporter]) -> None:
    for name, families in VALUES.families.items():
        for family, rows in families.items():
            labels = exporters[name].families[family].labels | {"=", "quantile"}
            assert {label for row in rows for label in row} <= labels, family
    for name, values in VALUES.labels.items():
        carried = {label for family in exporters[name].families.values() for label in family.labels}
        assert values.keys() <= carried, name


def test_a_monitor_of_the_exporters_own_chart_leaves_the_gpus_user_in_other_labels(
    exporters: dict[str, Exporter], cluster: Targets
) -> None:
    wanted = needed(["DCGM_FI_DEV_GPU_TEMP"])
    own, foreign = (
        synthetic(
            Sources(exporters, world.Targets(cluster.scraped, who).of, world.subjects, wanted, VALUES),
            {},
        ).values()
        for who in ((), ("dcgm",))
    )
    assert {one.labels["job"] for one in own} == {"dcgm"}
    assert "vllm-0" in {one.labels["pod"] for one in own}
    assert {one.labels["job"] for one in foreign} == {"dcgm-exporter"}
    assert "vllm-0" in {one.labels["exported_pod"] for one in foreign}
    assert {one.labels["pod"] for one in foreign} == {"dcgm-0", "dcgm-1"}
