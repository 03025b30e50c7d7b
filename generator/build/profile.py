"""Resolves a request: the profile with everything that is laid over it, checked against the profile schema."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from generator.build.sources import read_overlay
from generator.choices.profiles import parse_set, resolve
from generator.dashboards.chart import dashboard_values_schema
from generator.files.location import sources_root
from generator.monitors import monitor_values_schema
from generator.rules.values import rule_values_schema

if TYPE_CHECKING:
    from collections.abc import Sequence

    from generator.build.sources import Sources
    from generator.choices.profiles import Layer, Profile
    from generator.choices.request import Request
    from generator.errors import Problem


_EXTRA = {"type": "array", "items": {"type": "string", "minLength": 1}}
_LOGS = {
    "description": (
        "Whether dashboards have panels over logs. null, and leaving it out, means yes if this chart's OpenSearch is "
        "on or Fluent Bit has a host."
    ),
    "type": ["boolean", "null"],
}


def own_schemas(sources: Sources) -> dict[str, dict[str, Any]]:
    """Builds the schemas of the chart's own blocks; a profile's blocks of the same names follow them too."""
    return {
        "monitors": monitor_values_schema(sources.monitors),
        "dashboards": dashboard_values_schema(sources.dashboards),
        "rules": rule_values_schema(sources.rules),
    }


def profile_schema(sources: Sources) -> dict[str, Any]:
    """Builds the profile schema with the parts that the monitors, dashboards and rules define."""
    base = sources.schemas["profile"]
    parts = own_schemas(sources)
    for block, kind in (("dashboards", "dashboard"), ("rules", "rule")):
        more: dict[str, Any] = {
            "extra": {**_EXTRA, "description": f"Files of your own, each like values-schemas/{kind}.schema.yaml says."}
        }
        if block == "dashboards":
            more["logs"] = _LOGS
        parts[block] = {
            **{key: value for key, value in parts[block].items() if key != "propertyNames"},
            "properties": {**parts[block]["properties"], **more},
        }
    exemption = sources.schemas["exemptions"]["properties"]["exemptions"]["items"]
    return {**base, "$defs": {**base["$defs"], **parts, "exemption": exemption}}


def load_profile(name: str, sources: Sources, overlays: Sequence[Layer] = (), own: Layer | None = None) -> Profile:
    """Resolves a profile by name.

    Args:
        name: a built-in profile's name, or the name under which ``own`` is to be known.
        sources: where the built-in profiles are.
        overlays: what is laid over it, in order.
        own: a person's own profile; it may extend a built-in one.

    Raises:
        InputError: see profiles.resolve.
    """
    available = {**sources.profiles, name: own} if own else sources.profiles
    return resolve(name, available, overlays, profile_schema(sources))


def resolve_request(request: Request, sources: Sources) -> tuple[Profile, tuple[Problem, ...]]:
    """Reads what a request names and lays it over the profile.

    Returns:
        The profile, and the warnings about the blueprint's variables.

    Raises:
        InputError: a file cannot be read, or see load_profile, parse_set, tfvars.read_settings, blueprint_layer and
            blueprint_notices.
    """
    overlays: list[Layer] = [*map(read_overlay, request.overlays), *map(parse_set, request.sets)]
    if request.tfvars is None:
        return _load(request.profile, request, sources, overlays), ()
    from generator.choices.tfvars import blueprint_layer, blueprint_notices, read_blueprint, read_settings

    blueprint = read_blueprint(sources_root())
    settings = read_settings(request.tfvars)
    name = request.profile or blueprint.profile
    layer = blueprint_layer(blueprint, settings, _load(name, request, sources, ()), switches(sources))
    profile = _load(name, request, sources, [layer, *overlays])
    return profile, blueprint_notices(blueprint, settings, profile)


def switches(sources: Sources) -> dict[str, dict[str, dict[str, bool]]]:
    """Returns whether each monitor, file of rules and dashboard is on where no choice says otherwise."""
    return {
        "monitors": {name: {"enabled": monitor.get("enabled", True)} for name, monitor in sources.monitors.items()},
        "rules": {name: {"enabled": rules.enabled} for name, rules in sources.rules.items()},
        "dashboards": {name: {"enabled": True} for name in sources.dashboards},
    }


def _load(name: str, request: Request, sources: Sources, overlays: Sequence[Layer]) -> Profile:
    path = request.own_profile
    if path is None:
        return load_profile(name, sources, overlays)
    return load_profile(path.name, sources, overlays, own=read_overlay(path))
