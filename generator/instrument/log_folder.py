"""Where Ray writes its log files in a pod, and the volume that holds them."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from generator.stack.fluent_bit.sidecar import (
    CONFIG_MAP,
    CONFIG_VOLUME,
    LOG_PATH,
    LOG_VOLUME,
    STATE_VOLUME,
    LogMount,
)

if TYPE_CHECKING:
    from generator.instrument.lookups import Document
    from generator.instrument.positions import Path
    from generator.instrument.resources import Pod

_HIDDEN = "found another temporary directory for Ray, whose logs the sidecar would not see"


def log_folder(document: Document, pod: Pod) -> str | None:
    """Returns the temporary directory that a group's start parameters name; None if they name none.

    Raises:
        InputError: it is no absolute path, or the environment or the command names another one.
    """
    hint = "name it as temp-dir in rayStartParams"
    env = document.named((*pod.ray, pod.env))
    if "RAY_TMPDIR" in env:
        raise document.error(_HIDDEN, (*pod.ray, pod.env, env["RAY_TMPDIR"]), hint)
    for key in ("command", "args"):
        for index, word in enumerate(document.sequence((*pod.ray, key))):
            if "--temp-dir" in str(word):
                raise document.error(_HIDDEN, (*pod.ray, key, index), hint)
    for start in pod.starts:
        value = document.mapping(start).get("temp-dir")
        if value is not None:
            folder = str(value).rstrip("/")
            if not folder.startswith("/") or "$" in folder or ".." in folder:
                raise document.error(f"found '{value}', expected an absolute path", (*start, "temp-dir"))
            return folder
    return None


def refuse_other_folder(document: Document, pod: Pod, own: str, heads: str) -> None:
    """Raises InputError for workers that name another temporary directory than the head."""
    if own != heads:
        raise document.error(
            f"found the temporary directory {own}, and {heads} for the head; which one holds depends on Ray's version",
            pod.group,
            "give head and workers the same temp-dir",
        )


def log_mount(document: Document, pod: Pod, folder: str) -> tuple[LogMount, bool]:
    """Returns the volume with Ray's log files and whether the Ray container mounts it already.

    Raises:
        InputError: what is mounted there is no volume of the pod, or cannot be mounted by the sidecar too.
    """
    path = (*pod.ray, "volumeMounts")
    volumes = document.named((*pod.spec, "volumes"))
    for index, _ in enumerate(document.sequence(path)):
        mount = document.mapping((*path, index), needed=True)
        name, place = mount.get("name"), str(mount.get("mountPath")).rstrip("/")
        if place == folder:
            if not isinstance(name, str) or (name not in volumes and name != LOG_VOLUME):
                raise document.error(f"found '{name}', expected the name of one of the pod's volumes", (*path, index))
            if mount.get("subPathExpr"):
                hint = "use subPath"
                raise document.error("found subPathExpr, which the sidecar cannot follow", (*path, index), hint)
            return LogMount(name, str(mount.get("subPath") or ""), folder), True
    for index, _ in enumerate(document.sequence(path)):
        mount = document.mapping((*path, index))
        name, place = mount.get("name"), str(mount.get("mountPath")).rstrip("/")
        if name == LOG_VOLUME:
            raise document.error(
                f"found the volume '{LOG_VOLUME}' at '{place}', expected it at {folder}",
                (*path, index),
                "give the volume another name",
            )
        if folder != LOG_PATH and PurePosixPath(folder).is_relative_to(place or "/"):
            raise document.error(
                f"found Ray's temporary directory {folder} below '{place}', which the sidecar cannot mount by itself",
                (*path, index),
                f"mount a volume at {folder}, or the same one once more with a subPath",
            )
    if LOG_VOLUME in volumes:
        check_volume(document, (*pod.spec, "volumes", volumes[LOG_VOLUME]), LOG_VOLUME)
    return LogMount(path=folder), False


def check_volume(document: Document, path: Path, name: str) -> None:
    """Raises InputError for a volume with a name of ours that is another one than the sidecar expects."""
    volume_source = document.mapping(path)
    if name == CONFIG_VOLUME:
        if (document.mapping((*path, "configMap"))).get("name") != CONFIG_MAP:
            message = f"found another volume '{name}', expected the ConfigMap {CONFIG_MAP}"
            raise document.error(message, path, "give that volume another name")
    elif name in (LOG_VOLUME, STATE_VOLUME) and "emptyDir" not in volume_source:
        message = f"found another volume '{name}', expected an emptyDir"
        raise document.error(message, path, "give that volume another name")
