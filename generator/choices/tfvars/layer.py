"""The choices that follow from a blueprint's variables, and what has to be said about them."""

from __future__ import annotations

import difflib
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from generator.choices.profiles import BLUEPRINT, Layer, merge
from generator.choices.tfvars.blueprint import LEFT_OUT
from generator.choices.tfvars.reader import HclExpression
from generator.errors import InputError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from generator.choices.profiles import Profile
    from generator.choices.tfvars.blueprint import Blueprint, Condition, Variable
    from generator.choices.tfvars.reader import Settings

_TEXTS = {"true": True, "1": True, "false": False, "0": False}
"""Texts that Terraform takes for a bool variable."""

_CLOSE = 0.85
"""From this similarity on (difflib's ratio) an unknown name is taken for a misspelt one."""

_NAMES_SHOWN = 60


def blueprint_layer(blueprint: Blueprint, settings: Settings, profile: Profile, defaults: Mapping[str, Any]) -> Layer:
    """Returns what a blueprint's variables change in a profile.

    Args:
        blueprint: what the variables mean.
        settings: what the file says.
        profile: the profile that the layer is for, before anything else is laid over it.
        defaults: block → name → ``enabled``, of monitors, rules and dashboards as their files say: what a choice
            leaves alone is like that.

    Returns:
        Only what differs from the profile: a blueprint that enables what the profile expects changes nothing, and is
        not named in the header of the files.

    Raises:
        InputError: a variable that the chart depends on has a value that is neither true nor false.
    """
    switches = _switches(blueprint, settings)
    data: dict[str, Any] = dict(blueprint.choices)
    for part in blueprint.parts:
        enabled = _holds(part.when, switches)
        data = merge(data, part.then if enabled else part.otherwise)
        for block in ("monitors", "rules", "dashboards"):
            data = merge(data, {block: {name: {"enabled": enabled} for name in getattr(part, block)}})
        reason = None if enabled else _reason(part.when, switches, settings)
        data = merge(data, {"cluster": {"absent": dict.fromkeys(part.monitors, reason)}})
    changes = _changes(data, merge(defaults, profile.choices))
    return Layer(settings.file, changes, f"{BLUEPRINT}{PurePath(settings.file).name}" if changes else "")


def blueprint_notices(blueprint: Blueprint, settings: Settings, profile: Profile) -> tuple[Problem, ...]:
    """Returns the warnings about a blueprint, in the order of its data, then those about unknown names.

    Args:
        blueprint: what the variables mean.
        settings: what the file says.
        profile: the profile with everything laid over it.

    Raises:
        InputError: what a blueprint says would break the cluster; every such thing at once.
    """
    switches = _switches(blueprint, settings)
    errors: list[Problem] = []
    warnings: list[Problem] = []
    for notice in blueprint.notices:
        spared = notice.component and not profile.choices["components"][notice.component]["enabled"]
        if spared or not _holds(notice.when, switches):
            continue
        line = settings.values[notice.variable].line if notice.variable in settings.values else 0
        message = notice.message
        if notice.variable in switches:
            message = message.replace("{state}", _state(switches[notice.variable]))
        problem = Problem(message, settings.file, notice.variable, line=line, hint=notice.hint)
        (errors if notice.severity == "error" else warnings).append(problem)
    if errors:
        raise InputError(*errors)
    return (*warnings, *_unknown(blueprint, settings))


def _switches(blueprint: Blueprint, settings: Settings) -> dict[str, tuple[bool, bool]]:
    """Returns variable, or variable.key, → (its value, whether the file says it).

    A map replaces its default as a whole, as in Terraform: a key that the file's map lacks is off.
    """
    switches: dict[str, tuple[bool, bool]] = {}
    problems: list[Problem] = []
    for name, variable in blueprint.variables.items():
        setting = settings.values.get(name)
        values = _pairs(name, variable, variable.default if setting is None else setting.value)
        if isinstance(values, str):
            line = setting.line if setting else 0
            hint = "leave it out for the default" if setting and setting.value is None else ""
            problems.append(Problem(values, settings.file, name, line=line, hint=hint))
        else:
            switches |= {key: (value, setting is not None) for key, value in values.items()}
    if problems:
        raise InputError(*problems)
    return switches


