"""One module an upstream chart: a function from a profile to the chart's Helm values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.stack.fluent_bit import component as fluent_bit
from generator.stack.kube_prometheus_stack import component as kube_prometheus_stack
from generator.stack.kube_state_metrics import component as kube_state_metrics
from generator.stack.metrics_server import component as metrics_server
from generator.stack.opensearch import component as opensearch
from generator.stack.opensearch_dashboards import component as opensearch_dashboards

if TYPE_CHECKING:
    from generator.choices.profiles import Profile
    from generator.stack.component import Component

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
    """Returns every component as the profile wants it, the switched-off ones too, in the order of NAMES.

    Raises:
        InputError: choices of two components contradict each other.
    """
    return tuple(module.component(profile) for module in _MODULES)
