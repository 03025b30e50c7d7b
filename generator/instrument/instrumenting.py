"""From a file's text to the instrumented text: documents, Ray resources, groups."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any

from generator.errors import InputError, Problem, nearest
from generator.files import schemas, yamlfile
from generator.instrument.lookups import Document
from generator.instrument.pods import (
    interval_additions,
    label_additions,
    port_additions,
    refuse_other_log_path,
    sidecar_additions,
)
from generator.instrument.positions import Path, line_of, read_positions
from generator.instrument.splicing import Addition, splice
from generator.stack.fluent_bit.sidecar import CONFIG_MAP

if TYPE_CHECKING:
    from collections.abc import Iterator

_CLUSTER_SPECS: dict[str, Path] = {
    "RayCluster": ("spec",),
    "RayService": ("spec", "rayClusterConfig"),
    "RayJob": ("spec", "rayClusterSpec"),
    "RayCronJob": ("spec", "jobTemplate", "rayClusterSpec"),
}
"""Where each kind keeps its cluster (ray-project/kuberay feeaf72 ray-operator/config/crd/bases)."""

_API_VERSIONS = ("ray.io/v1", "ray.io/v1alpha1")

_DOCUMENT_START = re.compile(r"^---(?=\s|\Z)", re.MULTILINE)
"""No text of YAML, quoted or block, may hold such a line, so documents can be told apart before they are read."""

_MENTIONS_RAY = re.compile(r"ray\.io/|\bRay[A-Z]")

_HELM_HINT = "a Helm template: render it with `helm template` and instrument the result"

_FREE_TEXT = ("annotations", "args", "command", "env")
"""Keys below which ``{{`` may be meant for somebody else than Helm: a chat template, a secret's template."""


@dataclass(frozen=True)
class Options:
    """What to add.

    Attributes:
        image: Fluent Bit's image, as a pod's ``image`` takes it.
        vllm_metrics: also label the head so that vLLM's metrics are scraped from Ray Serve. It asserts that the
            application mounts /metrics.
        report_interval: milliseconds between two reports of Ray's metrics, for head and workers; None leaves Ray's own.
    """

    image: str
    vllm_metrics: bool = False
    report_interval: int | None = None


@dataclass(frozen=True)
class Change:
    """One addition, for people.

    Attributes:
        line: 1-based line, in the text as it was, of what grows.
        resource: kind and name, as ``RayJob train``.
        path: what grows, as ``spec.headGroupSpec.template.spec.volumes``.
        added: the names of what is added.
    """

    line: int
    resource: str
    path: str
    added: tuple[str, ...]

    def __str__(self) -> str:
        """Returns ``RayJob train: spec.….volumes: ray-logs, fluentbit-config`` on one line."""
        return f"{self.resource}: {self.path}: {', '.join(self.added)}"


@dataclass(frozen=True)
class Instrumented:
    """A file after instrumentation.

    Attributes:
        text: the new text; the very same if there was nothing to add.
        changes: what was added, in the order of the file.
        resources: how many Ray resources the file holds.
        notes: what a person should know: a job that runs on a cluster described elsewhere, a ConfigMap that has to be
            there first.
    """

    text: str
    changes: tuple[Change, ...] = ()
    resources: int = 0
    notes: tuple[str, ...] = ()


def instrument(text: str, *, file: str, options: Options) -> Instrumented:
    """Adds to every Ray resource in a file of many YAML documents what it lacks; everything else stays as it is.

    A document that does not mention Ray is not even read. Doing it twice adds nothing the second time.

    Args:
        text: the file's content.
        file: the name shown in errors.
        options: what to add.

    Raises:
        InputError: every place where a Ray resource is not what KubeRay takes, is a Helm template, gives a name of ours
            another meaning, or shares by an anchor what would have to differ.
    """
    starts = [0, *(match.start() for match in _DOCUMENT_START.finditer(text) if match.start())]
    chunks = [text[start:end] for start, end in zip(starts, [*starts[1:], len(text)], strict=True)]
    parts: list[Instrumented] = []
    problems: list[Problem] = []
    line, number = 0, 0
    several = sum(1 for chunk in chunks if _has_content(chunk)) > 1
    for chunk in chunks:
        number += _has_content(chunk)
        try:
            label = f"document {number}" if several else ""
            parts.append(_instrument_document(chunk, line, label, file=file, options=options))
        except InputError as error:
            problems += error.problems
        line += chunk.count("\n")
    if problems:
        raise InputError(*problems)
    return Instrumented(
        text="".join(part.text for part in parts),
        changes=tuple(change for part in parts for change in part.changes),
        resources=sum(part.resources for part in parts),
        notes=tuple(note for part in parts for note in part.notes),
    )


def _has_content(chunk: str) -> bool:
    body = _DOCUMENT_START.sub("", chunk, count=1)
    return any(line.strip() and not line.lstrip().startswith("#") for line in body.split("\n"))


def _instrument_document(text: str, line: int, label: str, *, file: str, options: Options) -> Instrumented:
    if not _MENTIONS_RAY.search(text):
        return Instrumented(text)
    try:
        data = yamlfile.parse("\n" * line + text, file=file)
    except InputError as error:
        if "{{" not in text:
            raise
        raise InputError(*(replace(problem, hint=_HELM_HINT) for problem in error.problems)) from None
    positions = cache(lambda: read_positions(text, file=file, line=line))
    document = Document(data, file, label, lambda path: line + 1 + line_of(positions(), path, text))
    resources = list(_resources(document, ()))
    additions: list[Addition] = []
    changes: list[Change] = []
    notes: list[str] = []
    problems: list[Problem] = []
    for path, kind in resources:
        try:
            cluster = _cluster(document, path, kind)
            if cluster is None:
                notes.append(f"{_title(document, path)} runs on a cluster that it selects: instrument that one")
                continue
            resource_additions = list(_cluster_additions(document, cluster, options))
        except InputError as error:
            problems += error.problems
            continue
        if any(addition.path[-1] == "containers" for addition in resource_additions):
            notes.append(f"{_title(document, path)} needs the ConfigMap {CONFIG_MAP} in its namespace before it starts")
        additions += resource_additions
        changes += [_change(document, path, addition) for addition in resource_additions]
    if problems:
        raise InputError(*problems)
    result = splice(text, additions, file=file, line=line) if additions else text
    return Instrumented(result, tuple(changes), len(resources), tuple(notes))


def _resources(document: Document, path: Path) -> Iterator[tuple[Path, str]]:
    """Yields path and kind of every Ray resource of a document, those in a List included.

    Raises:
        InputError: a kind or API version of Ray's that is not known.
    """
    resource = document.value(path)
    if not isinstance(resource, dict):
        return
    kind, version = resource.get("kind"), resource.get("apiVersion")
    if not isinstance(kind, str):
        return
    if kind.endswith("List") and isinstance(resource.get("items"), list):
        for index, _ in enumerate(resource["items"]):
            yield from _resources(document, (*path, "items", index))
    elif kind in _CLUSTER_SPECS:
        if version not in _API_VERSIONS:
            hint = f"valid: {', '.join(_API_VERSIONS)}"
            raise document.error(f"found '{version}' for a {kind}", (*path, "apiVersion"), hint)
        yield path, kind
    elif str(version).startswith("ray.io/"):
        raise document.error(f"unknown kind '{kind}' of {version}", (*path, "kind"), nearest(kind, _CLUSTER_SPECS))


def _cluster(document: Document, path: Path, kind: str) -> Path | None:
    """Returns where the resource describes its cluster; None for a job that selects a running one."""
    cluster = (*path, *_CLUSTER_SPECS[kind])
    if document.value(cluster) is None and document.value((*cluster[:-1], "clusterSelector")):
        return None
    document.mapping(cluster, needed=True)
    return cluster


def _cluster_additions(document: Document, cluster: Path, options: Options) -> Iterator[Addition]:
    workers = (*cluster, "workerGroupSpecs")
    groups = [(*cluster, "headGroupSpec"), *((*workers, index) for index, _ in enumerate(document.sequence(workers)))]
    problems: list[Problem] = []
    for group in groups:
        try:
            yield from _group_additions(document, group, options, head=group[-1] == "headGroupSpec")
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(*problems)


def _group_additions(document: Document, group: Path, options: Options, *, head: bool) -> Iterator[Addition]:
    template = (*group, "template")
    document.mapping(group, needed=True)
    document.mapping((*template, "spec"), needed=True)
    _refuse_helm(document, template, document.value(template))
    document.named((*template, "spec", "containers"), needed=True)
    refuse_other_log_path(document, group)
    if head:
        yield from port_additions(document, template)
    yield from sidecar_additions(document, template, options.image)
    if options.report_interval is not None:
        yield from interval_additions(document, template, options.report_interval)
    if head and options.vllm_metrics:
        yield from label_additions(document, template)


def _refuse_helm(document: Document, path: Path, value: Any) -> None:
    """Raises InputError for ``{{`` where it can only be Helm's: what it becomes is not known."""
    if isinstance(value, dict):
        for key, item in value.items():
            if "{{" in key:
                raise document.error(f"found the key '{key}'", path, _HELM_HINT)
            if key not in _FREE_TEXT:
                _refuse_helm(document, (*path, key), item)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            _refuse_helm(document, (*path, index), item)
    elif isinstance(value, str) and "{{" in value:
        raise document.error(f"found '{value}'", path, _HELM_HINT)


def _title(document: Document, path: Path) -> str:
    resource = document.value(path)
    metadata = resource.get("metadata")
    names = metadata if isinstance(metadata, dict) else {}
    name = names.get("name") or names.get("generateName") or "without a name"
    return f"{resource['kind']} {name}"


def _change(document: Document, resource: Path, addition: Addition) -> Change:
    grown = addition.path if addition.key is None else (*addition.path, addition.key)
    added = tuple(
        item.get("name", "") if isinstance(item, dict) else str(item)
        for item in (addition.value if isinstance(addition.value, list) else [addition.key])
    )
    return Change(document.line_of(grown), _title(document, resource), schemas.dotted(grown), added)
