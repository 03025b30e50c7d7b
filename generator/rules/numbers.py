"""Numbers that the chart's values set, and the marks that stand for them in rules.

While rules are written out, a number is a word such as ``__value_thresholds_kvCache__``: one token for whoever reads
PromQL, and never part of a person's text. In the end it becomes a number, or the Helm expression that gives one. No
template has it: PromQL is parsed with the mark in it, which Jinja's or Go's would not let it be.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from generator.files.nested import value_at

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from generator.rules.spec import Rules

NumberPath = tuple[str, ...]
"""The keys that lead to a number below a workload's values: ("thresholds", NAME) or ("slos", NAME, FIELD)."""

SLO_FIELDS = ("objective", "seconds", "minimum")

_MARK = re.compile(r"__value_([A-Za-z0-9]+(?:_[A-Za-z0-9]+)+)__")


def mark(path: NumberPath) -> str:
    """Returns the word that stands for a number; the path's keys hold letters and digits only."""
    return f"__value_{'_'.join(path)}__"


def fill(text: str, write: Callable[[NumberPath], str]) -> str:
    """Replaces every mark by what ``write`` returns for its path."""
    return _MARK.sub(lambda match: write(tuple(match[1].split("_"))), text)


def defaults(spec: Rules) -> dict[NumberPath, float]:
    """Returns every number of a file of rules, by path, in the order of the file."""
    numbers_by_path: dict[NumberPath, float] = {
        ("thresholds", name): item.default for name, item in spec.thresholds.items()
    }
    for name, slo in spec.slos.items():
        for field in SLO_FIELDS:
            value = getattr(slo, field)
            if value is not None:
                numbers_by_path["slos", name, field] = value
    return numbers_by_path


def numbers(spec: Rules, own: Mapping[str, Any]) -> dict[NumberPath, float]:
    """Returns every number of a file of rules, the workload's values ``own`` laid over the defaults."""
    numbers_by_path = defaults(spec)
    for path, default in numbers_by_path.items():
        value = value_at(own, path)
        numbers_by_path[path] = default if value is None else value
    return numbers_by_path


def plain(number: float) -> str:
    """Writes a number without an exponent, as Helm's toJson does between 1e-6 and 1e21; 5.0 is "5"."""
    text = format(Decimal(repr(number)), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
