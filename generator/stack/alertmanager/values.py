"""The Helm values of kube-prometheus-stack that follow from ``alerts`` of a profile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from generator.stack.alertmanager.receivers import credentials_file, secret_keys
from generator.stack.alertmanager.routing import alertmanager_config

if TYPE_CHECKING:
    from generator.choices.profiles import Profile

_OWN_NAMESPACE = "{{ .Release.Namespace }}"
"""kube-prometheus-stack (88.5.3) fills in templates in both selectors of AlertmanagerConfigs."""


def alert_context(profile: Profile) -> dict[str, Any]:
    """Returns what the template of kube-prometheus-stack's values is filled with."""
    configs = profile.choices["alerts"]["alertmanagerConfigs"]
    return {
        "alert_config": alertmanager_config(profile),
        "alert_secrets": list(dict.fromkeys(key.name for key in secret_keys(profile))),
        "alert_credentials": credentials_file(profile),
        "team_configs": {
            "labels": configs["labels"],
            "namespaces": list(dict.fromkeys([_OWN_NAMESPACE, *configs["namespaces"]])),
            "strategy": configs["matcherStrategy"],
        },
    }


def alert_secrets(profile: Profile) -> list[dict[str, str]]:
    """Returns ``secrets.alerts`` of the chart's values: the keys that the bootstrap looks for."""
    return [
        {"name": key.name, "key": key.key, "holds": key.holds, "receiver": key.place} for key in secret_keys(profile)
    ]
