"""What the manifests of examples/ promise: Kubernetes and KubeRay take them, and this chart sees into them."""

from __future__ import annotations

import ast
import copy
import itertools
import re
from typing import TYPE_CHECKING, Any

import kubernetes_validate
import pytest
from jsonschema import Draft202012Validator

from tests import libyaml
from tests.examples import kuberay
from tests.examples.support import (
    CLUSTERS,
    EXAMPLES,
    FOLDERS,
    PLAIN_FILES,
    RAY_FILES,
    built,
    built_text,
    file_objects,
    templates,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

MOUNTED = "inference/mounted-metrics"
EVERYTHING = ["--report-interval", "20000"]
"""What instrument adds where it is asked for."""

TRAINING = ["training/overlays/cpu", "training/overlays/neuron", "training/overlays/nvidia"]

by_folder = pytest.mark.parametrize("folder", FOLDERS)
by_ray_file = pytest.mark.parametrize("file", RAY_FILES)


def ray_resource(objects: list[dict[str, Any]]) -> dict[str, Any]:
    (found,) = (one for one in objects if one["kind"] in CLUSTERS)
    return found


def config_maps(objects: list[dict[str, Any]]) -> dict[str, dict[str, str]]:
    return {one["metadata"]["name"]: one["data"] for one in objects if one["kind"] == "ConfigMap"}


def problems(document: dict[str, Any]) -> list[str]:
    """Returns what Kubernetes or KubeRay would not take."""
    if document["apiVersion"].startswith("ray.io/"):
        validator = Draft202012Validator(kuberay.schema(document["kind"]))
        return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(document)]
    try:
        kubernetes_validate.validate(document, "1.37", strict=True)
    except kubernetes_validate.ValidationError as error:
        return [error.message]
    return []


def test_there_are_a_training_and_four_inference_examples() -> None:
    assert [folder for folder in FOLDERS if folder.startswith("training/overlays/")] == TRAINING
    served = {folder.split("/")[1] for folder in [*FOLDERS, *RAY_FILES, *PLAIN_FILES] if "inference/" in folder}
    assert served == {"fastapi", "mounted-metrics", "serve-llm", "vllm-serve"}


@by_folder
def test_kubernetes_and_kuberay_take_what_kubectl_builds(folder: str) -> None:
    for document in built(folder):
        assert problems(document) == [], document["kind"]


@pytest.mark.parametrize("file", [*RAY_FILES, *PLAIN_FILES])
def test_kubernetes_and_kuberay_take_each_file(file: str) -> None:
    for document in file_objects(file):
        assert problems(document) == [], document["kind"]


@by_ray_file
def test_a_field_that_kuberay_does_not_have_is_noticed(file: str) -> None:
    document = copy.deepcopy(ray_resource(file_objects(file)))
    document["spec"][CLUSTERS[document["kind"]]]["headGroupSpec"]["template"]["spec"]["contaners"] = []
    assert len(problems(document)) == 1


@by_ray_file
def test_instrument_has_nothing_to_add_to_a_file(file: str, run: Callable[..., tuple[int, str, str]]) -> None:
    more = ["--vllm-metrics"] if file.startswith(MOUNTED) else []
    assert run("instrument", "--check", *EVERYTHING, *more, str(EXAMPLES / file)) == (0, "", "")


@by_folder
def test_instrument_has_nothing_to_add_to_what_kubectl_builds(
    folder: str, run: Callable[..., tuple[int, str, str]], tmp_path: Path
) -> None:
    (tmp_path / "built.yaml").write_text(built_text(folder), encoding="utf-8")
    more = ["--vllm-metrics"] if folder == MOUNTED else []
    assert run("instrument", "--check", *EVERYTHING, *more, "built.yaml") == (0, "", "")


@by_ray_file
def test_instrument_notices_a_port_that_is_gone(
    file: str, run: Callable[..., tuple[int, str, str]], tmp_path: Path
) -> None:
    text = (EXAMPLES / file).read_text(encoding="utf-8")
    (tmp_path / "less.yaml").write_text(re.sub(r".*\n.*name: dash-metrics\n", "", text), encoding="utf-8")
    code, said, _ = run("instrument", "--check", "less.yaml")
    assert code == 1
    assert "dash-metrics" in said


@by_ray_file
def test_only_the_mounted_example_asks_for_its_metrics_to_be_scraped_from_serve(file: str) -> None:
    labelled = [
        group
        for group, template in templates(ray_resource(file_objects(file)))
        if "ai-ml-observability/vllm-metrics" in template.get("metadata", {}).get("labels", {})
    ]
    assert labelled == (["headgroup"] if file.startswith(MOUNTED) else [])


@by_ray_file
def test_gauges_live_longer_than_a_scrape_takes_to_come(file: str) -> None:
    for _, template in templates(ray_resource(file_objects(file))):
        assert environment(template)["RAY_metrics_report_interval_ms"] == "20000"


def environment(template: dict[str, Any]) -> dict[str, str]:
    """Returns the variables of Ray's container, which is a pod's first."""
    return {one["name"]: one.get("value", "") for one in template["spec"]["containers"][0]["env"]}


