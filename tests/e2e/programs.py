"""The programs of a cluster: which there are, where they are kept, and how they are built from their Go modules.

``python -m tests.e2e.programs NAME...`` builds those of some modules.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from generator.files.locking import exclusive
from tests.signals import binaries

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

ROOT = Path(__file__).parents[2]
FILE = Path(__file__).with_name("programs.yaml")


class BuildError(Exception):
    """A program could not be built; the text has what Go said and what to do."""


@dataclass(frozen=True)
class Module:
    """A Go module that programs are built from.

    Attributes:
        name: its folder below ``tools/``.
        path: the module's path.
        version: without the ``v``.
        programs: name of a program → its package's path.
        flags: variable → its value at link time.
        placeholders: files that it compiles in and lacks; each is an empty one.
    """

    name: str
    path: str
    version: str
    programs: Mapping[str, str]
    flags: Mapping[str, str] = field(default_factory=dict)
    placeholders: Sequence[str] = ()

    @property
    def folder(self) -> Path:
        """Where its programs are kept, with those of other versions beside it."""
        return binaries.cache().parent / f"{self.name}-{self.version}"


def required(text: str, module: str) -> str:
    """Returns the version that the text of a go.mod requires of a module, without the ``v``.

    Raises:
        BuildError: it requires none.
    """
    match = re.search(rf"^\s*(?:require\s+)?{re.escape(module)} v(\S+)", text, re.MULTILINE)
    if match is None:
        raise BuildError(f"go.mod requires no version of {module}")
    return match[1]


def link_flags(flags: Mapping[str, str], version: str) -> str:
    """Returns the words for the linker: no symbols, and each variable with its value."""
    minor = version.split(".")[1]
    words = [f"-X {name}={value.replace('VERSION', version).replace('MINOR', minor)}" for name, value in flags.items()]
    return " ".join(["-s -w", *words])


def modules(root: Path = ROOT) -> list[Module]:
    """Returns the modules of ``programs.yaml`` in its order, with the versions of ``tools/``."""
    found = []
    for name, entry in yaml.safe_load(FILE.read_text("utf-8")).items():
        path = entry["module"]
        version = required((root / "tools" / name / "go.mod").read_text("utf-8"), path)
        packages = {program: path if sub == "." else f"{path}/{sub}" for program, sub in entry["programs"].items()}
        found.append(Module(name, path, version, packages, entry.get("flags", {}), entry.get("placeholders", ())))
    return found


def module(name: str, root: Path = ROOT) -> Module:
    """Returns the module of a folder of ``tools/``.

    Raises:
        KeyError: ``programs.yaml`` has none of that name.
    """
    return {each.name: each for each in modules(root)}[name]


def located(every: Sequence[Module] | None = None) -> dict[str, Path]:
    """Returns the programs that have been built: name → file."""
    places = {
        name: module.folder / name for module in (modules() if every is None else every) for name in module.programs
    }
    return {name: path for name, path in places.items() if path.is_file()}


def build(every: Sequence[Module], tell: Callable[[str], object]) -> None:
    """Builds what is missing, one after the other at low priority; what Go keeps between builds is thrown away.

    Args:
        every: the modules.
        tell: takes a line before and after each program.

    Raises:
        BuildError: there is no Go, or a build fails.
    """
    missing = [(module, name) for module in every for name in module.programs if not (module.folder / name).is_file()]
    if not missing:
        return
    if shutil.which("go") is None:
        raise BuildError("no go: the cluster's programs are built with Go 1.26 or newer; put it on PATH")
    binaries.cache().parent.mkdir(parents=True, exist_ok=True)
    with exclusive(binaries.cache().parent, wait=True), tempfile.TemporaryDirectory(prefix="gen-chart-go-") as kept:
        for number, (module, name) in enumerate(missing, 1):
            if (module.folder / name).is_file():
                continue  # another run has built it while this one waited
            tell(f"building {name} {module.version} ({number} of {len(missing)})")
            started = time.monotonic()
            _build_one(module, name, Path(kept))
            tell(f"  {time.monotonic() - started:.0f} s")


def _build_one(module: Module, name: str, kept: Path) -> None:
    module.folder.mkdir(parents=True, exist_ok=True)
    part = module.folder / f"{name}.part"
    folder = _completed(module, kept) if module.placeholders else ROOT / "tools" / module.name
    flags = link_flags(module.flags, module.version)
    _go(module, kept, folder, "build", "-trimpath", "-ldflags", flags, "-o", str(part), module.programs[name])
    part.rename(module.folder / name)


def _completed(module: Module, kept: Path) -> Path:
    """Returns a copy of a module with what it lacks; it builds with its own go.mod."""
    copy = kept / module.name
    if not copy.is_dir():
        told = _go(module, kept, ROOT / "tools" / module.name, "mod", "download", "-json", module.path)
        shutil.copytree(json.loads(told)["Dir"], copy)
        subprocess.run(["chmod", "-R", "u+w", copy], check=True)
        for path in module.placeholders:
            (copy / path).parent.mkdir(parents=True, exist_ok=True)
            (copy / path).touch()
    return copy


def _go(module: Module, kept: Path, folder: Path, *words: str) -> str:
    """Runs go in a folder and returns what it prints."""
    environment = {**os.environ, "CGO_ENABLED": "0", "GOCACHE": str(kept / "cache"), "GOFLAGS": "-mod=readonly"}
    done = subprocess.run(
        ["nice", "-n", "19", "go", *words], cwd=folder, check=False, capture_output=True, text=True, env=environment
    )
    if done.returncode:
        what = f"{module.name} {module.version} cannot be built in tools/{module.name}"
        raise BuildError(f"{what}: go {words[0]}:\n{done.stderr[-3000:]}")
    return done.stdout


def main(names: Sequence[str]) -> int:
    """Builds the programs of modules and returns the exit code."""
    try:
        build([module(name) for name in names], lambda line: sys.stdout.write(f"{line}\n"))
    except BuildError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
