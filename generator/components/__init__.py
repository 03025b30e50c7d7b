"""One module an upstream chart: a function from a profile to the chart's Helm values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.components import (
    fluent_bit,
    kube_prometheus_stack,
    kube_state_metrics,
    metrics_server,
    opensearch,
    opensearch_dashboards,
)

if TYPE_CHECKING:
    from generator.components.component import Component
    from generator.profiles import Profile

_MODULES = (
    kube_prometheus_stack,
    kube_state_metrics,
    opensearch,
    opensearch_dashboards,
    fluent_bit,
    metrics_server,
)

NAMES = tuple(module.NAME for module in _MODULES)
"""Every component, in the order of Chart.yaml."""


def components(profile: Profile) -> tuple[Component, ...]:
    """Gives every component as the profile wants it, the switched-off ones too, in the order of NAMES.

    Raises:
        InputError: choices of two components contradict each other.
    """
    return tuple(module.component(profile) for module in _MODULES)
