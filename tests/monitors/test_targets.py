"""From pods, as their charts and operators make them, to the targets and labels that Prometheus ends up with."""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING, Any

import pytest

from generator.files import yamlfile
from generator.monitors import series_labels, target_labels

from .conftest import ROOT, endpoints_of
from .examples import example_pods, pods_with_values
from .prometheus import Pod, relabel, scraped, stored

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from tests.monitors.conftest import Rendered

RAY = yamlfile.load_mapping(ROOT / "monitors" / "ray.yaml")
HEAD, WORKER = (pod for _, pod in list(example_pods(RAY))[:2])


def workload(rendered: Rendered, name: str) -> list[dict[str, Any]]:
    return [monitor for found, monitor in rendered.items() if found == name or found.startswith(f"{name}-")]


def addresses(monitors: Iterable[Mapping[str, Any]], *pods: Pod) -> list[str]:
    return sorted(target["__address__"] + target["__metrics_path__"] for target in scraped(monitors, pods))


def test_an_example_pod_is_scraped_as_its_file_says_and_by_no_other_monitor(
    specs: Mapping[str, Mapping[str, Any]], render_all: Rendered
) -> None:
    for name, spec in specs.items():
        for entry, pod in example_pods(spec):
            targets = scraped(render_all.values(), [pod])
            own = [target for target in targets if target["job"] == name]
            assert sorted(
                (target["endpoint"], target["__address__"] + target["__metrics_path__"]) for target in own
            ) == [(endpoint, f"{pod.ip}:{address}") for endpoint, address in sorted(entry["targets"].items())], name
            others = set(entry.get("otherMonitors", ()))
            assert {target["job"] for target in targets} - {name} == others, name
            assert len({target["__address__"] + target["__metrics_path__"] for target in targets}) == len(targets)


def test_an_example_pod_that_needs_values_is_scraped_once_they_are_there(
    specs: Mapping[str, Mapping[str, Any]], render: Callable[..., Rendered]
) -> None:
    for name, spec in specs.items():
        for values, pods in pods_with_values(spec):
            objects = render({name: values}).values()
            for entry, pod in pods:
                found = {target["endpoint"]: target for target in scraped(objects, [pod])}
                assert {
                    endpoint: target["__address__"] + target["__metrics_path__"] for endpoint, target in found.items()
                } == {endpoint: f"{pod.ip}:{address}" for endpoint, address in entry["targets"].items()}
                assert {target["job"] for target in found.values()} <= {name}


def test_the_labels_that_the_files_promise_are_the_labels_that_targets_get(
    specs: Mapping[str, Mapping[str, Any]], render_all: Rendered
) -> None:
    for name, spec in specs.items():
        for _, pod in example_pods(spec):
            for target in scraped(workload(render_all, name), [pod]):
                promised = target_labels(name, spec, target["endpoint"])
                assert set(promised.added) == {label for label in target if not label.startswith("__")}
                for label, source in promised.added.items():
                    if source.startswith('"'):
                        assert target[label] == source.strip('"')


def test_every_endpoint_that_is_on_and_every_selector_has_an_example(
    specs: Mapping[str, Mapping[str, Any]], render_all: Rendered
) -> None:
    for name, spec in specs.items():
        pods = list(example_pods(spec))
        shown = {endpoint for entry, _ in pods for endpoint in entry["targets"]}
        assert shown == {key for key, endpoint in spec["endpoints"].items() if endpoint.get("enabled", True)}, name


def test_an_example_that_is_not_scraped_as_it_says_is_noticed(
    specs: Mapping[str, Mapping[str, Any]], render_all: Rendered
) -> None:
    entry, pod = next(example_pods(specs["triton"]))
    moved = dataclasses.replace(pod, containers={"triton": (("metrics", 8003),)})
    assert entry["targets"]
    assert scraped(render_all.values(), [moved]) == []
    other = dataclasses.replace(
        pod, labels={"app": "something-else"}, containers={"x": (("metrics", 8002),)}, images={}
    )
    assert scraped(render_all.values(), [other]) == []


