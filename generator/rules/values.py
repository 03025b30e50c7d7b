"""The schema of each workload's block of ``rules`` in the chart's values, its defaults included."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from generator.files.schema_values import closed, entry
from generator.rules.groups import alerts_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from generator.rules.brought import BroughtRules
    from generator.rules.spec import Rules, Slo, Threshold


def rule_values_schema(
    block: Mapping[str, Any], specs: Mapping[str, Rules], brought: Mapping[str, BroughtRules] | None = None
) -> dict[str, Any]:
    """Returns the JSON Schema of ``rules``, closed over the workloads and their alerts, with their files' defaults.

    Args:
        block: ``rules`` of values-schemas/values.schema.yaml; its ``additionalProperties`` is a workload's block, and
            that of its ``alerts`` an alert's.
        specs: the files of rules by name.
        brought: a person's rules in Prometheus' own form.
    """
    template, alerts = block["additionalProperties"], block["properties"]["alerts"]
    workloads = {name: _workload(template, spec) for name, spec in specs.items()}
    workloads |= {name: _without_numbers(template, one) for name, one in (brought or {}).items()}
    schema = closed(block, dict(sorted(workloads.items())))
    choices = {
        rule["alert"]: entry(alerts["additionalProperties"], f"An alert of {one.file}.")
        for one in (brought or {}).values()
        for _, _, rule in one.rules()
        if "alert" in rule
    }
    choices |= {
        alert.alert: entry(alerts["additionalProperties"], f"{alert.summary}.")
        for spec in specs.values()
        for _, _, alert in alerts_of(spec)
    }
    schema["properties"]["alerts"] = closed(alerts, choices)
    return schema


def _workload(template: Mapping[str, Any], spec: Rules) -> dict[str, Any]:
    block = entry(template, spec.description, {"enabled": spec.enabled})
    thresholds, slos = (block["properties"].pop(key) for key in ("thresholds", "slos"))
    if spec.thresholds:
        block["properties"]["thresholds"] = closed(
            thresholds,
            {name: _threshold(thresholds["additionalProperties"], item) for name, item in spec.thresholds.items()},
        )
    if spec.slos:
        template = slos["additionalProperties"]
        block["properties"]["slos"] = closed(slos, {name: _slo(template, slo) for name, slo in spec.slos.items()})
    return block


def _without_numbers(template: Mapping[str, Any], one: BroughtRules) -> dict[str, Any]:
    block = entry(template, one.description, {"enabled": one.enabled})
    for key in ("thresholds", "slos"):
        del block["properties"][key]
    return block


def _threshold(template: Mapping[str, Any], item: Threshold) -> dict[str, Any]:
    bounds = {"minimum": item.minimum} | ({} if item.maximum is None else {"maximum": item.maximum})
    return {**template, "description": item.description, **bounds, "default": item.default}


def _slo(template: Mapping[str, Any], slo: Slo) -> dict[str, Any]:
    numbers = {"objective": slo.objective, "seconds": slo.seconds, "minimum": slo.minimum}
    block = entry(template, f"{slo.summary}.", {key: value for key, value in numbers.items() if value is not None})
    if slo.seconds is None:
        del block["properties"]["seconds"]
    return block
