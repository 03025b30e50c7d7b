"""What each variable of a Terraform blueprint means for the chart, as data: ``blueprints/NAME.yaml``."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Literal

from generator.errors import InputError, Problem, nearest
from generator.files import schemas, yamlfile

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from generator.choices.tfvars.reader import Settings

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
        severity: an error stops the command.
        message: what follows, one sentence without full stop; ``{state}`` stands for what the file says of it.
        hint: what to do.
        when: when it holds; of every such blueprint, if it names no variable.
        variable: the variable that it is about; "" for none.
        component: it holds only where this component is on; "" for everywhere.
    """

    severity: Literal["error", "warning"]
    message: str
    hint: str
    when: Condition = ({},)
    variable: str = ""
    component: str = ""


@dataclass(frozen=True)
class Blueprint:
    """One kind of blueprint.

    Attributes:
        title: what it is called.
        profile: the profile that it starts from if none is named.
        files: names that its variables' file has, without folders.
        marks: variables that no other kind of blueprint has.
        choices: choices, shaped like a profile, that hold for every such blueprint.
        variables: what the chart depends on, by name.
        others: further variables of the base module: all whose names begin with ``enable_``, and those whose names are
            close to one of ``variables``.
        parts: in the order in which their choices are laid over each other.
        notices: what it may have to say.
    """

    title: str
    profile: str
    files: frozenset[str]
    marks: frozenset[str]
    choices: Mapping[str, Any]
    variables: Mapping[str, Variable]
    others: frozenset[str]
    parts: tuple[Part, ...]
    notices: tuple[Notice, ...]


def read_blueprints(root: Path) -> tuple[Blueprint, ...]:
    """Reads the folder ``blueprints`` below a folder of sources, in the order of the files' names.

    Raises:
        InputError: a file cannot be read, does not follow its schema, or a condition names an unknown variable.
    """
    schema_file = "values-schemas/blueprint.schema.yaml"
    schema = yamlfile.load_mapping(root / schema_file, file=schema_file)
    files = [f"blueprints/{path.name}" for path in sorted((root / "blueprints").glob("*.yaml"))]
    return tuple(parse_blueprint(yamlfile.load(root / file, file=file), schema, file=file) for file in files)


def recognise(blueprints: Sequence[Blueprint], settings: Settings) -> Blueprint:
    """Returns which kind of blueprint a file of variables belongs to.

    By a variable that only this kind has, else by the name of the file; a file with neither is of the first kind that
    asks for neither.

    Args:
        blueprints: those that there are; one of them has neither ``files`` nor ``marks``.
        settings: what the file says.
    """
    name = PurePath(settings.file).name
    marked = [one for one in blueprints if not one.marks.isdisjoint(settings.values)]
    named = [one for one in blueprints if name in one.files]
    plain = [one for one in blueprints if not one.marks and not one.files]
    return (*marked, *named, *plain)[0]


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
        title=data["title"],
        profile=data["profile"],
        files=frozenset(data.get("files", ())),
        marks=frozenset(data.get("marks", ())),
        choices=data.get("choices", {}),
        variables={name: Variable(**item) for name, item in data["variables"].items()},
        others=frozenset(data.get("others", ())),
        parts=tuple(_part(item) for item in data["parts"]),
        notices=tuple(_notice(item) for item in data["notices"]),
    )


def _part(item: Mapping[str, Any]) -> Part:
    lists = {key: tuple(item.get(key, ())) for key in ("monitors", "rules", "dashboards")}
    then, otherwise = item.get("then", {}), item.get("otherwise", {})
    return Part(item["name"], tuple(item["when"]), **lists, then=then, otherwise=otherwise)


def _notice(item: Mapping[str, Any]) -> Notice:
    return Notice(**{**item, "when": tuple(item["when"])} if "when" in item else item)


def _unknown(data: Mapping[str, Any], file: str) -> Iterator[Problem]:
    variables = data["variables"]
    known = {name for name, item in variables.items() if isinstance(item["default"], bool)}
    known |= {f"{name}.{key}" for name, item in variables.items() if name not in known for key in item["default"]}
    for kind in ("parts", "notices"):
        for index, item in enumerate(data[kind]):
            for place, alternative in enumerate(item.get("when", ())):
                for name in alternative.keys() - known:
                    path = f"{kind}[{index}].when[{place}]"
                    yield Problem(f"unknown variable '{name}'", file, path, hint=nearest(name, known))
    for index, item in enumerate(data["notices"]):
        if item.get("variable", next(iter(variables))) not in variables:
            message = f"unknown variable '{item['variable']}'"
            yield Problem(message, file, f"notices[{index}].variable", hint=nearest(item["variable"], variables))
