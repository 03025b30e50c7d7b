"""Rules that people bring in Prometheus' own forms: PrometheusRule manifests and files of ``groups:``."""

from __future__ import annotations

import copy
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from generator.errors import InputError, Problem, listed
from generator.files import schemas, yamlfile
from generator.files.folder import name_problems
from generator.files.templating import literal, render, render_once
from generator.promql.expression import Expression
from generator.rules.spec import RESERVED

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from generator.rules.spec import Rules

KIND = "PrometheusRule"
_LISTS = ("List", f"{KIND}List")
_PLACE = re.compile(r"^groups\[(\d+)\]")
_LISTED = 5
"""Most alerts that a warning names."""


@dataclass(frozen=True)
class BroughtRules:
    """One file, as its author wrote it.

    Attributes:
        name: the file's stem; the switch in the chart's values.
        file: the file as shown in errors.
        groups: as Prometheus has them, each with a name of its own.
        places: where each of them stands in the file.
    """

    name: str
    file: str
    groups: tuple[Mapping[str, Any], ...]
    places: tuple[str, ...]
    enabled: bool = True

    @property
    def description(self) -> str:
        """What the chart's values say of the switch."""
        return f"The rules of {self.file}, as they are."

    def rules(self) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
        """Yields (group, place in the file, rule) for each record and alert."""
        for group, place in zip(self.groups, self.places, strict=True):
            for index, rule in enumerate(group["rules"]):
                yield group["name"], f"{place}.rules[{index}]", rule

    def without(self, gone: Collection[str]) -> BroughtRules | None:
        """Returns the file without the rules at some places, which later ones then have; None if none is left."""
        groups, places = [], []
        for group, place in zip(self.groups, self.places, strict=True):
            rules = [rule for index, rule in enumerate(group["rules"]) if f"{place}.rules[{index}]" not in gone]
            if rules:
                groups.append({**group, "rules": rules})
                places.append(place)
        return replace(self, groups=tuple(groups), places=tuple(places)) if groups else None


def are_brought(documents: Sequence[Any]) -> bool:
    """Returns whether a file's YAML documents are rules in Prometheus' own form, and no file like those in rules/."""
    first = next((document for document in documents if document is not None), None)
    return isinstance(first, dict) and ("groups" in first or "kind" in first or "apiVersion" in first)


def parse_brought(
    name: str, documents: Sequence[Any], schema: Mapping[str, Any], *, file: str
) -> tuple[BroughtRules, tuple[Problem, ...]]:
    """Checks a file's documents and gives them as data, with a warning for each habit of this project that they lack.

    Several manifests become one: of groups with one name the later ones get a number.

    Args:
        name: the file's stem.
        documents: what yamlfile.parse_all gives.
        schema: values-schemas/prometheus-rule.schema.yaml.
        file: the name shown in errors.

    Raises:
        InputError: a document is neither PrometheusRule nor has groups, or Prometheus or the operator would refuse it.
    """
    problems = [*name_problems(name, file, block="rules", reserved=RESERVED)]
    groups: list[dict[str, Any]] = []
    places: list[str] = []
    several = len(documents) > 1
    for index, document in enumerate(documents):
        prefix = f"[{index}]." if several else ""
        for place, holder in _holders(document, prefix, file, problems):
            problems += _at(place, schemas.problems(holder, schema, file=file))
            listed = holder.get("groups") if isinstance(holder, dict) else None
            for number, group in enumerate(listed if isinstance(listed, list) else ()):
                groups.append(group)
                places.append(f"{place}groups[{number}]")
    if not groups and not problems:
        problems.append(Problem("found no group of rules, expected at least one", file))
    if problems:
        raise InputError(*problems)
    brought = BroughtRules(name, file, tuple(_distinct(map(_written, groups))), tuple(places))
    return brought, tuple(_habits(brought))


def _holders(document: Any, prefix: str, file: str, problems: list[Problem]) -> Iterator[tuple[str, Any]]:
    """Yields (place, mapping with groups) of a document: of a manifest, of each item of a list, of a plain file."""
    if document is None:
        return
    place = prefix.removesuffix(".")
    if not isinstance(document, dict):
        problems.append(Problem("expected a PrometheusRule or 'groups'", file, place))
        return
    kind = document.get("kind")
    if kind in _LISTS and isinstance(document.get("items"), list):
        for index, item in enumerate(document["items"]):
            yield from _holders(item, f"{prefix}items[{index}].", file, problems)
    elif kind is None and "apiVersion" not in document:
        yield prefix, document
    elif kind == KIND:
        yield f"{prefix}spec.", document.get("spec")
    else:
        hint = "take other kinds out of the file" if kind else "write kind: PrometheusRule"
        problems.append(Problem(f"found the kind '{kind}', expected {KIND}", file, f"{prefix}kind", hint=hint))


