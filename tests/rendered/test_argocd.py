"""What ArgoCD makes of the chart with the real upstream charts in it: each object once, and none forgotten."""

from __future__ import annotations

import copy
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from generator.build.profile import load_profile
from generator.choices.profiles import Layer
from tests import helm
from tests.argocd.support import made_for, plain_for
from tests.conftest import PROFILES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from generator.build.sources import Sources

    Objects = dict[tuple[str, str, str], dict[str, Any]]

pytestmark = [pytest.mark.upstream, pytest.mark.slow]

OPERATOR_KINDS = tuple(
    f"monitoring.coreos.com/v1/{kind}" for kind in ("PodMonitor", "PrometheusRule", "ServiceMonitor")
)
SECRET_KINDS = {"ConfigMap", "CronJob", "Job", "Role", "RoleBinding", "ServiceAccount"}
KEEP = "argocd.argoproj.io/sync-options"
CLUSTER_SCOPED = {
    "APIService",
    "ClusterRole",
    "ClusterRoleBinding",
    "CustomResourceDefinition",
    "MutatingWebhookConfiguration",
    "ValidatingWebhookConfiguration",
}


def by_identity(text: str) -> Objects:
    found: Objects = {}
    for each in helm.documents(text):
        key = each["kind"], each["metadata"].get("namespace", ""), each["metadata"]["name"]
        assert key not in found
        found[key] = each
    return found


def rendered_as_argocd_does(helm_binary: Path, chart: Path, application: dict[str, Any], folder: Path) -> Objects:
    """Renders an Application's chart with the flags of ArgoCD 3.5 (reposerver/repository helmTemplate)."""
    spec = application["spec"]
    options = spec["source"]["helm"]
    text = options["values"] if "values" in options else yaml.safe_dump(options.get("valuesObject", {}))
    values = folder / f"{application['metadata']['name']}.yaml"
    values.write_text(text)
    chart_values = yaml.safe_load((chart / "values.yaml").read_text())
    # Before the first wave a cluster has the operator's kinds only if the operator is its own.
    kinds = () if chart_values["kube-prometheus-stack"]["enabled"] else OPERATOR_KINDS
    flags = [f"--api-versions={kind}" for kind in kinds] + ([] if options.get("skipCrds") else ["--include-crds"])
    done = helm.run(
        helm_binary,
        *("template", options["releaseName"], chart, "--namespace", spec["destination"]["namespace"]),
        *("--values", values, *flags),
    )
    return by_identity(done.stdout)


def without_keep(objects: Objects) -> Objects:
    """Leaves out the one annotation that the Applications add: the data of Grafana outlives them."""
    found = copy.deepcopy(objects)
    for each in found.values():
        annotations = each["metadata"].get("annotations") or {}
        annotations.pop(KEEP, None)
        if not annotations:
            each["metadata"].pop("annotations", None)
    return found


@pytest.fixture(scope="session")
def whole(vendored: Callable[[str], Path]) -> Callable[[Path, str], Objects]:
    @cache
    def render(binary: Path, profile: str) -> Objects:
        kinds = [f"--api-versions={kind}" for kind in OPERATOR_KINDS]
        words = ("template", "observability", vendored(profile), "--namespace", "monitoring", "--include-crds", *kinds)
        return by_identity(helm.run(binary, *words).stdout)

    return render


@pytest.mark.parametrize("profile", PROFILES)
def test_the_children_render_together_what_one_install_renders_and_no_object_twice(
    helm_binary: Path,
    vendored: Callable[[str], Path],
    whole: Callable[..., Objects],
    sources: Sources,
    tmp_path: Path,
    profile: str,
) -> None:
    together: Objects = {}
    for child in made_for(profile, sources).children.values():
        objects = rendered_as_argocd_does(helm_binary, vendored(profile), child, tmp_path)
        assert objects, f"{child['metadata']['name']} renders nothing"
        assert objects.keys() & together.keys() == set()
        together |= objects
    expected = whole(helm_binary, profile)
    assert together.keys() == expected.keys()
    assert without_keep(together) == without_keep(expected)


@pytest.mark.parametrize("profile", PROFILES)
def test_the_first_child_has_the_kinds_alone_and_no_other_child_has_one(
    helm_binary: Path, vendored: Callable[[str], Path], sources: Sources, tmp_path: Path, profile: str
) -> None:
    for name, child in made_for(profile, sources).children.items():
        kinds = {kind for kind, _, _ in rendered_as_argocd_does(helm_binary, vendored(profile), child, tmp_path)}
        assert ("CustomResourceDefinition" in kinds) is (name == "crds")
        assert name != "crds" or kinds == {"CustomResourceDefinition"}
        assert name != "secrets" or kinds <= SECRET_KINDS
        assert name != "signals" or kinds <= {"ConfigMap", "PodMonitor", "PrometheusRule", "ServiceMonitor"}


