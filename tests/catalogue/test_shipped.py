"""The shipped catalogue against real scrapes, cut to a few series of each family."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from generator.catalogue.exposition import read_capture
from generator.catalogue.known import drop_pattern, known_series, stored_name
from generator.files import schemas, yamlfile
from generator.files.versions import precedence
from generator.promql import units
from tests.catalogue.conftest import DROPS, ROOT
from tests.conftest import CAPTURES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from generator.catalogue.spec import Exporter, Exposure

CAPTURE_NAMES = sorted(path.name for path in CAPTURES.glob("*.prom*"))
HEAD, WORKER = "ray-2.60.0-head-all-workloads.prom.gz", "ray-2.60.0-worker-node.prom.gz"
"""One endpoint of two kinds of pods; the catalogue names the head's capture, tests/signals asks both."""
NEWER_LABELS = {"vllm:cache_config_info": {"simple_cpu_offload_num_blocks"}}
"""Labels that the catalogue's version has (vLLM 0.33, read) and the version of the scrape (0.32, run) has not."""
FILES = sorted(path.name for path in (ROOT / "metrics").glob("*.yaml"))


def shown_in(catalogue: Mapping[str, Exporter], capture: str) -> list[tuple[Exporter, Exposure]]:
    """Returns what a capture is said to show."""
    return [
        (exporter, exposure)
        for exporter in catalogue.values()
        for exposure in exporter.exposures
        if exposure.measured == capture
    ]


@pytest.mark.parametrize("file", FILES)
def test_every_file_follows_the_schema(file: str, schema: Mapping[str, Any]) -> None:
    assert schemas.problems(yamlfile.load(ROOT / "metrics" / file), schema, file=file) == ()


def scraped_target(exposure: Exposure) -> tuple[str, ...]:
    """Returns what makes two exposures parts of one scrape."""
    return (exposure.monitor, exposure.endpoint, exposure.component, exposure.job)


@pytest.mark.parametrize("capture", CAPTURE_NAMES)
def test_every_family_of_a_scrape_is_catalogued_with_its_type_and_labels(
    capture: str, catalogue: Mapping[str, Exporter]
) -> None:
    targets = {scraped_target(exposure) for _, exposure in shown_in(catalogue, HEAD if capture == WORKER else capture)}
    known = {
        stored_name(family.name, exposure): (family.type, family.labels | exposure.labels)
        for exporter in catalogue.values()
        for exposure in exporter.exposures
        if scraped_target(exposure) in targets
        for family in exporter.families.values()
    }
    dropped = drop_pattern(DROPS.metrics)
    assert dropped is not None
    assert known
    for name, scraped in read_capture(CAPTURES / capture).items():
        if dropped.fullmatch(name):
            continue
        assert name in known
        kind, labels = known[name]
        assert (name, scraped.type) == (name, kind)
        if scraped.series:
            newer = NEWER_LABELS.get(name.removeprefix("ray_").replace("vllm_", "vllm:", 1), set())
            assert (name, scraped.labels - set(DROPS.labels)) == (name, set(labels) - newer)


@pytest.mark.parametrize("capture", CAPTURE_NAMES)
def test_a_family_that_needs_nothing_is_in_the_scrape_of_its_exporter(
    capture: str, catalogue: Mapping[str, Exporter]
) -> None:
    """Inside Ray a counter that is still zero is absent, so that a form with a prefix proves no absence."""
    scraped = read_capture(CAPTURES / capture)
    missing = {
        family.name
        for exporter, exposure in shown_in(catalogue, capture)
        if not exposure.prefix and exporter.source.startswith("Measured")
        for family in exporter.families.values()
        if not family.needs and not family.source and family.name not in scraped
    }
    # node_exporter counts no bytes over the network of its own process, unlike Alertmanager and Prometheus.
    allowed = {
        "process_network_receive_bytes_total",
        "process_network_transmit_bytes_total",
        "go_sched_gomaxprocs_threads",
    }
    assert missing - (allowed if capture.startswith("node-exporter") else set()) == set()


def test_every_capture_that_is_named_is_there_and_every_one_that_is_there_is_named(
    catalogue: Mapping[str, Exporter],
) -> None:
    named = {exposure.measured for exporter in catalogue.values() for exposure in exporter.exposures} - {""}
    assert named | {WORKER} == set(CAPTURE_NAMES)


