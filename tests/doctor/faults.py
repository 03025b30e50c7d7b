"""Faults, one at a time: what is done to a healthy cluster, and what the doctor has to say of it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from generator.doctor.boards import Board, Menu, Question
from tests.doctor.pages import Page
from tests.doctor.world import (
    ALERTMANAGER,
    HEAD,
    HUB,
    NET,
    NODE,
    NODE_EXPORTER,
    STATE,
    VLLM,
    capture,
    state_metrics,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.doctor.world import State


INFERENCE = ("inference",)
RAY = ("ray-cluster",)
NONE: tuple[str, ...] = ()


@dataclass(frozen=True)
class Fault:
    """One fault.

    Attributes:
        name: what is wrong, in words.
        inject: does it.
        cause: what the doctor has to find.
        workload: whom it has to be about.
        says: what has to stand in title and remedy, filled in.
        boards: dashboards that are looked at.
        board: a dashboard of somebody else's that is looked at instead.
        silences: whether panels have to be named that have no answer because of it.
        sample: whether a quick run tries it too.
    """

    name: str
    inject: Callable[[State], None]
    cause: str
    workload: str = ""
    says: tuple[str, ...] = ()
    boards: tuple[str, ...] = INFERENCE
    board: Board | None = None
    silences: bool = True
    sample: bool = field(default=False)


def asks(*texts: str, menus: tuple[Menu, ...] = ()) -> Board:
    """Returns a dashboard of somebody else's with a panel for each expression."""
    questions = tuple(Question("Theirs", f"Panel {index}", "panel", text) for index, text in enumerate(texts))
    return Board("Theirs", "theirs", 3600, menus, questions)


def _nothing(_: State) -> None:
    """Changes nothing: the fault is the dashboard's."""


def _vllm(**changes: Any) -> Callable[[State], None]:
    return lambda state: state.page(VLLM, 8000, **changes)


def _closed(address: str, port: int) -> Callable[[State], None]:
    def inject(state: State) -> None:
        del state.pages[address, port]

    return inject


def _endpoint(monitor: str, **changes: Any) -> Callable[[State], None]:
    return lambda state: state.endpoint(monitor).update(changes)


def _spec(monitor: str, **changes: Any) -> Callable[[State], None]:
    return lambda state: state.monitors[monitor]["spec"].update(changes)


def _untrusted(state: State) -> None:
    state.endpoint("vllm")["scheme"] = "https"
    state.page(VLLM, 8000, tls=True)


def _label_limit(state: State) -> None:
    state.monitors["vllm"]["spec"]["labelLimit"] = 3


def _credentials(state: State) -> None:
    state.endpoint("vllm")["authorization"] = {"authorization": {"credentials_file": "/nonexistent/token"}}


def _unknown_host(state: State) -> None:
    state.jobs["node-exporter"]["static_configs"][0]["targets"] = ["nowhere.invalid:9100"]


def _monitor_off(state: State) -> None:
    del state.monitors["vllm"]


def _undeclared(state: State) -> None:
    state.ports = True
    state.pods["vllm-0"]["spec"]["containers"][0]["ports"] = [{"name": "web", "containerPort": 5000, "protocol": "TCP"}]


def _unlabelled(state: State) -> None:
    state.ports = True
    del state.pods["ray-head-0"]["metadata"]["labels"]["ray.io/node-type"]


def _lines(text: str, keep: Callable[[str], bool]) -> str:
    return "".join(line for line in text.splitlines(keepends=True) if keep(line))


def _stats_off(state: State) -> None:
    _vllm(text=_lines(capture("vllm-0.32.0.prom"), lambda line: "vllm:" not in line))(state)


def _older(state: State) -> None:
    text = capture("vllm-0.32.0.prom").replace("vllm:kv_cache_usage_perc", "vllm:gpu_cache_usage_perc")
    _vllm(text=text)(state)


def _dropped(state: State) -> None:
    rules = state.endpoint("vllm").setdefault("metricRelabelings", [])
    rules.append({"sourceLabels": ["__name__"], "regex": "vllm:kv_cache_usage_perc", "action": "drop"})


def _not_honoured(state: State) -> None:
    state.endpoint("dcgm")["honorLabels"] = False
    state.endpoint("dcgm")["relabelings"] = [
        rule for rule in state.endpoint("dcgm")["relabelings"] if rule.get("action") != "labeldrop"
    ]


