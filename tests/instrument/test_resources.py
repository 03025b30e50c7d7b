"""Where Ray's pods are found: in which kinds, in what wraps them, and in the values of KubeRay's chart."""

from __future__ import annotations

from typing import Any

import pytest

from tests.instrument.helpers import LOGS, container, first, head, minimal, only_added, run, volumes, workers


def indented(text: str, columns: int) -> str:
    return "".join(f"{' ' * columns}{line}\n" for line in text.splitlines())


@pytest.mark.parametrize("kind", ["RayClusterFleet", "RayClusterReplicaSet"])
def test_a_set_of_aibrix_is_instrumented_in_its_template(kind: str) -> None:
    start, spec = minimal().split("spec:\n", 1)
    start = start.replace("ray.io/v1", "orchestration.aibrix.ai/v1alpha1").replace("RayCluster", kind)
    metadata = "      labels: {model.aibrix.ai/name: m}\n"
    text = f"{start}spec:\n  replicas: 1\n  template:\n    metadata:\n{metadata}    spec:\n{indented(spec, 4)}"
    done = run(text)
    assert container(head(first(done.text)["spec"]["template"]["spec"]), "fluentbit")
    assert done.changes[0].resource == f"{kind} small"
    assert only_added(text, done.text)
    assert run(done.text).changes == ()


def test_what_an_app_wrapper_holds_is_instrumented() -> None:
    text = (
        "apiVersion: workload.codeflare.dev/v1beta2\nkind: AppWrapper\nmetadata: {name: w}\nspec:\n  components:\n"
        f"  - template:\n{indented(minimal(), 6)}  - template: {{apiVersion: v1, kind: Service}}\n"
    )
    done = run(text)
    wrapped = first(done.text)["spec"]["components"][0]["template"]
    assert container(head(wrapped["spec"]), "fluentbit")
    assert done.resources == 1
    assert only_added(text, done.text)


def test_so_is_what_an_app_wrapper_of_the_older_version_holds() -> None:
    text = (
        "apiVersion: workload.codeflare.dev/v1beta1\nkind: AppWrapper\nmetadata: {name: w}\nspec:\n  resources:\n"
        f"    GenericItems:\n    - replicas: 1\n      generictemplate:\n{indented(minimal(), 8)}"
    )
    items: Any = first(run(text).text)["spec"]["resources"]["GenericItems"]
    assert container(head(items[0]["generictemplate"]["spec"]), "fluentbit")


def test_an_app_wrapper_of_somebody_else_is_left_alone() -> None:
    text = "apiVersion: example.com/v1\nkind: AppWrapper\nspec: {components: RayCluster}\n"
    assert run(text).text == text


VALUES = """\
# Ours.
image: {repository: rayproject/ray, tag: 2.52.0}
head:
  rayStartParams:
    num-cpus: "0"   # no work on the head
  labels:
    team: a
worker:
  replicas: 2
  volumes:
    - name: data
      emptyDir: {}
  volumeMounts:
    - {name: data, mountPath: /data}
additionalWorkerGroups:
  gpu:
    replicas: 1
    sidecarContainers: []
  idle:
    disabled: true
"""


def groups(values: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {"head": values["head"], "worker": values["worker"], **values.get("additionalWorkerGroups", {})}


def test_values_of_kuberays_chart_get_the_sidecar_under_its_keys() -> None:
    done = run(VALUES, vllm_metrics=True, report_interval=20000)
    values = first(done.text)
    for name, group in groups(values).items():
        if name == "idle":
            assert group == {"disabled": True}
            continue
        assert [one["name"] for one in group["sidecarContainers"]] == ["fluentbit"]
        assert {"ray-logs", "ray-fluentbit-config", "fluentbit-state"} <= {one["name"] for one in group["volumes"]}
        assert {"mountPath": LOGS, "name": "ray-logs"} in group["volumeMounts"]
        assert group["containerEnv"] == [{"name": "RAY_metrics_report_interval_ms", "value": "20000"}]
        assert ("ports" in group) == (name == "head")
    assert values["head"]["labels"] == {"team": "a", "ai-ml-observability/vllm-metrics": "true"}
    assert values["worker"]["volumes"][0]["name"] == "data"
    assert only_added(VALUES.replace("    sidecarContainers: []\n", ""), done.text)
    assert run(done.text, vllm_metrics=True, report_interval=20000).changes == ()


def test_the_chart_has_workers_by_default_so_values_that_leave_them_out_get_them() -> None:
    text = "image: {tag: 2.52.0}\nhead:\n  rayVersion: 2.52.0\n"
    done = run(text)
    worker = first(done.text)["worker"]
    assert worker.keys() == {"sidecarContainers", "volumes", "volumeMounts"}
    assert any(change.path == "worker" and "fluentbit" in change.added for change in done.changes)
    assert done.notes == (
        "values of the chart ray-cluster needs the ConfigMap ray-fluentbit-config in its namespace before it starts",
    )


def test_values_of_a_chart_that_brings_kuberays_are_instrumented_too() -> None:
    text = f"replicas: 1\nray-cluster:\n{indented(VALUES, 2)}"
    done = run(text)
    assert first(done.text)["ray-cluster"]["head"]["sidecarContainers"][0]["name"] == "fluentbit"
    assert done.changes[0].path.startswith("ray-cluster.head.")


@pytest.mark.parametrize(
    "text", ["head: 5\nworker: {}\n", "head: {a: b}\nbody: {}\n", "ray-cluster: {}\n", "a: 1\n", ""]
)
def test_other_yaml_holds_no_ray(text: str) -> None:
    done = run(text)
    assert done.resources == 0
    assert done.text == text


def test_ray_that_writes_elsewhere_is_read_there_and_where_the_configuration_looks() -> None:
    start = "    rayStartParams: {temp-dir: /data/ray/}\n"
    text = minimal(group=start) + (
        "  workerGroupSpecs:\n  - groupName: a\n    template:\n      spec:\n        containers:\n"
        "        - name: ray-worker\n          image: rayproject/ray:2.52.0\n"
    )
    done = run(text)
    cluster = first(done.text)["spec"]
    for template in (head(cluster), *workers(cluster)):
        ray, sidecar = template["spec"]["containers"]
        assert ray["volumeMounts"] == [{"mountPath": "/data/ray", "name": "ray-logs"}]
        assert sidecar["volumeMounts"][:2] == [
            {"mountPath": LOGS, "name": "ray-logs", "readOnly": True},
            {"mountPath": "/data/ray", "name": "ray-logs", "readOnly": True},
        ]
        assert "ray-logs" in volumes(template)
    assert run(done.text).changes == ()


def test_a_volume_at_that_folder_is_used_with_its_sub_path() -> None:
    mounts = "          volumeMounts: [{mountPath: /data/ray, name: disk, subPath: ray}]\n"
    spec = "        volumes: [{name: disk, emptyDir: {}}]\n"
    text = minimal(mounts, spec=spec, group="    rayStartParams: {temp-dir: /data/ray}\n")
    sidecar = container(head(first(run(text).text)["spec"]), "fluentbit")
    assert {(one["mountPath"], one["subPath"]) for one in sidecar["volumeMounts"] if one["name"] == "disk"} == {
        (LOGS, "ray"),
        ("/data/ray", "ray"),
    }
