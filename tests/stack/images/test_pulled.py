"""Images in rendered objects: in pods, in what operators make pods of, in arguments and variables."""

from __future__ import annotations

from typing import Any

import pytest

from generator.stack.images import images_of


def images(*objects: dict[str, Any]) -> dict[str, tuple[str, ...]]:
    return {str(found.image): found.users for found in images_of(objects)}


def pod(container: dict[str, Any], kind: str = "Pod", name: str = "demo", **spec: Any) -> dict[str, Any]:
    return {"kind": kind, "metadata": {"name": name}, "spec": {"containers": [container], **spec}}


def test_containers_init_containers_and_image_volumes_are_found() -> None:
    found = images(
        pod(
            {"image": "quay.io/a/main:1"},
            initContainers=[{"image": "quay.io/a/init:1"}],
            volumes=[{"name": "plugin", "image": {"reference": "quay.io/a/plugin:1", "pullPolicy": "IfNotPresent"}}],
        )
    )
    assert set(found) == {"quay.io/a/main:1", "quay.io/a/init:1", "quay.io/a/plugin:1"}


def test_an_image_is_listed_once_with_everyone_who_pulls_it() -> None:
    found = images(pod({"image": "a/b:1"}, name="one"), pod({"image": "docker.io/a/b:1"}, name="two"))
    assert found == {"docker.io/a/b:1": ("Pod/one", "Pod/two")}


def test_what_an_operator_makes_pods_of_counts() -> None:
    prometheus = {
        "kind": "Prometheus",
        "metadata": {"name": "p"},
        "spec": {"image": "quay.io/prometheus/prometheus:v3"},
    }
    assert images(prometheus) == {"quay.io/prometheus/prometheus:v3": ("Prometheus/p",)}


@pytest.mark.parametrize(
    "argument",
    [
        "--prometheus-config-reloader=quay.io/o/reloader:v1",
        "--thanos-default-base-image=quay.io/o/reloader:v1",
        "quay.io/o/reloader:v1",
    ],
)
def test_an_image_in_an_argument_is_found_and_marked(argument: str) -> None:
    assert images(pod({"args": ["--other=1", argument]})) == {"quay.io/o/reloader:v1": ("Pod/demo (argument)",)}


def test_a_flag_that_says_image_may_leave_out_the_version() -> None:
    found = images(pod({"command": ["/operator", "--prometheus-default-base-image=quay.io/prometheus/prometheus"]}))
    assert found == {"quay.io/prometheus/prometheus": ("Pod/demo (argument)",)}


def test_an_image_in_a_variable_is_found_and_marked() -> None:
    found = images(pod({"env": [{"name": "RELATED_IMAGE", "value": "ghcr.io/x/y:2"}, {"name": "A", "valueFrom": {}}]}))
    assert found == {"ghcr.io/x/y:2": ("Pod/demo (variable)",)}


@pytest.mark.parametrize(
    "word",
    [
        "--web.listen-address=0.0.0.0:9090",
        "http://localhost:9090",
        "prometheus:9090",
        "/bin/sh",
        "--log=json",
        "a/b:1",
        "10s",
    ],
)
def test_addresses_paths_and_words_are_no_images(word: str) -> None:
    assert images(pod({"args": [word], "env": [{"name": "X", "value": word}]})) == {}


@pytest.mark.parametrize("kind", ["ConfigMap", "Secret", "PrometheusRule", "CustomResourceDefinition"])
def test_what_runs_nothing_is_not_searched(kind: str) -> None:
    assert images({"kind": kind, "metadata": {"name": "x"}, "spec": {"image": "quay.io/a/b:1"}}) == {}
