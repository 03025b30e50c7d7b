"""A container of a pod becomes a process: its pod's volumes, its mounts, its environment, its user."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests

from tests.e2e import containers, volumes
from tests.e2e.client import ApiError, Client
from tests.e2e.network import KUBERNETES_SERVICE, Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.e2e.containers import Image

ROOT = Path(__file__).parents[2]

NOT_YET = (volumes.MissingError, ApiError, requests.RequestException)
"""Why a container cannot start now and may later: what it needs is not there, or the API server is not."""


@dataclass
class Surroundings:
    """What a pod finds on its node.

    Attributes:
        client: the kubelet's.
        images: what stands for images.
        folder: where pods' files lie.
        claims: where the files of claims lie, which outlive pods.
        logs: where containers' output goes.
        find: kind, namespace, name → Secret or ConfigMap.
        hosts: namespace → the names of Services there, as a pod of the namespace knows them, for ``/etc/hosts``.
        node_address: name of a node → its address.
        node_network: name of a node → its network, which pods may share.
    """

    client: Client
    images: Mapping[str, Image]
    folder: Path
    claims: Path
    logs: Path
    find: Callable[[str, str, str], Mapping[str, Any] | None]
    hosts: Callable[[str], str]
    node_address: Mapping[str, str]
    node_network: Mapping[str, Sandbox]


class Launcher:
    """Starts the containers of one pod."""

    def __init__(self, pod: Mapping[str, Any], folder: Path, around: Surroundings) -> None:
        """Takes the pod with its addresses, a folder of its own, and its node."""
        self._pod, self._folder, self._around = pod, folder, around
        meta = pod["metadata"]
        self._namespace, self._name = meta["namespace"], meta["name"]
        reference = {"kind": "Pod", "apiVersion": "v1", "name": self._name, "uid": meta["uid"]}
        self._source = volumes.Source(
            lambda kind, name: around.find(kind, self._namespace, name),
            lambda wanted: around.client.token_of(
                self._namespace,
                pod["spec"].get("serviceAccountName", "default"),
                {**wanted, "boundObjectRef": reference},
            ),
            pod,
        )

    def launch(
        self, spec: Mapping[str, Any], image: Image, log: Path, number: int, sandbox: Sandbox | None
    ) -> subprocess.Popen[bytes]:
        """Starts a container.

        Args:
            spec: the container's.
            image: what stands for its image.
            log: where its output goes.
            number: how often it has been started before.
            sandbox: the pod's network; None for its node's.

        Raises:
            MissingError: what it needs is not there; it and the rest of NOT_YET may be later.
        """
        places = self._volumes()
        mounts = [self._mount(mount, places) for mount in spec.get("volumeMounts", ())]
        environment = self._environment(spec)
        folder = self._folder / "containers" / f"{spec['name']}-{number}"
        folder.mkdir(parents=True, exist_ok=True)
        text = containers.script(
            folder=folder,
            image=image,
            mounts=mounts,
            see=[Path(sys.prefix), Path(sys.base_prefix), ROOT] if image.program.suffix == ".sh" else [],
            words=containers.command(spec, image, environment),
            environment=environment,
            user=self._user(spec),
            workdir=spec.get("workingDir", "/"),
            read_only=bool((spec.get("securityContext") or {}).get("readOnlyRootFilesystem")),
            hosts=self._around.hosts(self._namespace),
        )
        enter = (sandbox or self._around.node_network[self._pod["spec"]["nodeName"]]).enter
        with log.open("ab") as output:
            return subprocess.Popen(
                [*enter, "unshare", "--mount", "--propagation", "private", "sh", "-c", text],
                stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
            )  # fmt: skip

    def refresh(self) -> None:
        """Brings the files of Secrets and ConfigMaps up to date."""
        with contextlib.suppress(*NOT_YET):
            for volume in self._pod["spec"].get("volumes", ()):
                content = volumes.files(volume, self._source)
                if content is not None:
                    volumes.write(self._folder / "volumes" / volume["name"], content)

    def _user(self, spec: Mapping[str, Any]) -> tuple[int, int] | None:
        contexts = {**(self._pod["spec"].get("securityContext") or {}), **(spec.get("securityContext") or {})}
        user = contexts.get("runAsUser")
        return (user, contexts.get("runAsGroup", user)) if user else None

    def _volumes(self) -> dict[str, Path]:
        places = {}
        for volume in self._pod["spec"].get("volumes", ()):
            name = volume["name"]
            place = self._folder / "volumes" / name
            if "hostPath" in volume:
                place = Path(volume["hostPath"]["path"])
            elif "persistentVolumeClaim" in volume:
                place = self._around.claims / f"{self._namespace}_{volume['persistentVolumeClaim']['claimName']}"
                _open_folder(place)
            else:
                content = volumes.files(volume, self._source)
                if content is None:
                    _open_folder(place)
                else:
                    volumes.write(place, content)
            places[name] = place
        return places

    def _mount(self, mount: Mapping[str, Any], places: Mapping[str, Path]) -> containers.Mount:
        source = places[mount["name"]]
        if "subPath" in mount:
            source = source / mount["subPath"]
            if not source.exists():
                _open_folder(source)
            source = source.resolve()
        # Links of this machine, as /var/run, lead out of the container's root: it is still to be entered.
        target = Path(mount["mountPath"]).resolve()
        return containers.Mount(source, str(target), bool(mount.get("readOnly")))

    def _environment(self, spec: Mapping[str, Any]) -> dict[str, str]:
        found = {
            "PATH": containers.PATH,
            "HOSTNAME": self._name,
            "HOME": "/tmp",  # noqa: S108 - the container's
            "KUBERNETES_SERVICE_HOST": str(KUBERNETES_SERVICE),
            "KUBERNETES_SERVICE_PORT": "443",
        }
        for entry in spec.get("env", ()):
            if "value" in entry or "valueFrom" not in entry:
                found[entry["name"]] = containers.expand(entry.get("value", ""), found)
                continue
            origin = entry["valueFrom"]
            if "fieldRef" in origin:
                found[entry["name"]] = volumes.field_of(self._pod, origin["fieldRef"]["fieldPath"])
            for kind, key in (("Secret", "secretKeyRef"), ("ConfigMap", "configMapKeyRef")):
                if key in origin:
                    text = self._key(kind, origin[key])
                    if text is not None:
                        found[entry["name"]] = text
        return found

    def _key(self, kind: str, reference: Mapping[str, Any]) -> str | None:
        found = self._around.find(kind, self._namespace, reference["name"])
        content = volumes.content_of(found) if found else {}
        if reference["key"] in content:
            return content[reference["key"]].decode()
        if reference.get("optional"):
            return None
        raise volumes.MissingError(f"{kind} {reference['name']} has no key {reference['key']}")


def _open_folder(place: Path) -> None:
    """Makes a folder that any user may write to, as a volume of the pod's group is."""
    place.mkdir(parents=True, exist_ok=True)
    place.chmod(0o777)