@pytest.mark.parametrize(
    ("image", "workload"),
    [
        ("vllm/vllm-openai", "vllm"),
        ("vllm/vllm-openai:v0.33.0-aarch64", "vllm"),
        ("router.example.com:5000/gateway-operator/vllm-openai:v1-bench@sha256:89e1", "vllm"),
        ("vllm-openai", "vllm"),
        ("rocm/vllm:rocm6.4.1_vllm_0.10.1", "vllm"),
        ("registry.redhat.io/rhaiis/vllm-cuda-rhel9:3.2", "vllm"),
        ("ghcr.io/llm-d/llm-d-cuda:v0.9.0", "vllm"),
        ("team/vllm-srv:1", "vllm"),
        ("ghcr.io/llm-d/llm-d-router-endpoint-picker:v0.10.0", ""),
        ("ghcr.io/vllm-project/semantic-router/extproc:latest", ""),
        ("ghcr.io/vllm-project/semantic-router/vllm-sr:latest", ""),
        ("vllm/vllm-omni:v0.33.0", ""),
        ("team/vllm-router:1", ""),
        ("registry.example.com/vllm/open-webui:latest", ""),
        ("lmsysorg/sglang:v0.5.23-cu129", "sglang"),
        ("aibrix/sglang-router:v0.1.6", ""),
        ("nvcr.io/nvidia/tritonserver:26.07-vllm-python-py3", "triton"),
        ("nvcr.io/nim/meta/llama3-8b-instruct:1.0.3", "nim"),
        ("registry.example.com/anim/vllm-free/tool:1", ""),
        ("nvcr.io/nvidia/k8s/dcgm-exporter:4.5.3-4.8.2-distroless", "dcgm"),
        ("public.ecr.aws/neuron/neuron-monitor:1.10.0", "neuron"),
        ("public.ecr.aws/neuron/neuron-device-plugin:2.28", ""),
    ],
)
def test_an_image_is_known_by_its_name_wherever_it_comes_from(rendered: Rendered, image: str, workload: str) -> None:
    ports = {"vllm": 8000, "sglang": 30000, "triton": 8002, "nim": 8000, "neuron": 8000}
    declared = (("metrics", 9400),) if workload == "dcgm" else (("", ports.get(workload, 8000)),)
    pod = Pod({"app.kubernetes.io/name": "x"}, {"server": declared}, images={"server": image})
    assert [target["job"] for target in scraped(rendered.values(), [pod])] == ([workload] if workload else [])


RAY_HEAD_TARGETS = ["10.1.2.3:44217/metrics", "10.1.2.3:44227/metrics", "10.1.2.3:8080/metrics"]


def test_a_ray_head_that_declares_only_the_operators_port_is_scraped_on_all_three(rendered: Rendered) -> None:
    found = {target["endpoint"]: target for target in scraped([rendered["ray"]], [HEAD])}
    common = {
        "job": "ray",
        "namespace": "default",
        "pod": "pod-0",
        "node": "ip-10-0-0-1.ec2.internal",
        "ray_io_cluster": "ray-train",
        "ray_io_group": "headgroup",
        "ray_io_node_type": "head",
        "__metrics_path__": "/metrics",
    }

    def at(port: int) -> dict[str, str]:
        return {"__address__": f"10.1.2.3:{port}", "instance": f"10.1.2.3:{port}"}

    assert found == {
        "metrics": {**common, **at(8080), "endpoint": "metrics", "container": "ray-head"},
        "as-metrics": {**common, **at(44217), "endpoint": "as-metrics"},
        "dash-metrics": {**common, **at(44227), "endpoint": "dash-metrics"},
    }


def test_a_sidecar_that_declares_a_port_called_metrics_does_not_double_the_autoscaler(rendered: Rendered) -> None:
    pod = dataclasses.replace(HEAD, containers={**HEAD.containers, "sidecar": (("metrics", 2020),)})
    assert addresses([rendered["ray"]], pod) == ["10.1.2.3:2020/metrics", *RAY_HEAD_TARGETS]


def test_an_ipv6_address_keeps_its_brackets_when_the_port_changes(rendered: Rendered) -> None:
    pod = dataclasses.replace(HEAD, ip="[fd00::1]")
    assert addresses([rendered["ray"]], pod) == [
        "[fd00::1]:44217/metrics",
        "[fd00::1]:44227/metrics",
        "[fd00::1]:8080/metrics",
    ]


@pytest.mark.parametrize(
    ("name", "endpoint", "address"),
    [("argocd", "dex", "10.1.2.3:5558/metrics"), ("jupyterhub", "proxy", "10.1.2.3:8002/metrics")],
)
def test_an_endpoint_that_is_off_is_scraped_once_it_is_switched_on(
    specs: Mapping[str, Mapping[str, Any]],
    rendered: Rendered,
    render: Callable[..., Rendered],
    name: str,
    endpoint: str,
    address: str,
) -> None:
    pods = [pod for _, pod in example_pods(specs[name])]
    monitor = render({name: {"endpoints": {endpoint: {"enabled": True}}}})[name]
    # The same address may be another pod's: all examples have one IP.
    before, after = addresses([rendered[name]], *pods), addresses([monitor], *pods)
    assert sorted([*before, address]) == after


@pytest.mark.parametrize("index", [0, 1])
def test_a_gpu_belongs_to_the_pod_that_uses_it_and_an_idle_one_to_none(
    specs: Mapping[str, Mapping[str, Any]], rendered: Rendered, index: int
) -> None:
    pod = [pod for _, pod in example_pods(specs["dcgm"])][index]
    monitors = workload(rendered, "dcgm")
    (target,) = scraped(monitors, [pod])
    endpoint = endpoints_of(monitors[0])[0]
    idle = {"__name__": "DCGM_FI_DEV_GPU_UTIL", "gpu": "0"}
    used = {**idle, "gpu": "1", "namespace": "default", "pod": "ray-worker", "container": "ray-worker"}
    exporter = {
        "endpoint": "metrics",
        "instance": "10.1.2.3:9400",
        "job": "dcgm",
        "node": "ip-10-0-0-1.ec2.internal",
    }
    assert stored(target, idle, endpoint) == {**idle, **exporter}
    assert stored(target, used, endpoint) == {**used, **exporter}


