"""A provisioner of volumes: each claim with a StorageClass of ours gets a volume."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import requests

from tests.e2e.client import ApiError, Client, Informer

if TYPE_CHECKING:
    from collections.abc import Mapping

CLASS = "standard"


def storage_class(*, default: bool) -> dict[str, Any]:
    """Returns the StorageClass, as the default one or not."""
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {
            "name": CLASS,
            "annotations": {"storageclass.kubernetes.io/is-default-class": str(default).lower()},
        },
        "provisioner": "e2e.invalid/folders",
        "reclaimPolicy": "Delete",
        "volumeBindingMode": "Immediate",
    }


def volume(claim: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a volume for a claim, bound to it."""
    meta, spec = claim["metadata"], claim["spec"]
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": f"pvc-{meta['uid']}"},
        "spec": {
            "capacity": {"storage": spec["resources"]["requests"]["storage"]},
            "accessModes": spec["accessModes"],
            "storageClassName": spec["storageClassName"],
            "persistentVolumeReclaimPolicy": "Delete",
            "hostPath": {"path": f"/volumes/{meta['uid']}"},
            "claimRef": {
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                "name": meta["name"],
                "namespace": meta["namespace"],
                "uid": meta["uid"],
            },
        },
    }


class Provisioner:
    """Makes volumes until it is closed."""

    def __init__(self, client: Client) -> None:
        """Takes the administrator's client."""
        self._client = client
        self._claims = Informer(client, "api/v1/persistentvolumeclaims", self._told)

    def start(self) -> None:
        """Makes the StorageClass and starts."""
        self._client.do("POST", "apis/storage.k8s.io/v1/storageclasses", storage_class(default=True))
        self._claims.start()

    def close(self) -> None:
        """Stops."""
        self._claims.stop()

    def _told(self, kind: str, claim: dict[str, Any]) -> None:
        bound = claim["spec"].get("volumeName")
        if kind == "DELETED" and bound:
            with contextlib.suppress(requests.RequestException, ApiError):
                self._client.do("DELETE", f"api/v1/persistentvolumes/{bound}")
        elif kind != "DELETED" and not bound and claim["spec"].get("storageClassName") == CLASS:
            with contextlib.suppress(requests.RequestException, ApiError):
                self._client.do("POST", "api/v1/persistentvolumes", volume(claim))
