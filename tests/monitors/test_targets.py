"""From pods, as their charts and operators make them, to the targets and labels that Prometheus ends up with."""

from __future__ import annotations

import dataclasses
import re

import pytest

from generator.monitors import series_labels, target_labels

from .conftest import endpoints_of
from .prometheus import Pod, relabel, scraped, stored

RAY_PORTS = (("gcs-server", 6379), ("dashboard", 8265), ("client", 10001), ("metrics", 8080))


def ray_pod(node_type: str, group: str, ports=RAY_PORTS, **containers) -> Pod:
    labels = {
        "app.kubernetes.io/name": "kuberay",
        "ray.io/cluster": "ray-train",
        "ray.io/group": group,
        "ray.io/is-ray-node": "yes",
        "ray.io/node-type": node_type,
    }
    return Pod(labels, {f"ray-{node_type}": ports, **containers}, name=f"ray-train-{node_type}")


# KubeRay adds the autoscaler as a container of its own, without ports.
HEAD = ray_pod("head", "headgroup", autoscaler=())
WORKER = ray_pod("worker", "gpu", (("metrics", 8080),))


def workload(rendered, name: str) -> list:
    return [monitor for found, monitor in rendered.items() if found == name or found.startswith(f"{name}-")]


def addresses(monitors, *pods: Pod) -> list[str]:
    return sorted(target["__address__"] + target["__metrics_path__"] for target in scraped(monitors, pods))


RAY_HEAD_TARGETS = ["10.1.2.3:44217/metrics", "10.1.2.3:44227/metrics", "10.1.2.3:8080/metrics"]


