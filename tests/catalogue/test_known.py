"""What Prometheus stores of the catalogue."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from generator.catalogue.known import DropRules, drop_pattern, gone_names, known_series, stored_name
from generator.catalogue.spec import Exposure
from tests.catalogue.conftest import DROPS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from generator.catalogue.spec import Exporter, KnownSeries

    Read = Callable[[str], Exporter]
    Monitors = Mapping[str, Mapping[str, Any]]


@pytest.fixture(scope="module")
def stored(catalogue: Mapping[str, Exporter], monitors: Monitors) -> Mapping[str, tuple[KnownSeries, ...]]:
    return known_series(catalogue, monitors, enabled=lambda exposure: exposure.monitor != "dcgm", common_drops=DROPS)


def through(
    stored: Mapping[str, tuple[KnownSeries, ...]], name: str, *, monitor: str = "", component: str = ""
) -> KnownSeries:
    """Returns a series as one monitor stores it; of several endpoints, as the first does."""
    return next(
        each for each in stored[name] if (each.exposure.monitor, each.exposure.component) == (monitor, component)
    )


def test_gauges_of_vllm_vanish_inside_ray_and_its_sums_are_estimates_there(
    stored: Mapping[str, tuple[KnownSeries, ...]],
) -> None:
    assert through(stored, "ray_vllm_num_requests_running", monitor="ray").lives == 20
    assert through(stored, "vllm:num_requests_running", monitor="vllm").lives == 0
    assert through(stored, "ray_vllm_request_success_total", monitor="ray").lives == 0
    assert through(stored, "ray_vllm_time_to_first_token_seconds_sum", monitor="ray").estimated
    assert not through(stored, "ray_vllm_time_to_first_token_seconds_count", monitor="ray").estimated
    assert not through(stored, "vllm:time_to_first_token_seconds_sum", monitor="vllm").estimated
    assert through(stored, "ray_serve_num_ongoing_http_requests", monitor="ray").lives == 20
    assert through(stored, "ray_serve_deployment_replica_healthy", monitor="ray").lives == 0


def sample(families: str, exposures: str = "{monitor: ray, endpoint: metrics}", rest: str = "") -> str:
    return f'title: T\nversion: "2.0"\nsource: s\nexposures: [{exposures}]\nfamilies: {families}\n{rest}'


def names(exporter: Exporter, monitors: Monitors, drops: DropRules = DROPS) -> set[str]:
    return set(known_series({"sample": exporter}, monitors, enabled=lambda _: True, common_drops=drops))


# Names


def test_a_histogram_is_stored_as_bucket_sum_and_count_and_a_summary_under_its_own_name_too(
    parse: Read, monitors: Monitors
) -> None:
    exporter = parse(sample("{h: histogram, s: summary, g: gauge, c_total: counter, u: untyped}"))
    expected = {"h_bucket", "h_sum", "h_count", "s", "s_sum", "s_count", "g", "c_total", "u"}
    assert names(exporter, monitors) == expected


@pytest.mark.parametrize(
    ("exposure", "expected"),
    [
        (Exposure(), "vllm:e2e_seconds"),
        (Exposure(prefix="ray_", sanitize=True), "ray_vllm_e2e_seconds"),
        (Exposure(prefix="ray_"), "ray_vllm:e2e_seconds"),
    ],
)
def test_vllm_has_three_forms_of_a_name(exposure: Exposure, expected: str) -> None:
    assert stored_name("vllm:e2e_seconds", exposure) == expected


def test_the_three_forms_of_vllm_are_known_with_the_labels_of_each(
    stored: Mapping[str, tuple[KnownSeries, ...]],
) -> None:
    bare = through(stored, "vllm:num_requests_running", monitor="vllm")
    assert bare.labels == {
        *("engine", "model_name"),
        *("container", "endpoint", "instance", "job", "namespace", "node", "pod"),
    }
    for name in ("ray_vllm_num_requests_running", "ray_vllm:num_requests_running"):
        assert {"ReplicaId", "WorkerId", "ray_io_cluster", "engine"} < through(stored, name, monitor="ray").labels


def test_a_metric_that_a_monitor_drops_is_not_known(parse: Read, monitors: Monitors) -> None:
    exporter = parse(sample("{a_total: counter, a_created: gauge, b: gauge}"))
    assert names(exporter, monitors) == {"a_total", "b"}
    assert names(exporter, {"ray": {**monitors["ray"], "dropMetrics": ["b"]}}) == {"a_total"}
    assert names(exporter, monitors, DropRules()) == {"a_total", "a_created", "b"}


def test_a_pattern_drops_whole_names_only_and_parts_by_their_own_name(parse: Read, monitors: Monitors) -> None:
    exporter = parse(sample("{wait: histogram, wait_more: gauge}"))
    assert names(exporter, monitors, DropRules(metrics=("wait_bucket", "wait"))) == {
        "wait_sum",
        "wait_count",
        "wait_more",
    }


def test_an_upstream_charts_own_monitor_drops_nothing(parse: Read, monitors: Monitors) -> None:
    exporter = parse(sample("{kube_pod_created: gauge}", "{component: c, job: j, targetLabels: [pod]}"))
    assert names(exporter, monitors) == {"kube_pod_created"}


def test_an_expression_that_only_re2_understands_drops_nothing() -> None:
    assert drop_pattern([r"\pL+"]) is None
    both = drop_pattern([r"\pL+", "a.*"])
    assert both is not None
    assert both.fullmatch("ab")


def test_a_family_is_gone_from_the_version_named_in_until(parse: Read, monitors: Monitors) -> None:
    families = (
        '{old: {type: gauge, until: "2.0"}, later: {type: gauge, until: "2.1"}, new: {type: gauge, since: "2.0"}}'
    )
    assert names(parse(sample(families)), monitors) == {"later", "new"}


def test_an_exposure_through_a_monitor_that_does_not_exist_gives_nothing(parse: Read) -> None:
    assert names(parse(sample("{g: gauge}")), {}) == set()


# Labels


def test_the_labels_of_the_gpus_user_win_under_our_monitor_and_are_renamed_under_the_charts(
    stored: Mapping[str, tuple[KnownSeries, ...]],
) -> None:
    ours = through(stored, "DCGM_FI_DEV_GPU_UTIL", monitor="dcgm").labels
    charts = through(stored, "DCGM_FI_DEV_GPU_UTIL", component="dcgm-exporter").labels
    assert {"pod", "namespace", "node", "Hostname", "hostname", "GPU_I_ID"} < ours
    assert not {label for label in ours if label.startswith("exported_")}
    assert {"exported_pod", "exported_namespace", "exported_container", "pod", "service"} < charts


def test_a_label_that_exporter_and_target_share_is_exported_where_labels_are_not_honoured(
    parse: Read, monitors: Monitors
) -> None:
    (known,) = known_series(
        {"sample": parse(sample("{g: 'gauge [endpoint, method]'}"))},
        monitors,
        enabled=lambda _: True,
        common_drops=DROPS,
    )["g"]
    assert {"endpoint", "exported_endpoint", "method"} < known.labels


def test_ray_gets_its_cluster_from_the_monitor(stored: Mapping[str, tuple[KnownSeries, ...]]) -> None:
    assert {"ray_io_cluster", "ray_io_group", "ray_io_node_type", "node", "ip"} < through(
        stored, "ray_node_mem_used", monitor="ray"
    ).labels


def test_a_port_that_is_not_declared_has_no_container_label(stored: Mapping[str, tuple[KnownSeries, ...]]) -> None:
    assert "container" not in through(stored, "autoscaler_active_nodes", monitor="ray").labels
    assert "container" in through(stored, "ray_tasks", monitor="ray").labels


def test_dropped_labels_are_not_there(parse: Read, monitors: Monitors) -> None:
    (known,) = known_series(
        {"sample": parse(sample("{g: 'gauge [otel_scope_name, a]'}"))},
        monitors,
        enabled=lambda _: True,
        common_drops=DROPS,
    )["g"]
    assert "otel_scope_name" not in known.labels


def test_le_is_on_buckets_only_and_quantile_on_the_summarys_own_name_only(parse: Read, monitors: Monitors) -> None:
    found = known_series(
        {"sample": parse(sample("{h: histogram, s: summary}"))}, monitors, enabled=lambda _: True, common_drops=DROPS
    )
    carrying = {name for name, (known,) in found.items() if {"le", "quantile"} & known.labels}
    assert carrying == {"h_bucket", "s"}
    assert (found["h_bucket"][0].sample, found["s"][0].sample, found["s_sum"][0].sample) == (
        "bucket",
        "quantile",
        "sum",
    )


def test_kubernetes_objects_keep_their_own_namespace(stored: Mapping[str, tuple[KnownSeries, ...]]) -> None:
    labels = through(stored, "kube_pod_info", component="kube-state-metrics").labels
    assert {"namespace", "pod", "node"} < labels
    assert "exported_namespace" not in labels


# Targets


def test_up_is_there_for_every_target_with_the_targets_labels_only(
    stored: Mapping[str, tuple[KnownSeries, ...]], catalogue: Mapping[str, Exporter]
) -> None:
    targets = {
        (exposure.monitor, exposure.endpoint, exposure.job)
        for exporter in catalogue.values()
        for exposure in exporter.exposures
        if exposure.monitor != "*" and not exposure.records
    }
    assert {(k.exposure.monitor, k.exposure.endpoint, k.exposure.job) for k in stored["up"]} == targets
    assert len(stored["up"]) == len(targets)
    assert not any({"ReplicaId", "engine"} & known.labels for known in stored["up"])


def test_what_is_switched_off_is_known_but_not_enabled(stored: Mapping[str, tuple[KnownSeries, ...]]) -> None:
    assert not through(stored, "DCGM_FI_DEV_GPU_UTIL", monitor="dcgm").enabled
    assert through(stored, "DCGM_FI_DEV_GPU_UTIL", component="dcgm-exporter").enabled


# Names that are gone


def test_a_renamed_metric_leads_to_its_successor_in_each_form(catalogue: Mapping[str, Exporter]) -> None:
    gone = gone_names(catalogue)
    assert gone["vllm:gpu_cache_usage_perc"] == ("vllm:kv_cache_usage_perc", "0.12")
    assert gone["ray_vllm_gpu_cache_usage_perc"] == ("ray_vllm_kv_cache_usage_perc", "0.12")
    assert gone["ray_vllm:gpu_cache_usage_perc"] == ("ray_vllm:kv_cache_usage_perc", "0.12")
    assert gone["ray_vllm_num_requests_swapped"] == ("", "0.9")


def test_the_parts_of_a_renamed_histogram_lead_to_each_other(catalogue: Mapping[str, Exporter]) -> None:
    after = gone_names(catalogue)["ray_vllm_time_per_output_token_seconds_bucket"]
    assert after == ("ray_vllm_inter_token_latency_seconds_bucket", "0.15")


def test_a_family_with_until_is_gone_and_a_name_that_somebody_still_has_is_not(parse: Read) -> None:
    families = '{old: {type: gauge, until: "1.5"}, kept: gauge}'
    gone = gone_names({"sample": parse(sample(families, rest='renamed: {kept: {since: "1"}, x: {to: kept}}'))})
    assert gone == {"old": ("", "1.5"), "x": ("kept", "")}


def test_what_a_family_or_an_exposure_says_of_births_holds_for_counters_and_histograms_alone(
    parse: Read, monitors: Monitors
) -> None:
    families = "{c: counter, g: gauge, h: histogram, b: {type: counter, absentWhileZero: labels}}"
    for whole, expected in (("", {"b"}), (", absentWhileZero: Ray", {"b", "c", "h_bucket", "h_count", "h_sum"})):
        exporter = parse(sample(families, f"{{monitor: ray, endpoint: metrics{whole}}}"))
        known = known_series({"sample": exporter}, monitors, enabled=lambda _: True, common_drops=DROPS)
        assert {one.name for ways in known.values() for one in ways if one.absent_while_zero} == expected


def test_rays_counters_are_absent_while_zero_and_vllms_own_are_not(
    stored: Mapping[str, tuple[KnownSeries, ...]],
) -> None:
    absent = {name for name, ways in stored.items() if any(one.absent_while_zero for one in ways)}
    assert {"ray_serve_num_http_requests_total", "ray_vllm_num_preemptions_total", "http_requests_total"} <= absent
    assert not absent & {"vllm:num_preemptions_total", "ray_serve_deployment_status", "autoscaler_started_nodes_total"}
