"""What `helm uninstall` leaves, by what the rendered chart says, is what docs/uninstall.md lists for each profile."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import PROFILES, ROOT
from tests.e2e.scenarios.remains import unexpected

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

pytestmark = [pytest.mark.upstream, pytest.mark.slow]

PAGE = ROOT / "docs" / "uninstall.md"
BOOTSTRAP = "ai-ml-observability-bootstrap-secrets"
Document = dict[str, Any]


def kept(document: Document) -> Iterator[str]:
    """What Helm is told to keep, and hooks that nothing deletes: Helm never deletes a hook with the release."""
    annotations = document["metadata"].get("annotations") or {}
    policies = annotations.get("helm.sh/hook-delete-policy", "before-hook-creation").split(",")
    if "helm.sh/hook" in annotations and "hook-succeeded" not in policies:
        yield f"{document['kind']}/{document['metadata']['name']}"
    if annotations.get("helm.sh/resource-policy") == "keep":
        yield f"{document['kind']}/{document['metadata']['name']}"


def volumes(document: Document) -> Iterator[str]:
    """Claims of StatefulSets, those that the operator makes of its objects included; operator 0.93 names them so."""
    name, spec = document["metadata"]["name"], document.get("spec") or {}
    goes = (spec.get("persistentVolumeClaimRetentionPolicy") or {}).get("whenDeleted") == "Delete"
    if document["kind"] == "StatefulSet" and not goes:
        for template in spec.get("volumeClaimTemplates") or []:
            yield f"PersistentVolumeClaim/{template['metadata']['name']}-{name}-*"
    if document["kind"] in ("Alertmanager", "Prometheus") and (spec.get("storage") or {}).get("volumeClaimTemplate"):
        own = f"{document['kind'].lower()}-{name}"
        yield f"PersistentVolumeClaim/{own}-db-{own}-*"


def made_by_programs(document: Document) -> Iterator[str]:
    """Secrets that hooks make, and the Service that the operator makes for the kubelets."""
    if document["kind"] == "ConfigMap" and document["metadata"]["name"] == BOOTSTRAP:
        plan = json.loads(document["data"]["plan.json"])
        for secret in (*plan["logins"], *plan["certificates"], *([plan["authority"]] if plan.get("authority") else [])):
            yield f"Secret/{secret['name']}"
    for container in pod(document).get("containers") or []:
        for word in container.get("args") or []:
            if found := re.fullmatch(r"--secret-name=(.+)|--kubelet-service=kube-system/(.+)", word):
                yield f"Secret/{found[1]}" if found[1] else f"Service/{found[2]} in kube-system"


def folders(document: Document) -> Iterator[str]:
    """Folders of nodes that a pod makes if they are not there; what lies below /run is gone at the next start."""
    for volume in pod(document).get("volumes") or []:
        path = volume.get("hostPath") or {}
        if path.get("type") == "DirectoryOrCreate" and not path["path"].startswith("/run/"):
            yield f"{path['path']} on each node"


def pod(document: Document) -> Document:
    spec: Document = document.get("spec") or {}
    found: Document = ((spec.get("template") or {}).get("spec") or {}) if "template" in spec else {}
    return found


def leftovers(documents: Iterable[Document]) -> set[str]:
    found: set[str] = set()
    for document in documents:
        for look in (kept, volumes, made_by_programs, folders):
            found |= set(look(document))
    return found


@pytest.fixture
def left(rendered: Callable[..., list[Document]]) -> Callable[[str], set[str]]:
    def call(profile: str) -> set[str]:
        bare = rendered(profile)
        kinds = rendered(profile, "observability", "monitoring", "--include-crds")
        crds = sum(each["kind"] == "CustomResourceDefinition" for each in kinds)
        # Those that Helm would delete are in no folder crds/, and so in what it renders without the option.
        assert not any(each["kind"] == "CustomResourceDefinition" for each in bare)
        return leftovers(bare) | ({f"{crds} CRDs *.monitoring.coreos.com"} if crds else set())

    return call


def listed(profile: str) -> set[str]:
    """What the page's table says of a profile."""
    lines = PAGE.read_text("utf-8").partition("\n## By profile\n")[2].splitlines()
    head, *own = ([cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| "))
    assert head[1:] == sorted(PROFILES)
    column = head.index(profile)
    assert {row[column] for row in own} <= {"yes", ""}
    return {row[0].strip("`") for row in own if row[column] == "yes"}


@pytest.mark.parametrize("profile", PROFILES)
def test_the_page_lists_what_the_chart_leaves(left: Callable[[str], set[str]], profile: str) -> None:
    assert listed(profile) == left(profile)


@pytest.mark.parametrize("profile", PROFILES)
def test_make_e2e_takes_nothing_else_for_a_promise(left: Callable[[str], set[str]], profile: str) -> None:
    for line in left(profile):
        kind, _, name = line.partition("/")
        if kind in ("Secret", "PersistentVolumeClaim"):
            assert unexpected([f"{kind}/monitoring/{name.replace('*', '0')} is new"]) == []