def test_a_ray_head_that_declares_only_the_operators_port_is_scraped_on_all_three(rendered):
    found = {target["endpoint"]: target for target in scraped([rendered["ray"]], [HEAD])}
    common = {
        "job": "ray",
        "namespace": "default",
        "pod": "ray-train-head",
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


def test_a_ray_head_that_declares_all_its_ports_is_scraped_once_on_each(rendered):
    ports = (*RAY_PORTS, ("as-metrics", 44217), ("dash-metrics", 44227), ("serve", 8000))
    assert addresses([rendered["ray"]], ray_pod("head", "headgroup", ports)) == RAY_HEAD_TARGETS


def test_a_sidecar_that_declares_a_port_called_metrics_does_not_double_the_autoscaler(rendered):
    pod = ray_pod("head", "headgroup", sidecar=(("metrics", 2020),))
    assert addresses([rendered["ray"]], pod) == ["10.1.2.3:2020/metrics", *RAY_HEAD_TARGETS]


def test_a_ray_worker_is_scraped_on_its_node_agent_only(rendered):
    assert addresses([rendered["ray"]], WORKER) == ["10.1.2.3:8080/metrics"]


def test_an_ipv6_address_keeps_its_brackets_when_the_port_changes(rendered):
    pod = dataclasses.replace(HEAD, ip="[fd00::1]")
    assert addresses([rendered["ray"]], pod) == [
        "[fd00::1]:44217/metrics",
        "[fd00::1]:44227/metrics",
        "[fd00::1]:8080/metrics",
    ]


def test_pods_that_belong_to_ray_but_run_no_ray_are_left_alone(rendered):
    assert scraped(rendered.values(), [ray_pod("redis-cleanup", "headgroup")]) == []


def test_a_mounted_vllm_route_is_scraped_on_the_head_of_clusters_that_ask_for_it(rendered):
    monitors = workload(rendered, "ray-serve-vllm")

    def asking(pod: Pod) -> Pod:
        return dataclasses.replace(pod, labels={**pod.labels, "ai-ml-observability/vllm-metrics": "true"})

    assert scraped(monitors, [HEAD, WORKER]) == []
    assert addresses(monitors, asking(HEAD), asking(WORKER)) == ["10.1.2.3:8000/metrics"]


VLLM = {
    "its documentation": Pod({"app.kubernetes.io/name": "vllm"}, {"vllm": (("", 8000),)}),
    "its examples": Pod({"app": "vllm", "model": "qwen"}, {"vllm": (("http", 8000),)}),
    "production-stack": Pod(
        {"app.kubernetes.io/name": "opt125m", "app.kubernetes.io/component": "serving-engine"},
        {"vllm": (("container-port", 8000), ("zmq-port", 55555), ("ucx-port", 9999))},
    ),
    "all labels at once": Pod(
        {"app": "vllm", "app.kubernetes.io/name": "vllm", "app.kubernetes.io/component": "serving-engine"},
        {"vllm": (("http", 8000),)},
    ),
}


@pytest.mark.parametrize("pod", VLLM.values(), ids=VLLM)
def test_a_vllm_pod_is_scraped_once_whatever_convention_its_labels_follow(rendered, pod):
    assert addresses(rendered.values(), pod) == ["10.1.2.3:8000/metrics"]


def test_vllm_inside_ray_is_not_taken_for_a_standalone_one(rendered):
    pod = dataclasses.replace(HEAD, labels={**HEAD.labels, "app": "vllm"}, containers={"x": (("serve", 8000),)})
    assert scraped(workload(rendered, "vllm"), [pod]) == []


ARGOCD_HELM = {
    "argocd-application-controller": (("metrics", 8082),),
    "argocd-server": (("server", 8080), ("metrics", 8083)),
    "argocd-repo-server": (("repo-server", 8081), ("metrics", 8084)),
    "argocd-applicationset-controller": (("metrics", 8080), ("probe", 8081), ("webhook", 7000)),
    "argocd-notifications-controller": (("metrics", 9001),),
    "argocd-dex-server": (("http", 5556), ("grpc", 5557), ("metrics", 5558)),
}
ARGOCD_PLAIN = {
    "argocd-application-controller": (("", 8082),),
    "argocd-server": (("", 8080), ("", 8083)),
    "argocd-repo-server": (("", 8081), ("", 8084)),
    "argocd-redis": (("", 6379),),
}


def argocd(pods) -> list[Pod]:
    return [Pod({"app.kubernetes.io/name": name}, {name: ports}, name=name) for name, ports in pods.items()]


@pytest.mark.parametrize(
    ("pods", "ports"),
    [(ARGOCD_HELM, [8080, 8082, 8083, 8084, 9001]), (ARGOCD_PLAIN, [8082, 8083, 8084])],
    ids=["its chart", "its plain manifests"],
)
def test_argocd_is_scraped_on_its_metrics_ports_alone(rendered, pods, ports):
    assert addresses([rendered["argocd"]], *argocd(pods)) == [f"10.1.2.3:{port}/metrics" for port in ports]


def test_dex_is_scraped_once_it_is_switched_on(render):
    monitor = render({"argocd": {"endpoints": {"dex": {"enabled": True}}}})["argocd"]
    assert "10.1.2.3:5558/metrics" in addresses([monitor], *argocd(ARGOCD_HELM))


HUB = Pod({"app": "jupyterhub", "component": "hub"}, {"hub": (("http", 8081),)}, name="hub")
PROXY = Pod({"app": "jupyterhub", "component": "proxy"}, {"chp": (("http", 8000), ("api", 8001))}, name="proxy")
NOTEBOOK = Pod({"app": "jupyterhub", "component": "singleuser-server"}, {"notebook": (("notebook-port", 8888),)})


def test_jupyterhub_is_scraped_on_the_hub_and_never_on_users_traffic(rendered, render):
    pods = (HUB, PROXY, NOTEBOOK)
    assert addresses([rendered["jupyterhub"]], *pods) == ["10.1.2.3:8081/hub/metrics"]
    both = render({"jupyterhub": {"endpoints": {"proxy": {"enabled": True}}}})["jupyterhub"]
    assert addresses([both], *pods) == ["10.1.2.3:8002/metrics", "10.1.2.3:8081/hub/metrics"]


DCGM = {
    "its chart": Pod(
        {"app.kubernetes.io/name": "dcgm-exporter"},
        {"exporter": (("metrics", 9400),)},
        name="dcgm-exporter-x",
        namespace="gpu",
    ),
    "the GPU operator": Pod(
        {"app": "nvidia-dcgm-exporter"},
        {"nvidia-dcgm-exporter": (("metrics", 9400),)},
        name="nvidia-dcgm-exporter-x",
        namespace="gpu-operator",
    ),
}


@pytest.mark.parametrize("pod", DCGM.values(), ids=DCGM)
def test_a_gpu_belongs_to_the_pod_that_uses_it_and_an_idle_one_to_none(rendered, pod):
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


SAMPLES = {
    "argo-workflows": Pod({"app": "workflow-controller"}, {"controller": (("metrics", 9090), ("", 6060))}),
    "argocd": argocd(ARGOCD_HELM)[0],
    "dcgm": DCGM["its chart"],
    "fluent-bit": Pod({"app.kubernetes.io/name": "fluent-bit"}, {"fluent-bit": (("http", 2020),)}),
    "jupyterhub": HUB,
    "karpenter": Pod({"app.kubernetes.io/name": "karpenter"}, {"controller": (("http-metrics", 8080), ("http", 8081))}),
    "kuberay-operator": Pod({"app.kubernetes.io/name": "kuberay-operator"}, {"kuberay-operator": (("http", 8080),)}),
    # For a ServiceMonitor: the labels and ports of the Service, whose only endpoint is this pod.
    "kueue": Pod(
        {"app.kubernetes.io/name": "kueue", "app.kubernetes.io/component": "metrics-service"},
        {"manager": (("https", 8443),)},
        service="kueue-controller-manager-metrics-service",
    ),
    "neuron": Pod({"app": "neuron-monitor"}, {"neuron-monitor": (("", 8000),)}),
    "opensearch": Pod(
        {"app.kubernetes.io/name": "opensearch-exporter"}, {"exporter": (("http", 9114),)}, namespace="monitoring"
    ),
    "ray": HEAD,
    "ray-serve-vllm": dataclasses.replace(HEAD, labels={**HEAD.labels, "ai-ml-observability/vllm-metrics": "true"}),
    "sglang": Pod({"app": "llama-sglang", "engine": "sglang"}, {"sglang": (("", 30000),)}),
    "triton": Pod({"app": "triton-inference-server"}, {"triton": (("http", 8000), ("grpc", 8001), ("metrics", 8002))}),
    "vllm": VLLM["its documentation"],
}


def test_there_is_a_sample_of_every_workload(specs):
    assert set(SAMPLES) == set(specs)


@pytest.mark.parametrize("name", SAMPLES)
def test_a_workload_is_found_by_its_own_monitor_and_by_no_other(rendered, name):
    found = scraped(rendered.values(), [SAMPLES[name]])
    # The pod of a cluster that asks for vLLM's route is a Ray head as well.
    assert {target["job"] for target in found} == {name} | ({"ray"} if name == "ray-serve-vllm" else set())
    assert len({target["__address__"] + target["__metrics_path__"] for target in found}) == len(found)


@pytest.mark.parametrize("name", SAMPLES)
def test_the_labels_that_the_files_promise_are_the_labels_that_targets_get(specs, rendered, name):
    for target in scraped(workload(rendered, name), [SAMPLES[name]]):
        if target["job"] != name:
            continue
        promised = target_labels(name, specs[name], target["endpoint"])
        assert set(promised.added) == {label for label in target if not label.startswith("__")}
        for label, source in promised.added.items():
            if source.startswith('"'):
                assert target[label] == source.strip('"')


def test_labels_that_exporter_and_target_share_are_told_apart(specs):
    exposed = ["endpoint", "namespace", "le", "otel_scope_name"]
    ray = target_labels("ray", specs["ray"], "dash-metrics", ["otel_scope_name"])
    assert {"exported_endpoint", "exported_namespace", "endpoint", "namespace", "le"} <= series_labels(ray, exposed)
    assert "otel_scope_name" not in series_labels(ray, exposed)
    kueue = target_labels("kueue", specs["kueue"], "https")
    assert not any(label.startswith("exported_") for label in series_labels(kueue, exposed))


def test_promised_series_labels_are_the_stored_ones(rendered, specs):
    monitor = rendered["ray"]
    target = next(found for found in scraped([monitor], [HEAD]) if found["endpoint"] == "dash-metrics")
    exposed = {"__name__": "ray_dashboard_api_requests_count_total", "endpoint": "logs", "namespace": "x"}
    promised = series_labels(target_labels("ray", specs["ray"], "dash-metrics"), set(exposed) - {"__name__"})
    assert promised == set(stored(target, exposed, endpoints_of(monitor)[2])) - {"__name__"}


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


def test_only_creation_times_are_dropped_and_no_two_series_become_one(rendered):
    target = scraped([rendered["ray"]], [WORKER])[0]
    endpoint = endpoints_of(rendered["ray"])[0]
    kept = [stored(target, series, endpoint) for series in EXPOSED]
    assert None not in kept
    assert len({tuple(sorted(series.items())) for series in kept}) == len(EXPOSED)
    assert not any(label.startswith("otel_scope_") for series in kept for label in series)
    assert [stored(target, {"__name__": name}, endpoint) for name in CREATED] == [None] * len(CREATED)


def test_every_expression_compiles_as_re2(rendered, tmp_path):
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


def test_the_test_of_relabelling_can_fail():
    assert relabel({"a": "x"}, [{"action": "keep", "sourceLabels": ["a"], "regex": "y"}]) is None
    assert relabel({"a": "x"}, [{"action": "drop", "sourceLabels": ["a"], "regex": "x"}]) is None
    assert relabel({"a": "x"}, [{"sourceLabels": ["b"], "targetLabel": "a"}]) == {"a": ""}
    rewrite = {"sourceLabels": ["a"], "regex": r"(.+):\d+", "replacement": "$1:2", "targetLabel": "a"}
    assert relabel({"a": "x:1"}, [rewrite]) == {"a": "x:2"}
