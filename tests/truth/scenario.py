"""Scenarios: YAML in, checked against its schema, data out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from generator.errors import InputError, bad_input
from generator.files import schemas, yamlfile
from tests.live.shipped import seconds
from tests.truth.events import Quantity, Selection

if TYPE_CHECKING:
    from collections.abc import Mapping

HERE = Path(__file__).parent
FOLDER = HERE / "scenarios"

_MOMENT = re.compile(r"([a-z0-9-]+\.(?:start|end))(?: ([+-]) (\d+))?")


@dataclass(frozen=True)
class Step:
    """One thing that happens, see scenario.schema.yaml."""

    name: str
    run: str = ""
    background: bool = False
    until: str = ""
    seconds: int = 300
    wait: int = 0
    stop: str = ""
    kill: str = ""


@dataclass(frozen=True)
class Tolerance:
    """How far a panel may be off, in one of four ways, see scenario.schema.yaml."""

    absolute: float | None = None
    relative: float | None = None
    scrapes: float | None = None
    bucket: str = ""


@dataclass(frozen=True)
class Comparison:
    """One panel beside the truth, see scenario.schema.yaml.

    ``truth`` is a quantity of the log, a number that the scenario itself makes true, or None where the panel has to be
    empty. ``wrong`` says why the panel is known not to tell it; "" if it has to.
    """

    dashboard: str
    panel: str
    target: str
    series: Mapping[str, str]
    reduce: str
    at: str
    scale: float
    truth: Quantity | float | None
    within: Tolerance
    note: str = ""
    wrong: str = ""


@dataclass(frozen=True)
class Alerts:
    """Which alerts a scenario raises; ``wait`` is the longest ``for``, in seconds."""

    wait: int
    fire: frozenset[str]
    pending: frozenset[str]
    allow: Mapping[str, str]


@dataclass(frozen=True)
class Scenario:
    """What runs and what is compared."""

    name: str
    title: str
    description: str
    needs: tuple[str, ...]
    environment: Mapping[str, str]
    vllm: tuple[str, ...]
    steps: tuple[Step, ...]
    compare: tuple[Comparison, ...]
    alerts: Alerts

    @property
    def needs_vllm(self) -> bool:
        """Returns whether it needs an environment with vLLM, in Ray or alone."""
        return not {"vllm", "vllm-in-ray"}.isdisjoint(self.needs)


def read_scenarios(folder: Path = FOLDER) -> dict[str, Scenario]:
    """Reads every scenario of a folder by its file's name.

    Raises:
        InputError: a file does not follow scenario.schema.yaml.
    """
    schema = yamlfile.load_mapping(HERE / "scenario.schema.yaml")
    found = {}
    for path in sorted(folder.glob("*.yaml")):
        data = yamlfile.load_mapping(path)
        problems = schemas.problems(data, schema, file=str(path))
        if problems:
            raise InputError(*problems)
        found[path.stem] = _scenario(path, data)
    return found


def _scenario(path: Path, data: Mapping[str, Any]) -> Scenario:
    steps = tuple(Step(**step) for step in data["steps"])
    names = {step.name for step in steps}
    for index, item in enumerate(data["compare"]):
        mark = item["at"].partition(".")[0]
        if mark not in names:
            raise bad_input(
                f"found '{mark}', expected the name of a step: {', '.join(sorted(filter(None, names)))}",
                file=str(path),
                path=f"compare[{index}].at",
            )
    alerts = data["alerts"]
    return Scenario(
        path.stem,
        data["title"],
        data["description"],
        tuple(data["needs"]),
        data.get("environment", {}),
        tuple(data.get("vllm", ())),
        steps,
        tuple(map(_comparison, data["compare"])),
        Alerts(
            seconds(alerts["for"]),
            frozenset(alerts.get("fire", ())),
            frozenset(alerts.get("pending", ())),
            alerts.get("allow", {}),
        ),
    )


def _comparison(item: Mapping[str, Any]) -> Comparison:
    truth = item["true"]
    return Comparison(
        item["dashboard"],
        item["panel"],
        item.get("target", "A"),
        item.get("series", {}),
        item.get("reduce", "only"),
        item["at"],
        item.get("scale", 1.0),
        _quantity(truth) if isinstance(truth, dict) else truth,
        Tolerance(**item["within"]),
        item.get("note", ""),
        item.get("wrong", ""),
    )


def _quantity(item: Mapping[str, Any]) -> Quantity:
    of = item.get("of")
    return Quantity(
        _selection(item),
        item["as"],
        _selection(of) if of else None,
        item.get("field", ""),
        item.get("per", ""),
        item.get("quantile", 0.0),
        item.get("over", 0),
        item.get("less", 0.0),
    )


def _selection(item: Mapping[str, Any]) -> Selection:
    event = item["event"]
    return Selection((event,) if isinstance(event, str) else tuple(event), item.get("where", {}))


def moment(text: str, marks: Mapping[str, float]) -> float:
    """Returns a moment such as ``load.end - 10`` in seconds from the start of the recording.

    Raises:
        KeyError: no step has left that mark.
    """
    match = _MOMENT.fullmatch(text)
    assert match, text
    return marks[match[1]] + int(f"{match[2] or '+'}{match[3] or 0}")
