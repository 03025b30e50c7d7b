"""What is refused, where the message points, and what it says to do."""

from __future__ import annotations

import pytest

from generator.errors import InputError
from tests.instrument.helpers import manifest, minimal, run

_SPEC = "spec.headGroupSpec.template.spec"


def refused(text: str, *, vllm_metrics: bool = False, report_interval: int | None = None) -> str:
    with pytest.raises(InputError) as caught:
        run(text, vllm_metrics=vllm_metrics, report_interval=report_interval)
    return str(caught.value)


def volume(name: str, source: str) -> str:
    return minimal(spec=f"        volumes:\n        - name: {name}\n          {source}\n")


def test_a_sidecar_written_by_hand_is_named_with_what_it_lacks() -> None:
    message = refused(minimal() + "        - name: fluentbit\n          image: fluent/fluent-bit:3.2.2\n")
    assert message.startswith(f"ray.yaml:12: {_SPEC}.containers[1]: found a container 'fluentbit' of another make")
    assert "RAY_CLUSTER" in message
    assert "remove it" in message


def test_a_sidecar_of_ours_that_reads_another_volume_is_refused() -> None:
    text = run(minimal()).text.replace(
        "name: ray-logs\n            readOnly: true", "name: other\n            readOnly: true"
    )
    assert "it lacks ray-logs at /tmp/ray" in refused(text)


def test_an_init_container_of_the_sidecars_name_is_refused() -> None:
    text = minimal(spec="        initContainers:\n        - name: fluentbit\n          image: a\n")
    assert f"{_SPEC}.initContainers: found an init container 'fluentbit'" in refused(text)


@pytest.mark.parametrize(
    ("name", "source", "expected"),
    [
        ("ray-logs", "hostPath: {path: /tmp/ray}", "an emptyDir"),
        ("fluentbit-state", "hostPath: {path: /var}", "an emptyDir"),
        ("ray-fluentbit-config", "configMap: {name: mine}", "the ConfigMap ray-fluentbit-config"),
        ("ray-fluentbit-config", "secret: {secretName: ray-fluentbit-config}", "the ConfigMap ray-fluentbit-config"),
    ],
)
def test_another_volume_of_one_of_our_names_is_refused(name: str, source: str, expected: str) -> None:
    message = refused(volume(name, source))
    assert f"ray.yaml:10: {_SPEC}.volumes[0]: found another volume '{name}', expected {expected}" in message


def test_ray_logs_mounted_elsewhere_is_refused() -> None:
    message = refused(minimal("          volumeMounts: [{name: ray-logs, mountPath: /logs}]\n"))
    assert "found the volume 'ray-logs' at '/logs', expected it at /tmp/ray" in message


def test_a_mount_of_a_volume_that_is_not_there_is_refused() -> None:
    message = refused(minimal("          volumeMounts: [{name: gone, mountPath: /tmp/ray}]\n"))
    assert "found 'gone', expected the name of one of the pod's volumes" in message


def test_a_path_made_from_variables_is_refused() -> None:
    mount = "          volumeMounts: [{name: ray-logs, mountPath: /tmp/ray, subPathExpr: $(POD)}]\n"
    assert "subPathExpr" in refused(minimal(mount))


@pytest.mark.parametrize(
    "text",
    [
        minimal("          env: [{name: RAY_TMPDIR, value: /data}]\n"),
        minimal("          args: [ray start --head --temp-dir=/data]\n"),
    ],
)
def test_logs_that_ray_writes_elsewhere_are_refused(text: str) -> None:
    assert "found another temporary directory for Ray" in refused(text)


@pytest.mark.parametrize("folder", ["ray", "$HOME/ray", "/data/../ray"])
def test_a_temporary_directory_that_is_no_absolute_path_is_refused(folder: str) -> None:
    message = refused(minimal(group=f"    rayStartParams: {{temp-dir: {folder}}}\n"))
    assert f"rayStartParams.temp-dir: found '{folder}', expected an absolute path" in message


def test_a_temporary_directory_inside_a_volume_is_refused_with_the_way_out() -> None:
    mounts = "          volumeMounts: [{mountPath: /data, name: disk}]\n"
    spec = "        volumes: [{name: disk, emptyDir: {}}]\n"
    message = refused(minimal(mounts, spec=spec, group="    rayStartParams: {temp-dir: /data/ray}\n"))
    assert "found Ray's temporary directory /data/ray below '/data'" in message
    assert "mount a volume at /data/ray" in message


def test_workers_with_another_temporary_directory_than_the_heads_are_refused() -> None:
    text = minimal(group="    rayStartParams: {temp-dir: /data/ray}\n") + (
        "  workerGroupSpecs:\n  - groupName: a\n    rayStartParams: {temp-dir: /scratch}\n    template:\n      spec:\n"
        "        containers:\n        - name: ray-worker\n          image: rayproject/ray:2.52.0\n"
    )
    assert "spec.workerGroupSpecs[0]: found the temporary directory /scratch, and /data/ray for the head" in refused(
        text
    )


def test_rays_own_temporary_directory_may_be_named() -> None:
    assert run(minimal(group="    rayStartParams: {temp-dir: /tmp/ray}\n")).changes