def _foreign_job(state: State) -> None:
    for rule in state.endpoint("vllm")["relabelings"]:
        if rule.get("targetLabel") == "job":
            rule["replacement"] = "default/my-vllm"


def _without_node(state: State) -> None:
    endpoint = state.endpoint("dcgm")
    endpoint["relabelings"] = [rule for rule in endpoint["relabelings"] if rule.get("targetLabel") != "node"]


def _twice(state: State) -> None:
    labels = {"job": "vllm-too", "namespace": "default", "pod": "vllm-0"}
    state.jobs["serviceMonitor/default/vllm/0"] = {"static_configs": [{"targets": [f"{VLLM}:8000"], "labels": labels}]}


def _second_state_metrics(state: State) -> None:
    state.pages[f"{NET}.1.1", 8080] = Page(state_metrics(state.pods))
    state.jobs["kube-state-metrics-2"] = {
        "honor_labels": True,
        "static_configs": [{"targets": [f"{NET}.1.1:8080"], "labels": {"job": "kube-state-metrics"}}],
    }


def _rule_fails(state: State) -> None:
    rule = {"record": "vllm:broken", "expr": "kube_pod_container_info * on (namespace) kube_pod_info"}
    state.groups.append({"name": "broken", "rules": [rule]})


def _rule_missing(state: State) -> None:
    for group in state.groups:
        group["rules"] = [rule for rule in group["rules"] if rule.get("alert") != "VllmQueueGrowing"]


def _broken_config(state: State) -> None:
    state.broken = "\nnothing_of_prometheus: true\n"


def _no_alertmanager(state: State) -> None:
    state.alerting = False


def _no_receiver(state: State) -> None:
    import re

    text = state.pages[ALERTMANAGER, 9093].text
    state.page(
        ALERTMANAGER, 9093, text=re.sub(r"(?m)^alertmanager_integrations .*$", "alertmanager_integrations 0", text)
    )


def _seldom(state: State) -> None:
    state.pages[f"{NET}.1.3", 8080] = Page("slow_thing 1\n")
    state.jobs["slow"] = {
        "wanted_interval": "10s",
        "static_configs": [{"targets": [f"{NET}.1.3:8080"], "labels": {"job": "slow"}}],
    }


def _near_limit(state: State) -> None:
    lines = sum(not line.startswith("#") for line in capture("vllm-0.32.0.prom").splitlines())
    state.monitors["vllm"]["spec"]["sampleLimit"] = lines + 5


def _clock_of_node(state: State) -> None:
    state.pages[NODE_EXPORTER, 9100] = replace(state.pages[NODE_EXPORTER, 9100], text="node_time_seconds 1.7e9\n")


def _gone(pod: str) -> Callable[[State], None]:
    def inject(state: State) -> None:
        state.pods[pod]["status"]["phase"] = "Succeeded"

    return inject


def _other_node(state: State) -> None:
    text = f'kube_node_info{{node="node-b"}} 1\n{state_metrics(state.pods)}'
    state.pages[STATE, 8080] = Page(text)
    fluent = f'fluentbit_uptime{{hostname="{NODE}"}} 100\n'
    state.pages[f"{NET}.1.2", 2020] = Page(fluent)
    labels = {"job": "fluent-bit", "node": NODE, "pod": "fluent-bit-b"}
    state.jobs["fluent-bit"] = {"static_configs": [{"targets": [f"{NET}.1.2:2020"], "labels": labels}]}


def _both_loggers(state: State) -> None:
    for number, (job, name) in enumerate((("ray-serve-vllm", "vllm:"), ("ray", "ray_vllm_"))):
        address = f"{NET}.1.{10 + number}"
        state.pages[address, 8080] = Page(f'{name}num_requests_running{{model_name="twice"}} 1\n')
        labels = {"job": job, "namespace": "default", "pod": "engine-0"}
        state.jobs[f"engine-{number}"] = {"static_configs": [{"targets": [f"{address}:8080"], "labels": labels}]}


def _blocked(state: State) -> None:
    lines = (
        "fluentbit_uptime 100", 'fluentbit_output_retries_total{name="os"} @now',
        'fluentbit_output_proc_records_total{name="os"} 7', 'fluentbit_input_storage_chunks{name="tail"} 12',
    )  # fmt: skip
    state.pages[f"{NET}.1.2", 2020] = Page("".join(f"{line}\n" for line in lines))
    labels = {"job": "fluent-bit", "node": NODE, "pod": "fluent-bit-a"}
    state.jobs["fluent-bit"] = {"static_configs": [{"targets": [f"{NET}.1.2:2020"], "labels": labels}]}