def _at(prefix: str, problems: Iterable[Problem]) -> Iterator[Problem]:
    for problem in problems:
        path = f"{prefix}{problem.path}".removesuffix(".")
        yield Problem(problem.message, problem.file, path, problem.line, problem.column, problem.hint)


def _written(group: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a group whose expressions are text: Prometheus and Kubernetes take a bare number, too."""
    rules = [{**rule, "expr": str(rule["expr"]).strip()} for rule in group["rules"]]
    return {**copy.deepcopy(dict(group)), "rules": rules}


def _distinct(groups: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Gives groups of one name a number: the operator refuses a manifest that has a name twice."""
    seen: set[str] = set()
    for group in groups:
        name, number = group["name"], 1
        while name in seen:
            number += 1
            name = f"{group['name']}-{number}"
        seen.add(name)
        yield {**group, "name": name}


_HABITS: tuple[tuple[str, Callable[[Mapping[str, Any], Mapping[str, Any]], bool]], ...] = (
    ("have no severity", lambda _, labels: "severity" not in labels),
    ("have no summary", lambda texts, _: "summary" not in texts),
    ("have no description", lambda texts, _: "description" not in texts and "message" not in texts),
    (
        "do not say what was measured ($value in the description)",
        lambda texts, _: "description" in texts and "$value" not in texts["description"],
    ),
    ("have no runbook_url", lambda texts, _: "runbook_url" not in texts),
)
"""What alerts of this project all have, and how one is recognised that has it not."""


def _habits(brought: BroughtRules) -> Iterator[Problem]:
    """Yields a warning for each habit that some alerts lack."""
    labels = {group["name"]: group.get("labels", {}) for group in brought.groups}
    alerts = [(group, rule) for group, _, rule in brought.rules() if "alert" in rule]
    for habit, lacks in _HABITS:
        names = [
            rule["alert"]
            for group, rule in alerts
            if lacks(rule.get("annotations", {}), {**labels[group], **rule.get("labels", {})})
        ]
        names = [*dict.fromkeys(names)]
        if names:
            yield Problem(f"alerts that {habit}: {listed(names, _LISTED)}", brought.file)


def shared_names(brought: Mapping[str, BroughtRules], specs: Mapping[str, Rules]) -> Iterator[tuple[bool, Problem]]:
    """Yields (whether it is an error, Problem) for each name that another file has: records clash, alerts do not."""
    owners: dict[tuple[str, str], str] = {}
    for spec in specs.values():
        for record in (*(count.record for count in spec.counts), *(item.record for item in spec.records)):
            owners[("record", record)] = spec.file
        owners |= {("alert", alert): spec.file for alert in _alerts_of(spec)}
    for one in brought.values():
        own: dict[tuple[str, str], str] = {}
        for _, place, rule in one.rules():
            kind = "alert" if "alert" in rule else "record"
            key = (kind, rule[kind])
            if key in owners and key not in own:
                hint = f"rules.alerts.{rule[kind]} switches both" if kind == "alert" else "both would write the series"
                message = f"found '{rule[kind]}', which {owners[key]} has already"
                yield kind == "record", Problem(message, one.file, f"{place}.{kind}", hint=hint)
            own[key] = one.file
        owners |= own


def _alerts_of(spec: Rules) -> Iterator[str]:
    from generator.rules.groups import alerts_of

    return (alert.alert for _, _, alert in alerts_of(spec))


def brought_expressions(brought: Iterable[BroughtRules]) -> Iterator[Expression]:
    """Returns every rule of the files, as rules.groups.expressions does for those of this project."""
    for one in brought:
        labels = {group["name"]: group.get("labels", {}) for group in one.groups}
        for group, place, rule in one.rules():
            kind: Literal["alert", "record"] = "alert" if "alert" in rule else "record"
            yield Expression(
                file=one.file,
                place=f"{place}.expr",
                kind=kind,
                name=rule[kind],
                text=rule["expr"],
                group=group,
                wait=rule.get("for", ""),
                labels={**labels[group], **rule.get("labels", {})},
                annotations=rule.get("annotations", {}),
            )


def brought_templates(brought: Mapping[str, BroughtRules], *, header: str) -> dict[str, str]:
    """Returns the templates by their path in the chart; see rules.chart.rule_templates, whose helper they need."""
    texts = {}
    for name, one in sorted(brought.items()):
        texts[f"templates/rules/{name}.yaml"] = render(
            "rules/templates/rules.yaml", header=header, name=name, component=""
        )
        texts[f"templates/rules/_{name}.tpl"] = render_once(
            "rules/templates/_brought.tpl",
            header=header,
            name=name,
            groups=literal(yamlfile.dump([dict(group) for group in one.groups])).rstrip(),
        )
    return texts