@pytest.mark.parametrize(
    ("cut", "put", "message"),
    [
        ("headGroupSpec:", "workerGroupSpecs: []\n  x:", "spec.headGroupSpec: nothing there, expected a mapping"),
        ("template:", "tpl:", "spec.headGroupSpec.template.spec: nothing there, expected a mapping"),
        ("containers:", "containers: []\n        x:", f"{_SPEC}.containers: found a list without anything in it"),
        ("- name: ray-head\n          image", "- image", f"{_SPEC}.containers[0].name: found no name, expected text"),
        ("containers:", "containers: {}\n        x:", f"{_SPEC}.containers: found a mapping, expected a list"),
        ("containers:", "volumes: 5\n        containers:", f"{_SPEC}.volumes: found '5', expected a list"),
        ("containers:", "volumes: [{}]\n        containers:", f"{_SPEC}.volumes[0]: found a mapping without anything"),
        (
            "ray.io/v1",
            "ray.io/v2",
            "apiVersion: found 'ray.io/v2' for a RayCluster (valid: ray.io/v1, ray.io/v1alpha1)",
        ),
        ("ray.io/v1", "example.com/v1", "apiVersion: found 'example.com/v1' for a RayCluster"),
        ("RayCluster", "RayClusterr", "kind: unknown kind 'RayClusterr' of ray.io/v1 (did you mean 'RayCluster'?)"),
    ],
)
def test_what_kuberay_would_not_take_is_refused(cut: str, put: str, message: str) -> None:
    assert message in refused(minimal().replace(cut, put, 1))


def test_a_job_without_any_cluster_is_refused() -> None:
    text = "apiVersion: ray.io/v1\nkind: RayJob\nmetadata: {name: j}\nspec: {entrypoint: a}\n"
    assert "ray.yaml:4: spec.rayClusterSpec: nothing there, expected a mapping" in refused(text)


@pytest.mark.parametrize(
    "text",
    [
        minimal(spec="        {{- toYaml .Values.pod | nindent 8 }}\n"),
        minimal(spec="        serviceAccountName: {{ .Values.account }}\n"),
        minimal(spec='        serviceAccountName: "{{ .Values.account }}"\n'),
        minimal(spec='        nodeSelector: {"{{ .Values.key }}": a}\n'),
    ],
)
def test_a_helm_template_is_refused_with_the_way_out(text: str) -> None:
    assert "a Helm template: render it with `helm template` and instrument the result" in refused(text)


def test_braces_meant_for_somebody_else_are_no_helm_template() -> None:
    assert run(minimal('          env: [{name: TEMPLATE, value: "{{ messages }}"}]\n')).changes


def test_a_template_shared_by_two_groups_is_refused_with_the_anchors_name() -> None:
    text = (
        minimal().replace("template:", "template: &pod") + "  workerGroupSpecs:\n  - groupName: a\n    template: *pod\n"
    )
    message = refused(text)
    assert "found '&pod': an addition here would change other places too" in message
    assert "found '*pod'" in message


def test_a_list_that_comes_by_merge_is_refused() -> None:
    text = minimal("          <<: *base\n").replace(
        "metadata:\n", "x: &base {ports: [{containerPort: 1}]}\nmetadata:\n", 1
    )
    assert "an addition here would change other places too" in refused(text)


def test_an_anchor_that_nothing_refers_to_is_no_hindrance() -> None:
    assert run(minimal().replace("template:", "template: &pod")).changes


def test_an_explicit_null_is_refused() -> None:
    message = refused(minimal("          volumeMounts: null\n"))
    assert "containers[0].volumeMounts: found null, to which nothing can be added (write an empty list" in message


def test_the_label_for_vllm_with_another_value_is_refused() -> None:
    labels = "      metadata: {labels: {ai-ml-observability/vllm-metrics: true}}\n"
    message = refused(minimal(template=labels), vllm_metrics=True)
    assert "found 'True', expected the text \"true\" (put true in quotes" in message


@pytest.mark.parametrize(
    ("entry", "found"),
    [
        ('value: "10000"', "'10000'"),
        ("value: 20000", "'20000'"),
        ("valueFrom: {fieldRef: {fieldPath: metadata.name}}", "no value"),
    ],
)
def test_another_interval_of_reports_is_refused(entry: str, found: str) -> None:
    env = f"          env:\n          - name: RAY_metrics_report_interval_ms\n            {entry}\n"
    message = refused(minimal(env), report_interval=20000)
    assert f'found {found} for RAY_metrics_report_interval_ms, expected the text "20000"' in message
    assert "spec.headGroupSpec.template.spec.containers[0].env[0].value" in message


def test_every_problem_of_a_file_is_told_with_its_document_and_line() -> None:
    broken = minimal().replace("containers:", "containers: []\n        x:")
    lines = refused(f"{minimal()}---\n{broken}---\n{manifest('ray-job.yaml').replace('containers:', 'pods:')}").split(
        "\n"
    )
    assert len(lines) == 3
    assert lines[0].startswith(f"ray.yaml:21: document 2: {_SPEC}.containers: ")
    assert "document 3: spec.rayClusterSpec.headGroupSpec" in lines[1]
    assert "document 3: spec.rayClusterSpec.workerGroupSpecs[0]" in lines[2]


def test_broken_yaml_is_told_with_its_line_in_the_file() -> None:
    assert refused(f"a: 1\n---\n{minimal()}  b: [\n").startswith("ray.yaml:15:1: ")


def test_text_that_ends_in_a_block_without_a_line_break_is_refused_rather_than_changed() -> None:
    message = refused(minimal("          args:\n          - |\n            no break").rstrip("\n"))
    assert "end the file with a line break" in message


@pytest.mark.parametrize(
    ("port", "place", "found"),
    [
        ("{containerPort: {number: 8265}}", "containerPort", "a mapping"),
        ("{containerPort: [8265]}", "containerPort", "a list"),
        ("{name: [metrics], containerPort: 8080}", "name", "a list"),
    ],
)
def test_a_port_that_is_no_number_is_named_with_its_line(port: str, place: str, found: str) -> None:
    message = refused(minimal(f"          ports: [{port}]\n"))
    assert message == f"ray.yaml:12: {_SPEC}.containers[0].ports[0].{place}: found {found}, expected one value"
