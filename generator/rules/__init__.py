"""Rules: records and alerts that people read as YAML in, PrometheusRule objects and plain rule files out."""

from __future__ import annotations

from generator.rules.chart import rule_templates
from generator.rules.groups import expressions, prometheus_rules
from generator.rules.reader import parse_rules, read_rules
from generator.rules.spec import Alert, Record, Rules, Slo, Threshold
from generator.rules.values import rule_values, rule_values_schema

__all__ = [
    "Alert",
    "Record",
    "Rules",
    "Slo",
    "Threshold",
    "expressions",
    "parse_rules",
    "prometheus_rules",
    "read_rules",
    "rule_templates",
    "rule_values",
    "rule_values_schema",
]
