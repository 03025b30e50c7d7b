"""metrics-server, the resource metrics API (metrics-server chart 3.13.1 values.yaml)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from generator.stack.component import Component, choices_of

if TYPE_CHECKING:
    from generator.choices.profiles import Profile

NAME = "metrics-server"

_COMMENTS = {
    "args": "--kubelet-insecure-tls where the kubelets' serving certificates are self-signed.",
    "fullnameOverride": "One a cluster, as its APIService v1beta1.metrics.k8s.io is.",
}


def component(profile: Profile) -> Component:
    """Gives metrics-server as the profile wants it."""
    choices = choices_of(profile, NAME)
    values: dict[str, Any] = {
        "enabled": choices["enabled"],
        "fullnameOverride": NAME,
        "replicas": choices["replicas"],
        "args": [] if choices["kubeletTLS"] else ["--kubelet-insecure-tls"],
    }
    return Component(NAME, "the resource metrics API behind kubectl top and HPA", values, _COMMENTS)
