"""From a file's text to the instrumented text: documents, Ray resources, groups."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any

from generator.errors import InputError, Problem
from generator.files import schemas, yamlfile
from generator.instrument.log_folder import log_folder, refuse_other_folder
from generator.instrument.lookups import Document
from generator.instrument.pods import interval_additions, label_additions, port_additions, sidecar_edits
from generator.instrument.positions import line_of, read_positions
from generator.instrument.resources import Pod, Resource, cluster_of, find_resources, pods_of
from generator.instrument.splicing import Addition, Edit, Replacement, splice
from generator.stack.fluent_bit.sidecar import CONFIG_MAP, CONTAINER, LOG_PATH

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.instrument.positions import Path

_DOCUMENT_START = re.compile(r"^---(?=\s|\Z)", re.MULTILINE)
"""No text of YAML, quoted or block, may hold such a line, so documents can be told apart before they are read."""

_MENTIONS_RAY = re.compile(r"ray\.io/|\bRay[A-Z]|^(?:head|ray-cluster):", re.MULTILINE)

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
        added: the names of what is added, or of what is written anew.
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
    resources = list(find_resources(document))
    edits: list[Edit] = []
    changes: list[Change] = []
    notes: list[str] = []
    problems: list[Problem] = []
    for resource in resources:
        try:
            cluster = cluster_of(document, resource)
            if cluster is None:
                notes.append(f"{resource.title} runs on a cluster that it selects: instrument that one")
                continue
            found = list(_cluster_edits(document, pods_of(document, resource, cluster), options))
        except InputError as error:
            problems += error.problems
            continue
        if any(CONTAINER in _names(edit) for edit in found):
            notes.append(f"{resource.title} needs the ConfigMap {CONFIG_MAP} in its namespace before it starts")
        edits += found
        changes += [_change(document, resource, edit) for edit in found]
    if problems:
        raise InputError(*problems)
    result = splice(text, edits, file=file, line=line) if edits else text
    return Instrumented(result, tuple(changes), len(resources), tuple(notes))


def _cluster_edits(document: Document, pods: list[Pod], options: Options) -> Iterator[Edit]:
    problems: list[Problem] = []
    heads = LOG_PATH
    for pod in pods:
        try:
            edits = list(_pod_edits(document, pod, options, heads))
            if pod.head:
                heads = log_folder(document, pod) or LOG_PATH
        except InputError as error:
            problems += error.problems
            continue
        if document.value(pod.group) is None:
            # Of a group that a chart's values leave out, whose defaults the chart has, all is one addition.
            values = {edit.key: edit.value for edit in edits if isinstance(edit, Addition) and edit.key}
            yield Addition(pod.group[:-1], str(pod.group[-1]), values)
        else:
            yield from edits
    if problems:
        raise InputError(*problems)


def _pod_edits(document: Document, pod: Pod, options: Options, heads: str) -> Iterator[Edit]:
    """Yields what a pod lacks; ``heads`` is the head's temporary directory."""
    if pod.whole:
        document.mapping(pod.group, needed=True)
        document.mapping(pod.spec, needed=True)
        _refuse_helm(document, pod.spec[:-1], document.value(pod.spec[:-1]))
        document.named((*pod.spec, "containers"), needed=True)
    folder = log_folder(document, pod) or (LOG_PATH if pod.head else heads)
    if pod.head:
        yield from port_additions(document, pod)
    else:
        refuse_other_folder(document, pod, folder, heads)
    yield from sidecar_edits(document, pod, options.image, folder)
    if options.report_interval is not None:
        yield from interval_additions(document, pod, options.report_interval)
    if pod.head and options.vllm_metrics:
        yield from label_additions(document, pod)


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


def _names(edit: Edit) -> tuple[str, ...]:
    """Returns the names of what an edit adds or writes anew."""
    if isinstance(edit, Replacement):
        return (str(edit.value["name"]),)
    if isinstance(edit.value, list):
        return tuple(item.get("name", "") if isinstance(item, dict) else str(item) for item in edit.value)
    lists = edit.value.values() if isinstance(edit.value, dict) else ()
    inner = tuple(str(item["name"]) for one in lists if isinstance(one, list) for item in one if "name" in item)
    return inner or (str(edit.key),)


def _change(document: Document, resource: Resource, edit: Edit) -> Change:
    if isinstance(edit, Replacement):
        (name,) = _names(edit)
        return Change(document.line_of(edit.path), resource.title, schemas.dotted(edit.path), (f"{name} anew",))
    grown = edit.path if edit.key is None else (*edit.path, edit.key)
    return Change(document.line_of(grown), resource.title, schemas.dotted(grown), _names(edit))
