"""What is added, and that nothing else changes."""

from __future__ import annotations

import pytest

from generator.files.diff import unified_diff
from tests.instrument.helpers import (
    IMAGE,
    LOGS,
    NAMES,
    container,
    first,
    head,
    manifest,
    minimal,
    only_added,
    run,
    volumes,
    workers,
)


@pytest.mark.parametrize("name", NAMES)
def test_the_diff_holds_additions_alone(name: str) -> None:
    before = manifest(name).replace("volumes: []\n", "dnsPolicy: Default\n")
    after = run(before).text
    assert after != before
    assert only_added(before, after)
    assert not [line for line in unified_diff(before, after, name).split("\n")[2:] if line.startswith("-")]


@pytest.mark.parametrize("vllm_metrics", [True, False])
@pytest.mark.parametrize("name", NAMES)
def test_a_second_run_changes_nothing(name: str, vllm_metrics: bool) -> None:
    once = run(manifest(name), vllm_metrics=vllm_metrics)
    twice = run(once.text, vllm_metrics=vllm_metrics)
    assert twice.text == once.text
    assert twice.changes == ()
    assert twice.resources == once.resources == 1


@pytest.mark.parametrize("name", NAMES)
def test_the_same_input_gives_the_same_bytes(name: str) -> None:
    assert run(manifest(name)) == run(manifest(name))


def test_a_service_is_instrumented_in_its_cluster_config() -> None:
    cluster = first(run(manifest("ray-service.yaml")).text)["spec"]["rayClusterConfig"]
    for template, ray in ((head(cluster), "ray-head"), (workers(cluster)[0], "ray-worker")):
        assert container(template, "fluentbit")["image"] == IMAGE
        assert template["spec"]["containers"][0]["name"] == ray, "KubeRay takes the first container for Ray's"
        assert {"mountPath": LOGS, "name": "ray-logs"} in container(template, ray)["volumeMounts"]
        assert volumes(template) == {
            "ray-logs": {"name": "ray-logs", "emptyDir": {}},
            "ray-fluentbit-config": {"name": "ray-fluentbit-config", "configMap": {"name": "ray-fluentbit-config"}},
            "fluentbit-state": {"name": "fluentbit-state", "emptyDir": {}},
        }


def test_a_job_is_instrumented_in_its_cluster_spec_and_keeps_its_own_volumes() -> None:
    cluster = first(run(manifest("ray-job.yaml")).text)["spec"]["rayClusterSpec"]
    assert list(volumes(head(cluster))) == ["code", "ray-logs", "ray-fluentbit-config", "fluentbit-state"]
    mounts = [mount["mountPath"] for mount in container(head(cluster), "ray-head")["volumeMounts"]]
    assert mounts == ["/home/ray/jobs", LOGS]
    assert container(workers(cluster)[0], "fluentbit")


def test_a_scheduled_job_is_instrumented_too() -> None:
    text = manifest("ray-job.yaml").replace("kind: RayJob\n", "kind: RayCronJob\n").split("---")[0]
    start, spec = text.split("spec:\n", 1)
    moved = "".join(f"  {line}\n" for line in spec.splitlines())
    job = first(run(f"{start}spec:\n  schedule: 5 4 * * *\n  jobTemplate:\n{moved}").text)["spec"]["jobTemplate"]
    assert container(head(job["rayClusterSpec"]), "fluentbit")


def test_every_worker_group_of_a_cluster_is_instrumented() -> None:
    cluster = first(run(manifest("ray-cluster.yaml")).text)["spec"]
    assert [container(template, "fluentbit")["name"] for template in workers(cluster)] == ["fluentbit"] * 2


def test_a_volume_that_ray_logs_to_already_is_used_as_it_is_mounted() -> None:
    template = head(first(run(manifest("ray-cluster.yaml")).text)["spec"])
    mounts = container(template, "fluentbit")["volumeMounts"]
    assert mounts[0] == {"mountPath": LOGS, "name": "scratch", "readOnly": True, "subPath": "head"}
    assert "ray-logs" not in volumes(template)
    assert len(container(template, "ray-head")["volumeMounts"]) == 1


def test_an_empty_dir_called_ray_logs_that_nothing_mounts_is_used() -> None:
    text = minimal(spec="        volumes:\n        - name: ray-logs\n          emptyDir: {sizeLimit: 5Gi}\n")
    template = head(first(run(text).text)["spec"])
    assert volumes(template)["ray-logs"]["emptyDir"] == {"sizeLimit": "5Gi"}
    assert container(template, "ray-head")["volumeMounts"] == [{"mountPath": LOGS, "name": "ray-logs"}]


def test_the_volume_that_kuberay_adds_itself_is_written_out_where_a_mount_names_it() -> None:
    text = minimal("          volumeMounts:\n          - {mountPath: /tmp/ray, name: ray-logs}\n")
    assert volumes(head(first(run(text).text)["spec"]))["ray-logs"] == {"name": "ray-logs", "emptyDir": {}}


