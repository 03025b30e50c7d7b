"""Turns ``rules/NAME.yaml`` into data, or says what is wrong with it."""

from __future__ import annotations

import copy
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from generator.errors import InputError, Problem, nearest
from generator.files import schemas
from generator.files.folder import name_problems, read_folder
from generator.promql.shorthands import Shared, is_selector
from generator.rules.groups import alerts_of, marked_groups
from generator.rules.numbers import SLO_FIELDS, mark
from generator.rules.spec import RESERVED, Alert, Count, Record, Rules, Slo, Threshold

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

_NUMBER = re.compile(r"\$(threshold|slo):(\w*)")
_PART = re.compile(r"\$part:(\w+)")
SUMMARY = 80
"""Most characters of a summary: what a phone's lock screen shows."""


def read_rules(directory: Path, schema: Mapping[str, Any], monitors: Iterable[str]) -> dict[str, Rules]:
    """Reads every file of rules in a folder; see folder.read_folder.

    Args:
        directory: the folder.
        schema: ``values-schemas/rule.schema.yaml`` as a mapping.
        monitors: the names of all monitors, the jobs that ``@monitors`` stands for.

    Raises:
        InputError: what parse_rules raises, for all files at once, or two files share a record or an alert.
    """

    jobs = tuple(monitors)

    def parse(name: str, data: Any, file: str) -> Rules:
        return parse_rules(name, data, schema, file=file, monitors=jobs)

    return read_folder(directory, parse, shared_problems)


def shared_problems(specs: Mapping[str, Rules]) -> Iterator[Problem]:
    """Yields a Problem for each alert or record that another file has already."""
    users: dict[str, Rules] = {}
    for spec in specs.values():
        for path, name in _names(spec):
            first = users.setdefault(name, spec)
            if first is not spec:
                yield Problem(f"found '{name}', which {first.file} has already", spec.file, path)


def parse_rules(name: str, data: Any, schema: Mapping[str, Any], *, file: str, monitors: Iterable[str] = ()) -> Rules:
    """Checks one file of rules and gives it as data.

    Args:
        name: the file's base name.
        data: what the YAML holds.
        schema: ``values-schemas/rule.schema.yaml`` as a mapping.
        file: the name shown in errors.
        monitors: the names of all monitors, the jobs that ``@monitors`` stands for.

    Raises:
        InputError: the schema is violated, the name cannot be a key of the chart's values, a shorthand cannot be
            written out, a threshold, a record or the workload is unknown, not used or there twice.
    """
    problems = [
        *name_problems(name, file, block="rules", reserved=RESERVED),
        *schemas.problems(data, schema, file=file),
    ]
    if not problems:
        problems = list(_slo_problems(data, file))
    if not problems:
        marked, used, problems = _marked(data, file)
        jobs = tuple(monitors)
        spec = _rules(name, marked, file, _shared(jobs, data.get("parts", {})))
        if spec.workload and jobs and spec.workload not in jobs:
            hint = nearest(spec.workload, jobs)
            problems.append(Problem(f"unknown monitor '{spec.workload}'", file, "workload", hint=hint))
        for index, alert in enumerate(spec.alerts):
            if alert.workload and jobs and alert.workload not in jobs:
                hint = nearest(alert.workload, jobs)
                problems.append(
                    Problem(f"unknown monitor '{alert.workload}'", file, f"alerts[{index}].workload", hint=hint)
                )
        problems += _number_problems(spec, used)
        problems += _part_problems(spec)
        problems += _content_problems(spec)
        if not problems:
            marked_groups(spec)
            return spec
    raise InputError(*problems)


def _slo_problems(data: Mapping[str, Any], file: str) -> Iterator[Problem]:
    """Finds objectives that are on latency and on errors at once, or on neither, and records that are not there."""
    counts = {count["record"] for count in data.get("counts", ())}
    for name, slo in data.get("slos", {}).items():
        path = f"slos.{name}"
        if ("buckets" in slo) == ("bad" in slo):
            listed = "both" if "bad" in slo else "none"
            yield Problem(f"found {listed} of buckets, bad, expected exactly one", file, path)
        if ("buckets" in slo) != ("seconds" in slo):
            yield Problem("expected 'buckets' and 'seconds' together or neither of them", file, path)
        for key in ("buckets", "bad", "events"):
            if key in slo and slo[key] not in counts:
                message = f"found '{slo[key]}', expected a record of this file's counts"
                yield Problem(message, file, f"{path}.{key}", hint=nearest(slo[key], counts))


def _marked(data: Mapping[str, Any], file: str) -> tuple[dict[str, Any], set[str], list[Problem]]:
    """Replaces ``$threshold:NAME`` and, in an objective, ``$slo:FIELD`` by their marks.

    Returns:
        The data with marks, the thresholds in use, and the numbers that there are not.
    """
    marked = copy.deepcopy(dict(data))
    thresholds = data.get("thresholds", {})
    used: set[str] = set()
    problems: list[Problem] = []
    for path, slo, block, key in _texts(marked):

        def replaced(match: re.Match[str], path: str = path, slo: str = slo) -> str:
            kind, name = match[1], match[2]
            if kind == "threshold" and name in thresholds:
                used.add(name)
                return mark(("thresholds", name))
            if kind == "slo" and slo and name in SLO_FIELDS:
                return mark(("slos", slo, name))
            known = thresholds if kind == "threshold" else SLO_FIELDS if slo else ()
            hint = nearest(name, known) or f"see '{kind}s'"
            problems.append(Problem(f"unknown number '{match[0]}'", file, path, hint=hint))
            return "0"

        block[key] = _NUMBER.sub(replaced, block[key].strip())
    return marked, used, problems


