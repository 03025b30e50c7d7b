"""ArgoCD's own word: the schemas of its kinds, and its own command on the health check."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

from generator import argocd
from generator.build.build import fit
from generator.build.profile import load_profile
from tests import libyaml
from tests.argocd.support import MADE_BY, made_for, plain_for, settings
from tests.argocd.test_clusters import HUB, LAB, parse
from tests.conftest import PROFILES

if TYPE_CHECKING:
    from generator.build.sources import Sources


def _closed(schema: Any) -> Any:
    """Refuses unknown fields, as kubectl does: the schemas themselves let the API server drop them."""
    if isinstance(schema, list):
        return [_closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: _closed(value) for key, value in schema.items()}
    if isinstance(found.get("properties"), dict) and not found.get("x-kubernetes-preserve-unknown-fields"):
        found.setdefault("additionalProperties", False)
    return found


@pytest.fixture(scope="module")
def kinds() -> dict[str, Draft202012Validator]:
    folder = os.environ.get("GEN_CHART_ARGOCD_CRDS")
    if not folder:
        pytest.skip("GEN_CHART_ARGOCD_CRDS names no folder with ArgoCD's manifests/crds/*.yaml")
    found = {}
    for file in sorted(Path(folder).glob("*-crd.yaml")):
        spec = libyaml.load(file.read_text())["spec"]
        schema = _closed(spec["versions"][0]["schema"]["openAPIV3Schema"])
        schema["properties"]["metadata"] = {"type": "object"}
        found[spec["names"]["kind"]] = Draft202012Validator(schema)
    assert found.keys() >= {"Application", "ApplicationSet", "AppProject"}
    return found


def errors(kinds: dict[str, Draft202012Validator], *objects: dict[str, Any]) -> list[str]:
    return [
        f"{each['metadata']['name']}: {'.'.join(map(str, error.absolute_path))}: {error.message}"
        for each in objects
        for error in kinds[each["kind"]].iter_errors(each)
    ]


@pytest.mark.parametrize("profile", PROFILES)
def test_a_profiles_manifests_follow_argocds_schemas(
    kinds: dict[str, Draft202012Validator], sources: Sources, profile: str
) -> None:
    made = made_for(profile, sources)
    assert errors(kinds, made.parent, made.project, *made.children.values(), plain_for(profile, sources)) == []


def test_the_manifests_of_many_clusters_follow_argocds_schemas(
    kinds: dict[str, Draft202012Validator], sources: Sources
) -> None:
    base = fit(load_profile("jark", sources), sources)
    files = argocd.for_many(base, parse(HUB, LAB), [], sources, settings(), MADE_BY)
    objects = [libyaml.load(text) for text in files.values()]
    assert errors(kinds, *(each for each in objects if "kind" in each)) == []


def test_the_schemas_would_find_a_field_that_does_not_exist(
    kinds: dict[str, Draft202012Validator], sources: Sources
) -> None:
    application = plain_for("jark", sources)
    application["spec"]["source"]["helm"]["relaseName"] = "x"
    assert "relaseName" in errors(kinds, application)[0]


def child(
    *,
    sync: str | None = "Synced",
    compared: str = "v2",
    phase: str | None = "Succeeded",
    synced: str = "v2",
    health: str | None = "Healthy",
    condition: str = "",
) -> dict[str, Any]:
    """Returns a child that asks for v2, with what ArgoCD writes of its comparison, its last sync and its health."""
    source = {"repoURL": "https://git.example/a.git", "path": "x", "targetRevision": "v2"}
    destination = {"server": "https://kubernetes.default.svc", "namespace": "x"}
    status: dict[str, Any] = {} if health is None else {"health": {"status": health}}
    if sync is not None:
        against = {"source": {**source, "targetRevision": compared}, "destination": destination}
        status["sync"] = {"status": sync, "comparedTo": against}
    if condition:
        status["conditions"] = [{"type": condition, "message": "no chart there"}]
    if phase is not None:
        status["operationState"] = {
            "operation": {},
            "phase": phase,
            "startedAt": "2026-01-01T00:00:00Z",
            "syncResult": {"revision": "0" * 40, "source": {**source, "targetRevision": synced}},
        }
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": "child", "namespace": "argocd"},
        "spec": {"project": "default", "source": source, "destination": destination},
        "status": status,
    }


@pytest.mark.slow
@pytest.mark.parametrize(
    ("application", "expected"),
    [
        (child(), "Healthy"),
        (child(health="Degraded"), "Degraded"),
        (child(health="Progressing"), "Progressing"),
        (child(health="Missing"), "Progressing"),
        (child(health=None), "Progressing"),
        # Made just now, and not looked at yet.
        (child(sync=None, phase=None, health=None), "Progressing"),
        (child(sync="OutOfSync", phase=None), "Progressing"),
        (child(phase="Running"), "Progressing"),
        # An upgrade: what is known is about the old revision, then the difference is known, then it is synced.
        (child(compared="v1", synced="v1"), "Progressing"),
        (child(sync="OutOfSync", synced="v1"), "Progressing"),
        (child(sync="OutOfSync"), "Healthy"),
        # An upgrade that changes nothing in this child is never synced.
        (child(synced="v1"), "Healthy"),
        (child(phase=None), "Healthy"),
        (child(sync="OutOfSync", phase="Failed"), "Degraded"),
        (child(sync="OutOfSync", phase="Error"), "Degraded"),
        (child(sync="Unknown", synced="v1", condition="ComparisonError"), "Degraded"),
        (child(phase=None, condition="InvalidSpecError"), "Degraded"),
        (child(condition="OrphanedResourceWarning"), "Healthy"),
    ],
)
def test_argocd_calls_a_child_healthy_once_what_it_asks_for_is_there_and_healthy(
    sources: Sources, tmp_path: Path, application: dict[str, Any], expected: str
) -> None:
    binary = os.environ.get("GEN_CHART_ARGOCD")
    if not binary:
        pytest.skip("GEN_CHART_ARGOCD names no argocd binary")
    settings_map = libyaml.load(made_for("jark", sources).texts["argocd-cm.yaml"])
    settings_map |= {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "argocd-cm", "namespace": "argocd", "labels": {"app.kubernetes.io/part-of": "argocd"}},
    }
    (tmp_path / "cm.yaml").write_text(libyaml.dump(settings_map))
    (tmp_path / "app.yaml").write_text(libyaml.dump(application))
    words = ("admin", "settings", "resource-overrides", "health", "app.yaml", "--argocd-cm-path", "cm.yaml")
    done = subprocess.run([binary, *words], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert f"STATUS: {expected}\n" in done.stdout, done.stderr