def _pairs(name: str, variable: Variable, value: Any) -> dict[str, bool] | str:
    """Returns the switches of a variable, or what is wrong with its value."""
    if isinstance(variable.default, bool):
        switch = _switch(value)
        return {name: switch} if isinstance(switch, bool) else f"found {switch}, expected true or false"
    if not isinstance(value, dict):
        return f"found {_shown(value)}, expected a map of true and false"
    pairs: dict[str, bool] = {}
    for key in variable.default:
        switch = _switch(value.get(key, False))
        if not isinstance(switch, bool):
            return f"found {switch} for '{key}', expected true or false"
        pairs[f"{name}.{key}"] = switch
    return pairs


def _switch(value: Any) -> bool | str:
    """Returns what Terraform makes of a value for a bool variable; of one that it refuses, the value as text."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value in _TEXTS:
        return _TEXTS[value]
    return _shown(value)


def _shown(value: Any) -> str:
    if isinstance(value, HclExpression):
        return value.kind
    if value is None:
        return "null"
    if isinstance(value, (list, dict)):
        return "a list" if isinstance(value, list) else "a map"
    text = str(value)
    return f"'{text}'" if len(text) <= _NAMES_SHOWN else f"'{text[: _NAMES_SHOWN - 1]}…'"


def _holds(condition: Condition, switches: Mapping[str, tuple[bool, bool]]) -> bool:
    return any(
        all(_is(switches[name], expected) for name, expected in alternative.items()) for alternative in condition
    )


def _is(switch: tuple[bool, bool], expected: bool | str) -> bool:
    value, assigned = switch
    return not assigned if expected == LEFT_OUT else value is expected


def _state(switch: tuple[bool, bool]) -> str:
    """Returns ``is true`` or ``is false`` as the file says it, or that the file does not say it."""
    value, assigned = switch
    return f"is {str(value).lower()}" if assigned else f"is missing ({str(value).lower()} by default)"


def _reason(condition: Condition, switches: Mapping[str, tuple[bool, bool]], settings: Settings) -> str:
    """Returns which variables keep the condition from holding."""
    against = {
        f"{name} {_state(switches[name])}"
        for alternative in condition
        for name, expected in alternative.items()
        if not _is(switches[name], expected)
    }
    return f"{', '.join(sorted(against))} in {PurePath(settings.file).name}"


def _changes(data: Mapping[str, Any], standing: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the values of ``data`` that ``standing`` does not have; null and nothing are the same."""
    changes: dict[str, Any] = {}
    for key, value in data.items():
        below = standing.get(key)
        if isinstance(value, dict):
            deeper = _changes(value, below if isinstance(below, dict) else {})
            if deeper:
                changes[key] = deeper
        elif value != below:
            changes[key] = value
    return changes


def _unknown(blueprint: Blueprint, settings: Settings) -> Iterator[Problem]:
    """Warns of switches that the base module does not have, and of unknown names that look like one that it has."""
    missing = [name for name in blueprint.variables if name not in settings.values]
    for name, setting in settings.values.items():
        if name in blueprint.variables or name in blueprint.others or len(name) > _NAMES_SHOWN:
            continue
        close = difflib.get_close_matches(name, missing, n=1, cutoff=_CLOSE)
        message = f"unknown variable '{name}', which changes nothing"
        if close:
            yield Problem(message, settings.file, line=setting.line, hint=f"did you mean '{close[0]}'?")
        elif name.startswith("enable_"):
            hint = f"{blueprint.title} has no such switch, or has it newly: the chart is made as if it were not there"
            yield Problem(message, settings.file, line=setting.line, hint=hint)
