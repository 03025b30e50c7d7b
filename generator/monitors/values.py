"""The ``monitors`` block of the chart's values and its schema, which a profile's ``monitors`` follows too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_DEFAULTS: dict[str, Any] = {
    "enabled": True,
    "labels": {},
    "annotations": {},
    "namespaces": [],
    # What kube-prometheus-stack's Grafana assumes for $__rate_interval.
    "interval": "30s",
    # Unset, Prometheus takes the smaller of its own default (10 s) and the interval. A value beyond the
    # interval would make the operator refuse the monitor.
    "scrapeTimeout": "",
    # A guard against a runaway label. The largest scrape measured, a busy Ray head, has 9,828 samples.
    "sampleLimit": 50000,
    # A gauge with the creation time beside every counter and histogram of prometheus_client.
    "dropMetrics": [".+_created"],
    # Empty on every series of a Ray node agent.
    "dropLabels": ["otel_scope_name", "otel_scope_schema_url", "otel_scope_version"],
}

_DURATION = {
    "type": "string",
    "pattern": "^([1-9][0-9]*h)?([1-9][0-9]*m)?([1-9][0-9]*s)?([1-9][0-9]*ms)?$",
    "x-expected": "a duration such as 30s or 1m",
}
# Helm's toYaml gives nothing at all, and no error, for text with a control character in it.
_LABEL_VALUE = {
    "type": "string",
    "pattern": "^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$",
    "maxLength": 63,
    "x-expected": "a Kubernetes label's value, as text",
}
_LABELS = {"type": "object", "additionalProperties": _LABEL_VALUE}
_ANNOTATIONS = {
    "type": "object",
    "additionalProperties": {
        "type": "string",
        "pattern": r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*$",
        "x-expected": "text without control characters",
    },
}
_PORT_NUMBER = {"type": "integer", "minimum": 1, "maximum": 65535}
_PORT_NAME = {
    "type": "string",
    "pattern": "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$",
    "maxLength": 63,
    "x-expected": "a port's name or number",
}

_KNOBS: dict[str, dict[str, Any]] = {
    "enabled": {"type": "boolean"},
    "labels": _LABELS,
    "annotations": _ANNOTATIONS,
    "namespaces": {
        "type": "array",
        "items": {
            "type": "string",
            "pattern": "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$",
            "maxLength": 63,
            "x-expected": "a namespace",
        },
    },
    "interval": _DURATION,
    "scrapeTimeout": _DURATION,
    "sampleLimit": {"type": "integer", "minimum": 0},
    "dropMetrics": {
        "type": "array",
        "items": {"type": "string", "pattern": r"^[^\x00-\x20\x7f-\x9f]+$", "x-expected": "an RE2 expression"},
    },
    "dropLabels": {
        "type": "array",
        "items": {
            "type": "string",
            "pattern": "^([a-zA-Z]|_[a-zA-Z0-9])[a-zA-Z0-9_]*$",
            # Without these two, the series of a histogram or a summary would be one and the same.
            "not": {"enum": ["le", "quantile"]},
            "x-expected": "a label name that does not begin with two underscores",
        },
    },
}

_COMMON_TEXTS = {
    "enabled": "Whether the chart renders any monitor.",
    "labels": (
        "Labels of every monitor. For a Prometheus that is there already, those that its podMonitorSelector "
        "and serviceMonitorSelector ask for, as {release: my-prometheus}."
    ),
    "annotations": "Annotations of every monitor.",
    "namespaces": "Namespaces in which pods are looked for. [] stands for all.",
    "interval": 'Time between two scrapes. "" takes Prometheus\' own default.',
    "scrapeTimeout": (
        'Longest time of a scrape; must not exceed the interval. "" takes the smaller of Prometheus\' default '
        "and the interval."
    ),
    "sampleLimit": "Most samples in one scrape; beyond it the whole scrape fails. 0 stands for no limit.",
    "dropMetrics": (
        "RE2 expressions; a metric whose whole name matches one is not stored. A list given here replaces "
        "the default; a workload's own list is added to it."
    ),
    "dropLabels": (
        "Labels taken off every series. A list given here replaces the default; a workload's own list is added to it."
    ),
}

_OWN_TEXTS = {
    "enabled": "Whether this workload is monitored.",
    "labels": "Labels of this monitor, besides monitors.labels; the same key is replaced.",
    "annotations": "Annotations of this monitor, besides monitors.annotations; the same key is replaced.",
    "namespaces": "Instead of monitors.namespaces. [] stands for all.",
    "interval": "Instead of monitors.interval.",
    "scrapeTimeout": "Instead of monitors.scrapeTimeout.",
    "sampleLimit": "Instead of monitors.sampleLimit. 0 stands for no limit.",
    "dropMetrics": "Besides monitors.dropMetrics.",
    "dropLabels": "Besides monitors.dropLabels.",
}

COMMON_KEYS = frozenset(_DEFAULTS)
"""Keys of ``monitors`` that are not workloads, so no file in monitors/ may be called like one."""


def monitor_values(specs: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Gives the default ``monitors`` block: the common keys, then each workload's switch and limit."""
    values = {key: list(value) if isinstance(value, list) else value for key, value in _DEFAULTS.items()}
    for name, spec in sorted(specs.items()):
        values[name] = {key: spec[key] for key in ("enabled", "sampleLimit") if key in spec}
    return values


