"""Resolves a request: the profile with everything that is laid over it, checked against the profile schema."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from generator.build.sources import read_overlay
from generator.choices.profiles import WITH_FILES, parse_set, resolve
from generator.dashboards.chart import dashboard_values_schema
from generator.files.location import sources_root
from generator.files.nested import mapping
from generator.files.schema_values import inlined
from generator.monitors import monitor_values_schema
from generator.rules.values import rule_values_schema

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from generator.build.sources import Sources
    from generator.choices.profiles import Layer, Profile
    from generator.choices.request import Request
    from generator.errors import Problem


BLOCKS = ("monitors", "dashboards", "rules")
"""Keys of the chart's values, and of a profile, with a block for each file of the folder of that name."""


def own_schema(sources: Sources) -> dict[str, Any]:
    """Returns the JSON Schema of the chart's own values, defaults included.

    It is values-schemas/values.schema.yaml with a block for each monitor, dashboard and file of rules.

    Raises:
        InputError: see monitor_values_schema.
    """
    schema = inlined(sources.schemas["values"])
    properties = schema["properties"]
    blocks = {
        "monitors": monitor_values_schema(properties["monitors"], sources.monitors),
        "dashboards": dashboard_values_schema(properties["dashboards"], sources.dashboards, sources.brought_dashboards),
        "rules": rule_values_schema(properties["rules"], sources.rules, sources.brought_rules),
    }
    return {**schema, "properties": properties | blocks}


def profile_schema(sources: Sources) -> dict[str, Any]:
    """Returns the profile schema, with the parts that are those of the chart's values.

    Raises:
        InputError: see monitor_values_schema.
    """
    base = sources.schemas["profile"]
    chart = own_schema(sources)["properties"]
    blocks = {
        block: {
            **chart[block],
            **base["properties"][block],
            "properties": {**chart[block]["properties"], **base["properties"][block].get("properties", {})},
        }
        for block in BLOCKS
    }
    definitions = {
        **base["$defs"],
        "alerts": inlined(sources.schemas["alerts"]),
        "existingSecrets": chart["secrets"]["properties"]["existing"],
        "secretName": sources.schemas["values"]["$defs"]["secretName"],
        "exemption": sources.schemas["exemptions"]["properties"]["exemptions"]["items"],
    }
    return {**base, "properties": base["properties"] | blocks, "$defs": definitions}


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
    schema = _with_extra_names(profile_schema(sources), [*available.values(), *overlays])
    return resolve(name, available, overlays, schema)


def _with_extra_names(schema: dict[str, Any], layers: Iterable[Layer]) -> dict[str, Any]:
    """Returns the profile schema with a switch for each file that a layer brings, by the file's stem."""
    properties = dict(schema["properties"])
    for block in WITH_FILES:
        known = properties[block]["properties"]
        listed = [mapping(layer.data.get(block)).get("extra") for layer in layers]
        files = [file for each in listed if isinstance(each, list) for file in each if isinstance(file, str)]
        more = {stem: _switch(file) for file in files if (stem := PurePath(file).stem) not in known}
        if more:
            properties[block] = {**properties[block], "properties": {**known, **more}}
    return {**schema, "properties": properties}


def _switch(file: str) -> dict[str, Any]:
    switch = {"description": f"Whether {file} is in the chart's objects.", "type": "boolean"}
    return {"type": "object", "additionalProperties": False, "properties": {"enabled": switch}}


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
    from generator.choices.tfvars import blueprint_layer, blueprint_notices, read_blueprints, read_settings, recognise

    settings = read_settings(request.tfvars)
    blueprint = recognise(read_blueprints(sources_root()), settings)
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