@pytest.mark.parametrize("file", [file for file in RAY_FILES if file.startswith("inference/")])
def test_neighbouring_buckets_of_serve_are_close_enough_to_read_a_percentile(file: str) -> None:
    for _, template in templates(ray_resource(file_objects(file))):
        buckets = [int(word) for word in environment(template)["RAY_SERVE_REQUEST_LATENCY_BUCKETS_MS"].split(",")]
        assert buckets == sorted(set(buckets))
        assert buckets[-1] >= 300_000
        assert all(high / low <= 2.5 for low, high in itertools.pairwise(buckets))


@by_folder
def test_every_volume_and_every_config_map_that_is_mounted_is_there(folder: str) -> None:
    objects = built(folder)
    claims = {one["metadata"]["name"] for one in objects if one["kind"] == "PersistentVolumeClaim"}
    for _, template in templates(ray_resource(objects)):
        spec = template["spec"]
        volumes = {volume["name"]: volume for volume in spec["volumes"]}
        mounted = {mount["name"] for container in spec["containers"] for mount in container["volumeMounts"]}
        assert mounted == volumes.keys()
        # The chart makes ray-fluentbit-config, where logs.rayNamespaces names the namespace.
        named = {volume["configMap"]["name"] for volume in volumes.values() if "configMap" in volume}
        assert named - {"ray-fluentbit-config"} <= config_maps(objects).keys()
        wanted = {
            volume["persistentVolumeClaim"]["claimName"]
            for volume in volumes.values()
            if "persistentVolumeClaim" in volume
        }
        assert wanted <= claims


@pytest.mark.parametrize("folder", TRAINING)
def test_a_training_overlay_runs_the_program_that_it_mounts_with_options_that_it_has(folder: str) -> None:
    objects = built(folder)
    job = ray_resource(objects)
    python, program, *words = job["spec"]["entrypoint"].split()
    assert (python, program) == ("python", "/home/ray/train/train.py")
    shipped = config_maps(objects)["ray-train-code"]
    files = {path.name: path.read_text(encoding="utf-8") for path in (EXAMPLES / "training" / "base").glob("*.py")}
    assert shipped == files
    options = set(re.findall(r'add\(\s*"(--[a-z-]+)"', files["train.py"]))
    assert {word for word in words if word.startswith("--")} <= options
    for _, template in templates(job):
        mounts = {mount["mountPath"] for mount in template["spec"]["containers"][0]["volumeMounts"]}
        assert {"/home/ray/train", words[words.index("--storage") + 1]} <= mounts


@pytest.mark.parametrize(
    ("folder", "resource"),
    [("training/overlays/nvidia", "nvidia.com/gpu"), ("training/overlays/neuron", "aws.amazon.com/neuroncore")],
)
def test_an_overlay_for_an_accelerator_asks_for_one_on_workers_alone(folder: str, resource: str) -> None:
    (_, head), (_, worker) = templates(ray_resource(built(folder)))
    assert resource not in head["spec"]["containers"][0]["resources"]["limits"]
    assert worker["spec"]["containers"][0]["resources"]["limits"][resource] == "1"
    assert worker["spec"]["tolerations"]


@by_folder
def test_an_image_has_a_version_and_no_overlay_leaves_the_placeholder(folder: str) -> None:
    for _, template in templates(ray_resource(built(folder))):
        for container in template["spec"]["containers"]:
            tagged = re.fullmatch(r".+/.+:\d+\.\d+\.\d+.*", container["image"])
            assert tagged or folder == "training/base", container["image"]


def applications(file: str) -> Iterator[dict[str, Any]]:
    yield from libyaml.load(ray_resource(file_objects(file))["spec"]["serveConfigV2"])["applications"]


@pytest.mark.parametrize("file", [f"inference/{name}/rayservice.yaml" for name in ("fastapi", "mounted-metrics")])
def test_a_service_imports_what_app_py_defines_and_configures_the_deployment_that_it_has(file: str) -> None:
    tree = ast.parse((EXAMPLES / "inference" / "app" / "app.py").read_text(encoding="utf-8"))
    defined = {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    objects = built(file.removesuffix("/rayservice.yaml"))
    for application in applications(file):
        module, _, name = application["import_path"].partition(":")
        assert name in defined
        assert {deployment["name"] for deployment in application["deployments"]} <= defined
        assert f"{module}.py" in config_maps(objects)["chat-code"]
    for _, template in templates(ray_resource(objects)):
        path = environment(template)["PYTHONPATH"]
        assert path in {mount["mountPath"] for mount in template["spec"]["containers"][0]["volumeMounts"]}


def test_the_mounted_example_stays_at_one_replica() -> None:
    (application,) = applications(f"{MOUNTED}/rayservice.yaml")
    assert [deployment["num_replicas"] for deployment in application["deployments"]] == [1]
    assert application["import_path"] == "app:build_mounted"


def test_the_service_of_vllm_serve_selects_its_pods_and_a_port_that_they_have() -> None:
    deployment, service = file_objects("inference/vllm-serve/vllm.yaml")
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    assert service["spec"]["selector"].items() <= labels.items()
    ports = {port["name"] for port in deployment["spec"]["template"]["spec"]["containers"][0]["ports"]}
    assert {port["targetPort"] for port in service["spec"]["ports"]} <= ports