@pytest.mark.parametrize("profile", PROFILES)
def test_the_project_allows_the_cluster_scoped_kinds_of_the_render_and_no_other(
    helm_binary: Path, whole: Callable[..., Objects], sources: Sources, profile: str
) -> None:
    rendered = {
        (each["apiVersion"].split("/")[0], kind)
        for (kind, _, _), each in whole(helm_binary, profile).items()
        if kind in CLUSTER_SCOPED
    }
    allowed = made_for(profile, sources).project["spec"]["clusterResourceWhitelist"]
    assert {(each["group"], each["kind"]) for each in allowed} == rendered | {("", "Namespace")}


@pytest.mark.parametrize("profile", PROFILES)
def test_the_project_allows_the_namespaces_of_the_render_and_no_other(
    helm_binary: Path, whole: Callable[..., Objects], sources: Sources, profile: str
) -> None:
    rendered = {
        namespace or "monitoring" for kind, namespace, _ in whole(helm_binary, profile) if kind not in CLUSTER_SCOPED
    }
    allowed = made_for(profile, sources).project["spec"]["destinations"]
    assert {each["namespace"] for each in allowed} == rendered | {"monitoring"}


@pytest.mark.parametrize("profile", PROFILES)
def test_no_object_is_a_hook_of_argocds_own_which_would_turn_every_helm_hook_off(
    helm_binary: Path, whole: Callable[..., Objects], profile: str
) -> None:
    for each in whole(helm_binary, profile).values():
        assert "argocd.argoproj.io/hook" not in (each["metadata"].get("annotations") or {})


@pytest.mark.parametrize("profile", PROFILES)
def test_every_claim_is_kept_when_its_application_goes(
    helm_binary: Path, vendored: Callable[[str], Path], sources: Sources, tmp_path: Path, profile: str
) -> None:
    found = made_for(profile, sources).children
    for application in (*found.values(), plain_for(profile, sources)):
        objects = rendered_as_argocd_does(helm_binary, vendored(profile), application, tmp_path)
        for (kind, _, _), each in objects.items():
            options = (each["metadata"].get("annotations") or {}).get(KEEP)
            assert (options == "Prune=false,Delete=false") is (kind == "PersistentVolumeClaim")


@pytest.mark.parametrize("profile", PROFILES)
def test_every_child_has_an_object_that_is_no_hook_or_argocd_would_never_sync_it(
    helm_binary: Path, vendored: Callable[[str], Path], sources: Sources, tmp_path: Path, profile: str
) -> None:
    for child in made_for(profile, sources).children.values():
        objects = rendered_as_argocd_does(helm_binary, vendored(profile), child, tmp_path)
        assert any("helm.sh/hook" not in (each["metadata"].get("annotations") or {}) for each in objects.values())


@pytest.mark.parametrize("profile", PROFILES)
def test_what_argocd_passes_over_is_there(
    helm_binary: Path, vendored: Callable[[str], Path], sources: Sources, tmp_path: Path, profile: str
) -> None:
    for child in made_for(profile, sources).children.values():
        objects = rendered_as_argocd_does(helm_binary, vendored(profile), child, tmp_path)
        for ignored in child["spec"].get("ignoreDifferences", ()):
            assert (ignored["kind"], ignored["name"]) in {(kind, name) for kind, _, name in objects}


@pytest.mark.parametrize("profile", PROFILES)
def test_the_single_application_renders_what_one_install_renders(
    helm_binary: Path, vendored: Callable[[str], Path], sources: Sources, tmp_path: Path, profile: str
) -> None:
    application = plain_for(profile, sources)
    objects = rendered_as_argocd_does(helm_binary, vendored(profile), application, tmp_path)
    words = ("template", "kube-prometheus-stack", vendored(profile), "--namespace", "monitoring", "--include-crds")
    kinds = [f"--api-versions={kind}" for kind in OPERATOR_KINDS]
    assert without_keep(objects) == without_keep(by_identity(helm.run(helm_binary, *words, *kinds).stdout))


def test_values_of_one_cluster_reach_every_object_that_a_chart_made_with_them_has(
    helm_binary: Path,
    vendored: Callable[[str], Path],
    sources: Sources,
    tmp_path: Path,
) -> None:
    changes = Layer("overlay", {"components": {"opensearch": {"nodes": 5}}, "monitors": {"ray": {"interval": "15s"}}})
    shared, wanted = load_profile("jark", sources), load_profile("jark", sources, [changes])
    together: Objects = {}
    for child in made_for("jark", sources, wanted=wanted, base=shared).children.values():
        together |= rendered_as_argocd_does(helm_binary, vendored("jark"), child, tmp_path)
    sets = {name: each for (kind, _, name), each in together.items() if kind == "StatefulSet"}
    assert sets["opensearch-cluster-master"]["spec"]["replicas"] == 5
    intervals = {
        endpoint["interval"]
        for (kind, _, name), each in together.items()
        if (kind, name) == ("PodMonitor", "ray")
        for endpoint in each["spec"]["podMetricsEndpoints"]
    }
    assert intervals == {"15s"}
