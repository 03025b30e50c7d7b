"""Rules written out: groups as Prometheus reads them, for the chart, for promtool and for whoever checks PromQL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from generator.errors import bad_input
from generator.promql.expression import Expression
from generator.promql.shorthands import ShorthandError, expand
from generator.rules.counts import INTERVAL, count_expression, guard_rules
from generator.rules.numbers import fill, numbers, plain
from generator.rules.slo import slo_alerts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from generator.rules.numbers import NumberPath
    from generator.rules.spec import Alert, Record, Rules


def alerts_of(spec: Rules) -> Iterator[tuple[str, str, Alert]]:
    """Yields (group, place in the file, alert) for every alert, those of objectives first."""
    for name, slo in spec.slos.items():
        for alert in slo_alerts(name, slo):
            yield f"{spec.name}.slos", f"slos.{name}", alert
    for index, alert in enumerate(spec.alerts):
        yield f"{spec.name}.alerts", f"alerts[{index}]", alert


def marked_groups(spec: Rules) -> list[dict[str, Any]]:
    """Returns the groups with shorthands written out and marks where numbers go (see numbers.py).

    ``runbook_url`` holds the page's file name alone.

    Raises:
        InputError: a shorthand that cannot be written out.
    """
    groups: dict[str, list[dict[str, Any]]] = {}
    if spec.counts:
        groups[_counts_group(spec)] = guard_rules(spec.name, spec.counts)
    for index, count in enumerate(spec.counts):
        expr = _written(spec, f"counts[{index}].selector", count_expression(count, spec.name))
        groups[_counts_group(spec)].append({"record": count.record, "expr": expr})
    for index, record in enumerate(spec.records):
        rule = _record(record, _written(spec, f"records[{index}].expr", record.expr))
        groups.setdefault(f"{spec.name}.records", []).append(rule)
    for group, path, alert in alerts_of(spec):
        rule = _alert(alert, _written(spec, f"{path}.expr", alert.expr))
        groups.setdefault(group, []).append(rule)
    return [_group(spec, name, rules) for name, rules in groups.items()]


def _counts_group(spec: Rules) -> str:
    return f"{spec.name}.counts"


def _group(spec: Rules, name: str, rules: list[dict[str, Any]]) -> dict[str, Any]:
    interval = {"interval": INTERVAL} if name == _counts_group(spec) else {}
    return {"name": name, **interval, "rules": rules}


def _written(spec: Rules, path: str, expression: str) -> str:
    try:
        return expand(expression, spec.shared).text
    except ShorthandError as error:
        raise bad_input(str(error), file=spec.file, path=path, hint=error.hint) from None


def _record(record: Record, expr: str) -> dict[str, Any]:
    rule: dict[str, Any] = {"record": record.record, "expr": expr}
    return rule | ({"labels": dict(record.labels)} if record.labels else {})


def _alert(alert: Alert, expr: str) -> dict[str, Any]:
    rule: dict[str, Any] = {"alert": alert.alert, "expr": expr}
    if alert.wait:
        rule["for"] = alert.wait
    if alert.keep:
        rule["keep_firing_for"] = alert.keep
    rule["labels"] = {"severity": alert.severity, **alert.labels}
    rule["annotations"] = {
        "summary": alert.summary,
        "description": alert.description,
        "runbook_url": f"{alert.runbook}.md",
    }
    return rule


def expressions(specs: Mapping[str, Rules]) -> Iterator[Expression]:
    """Returns every rule of every file, in the order of the files, with the default thresholds.

    A file that is switched off by default is among them: whether it is on is for the values to say.

    Raises:
        InputError: a shorthand that cannot be written out.
    """
    for spec in specs.values():
        places = ["counts"] * 3 if spec.counts else []
        places += [f"counts[{index}].selector" for index in range(len(spec.counts))]
        places += [f"records[{index}].expr" for index in range(len(spec.records))]
        places += [path if path.startswith("slos.") else f"{path}.expr" for _, path, _ in alerts_of(spec)]
        values = numbers(spec, {})
        rules = [(group["name"], _filled(rule, values, {})) for group in marked_groups(spec) for rule in group["rules"]]
        for place, (group, rule) in zip(places, rules, strict=True):
            kind: Literal["alert", "record"] = "alert" if "alert" in rule else "record"
            yield Expression(
                file=spec.file,
                place=place,
                kind=kind,
                name=rule[kind],
                text=rule["expr"],
                group=group,
                wait=rule.get("for", ""),
                labels=rule.get("labels", {}),
                annotations=rule.get("annotations", {}),
            )


def prometheus_rules(
    spec: Rules, values: Mapping[str, Any] | None = None, *, alerts: Iterable[str] | None = None
) -> dict[str, Any]:
    """Returns a plain rule file, as ``promtool check rules`` and Prometheus itself read it.

    Args:
        spec: one file of rules.
        values: the chart's ``rules`` values, or a part of them; what is missing has its default, and without
            the key ``runbookUrl`` a runbook is its page's file name.
        alerts: names of the alerts to keep; None keeps all.

    Raises:
        InputError: a shorthand that cannot be written out.
    """
    values = values or {}
    own = values.get(spec.name) or {}
    if not values.get("enabled", True) or not own.get("enabled", spec.enabled):
        return {"groups": []}
    number_values = numbers(spec, own)
    alert_names = None if alerts is None else set(alerts)
    groups = []
    for group in marked_groups(spec):
        rules = [_filled(rule, number_values, values) for rule in group["rules"] if _is_on(rule, values, alert_names)]
        if rules:
            groups.append({**group, "rules": rules})
    return {"groups": groups}


def _is_on(rule: Mapping[str, Any], values: Mapping[str, Any], alert_names: set[str] | None) -> bool:
    if "alert" not in rule:
        return True
    switched_on: bool = _choice(rule, values).get("enabled", True)
    return switched_on and (alert_names is None or rule["alert"] in alert_names)


def _choice(rule: Mapping[str, Any], values: Mapping[str, Any]) -> Mapping[str, Any]:
    choice: Mapping[str, Any] = (values.get("alerts") or {}).get(rule["alert"]) or {}
    return choice


def _filled(
    rule: Mapping[str, Any], number_values: Mapping[NumberPath, float], values: Mapping[str, Any]
) -> dict[str, Any]:
    """Fills in the numbers, and what the values say about an alert."""

    def filled(text: str) -> str:
        return fill(text, lambda path: plain(number_values[path]))

    result = dict(rule) | {"expr": filled(rule["expr"])}
    if "alert" not in rule:
        return result
    choice = _choice(rule, values)
    if "for" in choice:
        result["for"] = choice["for"]
    labels = {**(values.get("additionalAlertLabels") or {}), **rule["labels"]}
    if "severity" in choice:
        labels["severity"] = choice["severity"]
    result["labels"] = labels
    annotations = {key: filled(text) for key, text in rule["annotations"].items()}
    if base := values.get("runbookUrl"):
        annotations["runbook_url"] = f"{base.removesuffix('/')}/{annotations['runbook_url']}"
    elif "runbookUrl" in values:
        del annotations["runbook_url"]
    result["annotations"] = annotations
    return result
