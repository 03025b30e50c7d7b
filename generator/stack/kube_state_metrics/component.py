"""kube-state-metrics, the only one in the release (kube-state-metrics 8.4.0 values.yaml)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.stack.component import Component, choices_of, from_template
from generator.stack.priorities import priority_context

if TYPE_CHECKING:
    from generator.choices.profiles import Profile

NAME = "kube-state-metrics"


def component(profile: Profile) -> Component:
    """Builds kube-state-metrics as the profile wants it."""
    choices = choices_of(profile, NAME)
    label_lists = [
        f"{resource}=[{','.join(labels)}]" for resource, labels in sorted(choices["labels"].items()) if labels
    ]
    return from_template(
        NAME,
        "metrics about Kubernetes objects",
        choices=choices,
        label_lists=label_lists,
        **priority_context(profile),
    )
