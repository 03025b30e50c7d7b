"""docs/migration.md: what it removes is what the documented stack leaves behind, and nothing of this chart's."""

from __future__ import annotations

import re
import shlex
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from generator.build.chart import chart_values
from generator.build.profile import load_profile
from generator.choices.profiles import Layer
from generator.stack import components
from tests import libyaml
from tests.conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from generator.build.sources import Sources

PAGE = (ROOT / "docs" / "migration.md").read_text(encoding="utf-8")

LEFT_BEHIND = {
    "PodMonitor": ["ray-workers-monitor"],
    "ServiceMonitor": ["ray-head-monitor"],
    "PrometheusRule": ["ray-cluster-gcs-rules"],
    "ConfigMap": [
        "ray-train-dashboard",
        "ray-vllm-inference-dashboard",
        "opensearch-datasource",
        "fluent-bit-containerd-config",
        # By hand, as the guide says.
        "fluentbit-config",
    ],
    "Secret": ["admin-credentials-secret", "securityconfig-secret"],
    "OpenSearchCluster": ["opensearch"],
    "FluentBit": ["fluent-bit"],
    "ClusterFluentBitConfig": ["fluent-bit-config"],
    "ClusterInput": ["tail", "docker", "dmesg", "messages"],
    "ClusterFilter": ["kubernetes", "containerd"],
    "ClusterOutput": ["opensearch"],
}
"""Objects that the documented stack has of its own, without its MCP servers, by kind
(awslabs/ai-ml-observability-reference-architecture 2467d9c, chart/ and deploy/ alike)."""


def lines() -> list[str]:
    blocks = re.findall(r"^ *```sh\n(.*?)^ *```", PAGE, flags=re.MULTILINE | re.DOTALL)
    return [line.strip() for block in blocks for line in block.splitlines()]


def kind_of(resource: str) -> str:
    """Returns the kind of a resource as kubectl takes it, plural and group or not."""
    kinds = {kind.lower(): kind for kind in LEFT_BEHIND}
    return kinds[resource.partition(".")[0].removesuffix("s") if "." in resource else resource]


def deleted() -> list[tuple[str, str]]:
    """Returns kind and name of what the page deletes one by one, in its order."""
    words = [word for line in lines() if "kubectl" in line and " delete " in line for word in shlex.split(line)]
    return [(kind_of(resource), name) for resource, _, name in (one.partition("/") for one in words) if name]


def test_all_that_is_left_behind_is_deleted_and_nothing_else() -> None:
    assert sorted(deleted()) == sorted((kind, name) for kind, names in LEFT_BEHIND.items() for name in names)


@pytest.mark.parametrize("kind", ["OpenSearchCluster", "FluentBit"])
def test_what_an_operator_holds_by_a_finalizer_goes_before_the_operator(kind: str) -> None:
    at = next(index for index, line in enumerate(lines()) if f"/{LEFT_BEHIND[kind][0]}" in line)
    ends = [
        index for index, line in enumerate(lines()) if "uninstall" in line or "delete --ignore-not-found -f" in line
    ]
    assert len(ends) == 2
    assert at < min(ends)


def test_a_deletion_that_has_nothing_to_delete_is_no_error() -> None:
    assert all("--ignore-not-found" in line for line in lines() if " delete " in line)


@pytest.mark.slow
@pytest.mark.upstream
def test_nothing_of_this_chart_is_deleted(rendered: Callable[..., list[dict[str, Any]]]) -> None:
    ours = {(one["kind"], one["metadata"]["name"]) for one in rendered("jark")}
    assert ("ConfigMap", "ai-ml-observability-secrets") in ours
    assert ours.isdisjoint(deleted())


def test_without_two_edits_kustomize_would_delete_the_namespace_and_definitions(tmp_path: Path) -> None:
    (tmp_path / "deploy" / "stack").mkdir(parents=True)
    top, below = tmp_path / "deploy" / "kustomization.yaml", tmp_path / "deploy" / "stack" / "kustomization.yaml"
    top.write_text("resources:\n  - monitoring-namespace.yaml\n  - stack\n", encoding="utf-8")
    below.write_text("helmCharts:\n  - name: a\n    includeCRDs: true\n", encoding="utf-8")
    script = "\n".join(line for line in lines() if line.startswith("sed "))
    subprocess.run(["bash", "-e"], input=script, text=True, cwd=tmp_path, check=True)
    assert libyaml.load(top.read_text(encoding="utf-8")) == {"resources": ["stack"]}
    assert libyaml.load(below.read_text(encoding="utf-8"))["helmCharts"][0]["includeCRDs"] is False


def test_the_overlay_gives_the_label_that_copies_of_the_old_boards_look_for(sources: Sources) -> None:
    (overlay,) = re.findall(r"^```yaml\n(.*?)^```", PAGE, flags=re.MULTILINE | re.DOTALL)
    loaded = load_profile("jark", sources, [Layer("mine.yaml", libyaml.load(overlay))])
    metrics = chart_values(loaded, sources, components(loaded))["monitors"]["ray"]["endpoints"]["metrics"]
    assert {"sourceLabels": ["__meta_kubernetes_pod_host_ip"], "targetLabel": "node_instance"} in metrics["relabelings"]
