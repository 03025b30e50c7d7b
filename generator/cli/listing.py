"""What ``gen-chart profiles`` and ``gen-chart components`` list, as rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.stack import components

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from generator.choices.pins import Pins
    from generator.choices.profiles import Layer, Profile
    from generator.files.table import Row


def profile_rows(profiles: Mapping[str, Layer]) -> list[Row]:
    """Returns a row a profile: name, what it extends ("" if nothing), its description."""
    return [
        {
            "profile": name,
            "extends": str(layer.data.get("extends", "")),
            "for": str(layer.data.get("description", "")),
        }
        for name, layer in sorted(profiles.items())
    ]


def component_rows(profiles: Sequence[Profile], pins: Pins) -> list[Row]:
    """Returns a row a component: chart, version, app, the profiles in which it is on, what it brings."""
    by_profile = {profile.name: components(profile) for profile in profiles}
    rows = []
    for index, component in enumerate(next(iter(by_profile.values()), ())):
        pin = pins.pin(component.name)
        on = [name for name, profile_components in by_profile.items() if profile_components[index].values["enabled"]]
        rows.append(
            {
                "component": component.name,
                "chart": pin.version,
                "app": pin.app_version,
                "profiles": ", ".join(on) or "none",
                "brings": component.summary,
            }
        )
    return rows
