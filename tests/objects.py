"""Are rendered objects valid for their kinds? By the Kubernetes API's schemas, and by the operator's own CRDs."""

from __future__ import annotations

import tarfile
from functools import cache
from typing import TYPE_CHECKING, Any

import kubernetes_validate
from jsonschema import Draft202012Validator

from tests import helm

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

VERSION = "1.37"
"""The Kubernetes whose schemas are asked."""


def identity(document: dict[str, Any], namespace: str = "monitoring") -> tuple[str, str, str]:
    return document["kind"], document["metadata"].get("namespace", namespace), document["metadata"]["name"]


@cache
def operator_kinds(archive: Path) -> dict[str, Draft202012Validator]:
    """Returns a validator for each of the Prometheus operator's kinds, from the CRDs in kube-prometheus-stack."""
    with tarfile.open(archive) as files:
        texts = [
            handle.read().decode()
            for member in files
            if "/crds/crd-" in member.name and (handle := files.extractfile(member)) is not None
        ]
    crds = [crd["spec"] for text in texts for crd in helm.documents(text)]
    return {crd["names"]["kind"]: Draft202012Validator(crd["versions"][0]["schema"]["openAPIV3Schema"]) for crd in crds}


_FAULTS: dict[int, tuple[dict[str, Any], list[str]]] = {}
"""Objects that have been validated, by id, with what is wrong: most renderings share most of them (helm.documents)."""


def faults(documents: Iterable[dict[str, Any]], archive: Path) -> list[tuple[tuple[str, str, str], str]]:
    """Returns what is wrong with objects, each with whose it is.

    Args:
        documents: rendered objects.
        archive: kube-prometheus-stack, whose CRDs are asked about the operator's kinds.
    """
    found = []
    for document in documents:
        if id(document) not in _FAULTS:
            _FAULTS[id(document)] = document, list(_faults(document, operator_kinds(archive)))
        found += [(identity(document), fault) for fault in _FAULTS[id(document)][1]]
    return found


def _faults(document: dict[str, Any], kinds: dict[str, Draft202012Validator]) -> Iterable[str]:
    if document["kind"] in kinds:
        yield from (error.message for error in kinds[document["kind"]].iter_errors(document))
    elif document["kind"] not in OTHERS:
        try:
            kubernetes_validate.validate(document, VERSION, strict=True)
        except kubernetes_validate.ValidationError as error:
            yield error.message


OTHERS = ("APIService", "Certificate", "Issuer")
"""Kinds that neither has: the Kubernetes schemas have only the apps' own API groups."""
