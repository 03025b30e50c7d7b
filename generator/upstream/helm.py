"""The one door to the helm binary, for what only Helm can tell: what a chart renders to."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

from generator.errors import bad_input

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

VARIABLE = "GEN_CHART_HELM"
"""Names the helm binary; without it the first on PATH is taken."""

_DOCUMENTS = re.compile(r"^---$", re.MULTILINE)
_CRD = re.compile(r"^kind: CustomResourceDefinition$", re.MULTILINE)


def binary() -> Path:
    """Returns the helm binary.

    Raises:
        InputError: there is none.
    """
    named = os.environ.get(VARIABLE)
    program = shutil.which(named or "helm")
    if program is None:
        raise bad_input(
            f"found no program '{named}'" if named else "not found on PATH",
            file=VARIABLE if named else "helm",
            hint="install Helm 3.17 or newer, or name its binary in GEN_CHART_HELM",
        )
    return Path(program)


def run(*arguments: str | Path, environment: Mapping[str, str] | None = None) -> str:
    """Runs helm and returns what it prints.

    Args:
        arguments: what follows ``helm``.
        environment: variables on top of this process's.

    Raises:
        InputError: there is no helm, or it fails; with helm's own words.
    """
    program = binary()
    words = [str(argument) for argument in arguments]
    try:
        done = subprocess.run(
            [program, *words], capture_output=True, check=False, env={**os.environ, **(environment or {})}
        )
    except OSError as error:
        raise bad_input(f"cannot be run: {error.strerror}", file=str(program)) from None
    if done.returncode:
        raise bad_input(_words(done.stderr) or f"helm ended with status {done.returncode}", file=f"helm {words[0]}")
    return done.stdout.decode("utf-8", "replace")


def _words(stderr: bytes) -> str:
    """Returns Helm's error on one line, without its warnings."""
    lines = stderr.decode("utf-8", "replace").splitlines()
    messages = [
        line.strip() for line in lines if line.strip() and not line.startswith(("level=", "WARNING", "walk.go"))
    ]
    return " ".join(messages).removeprefix("Error: ")


def template(chart: Path, *, release: str, namespace: str, values: Sequence[Path] = ()) -> str:
    """Returns what a chart renders to, hooks and CRDs included: a stream of YAML documents.

    Args:
        chart: the chart's folder or archive; its dependencies must be in it.
        release: the release's name.
        namespace: where it would be installed.
        values: files laid over the chart's values.

    Raises:
        InputError: see run.
    """
    more = [word for file in values for word in ("--values", str(file))]
    return run("template", release, chart, "--namespace", namespace, "--include-crds", *more)


def objects(text: str, *, crds: bool = True) -> list[dict[str, Any]]:
    """Returns the objects of a rendered stream, without the empty ones.

    Args:
        text: what template returns.
        crds: whether CustomResourceDefinitions are among them; they are two thirds of the text and name no image.
    """
    import yaml

    if not crds:
        text = "---\n".join(part for part in _DOCUMENTS.split(text) if not _CRD.search(part))

    class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
        """Reads a bare ``=``, an operator in the description of a CRD, as the text that it is."""

    Loader.add_constructor("tag:yaml.org,2002:value", lambda loader, node: loader.construct_scalar(node))
    return [item for item in yaml.load_all(text, Loader=Loader) if item]
