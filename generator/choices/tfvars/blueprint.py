"""What each variable of a Terraform blueprint means for the chart, as data: ``blueprints/NAME.yaml``."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from generator.errors import InputError, Problem, nearest
from generator.files import schemas, yamlfile

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

LEFT_OUT = "left out"
"""In a condition: the file does not mention the variable."""

Condition = tuple["Mapping[str, bool | str]", ...]
"""Alternatives, each a mapping of variables that must all have the value given: true, false or LEFT_OUT."""


@dataclass(frozen=True)
class Variable:
    """A variable that the chart depends on.

    Attributes:
        default: its value if the file leaves it out, as the blueprint's base module declares it; of a map, the
            switches by key, each of which a condition names as ``variable.key``.
        description: what it switches.
    """

    default: bool | Mapping[str, bool]
    description: str


@dataclass(frozen=True)
class Part:
    """One thing that a blueprint may bring, and what of the chart is for it.

    Attributes:
        name: what it is called.
        when: when the cluster has it.
        monitors: monitors that are on then and else off; their workloads count as absent then.
        rules: files of rules that are on then and else off.
        dashboards: dashboards that are on then and else off.
        then: choices, shaped like a profile, if the cluster has it.
        otherwise: choices if it does not.
    """

    name: str
    when: Condition
    monitors: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    dashboards: tuple[str, ...] = ()
    then: Mapping[str, Any] = field(default_factory=dict)
    otherwise: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Notice:
    """Something that a person should know of such a blueprint.

    Attributes:
        when: when it holds.
        variable: the variable that it is about.
        severity: an error stops the command.
        message: what follows, one sentence without full stop; ``{state}`` stands for what the file says of it.
        hint: what to do.
        component: it holds only where this component is on; "" for everywhere.
    """

    when: Condition
    variable: str
    severity: Literal["error", "warning"]
    message: str
    hint: str
    component: str = ""


@dataclass(frozen=True)
class Blueprint:
    """One kind of blueprint.

    Attributes:
        profile: the profile that it starts from if none is named.
        variables: what the chart depends on, by name.
        others: further variables of the base module, whose names are close to one of ``variables``.
        parts: in the order in which their choices are laid over each other.
        notices: what it may have to say.
    """

    profile: str
    variables: Mapping[str, Variable]
    others: frozenset[str]
    parts: tuple[Part, ...]
    notices: tuple[Notice, ...]


def read_blueprint(root: Path, name: str = "jark") -> Blueprint:
    """Reads ``blueprints/NAME.yaml`` below a folder of sources.

    Raises:
        InputError: it cannot be read, does not follow its schema, or a condition names an unknown variable.
    """
    file, rules = f"blueprints/{name}.yaml", "values-schemas/blueprint.schema.yaml"
    schema = yamlfile.load_mapping(root / rules, file=rules)
    return parse_blueprint(yamlfile.load(root / file, file=file), schema, file=file)


def parse_blueprint(data: Any, schema: Mapping[str, Any], *, file: str) -> Blueprint:
    """Turns what a blueprint file holds into a Blueprint.

    Raises:
        InputError: it does not follow the schema, or a condition names an unknown variable.
    """
    schemas.validate(data, schema, file=file)
    unknown = list(_unknown(data, file))
    if unknown:
        raise InputError(*unknown)
    return Blueprint(
        profile=data["profile"],
        variables={name: Variable(**item) for name, item in data["variables"].items()},
        others=frozenset(data.get("others", ())),
        parts=tuple(_part(item) for item in data["parts"]),
        notices=tuple(Notice(**{**item, "when": tuple(item["when"])}) for item in data["notices"]),
    )


def _part(item: Mapping[str, Any]) -> Part:
    lists = {key: tuple(item.get(key, ())) for key in ("monitors", "rules", "dashboards")}
    then, otherwise = item.get("then", {}), item.get("otherwise", {})
    return Part(item["name"], tuple(item["when"]), **lists, then=then, otherwise=otherwise)


def _unknown(data: Mapping[str, Any], file: str) -> Iterator[Problem]:
    variables = data["variables"]
    known = {name for name, item in variables.items() if isinstance(item["default"], bool)}
    known |= {f"{name}.{key}" for name, item in variables.items() if name not in known for key in item["default"]}
    for kind in ("parts", "notices"):
        for index, item in enumerate(data[kind]):
            for place, alternative in enumerate(item["when"]):
                for name in alternative.keys() - known:
                    path = f"{kind}[{index}].when[{place}]"
                    yield Problem(f"unknown variable '{name}'", file, path, hint=nearest(name, known))
    for index, item in enumerate(data["notices"]):
        if item["variable"] not in variables:
            message = f"unknown variable '{item['variable']}'"
            yield Problem(message, file, f"notices[{index}].variable", hint=nearest(item["variable"], variables))
