"""The ``rules`` block of the chart's values and its schema, which a profile's ``rules`` follows too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from generator.rules.groups import RUNBOOK_URL, alerts_of
from generator.rules.numbers import defaults
from generator.rules.spec import SEVERITIES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from generator.rules.spec import Rules, Slo, Threshold

_DURATION = {
    "type": "string",
    "pattern": "^(0|([1-9][0-9]*d)?([1-9][0-9]*h)?([1-9][0-9]*m)?([1-9][0-9]*s)?)$",
    "minLength": 1,
    "x-expected": "a duration such as 5m or 1h30m, or 0",
}
_LABEL_VALUE = {
    "type": "string",
    "pattern": "^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$",
    "maxLength": 63,
    "x-expected": "a Kubernetes label's value, as text",
}
# Helm's toYaml gives nothing at all, and no error, for text with a control character in it.
_TEXT = {
    "type": "string",
    "pattern": r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*$",
    "x-expected": "text without control characters",
}


def rule_values(specs: Mapping[str, Rules]) -> dict[str, Any]:
    """Gives the default ``rules`` block: what all share, then each workload's switch, thresholds and objectives."""
    values: dict[str, Any] = {
        "enabled": True,
        "labels": {},
        "annotations": {},
        "additionalAlertLabels": {},
        "runbookUrl": RUNBOOK_URL,
        "alerts": {},
    }
    for name, spec in sorted(specs.items()):
        values[name] = {"enabled": spec.enabled}
        for place, number in defaults(spec).items():
            block = values[name]
            for part in place[:-1]:
                block = block.setdefault(part, {})
            block[place[-1]] = number
    return values


def rule_values_schema(specs: Mapping[str, Rules]) -> dict[str, Any]:
    """Gives the JSON Schema of the ``rules`` block: closed, and within what drafts 7 and 2020-12 share.

    It holds no ``$ref``, so it can stand anywhere in a larger schema.
    """
    properties: dict[str, Any] = {
        "enabled": {"description": "Whether the chart renders any rule.", "type": "boolean"},
        "labels": {
            "description": (
                "Labels of every PrometheusRule. For a Prometheus that is there already, those that its ruleSelector "
                "asks for, as {release: my-prometheus}."
            ),
            "type": "object",
            "additionalProperties": _LABEL_VALUE,
        },
        "annotations": {
            "description": "Annotations of every PrometheusRule.",
            "type": "object",
            "additionalProperties": _TEXT,
        },
        "additionalAlertLabels": {
            "description": "Labels of every alert, for routing in Alertmanager, as {team: ml}. An alert's own win.",
            "type": "object",
            "propertyNames": {"pattern": "^([a-zA-Z]|_[a-zA-Z0-9])[a-zA-Z0-9_]*$"},
            "additionalProperties": _TEXT,
        },
        "runbookUrl": {
            "description": (
                "What stands before a runbook's file name in an alert's runbook_url: the address under which "
                'docs/runbooks of the project is published. "" leaves runbook_url out.'
            ),
            **_TEXT,
        },
        "alerts": _closed(
            "What single alerts do instead of their default, by name, as {RayOomKill: {severity: info}}.",
            {alert.alert: _switch(alert.summary) for spec in specs.values() for _, _, alert in alerts_of(spec)},
        ),
    }
    properties |= {name: _workload(spec) for name, spec in sorted(specs.items())}
    return _closed("Records and alerts. Keys with a switch of their own are workloads.", properties)


def _switch(summary: str) -> dict[str, Any]:
    return _closed(
        f"{summary}.",
        {
            "enabled": {"description": "Whether there is this alert.", "type": "boolean"},
            "severity": {"description": "Instead of its severity.", "enum": list(SEVERITIES)},
            "for": {"description": "Instead of how long its condition must hold.", **_DURATION},
        },
    )


def _workload(spec: Rules) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "enabled": {"description": "Whether there are these rules.", "type": "boolean"},
    }
    if spec.thresholds:
        properties["thresholds"] = _closed(
            "Bounds of the alerts.", {name: _threshold(item) for name, item in spec.thresholds.items()}
        )
    if spec.slos:
        properties["slos"] = _closed(
            "Objectives, whose error budget is watched over two windows.",
            {name: _slo(slo) for name, slo in spec.slos.items()},
        )
    return _closed(spec.description, properties)


def _threshold(item: Threshold) -> dict[str, Any]:
    schema = {"description": item.description, "type": "number", "minimum": item.minimum}
    return schema if item.maximum is None else schema | {"maximum": item.maximum}


def _slo(slo: Slo) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "objective": {
            "description": "Share of events that must be good. Above 0.93, or the fastest burn cannot be told.",
            "type": "number",
            "minimum": 0,
            "maximum": 1,
        },
        "minimum": {
            "description": "Fewest events in the long window; below it nothing is said.",
            "type": "number",
            "minimum": 0,
        },
    }
    if slo.seconds is not None:
        properties["seconds"] = {
            "description": "Seconds that a good event takes at most.",
            "type": "number",
            "minimum": 0,
        }
    return _closed(f"{slo.summary}.", properties)


def _closed(description: str, properties: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "description": description,
        "type": "object",
        "additionalProperties": False,
        "properties": dict(properties),
    }