def _unset(state: State) -> None:
    text = state.pages[HEAD, 8080].text
    state.page(HEAD, 8080, text=_lines(text, lambda line: "ray_scheduler_placement_time_ms" not in line))


FAULTS = (
    Fault("the server is stopped", _closed(VLLM, 8000), "target-refused", "vllm",
          ("8000", "default/vllm-0"), sample=True),
    Fault("the server wants an API key", _vllm(key="wanted"), "target-unauthorized", "vllm", ("credentials",)),
    Fault("JupyterHub wants a token", lambda state: state.page(HUB, 8081, status="403 Forbidden"), "target-forbidden",
          "jupyterhub", ("read:metrics",), ("jark-platform",)),
    Fault("metrics are at another path", _vllm(path="/prometheus"), "target-not-found", "vllm", ("vLLM",), sample=True),
    Fault("the monitor expects TLS", _endpoint("vllm", scheme="https"), "target-speaks-http", "vllm", ("http",)),
    Fault("the server expects TLS", _vllm(tls=True), "target-speaks-tls", "vllm", ("https",)),
    Fault("nobody knows the authority", _untrusted, "target-certificate", "vllm", ("tlsConfig",)),
    Fault("the page takes too long", _vllm(delay=5), "target-timeout", "vllm", ("timeout",)),
    Fault("a server has more series than allowed", _spec("vllm", sampleLimit=20), "target-sample-limit",
          "vllm", ("40",)),
    Fault("a series has more labels than allowed", _label_limit, "target-label-limit", "vllm", ("limit",)),
    Fault("the port serves a page for people", _vllm(text="<html>hello</html>", kind="text/html"), "target-no-metrics",
          "vllm", ("path",)),
    Fault("the page fails", _vllm(status="500 Internal Server Error"), "target-server-error", "vllm", ("log",)),
    Fault("a host has no address", _unknown_host, "target-unreachable", "node-exporter", ("nowhere.invalid",), NONE,
          silences=False),
    Fault("the token of the scrape is not there", _credentials, "target-credentials", "vllm", ("/nonexistent/token",)),
    Fault("Ray's autoscaler does not run", _closed(HEAD, 44217), "target-refused", "ray", ("44217",), RAY,
          silences=False),
    Fault("the monitor is off", _monitor_off, "unscraped", "vllm", ("vllm/vllm-openai:v0.32.0",), sample=True),
    Fault("the container declares another port", _undeclared, "port-undeclared", "vllm", ("5000",)),
    Fault("the pods lack the label", _unlabelled, "label-differs", "ray", ("ray.io/node-type",), RAY),
    Fault("vLLM runs with its statistics disabled", _stats_off, "metrics-off", "vllm", ("--disable-log-stats",),
          sample=True),
    Fault("vLLM is older than the name", _older, "version-old", "vllm", ("gpu_cache_usage_perc",)),
    Fault("relabeling drops a family", _dropped, "dropped", "vllm", ("vllm:kv_cache_usage_perc",)),
    Fault("the exporter's labels are not honoured", _not_honoured, "exported-label", "dcgm", ("honorLabels",),
          board=asks('DCGM_FI_DEV_GPU_UTIL{pod="trainer-0"}')),
    Fault("somebody else's monitor scrapes the pods", _foreign_job, "foreign-job", "vllm", ("default/my-vllm",),
          board=asks('sum(vllm:num_requests_running{job="vllm"})')),
    Fault("the monitor adds no node", _without_node, "label-missing", "dcgm", ("dcgm", "node"),
          board=asks(f'sum(DCGM_FI_DEV_GPU_UTIL{{node="{NODE}"}})')),
    Fault("two monitors scrape one pod", _twice, "scraped-twice", "vllm", ("serviceMonitor/default/vllm/0",), NONE,
          silences=False),
    Fault("two kube-state-metrics are scraped", _second_state_metrics, "two-kube-state-metrics", "kube-state-metrics",
          (f"{NET}.1.1:8080",), NONE, silences=False),
    Fault("a rule cannot be evaluated", _rule_fails, "rule-fails", "", ("vllm:broken", "twice"), NONE, silences=False),
    Fault("a rule is not loaded", _rule_missing, "rule-missing", "", ("vllm",), NONE, silences=False),
    Fault("the configuration is refused", _broken_config, "config-refused", "", (), NONE, silences=False),
    Fault("Prometheus knows no Alertmanager", _no_alertmanager, "no-alertmanager", "", ("spec.alerting",), NONE,
          silences=False),
    Fault("Alertmanager tells nobody", _no_receiver, "no-receiver", "alertmanager", ("docs/alerts.md",), NONE,
          silences=False),
    Fault("a job is scraped too seldom", _seldom, "interval-long", "slow", ("10s",), NONE, silences=False),
    Fault("a server is near its limit", _near_limit, "limit-near", "vllm", ("sampleLimit",), NONE, silences=False),
    Fault("the clock of a node is off", _clock_of_node, "node-clock", "node-exporter", ("NTP",), NONE, silences=False),
    Fault("a dashboard asks for a name that is gone", _nothing, "name-gone", "vllm", ("vllm:kv_cache_usage_perc",),
          board=asks("avg(vllm:gpu_cache_usage_perc)")),
    Fault("a dashboard asks for a name that nothing has", _nothing, "name-unknown", "", ("vllm:num_requests_running",),
          board=asks("sum(vllm:num_request_running)")),
    Fault("a menu is empty", _nothing, "variable-empty", "", ("team", "label_values(up, team)"),
          board=asks('up{job="$team"}', menus=(Menu("team", "label_values(up, team)"),))),
    Fault("two metrics do not fit together", _nothing, "no-join", "", ("vllm:num_requests_running",),
          board=asks("vllm:num_requests_running * on (pod) group_left () kube_node_info")),
    Fault("a window is shorter than two scrapes", _nothing, "rate-interval", "vllm", ("2s",),
          board=asks("sum(rate(vllm:prompt_tokens_total[1s]))")),
    Fault("a query finds many where it expects one", _nothing, "duplicate-series", "", ("twice",),
          board=asks("kube_pod_info * on (node) up")),
    Fault("a query is no PromQL", _nothing, "query-refused", "", ("parse",), board=asks("sum(rate(up))")),
    Fault("vLLM's pod is gone", _gone("vllm-0"), "pool-empty", "vllm", ("finds nothing",)),
    Fault("the GPU exporter does not profile", _nothing, "feature-off", "dcgm", ("a data center GPU",),
          board=asks("avg(DCGM_FI_PROF_PIPE_TENSOR_ACTIVE)")),
    Fault("vLLM in Ray has both loggers", _both_loggers, "counted-twice", "ray-serve-vllm",
          ("PrometheusStatLogger",), NONE, silences=False),
    Fault("OpenSearch refuses what Fluent Bit sends", _blocked, "logs-blocked", "fluent-bit",
          ("12", "fluent-bit-a"), NONE, silences=False),
    Fault("a GPU is sliced", _nothing, "family-missing", "dcgm", ("MIG", "DCGM_FI_PROF_GR_ENGINE_ACTIVE"),
          board=asks("avg(DCGM_FI_DEV_DEC_UTIL)")),
    Fault("no Fluent Bit runs on a node", _other_node, "logs-reader-down", "fluent-bit", ("node-b",), NONE,
          silences=False),
)  # fmt: skip
"""Each is injected alone. Those of a dashboard leave the cluster as it is."""

