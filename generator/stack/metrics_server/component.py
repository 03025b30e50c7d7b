"""metrics-server, the resource metrics API (metrics-server chart 3.13.1 values.yaml)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.stack.component import Component, choices_of, from_template

if TYPE_CHECKING:
    from generator.choices.profiles import Profile

NAME = "metrics-server"


def component(profile: Profile) -> Component:
    """Builds metrics-server as the profile wants it."""
    return from_template(NAME, "the resource metrics API behind kubectl top and HPA", choices=choices_of(profile, NAME))
