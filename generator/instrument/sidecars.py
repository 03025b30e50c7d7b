"""Log sidecars that are in a pod already: one of ours, the one of the AI on EKS guide, or somebody else's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from generator.stack.fluent_bit.sidecar import CONFIG_PATH, CONTAINER, FIELDS, GUIDE_CONFIG

if TYPE_CHECKING:
    from generator.instrument.lookups import Document
    from generator.instrument.positions import Path

_GUIDE_KEYS = {"name", "image", "imagePullPolicy", "env", "resources", "volumeMounts"}
_GUIDE_FILE = f"{CONFIG_PATH}/fluent-bit.conf"


def is_guides(document: Document, path: Path) -> bool:
    """Returns whether a container is the sidecar of the AI on EKS guide, in any version of Fluent Bit.

    That is Fluent Bit which reads the one file ``fluent-bit.conf`` of the guide's ConfigMap beside Ray's log files,
    with variables that ours has too, and with nothing else; so is ours, as it was while it read a ConfigMap of that
    name.

    Raises:
        InputError: the container is not one that Kubernetes takes.
    """
    container = document.mapping(path)
    mounts = _mounts(document, path)
    places = {place for place, (name, _) in mounts.items() if name == GUIDE_CONFIG}
    plain = not container.keys() - _GUIDE_KEYS and mounts.get(_GUIDE_FILE) == (GUIDE_CONFIG, "fluent-bit.conf")
    ours = container.keys() - _GUIDE_KEYS == {"securityContext"} and mounts.get(CONFIG_PATH) == (GUIDE_CONFIG, None)
    image = str(container.get("image")).partition("@")[0].rpartition("/")[2].partition(":")[0]
    env = document.named((*path, "env"))
    return image == "fluent-bit" and (plain or ours) and len(places) == 1 and env.keys() <= FIELDS.keys()


def check_sidecar(document: Document, path: Path, expected: dict[str, Any]) -> None:
    """A sidecar of ours may run another image or ask for other resources; it must read the same files as the same pod.

    Raises:
        InputError: a container of that name lacks a variable or mounts something else.
    """
    names = set(document.named((*path, "env")))
    lacking = [env["name"] for env in expected["env"] if env["name"] not in names]
    mounts = _mounts(document, path)
    for mount in expected["volumeMounts"]:
        if mounts.get(mount["mountPath"]) != (mount["name"], mount.get("subPath")):
            lacking.append(f"{mount['name']} at {mount['mountPath']}")
    if lacking:
        raise document.error(
            f"found a container '{CONTAINER}' of another make: it lacks {', '.join(lacking)}",
            path,
            "remove it, and what it alone uses, and instrument again",
        )


def _mounts(document: Document, path: Path) -> dict[str, tuple[Any, Any]]:
    """Returns mount path → (volume, sub path)."""
    folder = (*path, "volumeMounts")
    mounts = (document.mapping((*folder, index)) for index, _ in enumerate(document.sequence(folder)))
    return {str(one.get("mountPath")).rstrip("/"): (one.get("name"), one.get("subPath")) for one in mounts}