def test_the_sidecar_has_no_privilege_and_writes_to_its_state_alone() -> None:
    sidecar = container(head(first(run(minimal()).text)["spec"]), "fluentbit")
    assert sidecar["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
        "runAsNonRoot": True,
        "runAsUser": 1000,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    assert [mount["name"] for mount in sidecar["volumeMounts"] if not mount.get("readOnly")] == ["fluentbit-state"]


@pytest.mark.parametrize(
    ("spec", "own", "uid"),
    [
        ("        securityContext: {runAsUser: 2000}\n", "", 2000),
        ("        securityContext: {runAsUser: 2000}\n", "          securityContext: {runAsUser: 3000}\n", 3000),
        ("", "          securityContext: {runAsUser: 0}\n", 1000),
    ],
)
def test_the_sidecar_runs_as_the_user_that_writes_the_logs_but_never_as_root(spec: str, own: str, uid: int) -> None:
    sidecar = container(head(first(run(minimal(own, spec=spec)).text)["spec"]), "fluentbit")
    assert sidecar["securityContext"]["runAsUser"] == uid


def test_the_sidecar_leaves_a_guaranteed_pod_guaranteed() -> None:
    resources = container(head(first(run(minimal()).text)["spec"]), "fluentbit")["resources"]
    assert set(resources["requests"]) == {"cpu", "memory"}
    assert resources["requests"] == resources["limits"]


def test_the_sidecar_knows_whose_logs_it_reads() -> None:
    env = container(head(first(run(minimal()).text)["spec"]), "fluentbit")["env"]
    assert {one["name"]: one["valueFrom"]["fieldRef"]["fieldPath"] for one in env} == {
        "POD_LABELS": "metadata.labels['ray.io/cluster']",
        "RAY_CLUSTER": "metadata.labels['ray.io/cluster']",
        "RAY_NODE_TYPE": "metadata.labels['ray.io/node-type']",
        "RAY_GROUP": "metadata.labels['ray.io/group']",
        "POD_NAME": "metadata.name",
        "POD_NAMESPACE": "metadata.namespace",
        "NODE_NAME": "spec.nodeName",
    }


def test_the_head_declares_its_metrics_ports_after_its_own() -> None:
    ports = container(head(first(run(manifest("ray-job.yaml")).text)["spec"]["rayClusterSpec"]), "ray-head")["ports"]
    assert {port["name"]: port["containerPort"] for port in ports} == {
        "gcs-server": 6379,
        "dashboard": 8265,
        "as-metrics": 44217,
        "dash-metrics": 44227,
    }


def test_a_head_without_ports_keeps_those_that_kuberay_gives_such_a_head() -> None:
    """With any port declared, KubeRay's head Service has the declared ones only, and workers would not join."""
    ports = container(head(first(run(minimal()).text)["spec"]), "ray-head")["ports"]
    assert {port["name"]: port["containerPort"] for port in ports} == {
        "gcs-server": 6379,
        "dashboard": 8265,
        "client": 10001,
        "serve": 8000,
        "as-metrics": 44217,
        "dash-metrics": 44227,
    }


def test_a_metrics_port_is_left_alone_where_its_name_or_its_number_is_taken() -> None:
    declared = "          ports: [{containerPort: 44217, name: scaler}, {containerPort: 9, name: dash-metrics}]\n"
    ports = container(head(first(run(minimal(declared)).text)["spec"]), "ray-head")["ports"]
    assert [port["containerPort"] for port in ports] == [44217, 9]


def test_workers_get_no_ports() -> None:
    cluster = first(run(manifest("ray-service.yaml")).text)["spec"]["rayClusterConfig"]
    assert "ports" not in container(workers(cluster)[0], "ray-worker")


@pytest.mark.parametrize(
    "metadata",
    [
        "",
        "      metadata:\n",
        "      metadata: {}\n",
        "      metadata:\n        labels:\n",
        "      metadata:\n        labels: {}\n",
        "      metadata:\n        labels: {team: a}\n",
        "      metadata:\n        labels:\n          team: a   # ours\n",
        '      metadata:\n        labels: {ai-ml-observability/vllm-metrics: "true"}\n',
    ],
)
def test_the_label_for_vllm_is_put_on_the_head_when_asked_for(metadata: str) -> None:
    labelled = run(minimal(template=metadata), vllm_metrics=True)
    labels = head(first(labelled.text)["spec"])["metadata"]["labels"]
    assert labels["ai-ml-observability/vllm-metrics"] == "true"
    assert ("team" in labels) == ("team" in metadata)
    assert run(labelled.text, vllm_metrics=True).text == labelled.text


def test_no_label_for_vllm_is_put_without_being_asked_for_nor_on_workers() -> None:
    text = manifest("ray-service.yaml")
    assert "vllm-metrics" not in run(text).text
    cluster = first(run(text, vllm_metrics=True).text)["spec"]["rayClusterConfig"]
    assert "metadata" not in workers(cluster)[0]


@pytest.mark.parametrize("name", NAMES)
def test_head_and_workers_report_as_often_as_asked_for(name: str) -> None:
    text = manifest(name).replace("volumes: []\n", "dnsPolicy: Default\n")
    assert "report_interval" not in run(text).text
    done = run(text, report_interval=20000)
    spec = first(done.text)["spec"]
    cluster = spec.get("rayClusterConfig") or spec.get("rayClusterSpec") or spec
    for template in (head(cluster), *workers(cluster)):
        env = {one["name"]: one.get("value") for one in template["spec"]["containers"][0]["env"]}
        assert env["RAY_metrics_report_interval_ms"] == "20000"
    assert only_added(text, done.text)
    assert run(done.text, report_interval=20000).changes == ()
    assert run(done.text).changes == ()


@pytest.mark.parametrize(
    "env", ["", "          env: []\n", "          env:\n          - {name: A, value: b}   # ours\n"]
)
def test_the_interval_joins_the_variables_that_are_there(env: str) -> None:
    found = head(first(run(minimal(env), report_interval=15000).text)["spec"])["spec"]["containers"][0]["env"]
    own = [{"name": "A", "value": "b"}] if "ours" in env else []
    assert found == [*own, {"name": "RAY_metrics_report_interval_ms", "value": "15000"}]


def test_documents_of_other_kinds_keep_every_byte() -> None:
    other = 'kind:   ConfigMap\ndata: {a:   "ray.io/x",}   # odd\n---\n{{ not YAML, but nothing of ours }}\n'
    assert run(other).text == other
    mixed = run(f"{other}---\n{minimal()}---\n{other}").text
    assert mixed.startswith(f"{other}---\n")
    assert mixed.endswith(f"---\n{other}")


def test_resources_inside_a_list_are_instrumented() -> None:
    item = "".join(f"  {line}\n" for line in minimal().splitlines())
    text = f"apiVersion: v1\nkind: List\nitems:\n-{item[1:]}- apiVersion: v1\n  kind: Namespace\n"
    done = run(text)
    assert container(head(first(done.text)["items"][0]["spec"]), "fluentbit")
    assert only_added(text, done.text)


def test_json_is_instrumented_as_json() -> None:
    text = (
        '{"apiVersion": "ray.io/v1", "kind": "RayCluster", "metadata": {"name": "a"}, "spec": {"headGroupSpec": '
        '{"template": {"spec": {"containers": [{"name": "ray-head", "image": "rayproject/ray:2.52.0"}]}}}}}\n'
    )
    import json

    done = run(text).text
    assert container(head(json.loads(done)["spec"]), "fluentbit")
    assert run(done).text == done


def test_a_job_on_a_running_cluster_has_nothing_to_add_and_says_so() -> None:
    text = "apiVersion: ray.io/v1\nkind: RayJob\nmetadata: {name: j}\nspec:\n  clusterSelector: {a: b}\n"
    done = run(text)
    assert done.text == text
    assert done.notes == ("RayJob j runs on a cluster that it selects: instrument that one",)


def test_changes_say_what_grows_where() -> None:
    done = run(minimal("          ports: []\n"))
    assert [str(change) for change in done.changes][1:] == [
        "RayCluster small: spec.headGroupSpec.template.spec.containers[0].volumeMounts: ray-logs",
        "RayCluster small: spec.headGroupSpec.template.spec.containers: fluentbit",
        "RayCluster small: spec.headGroupSpec.template.spec.volumes: ray-logs, ray-fluentbit-config, fluentbit-state",
    ]
    assert done.changes[0].line == 12, "the line of ports"
    assert done.notes == (
        "RayCluster small needs the ConfigMap ray-fluentbit-config in its namespace before it starts",
    )


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_line_ends_stay_as_they_are(ending: str) -> None:
    after = run(manifest("ray-service.yaml").replace("\n", ending)).text
    assert after.count("\n") == after.count(ending)


def test_a_file_without_a_last_line_break_keeps_it_so() -> None:
    after = run(minimal().rstrip("\n")).text
    assert not after.endswith("\n")
    assert container(head(first(after)["spec"]), "fluentbit")


@pytest.mark.parametrize(
    "tail",
    [
        "          args:\n          - |+\n            kept\n\n\n",
        "          args:\n          - |\n            clipped\n\n\n",
        "          args:\n          - >-\n            folded\n            twice\n\n",
        "          args: [one,\n            two,\n          ]\n",
        "          args:\n          - plain over\n            two lines\n",
        "          args: &words [a]\n          lifecycle:\n",
        "          ports:   # none yet\n          # - {containerPort: 1}\n",
    ],
)
def test_additions_come_after_whatever_ends_the_container(tail: str) -> None:
    text = minimal(tail) + "# the end\n"
    after = run(text).text
    assert only_added(text, after)
    own = container(head(first(after)["spec"]), "ray-head")
    before = container(head(first(text)["spec"]), "ray-head")
    assert {key: own[key] for key in before if key != "ports"} == {k: v for k, v in before.items() if k != "ports"}


def test_a_container_taken_from_an_anchor_by_merge_grows_on_its_own() -> None:
    text = minimal().replace("        - name: ray-head\n", "        - <<: *base\n          name: ray-head\n")
    text = text.replace("metadata:\n", "x-base: &base {imagePullPolicy: Always}\nmetadata:\n")
    assert container(head(first(run(text).text)["spec"]), "fluentbit")
