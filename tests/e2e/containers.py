"""A container as a process: its own root, its pod's volumes, its user and its environment, without an image.

The root is an overlay over this machine's: what the container writes goes to a folder of its own, and is gone with the
pod. The image's program is put where the image has it, so that the pod's command and arguments stay as they are.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FILE = Path(__file__).with_name("images.yaml")
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True)
class Image:
    """What stands for an image.

    Attributes:
        program: the program's file on this machine.
        path: where the image has it.
        runs: words of which one has to be in a container's command; empty: any command will do.
    """

    program: Path
    path: str
    runs: tuple[str, ...] = ()


def images(programs: Mapping[str, Path]) -> dict[str, Image]:
    """Returns what stands for the images of ``images.yaml``, by name without tag, where the program is at hand."""
    table = yaml.safe_load(FILE.read_text("utf-8"))
    return {
        name: Image(programs[entry["program"]], entry["path"], tuple(entry.get("runs", ())))
        for name, entry in table.items()
        if entry["program"] in programs
    }


def image_for(container: Mapping[str, Any], table: Mapping[str, Image]) -> Image | None:
    """Returns what stands for a container's image; None if it only looks as if it ran."""
    name = re.sub(r"(:[^/:@]+)?(@sha256:.*)?$", "", container["image"])
    found = table.get(name)
    if found is None or (found.runs and not set(found.runs) & set(container.get("command") or ())):
        return None
    return found


def expand(text: str, environment: Mapping[str, str]) -> str:
    """Returns a word with ``$(NAME)`` replaced, as Kubernetes does: ``$$`` is a dollar, unknown names stay."""

    def value(match: re.Match[str]) -> str:
        if match[0] == "$$":
            return "$"
        return environment.get(match[1], match[0])

    return re.sub(r"\$\$|\$\(([A-Za-z_][A-Za-z0-9_.-]*)\)", value, text)


def command(container: Mapping[str, Any], image: Image, environment: Mapping[str, str]) -> list[str]:
    """Returns the words that run in the container: its command, else the image's program, and its arguments."""
    words = [*(container.get("command") or [image.path]), *(container.get("args") or ())]
    return [expand(word, environment) for word in words]


@dataclass(frozen=True)
class Mount:
    """A folder or file of this machine, and where the container sees it."""

    source: Path
    target: str
    read_only: bool = False


def script(
    *, folder: Path, image: Image, mounts: Sequence[Mount], see: Sequence[Path], words: Sequence[str],
    environment: Mapping[str, str], user: tuple[int, int] | None, workdir: str, read_only: bool, hosts: str,
) -> str:  # fmt: skip
    """Returns the shell script that becomes the container; it runs as root in a mount namespace of its own.

    Args:
        folder: the container's own folder, empty, on a file system that an overlay may write to.
        image: what stands for its image.
        mounts: its volumes.
        see: folders of this machine that the program needs and that may be on other file systems than the root.
        words: its command and arguments.
        environment: its variables.
        user: its user and group, None for root.
        workdir: where it starts.
        read_only: whether its root is read-only.
        hosts: its ``/etc/hosts``.
    """
    root = folder / "root"
    lines = [
        "set -eu",
        f"mkdir -p {root} {folder}/upper {folder}/work",
        f"mount -t overlay overlay -o lowerdir=/,upperdir={folder}/upper,workdir={folder}/work {root}",
        f"mount -t proc proc {root}/proc",
        f"mount --rbind /dev {root}/dev",
        f"mount --rbind /sys {root}/sys",
    ]
    for place in see:
        # The user of the container may have to pass through folders that are root's; the overlay takes the change.
        lines += [f"chmod o+x {root}{parent}" for parent in place.parents if parent != Path("/")]
        if place.stat().st_dev != Path("/").stat().st_dev:  # the overlay does not reach it
            lines.append(f"mkdir -p {root}{place} && mount --rbind {place} {root}{place}")
            lines.append(f"mount -o remount,bind,ro {root}{place}")
    binary = f"{root}{image.path}"
    lines += [
        f"mkdir -p {Path(binary).parent} && rm -f {binary} && touch {binary}",
        f"mount --bind {image.program} {binary}",
        f"rm -rf {root}/run/secrets && mkdir -p {root}/run/secrets",
    ]
    # Written anew: the overlay would take a link's target of this machine.
    lines += [f"rm -f {root}/etc/hosts", f"printf %s {shlex.quote(hosts)} >{root}/etc/hosts"]
    for mount in sorted(mounts, key=lambda each: each.target):
        lines += _mount(mount, root)
    if read_only:
        lines.append(f"mount -o remount,ro {root}")
    variables = " ".join(shlex.quote(f"{key}={value}") for key, value in environment.items())
    identity = f"setpriv --reuid {user[0]} --regid {user[1]} --clear-groups --no-new-privs " if user else ""
    inner = f"cd {shlex.quote(workdir)} && exec env -i {variables} {shlex.join(words)}"
    lines.append(f"exec chroot {root} {identity}/bin/sh -c {shlex.quote(inner)}")
    return "\n".join(lines)


def _mount(mount: Mount, root: Path) -> list[str]:
    target = shlex.quote(f"{root}{mount.target}")
    source = shlex.quote(str(mount.source))
    parent = shlex.quote(str(Path(f"{root}{mount.target}").parent))
    made = f"if [ -d {source} ]; then mkdir -p {target}; else mkdir -p {parent}; touch {target}; fi"
    lines = [made, f"mount --rbind {source} {target}"]
    if mount.read_only:
        lines.append(f"mount -o remount,bind,ro {target}")
    return lines