def monitor_values_schema(specs: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Gives the JSON Schema of the ``monitors`` block: closed, and within what drafts 7 and 2020-12 share.

    It holds no ``$ref``, so it can stand anywhere in a larger schema.
    """
    properties = {key: {"description": _COMMON_TEXTS[key]} | _KNOBS[key] for key in _DEFAULTS}
    properties |= {name: _workload(spec) for name, spec in sorted(specs.items())}
    return _closed("Pod and Service monitors. Keys with a switch of their own are workloads.", properties)


def _workload(spec: Mapping[str, Any]) -> dict[str, Any]:
    properties: dict[str, Any] = {key: {"description": _OWN_TEXTS[key]} | _KNOBS[key] for key in _DEFAULTS}
    what = "pods" if spec["kind"] == "PodMonitor" else "Services"
    properties["selector"] = _closed(
        f"A Kubernetes label selector of {what}, instead of the built-in one.",
        {
            "matchLabels": {"description": "Labels and their values.", **_LABELS},
            "matchExpressions": {
                "description": "Conditions on labels.",
                "type": "array",
                "items": _closed(
                    "One condition.",
                    {
                        "key": {"description": "The label's name.", "type": "string", "minLength": 1},
                        "operator": {
                            "description": "How it is compared.",
                            "enum": ["In", "NotIn", "Exists", "DoesNotExist"],
                        },
                        "values": {
                            "description": "What it is compared with, for In and NotIn.",
                            "type": "array",
                            "items": _LABEL_VALUE,
                        },
                    },
                )
                | {"required": ["key", "operator"]},
            },
        },
    )
    properties["endpoints"] = _closed(
        "What is scraped on each of them, by name.",
        {key: _endpoint(endpoint) for key, endpoint in spec["endpoints"].items()},
    )
    return _closed(" ".join((spec["description"], *spec.get("notes", ()))), properties)


def _endpoint(endpoint: Mapping[str, Any]) -> dict[str, Any]:
    passed_on = {"type": "object"}
    return _closed(
        endpoint["description"],
        {
            "enabled": {"description": "Whether it is scraped.", "type": "boolean"},
            "port": {
                "description": "Name or number of the declared port.",
                "anyOf": [_PORT_NAME, _PORT_NUMBER],
            },
            "scrapePort": {
                "description": (
                    "A port to scrape instead of the declared one that found the pod. 0: the declared one."
                ),
                "type": "integer",
                "minimum": 0,
                "maximum": 65535,
            },
            "path": {
                "description": "HTTP path.",
                "type": "string",
                "pattern": "^/[!-~]*$",
                "x-expected": "a path that begins with / and has no spaces",
            },
            "scheme": {"description": "http or https.", "enum": ["http", "https"]},
            "honorLabels": {
                "description": "Whether the exporter's labels win over the target's.",
                "type": "boolean",
            },
            "authorization": {
                "description": (
                    "A token from a Secret of the release's namespace, as the operator's SafeAuthorization: "
                    "{credentials: {name: SECRET, key: KEY}}."
                ),
                **passed_on,
            },
            "basicAuth": {"description": "User and password, as the operator's BasicAuth.", **passed_on},
            "tlsConfig": {
                "description": "TLS settings, as the operator's SafeTLSConfig; they replace the built-in ones.",
                **passed_on,
            },
        },
    )


def _closed(description: str, properties: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "description": description,
        "type": "object",
        "additionalProperties": False,
        "properties": dict(properties),
    }