def test_labels_that_exporter_and_target_share_are_told_apart(specs: Mapping[str, Mapping[str, Any]]) -> None:
    exposed = ["endpoint", "namespace", "le", "otel_scope_name"]
    ray = target_labels("ray", specs["ray"], "dash-metrics", ["otel_scope_name"])
    assert {"exported_endpoint", "exported_namespace", "endpoint", "namespace", "le"} <= series_labels(ray, exposed)
    assert "otel_scope_name" not in series_labels(ray, exposed)
    kueue = target_labels("kueue", specs["kueue"], "https")
    assert not any(label.startswith("exported_") for label in series_labels(kueue, exposed))


def test_promised_series_labels_are_the_stored_ones(rendered: Rendered, specs: Mapping[str, Mapping[str, Any]]) -> None:
    monitor = rendered["ray"]
    target = next(found for found in scraped([monitor], [HEAD]) if found["endpoint"] == "dash-metrics")
    exposed = {"__name__": "ray_dashboard_api_requests_count_total", "endpoint": "logs", "namespace": "x"}
    promised = series_labels(target_labels("ray", specs["ray"], "dash-metrics"), set(exposed) - {"__name__"})
    series = stored(target, exposed, endpoints_of(monitor)[2])
    assert series is not None
    assert promised == set(series) - {"__name__"}


# As served by Ray 2.60.0 and vLLM 0.32.0, shortened.
EXPOSED = [
    {"__name__": "ray_tasks", "State": "RUNNING", "Name": "f", "otel_scope_name": "", "otel_scope_version": ""},
    {"__name__": "ray_tasks", "State": "FINISHED", "Name": "f", "otel_scope_name": ""},
    {"__name__": "ray_serve_http_request_latency_ms_bucket", "le": "1.0", "otel_scope_schema_url": ""},
    {"__name__": "ray_serve_http_request_latency_ms_bucket", "le": "+Inf", "otel_scope_schema_url": ""},
    {"__name__": "vllm:request_success_total", "finished_reason": "stop"},
    {"__name__": "app_created_total", "x": "1"},
]
CREATED = ["vllm:request_success_created", "autoscaler_started_nodes_created", "http_requests_created"]


def test_only_creation_times_are_dropped_and_no_two_series_become_one(rendered: Rendered) -> None:
    target = scraped([rendered["ray"]], [WORKER])[0]
    endpoint = endpoints_of(rendered["ray"])[0]
    kept = [found for series in EXPOSED if (found := stored(target, series, endpoint)) is not None]
    assert len(kept) == len(EXPOSED)
    assert len({tuple(sorted(series.items())) for series in kept}) == len(EXPOSED)
    assert not any(label.startswith("otel_scope_") for series in kept for label in series)
    assert [stored(target, {"__name__": name}, endpoint) for name in CREATED] == [None] * len(CREATED)


def test_every_expression_compiles_as_re2(rendered: Rendered, tmp_path: Path) -> None:
    """Helm's regular expressions are Go's, as Prometheus' are."""
    from helm_python import Chart

    expressions = sorted(
        {
            rule["regex"]
            for monitor in rendered.values()
            for endpoint in endpoints_of(monitor)
            for rule in (*endpoint["relabelings"], *endpoint["metricRelabelings"])
            if "regex" in rule
        }
    )
    assert len(expressions) > 5
    (tmp_path / "templates").mkdir()
    (tmp_path / "Chart.yaml").write_text("apiVersion: v2\nname: re2\nversion: 0.1.0\n")
    (tmp_path / "templates" / "a.yaml").write_text(
        '{{ range .Values.all }}{{ mustRegexMatch (printf "^(?s:%s)$" .) "" }} {{ end }}'
    )
    with Chart.load(tmp_path) as chart:
        (text,) = chart.render({"all": expressions}, name="x", namespace="y").values()
    assert text.split() == ["false"] * len(expressions)
    for expression in expressions:
        re.compile(expression)


def test_the_test_of_relabelling_can_fail() -> None:
    assert relabel({"a": "x"}, [{"action": "keep", "sourceLabels": ["a"], "regex": "y"}]) is None
    assert relabel({"a": "x"}, [{"action": "drop", "sourceLabels": ["a"], "regex": "x"}]) is None
    assert relabel({"a": "x"}, [{"sourceLabels": ["b"], "targetLabel": "a"}]) == {"a": ""}
    rewrite = {"sourceLabels": ["a"], "regex": r"(.+):\d+", "replacement": "$1:2", "targetLabel": "a"}
    assert relabel({"a": "x:1"}, [rewrite]) == {"a": "x:2"}
