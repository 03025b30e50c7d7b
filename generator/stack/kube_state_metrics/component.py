"""kube-state-metrics, the only one in the release (kube-state-metrics 8.4.0 values.yaml)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from generator.stack.component import Component, choices_of

if TYPE_CHECKING:
    from generator.choices.profiles import Profile

NAME = "kube-state-metrics"

_COMMENTS = {
    "fullnameOverride": "The name that kube-prometheus-stack's own copy would have.",
    "prometheusScrape": "The monitor below is the only way in; an annotation would scrape it twice.",
    "prometheus.monitor.http.honorLabels": (
        "`namespace`, `pod` and `node` name the object described, as the default rules and dashboards expect. "
        "The job is kube-state-metrics, from the Service's app.kubernetes.io/name."
    ),
    "metricLabelsAllowlist": "Kubernetes labels that dashboards and rules query as label_*.",
    "collectorsExclude": "Least privilege: no dashboard or rule queries kube_secret_*, so it may not list Secrets.",
}


def component(profile: Profile) -> Component:
    """Gives kube-state-metrics as the profile wants it."""
    choices = choices_of(profile, NAME)
    values: dict[str, Any] = {
        "enabled": choices["enabled"],
        "fullnameOverride": f"kube-prometheus-stack-{NAME}",
        "prometheusScrape": False,
        "prometheus": {"monitor": {"enabled": True, "http": {"honorLabels": True}}},
        "metricLabelsAllowlist": [
            f"{resource}=[{','.join(labels)}]" for resource, labels in sorted(choices["labels"].items()) if labels
        ],
        "collectorsExclude": ["secrets"],
        "resources": choices["resources"],
    }
    return Component(NAME, "metrics about Kubernetes objects", values, _COMMENTS)
