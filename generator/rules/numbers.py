"""Numbers that the chart's values set, and the places in rules where they stand.

While rules are written out, a place is a word such as ``__value_thresholds_kvCache__``: one token for whoever reads
PromQL, and never part of a person's text. In the end it becomes a number, or the Helm expression that gives one.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from generator.rules.spec import Rules

Place = tuple[str, ...]
"""Where a number stands below a workload's values: ("thresholds", NAME) or ("slos", NAME, FIELD)."""

SLO_FIELDS = ("objective", "seconds", "minimum")

_MARK = re.compile(r"__value_([A-Za-z0-9]+(?:_[A-Za-z0-9]+)+)__")


def mark(place: Place) -> str:
    """Gives the word that stands for a place; its parts hold letters and digits only."""
    return f"__value_{'_'.join(place)}__"


def fill(text: str, write: Callable[[Place], str]) -> str:
    """Replaces every mark by what ``write`` gives for its place."""
    return _MARK.sub(lambda match: write(tuple(match[1].split("_"))), text)


def defaults(spec: Rules) -> dict[Place, float]:
    """Gives every number of a file of rules, by place, in the order of the file."""
    found: dict[Place, float] = {("thresholds", name): item.default for name, item in spec.thresholds.items()}
    for name, slo in spec.slos.items():
        for field in SLO_FIELDS:
            value = getattr(slo, field)
            if value is not None:
                found["slos", name, field] = value
    return found


def numbers(spec: Rules, own: Mapping[str, Any]) -> dict[Place, float]:
    """Gives every number of a file of rules, the workload's values ``own`` laid over the defaults."""
    found = defaults(spec)
    for place, default in found.items():
        value: Any = own
        for part in place:
            value = value.get(part) if isinstance(value, dict) else None
        found[place] = default if value is None else value
    return found


def plain(number: float) -> str:
    """Writes a number without an exponent, as Helm's toJson does between 1e-6 and 1e21; 5.0 is "5"."""
    text = format(Decimal(repr(number)), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