def test_every_exposure_names_a_monitor_and_an_endpoint_that_exist(
    catalogue: Mapping[str, Exporter], monitors: Mapping[str, Mapping[str, Any]]
) -> None:
    for exporter in catalogue.values():
        for exposure in exporter.exposures:
            if exposure.monitor not in {"", "*"}:
                assert exposure.endpoint in monitors[exposure.monitor]["endpoints"], exporter.name


def test_every_monitor_has_an_exporter(
    catalogue: Mapping[str, Exporter], monitors: Mapping[str, Mapping[str, Any]]
) -> None:
    reached = {exposure.monitor for exporter in catalogue.values() for exposure in exporter.exposures}
    assert monitors.keys() <= reached


def test_a_name_has_one_type_and_unit_wherever_it_comes_from(
    catalogue: Mapping[str, Exporter], monitors: Mapping[str, Mapping[str, Any]]
) -> None:
    stored = known_series(catalogue, monitors, enabled=lambda _: True, common_drops=DROPS)
    for name, ways in stored.items():
        assert len({(known.family.type, known.family.unit) for known in ways}) == 1, name


def test_no_target_gets_a_name_from_two_files(
    catalogue: Mapping[str, Exporter], monitors: Mapping[str, Mapping[str, Any]]
) -> None:
    stored = known_series(catalogue, monitors, enabled=lambda _: True, common_drops=DROPS)
    for name, ways in stored.items():
        targets = [(k.exposure.monitor, k.exposure.endpoint, k.exposure.component, k.exposure.job) for k in ways]
        assert len(targets) == len(set(targets)), name


def test_every_unit_can_be_reckoned_with_but_mixed(schema: Mapping[str, Any]) -> None:
    unknown = {unit for unit in schema["$defs"]["unit"]["enum"] if units.named(unit) is None}
    assert unknown == {"mixed"}


def test_every_unit_is_described(schema: Mapping[str, Any]) -> None:
    text = schema["$defs"]["unit"]["description"]
    assert [unit for unit in schema["$defs"]["unit"]["enum"] if unit and not re.search(rf"\b{unit}\b", text)] == []


def test_a_name_that_ends_in_a_unit_has_that_unit(catalogue: Mapping[str, Exporter]) -> None:
    ends = {
        "_seconds": {"seconds", "timestamp"},
        "_bytes": {"bytes", "bytes_per_second"},
        "_ratio": {"ratio"},
        "_ms": {"milliseconds"},
    }
    for exporter in catalogue.values():
        for family in exporter.families.values():
            for end, fitting in ends.items():
                if family.name.removesuffix("_total").endswith(end):
                    assert family.unit in fitting, family.name


def test_since_and_until_lie_around_the_version(catalogue: Mapping[str, Exporter]) -> None:
    for exporter in catalogue.values():
        for family in exporter.families.values():
            if family.since:
                assert precedence(family.since) <= precedence(exporter.version), family.name


def test_a_renamed_name_leads_to_a_family_that_is_there(catalogue: Mapping[str, Exporter]) -> None:
    for exporter in catalogue.values():
        for old, (new, _) in exporter.renamed.items():
            assert old not in exporter.families
            assert not new or new in exporter.families, old


def test_dcgm_tells_the_default_set_from_the_one_to_be_switched_on(catalogue: Mapping[str, Exporter]) -> None:
    families = catalogue["dcgm"].families
    opt_in = {name for name, family in families.items() if "counters file" in family.needs}
    assert {"DCGM_FI_DEV_POWER_VIOLATION", "DCGM_EXP_XID_ERRORS_COUNT", "DCGM_FI_PROF_SM_ACTIVE"} <= opt_in
    assert {"DCGM_FI_DEV_GPU_UTIL", "DCGM_FI_DEV_FB_USED", "DCGM_FI_PROF_GR_ENGINE_ACTIVE"} <= families.keys() - opt_in
    expected = {
        "DCGM_FI_DEV_FB_USED": "mebibytes",
        "DCGM_FI_DEV_GPU_UTIL": "percent",
        "DCGM_FI_PROF_GR_ENGINE_ACTIVE": "ratio",
        "DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION": "millijoules",
        "DCGM_FI_DEV_POWER_VIOLATION": "nanoseconds",
    }
    assert {name: families[name].unit for name in expected} == expected