EXPECTED = (
    Fault("a menu's choice excludes everything", _nothing, "choice-excludes", "vllm", ("namespace", "'default'"),
          board=asks('vllm:num_requests_running{namespace="$namespace"}',
                     menus=(Menu("namespace", entries=("prod",)),))),
    Fault("nothing to count yet", _nothing, "not-yet", "kube-state-metrics", ("kube_statefulset_replicas",),
          board=asks("kube_statefulset_replicas == 0")),
    Fault("a connector is not in use", _nothing, "feature-off", "vllm", ("the NIXL connector",),
          board=asks("rate(vllm:nixl_bytes_transferred_count[5m])")),
    Fault("no Neuron in this cluster", _nothing, "pool-empty", "neuron", (),
          board=asks("sum(neuroncore_utilization_ratio)")),
    Fault("nobody monitors or runs Kueue", _nothing, "absent", "kueue", (), board=asks("sum(kueue_pending_workloads)")),
    Fault("a gauge of Ray's was not set for a while", _unset, "fleeting", "ray", ("20 s",),
          board=asks("max(ray_scheduler_placement_time_ms_p95)")),
    Fault("nothing passes a comparison", _nothing, "nothing-passes", "", (),
          board=asks("vllm:num_requests_running > 100000")),
)  # fmt: skip
"""What keeps a panel empty and is no fault."""