def _texts(data: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any], str]]:
    """Yields (place in the file, objective or "", mapping, key) of every text in which numbers may stand."""
    for index, record in enumerate(data.get("records", ())):
        yield f"records[{index}].expr", "", record, "expr"
    for name, slo in data.get("slos", {}).items():
        yield f"slos.{name}.description", name, slo, "description"
    for index, alert in enumerate(data.get("alerts", ())):
        for key in ("expr", "description"):
            yield f"alerts[{index}].{key}", "", alert, key


def _shared(monitors: Iterable[str], parts: Mapping[str, str]) -> Shared:
    return replace(monitor_matchers(monitors), parts={name: text.strip() for name, text in parts.items()})


def monitor_matchers(monitors: Iterable[str]) -> Shared:
    """Builds what ``@monitors`` stands for inside braces, a matcher of their jobs; without monitors it is unknown."""
    jobs = "|".join(sorted(monitors))
    return Shared({"monitors": f'job=~"{jobs}"'} if jobs else {}, {})


def _rules(name: str, data: Mapping[str, Any], file: str, shared: Shared) -> Rules:
    return Rules(
        name=name,
        file=file,
        description=data["description"].strip(),
        enabled=data.get("enabled", True),
        thresholds={key: Threshold(**item) for key, item in data.get("thresholds", {}).items()},
        records=tuple(Record(**{"labels": {}, **item}) for item in data.get("records", ())),
        slos={key: Slo(**item) for key, item in data.get("slos", {}).items()},
        alerts=tuple(_alert(item) for item in data.get("alerts", ())),
        shared=shared,
        counts=tuple(_count(item) for item in data.get("counts", ())),
        workload=data.get("workload", ""),
    )


def _count(item: Mapping[str, Any]) -> Count:
    only = item.get("onlyWith", {})
    return Count(
        record=item["record"],
        selector=item["selector"].strip(),
        by=tuple(item["by"]),
        description=item["description"],
        only_on=tuple(only.get("labels", ())),
        only_with=only.get("expr", "").strip(),
    )


def _alert(item: Mapping[str, Any]) -> Alert:
    return Alert(
        alert=item["alert"],
        expr=item["expr"],
        severity=item["severity"],
        summary=item["summary"].strip(),
        description=item["description"],
        labels=item.get("labels", {}),
        runbook=item["alert"],
        wait=item.get("for", ""),
        keep=item.get("keepFiringFor", ""),
        workload=item.get("workload", ""),
    )


def _number_problems(spec: Rules, used: set[str]) -> Iterator[Problem]:
    for name, item in spec.thresholds.items():
        path = f"thresholds.{name}"
        if name not in used:
            yield Problem(f"'{name}' is not used", spec.file, path, hint=f"write $threshold:{name} or remove it")
        if item.default < item.minimum or (item.maximum is not None and item.default > item.maximum):
            bounds = f"{item.minimum:g} to {'any' if item.maximum is None else format(item.maximum, 'g')}"
            yield Problem(f"found the default {item.default:g}, expected {bounds}", spec.file, f"{path}.default")


def _part_problems(spec: Rules) -> Iterator[Problem]:
    texts = [record.expr for record in spec.records] + [alert.expr for alert in spec.alerts]
    texts += [text for count in spec.counts for text in (count.selector, count.only_with)]
    read = set(_PART.findall(" ".join([*texts, *spec.shared.parts.values()])))
    for name in spec.shared.parts:
        if name not in read:
            hint = f"write $part:{name} or remove it"
            yield Problem(f"'{name}' is not used", spec.file, f"parts.{name}", hint=hint)


def _content_problems(spec: Rules) -> Iterator[Problem]:
    for index, count in enumerate(spec.counts):
        if not is_selector(count.selector):
            message = f"found '{count.selector}', expected a metric's name with or without {{matchers}}"
            yield Problem(message, spec.file, f"counts[{index}].selector")
    seen: set[str] = set()
    for path, name in _names(spec):
        if name in seen:
            yield Problem(f"found '{name}' twice", spec.file, path)
        seen.add(name)
    for _, path, alert in alerts_of(spec):
        if len(alert.summary) > SUMMARY:
            message = f"found {len(alert.summary)} characters ('{alert.summary}'), expected at most {SUMMARY}"
            yield Problem(message, spec.file, f"{path}.summary")
        if "$value" not in alert.description:
            yield Problem("found no '$value', expected what was measured", spec.file, f"{path}.description")
    if not seen:
        yield Problem("found no counts, records, slos or alerts, expected at least one", spec.file)


def _names(spec: Rules) -> Iterator[tuple[str, str]]:
    for index, count in enumerate(spec.counts):
        yield f"counts[{index}].record", count.record
    for index, record in enumerate(spec.records):
        yield f"records[{index}].record", record.record
    for _, path, alert in alerts_of(spec):
        yield path if path.startswith("slos.") else f"{path}.alert", alert.alert
