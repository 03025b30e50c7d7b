"""What the check takes and what it gives, as data. Nothing here knows of PromQL."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

Severity = Literal["error", "warning"]

Check = Literal[
    "syntax",
    "name",
    "off",
    "absent",
    "rate",
    "counter",
    "histogram",
    "le",
    "label",
    "join",
    "unit",
    "variable",
    "exemption",
    "logs",
]
"""The kinds of finding; generator.verify says what each means."""


@dataclass(frozen=True)
class Exemption:
    """A finding that is known and accepted; empty fields fit anything.

    Attributes:
        check: the kind of finding, one of Check.
        reason: why it is right as it is.
        subject: the metric, label, exporter or variable that the finding is about.
        file: the dashboard's or rule file's name.
        panel: the panel's title, or the name of the variable, record or alert.
        origin: where the exemption is written, for errors about it.
    """

    check: str
    reason: str
    subject: str = ""
    file: str = ""
    panel: str = ""
    origin: str = ""


@dataclass(frozen=True)
class Scope:
    """The variables of one dashboard.

    Attributes:
        file: the file of its expressions.
        defined: variables that it defines, with the place of each.
        texts: other texts in which Grafana fills in variables (titles, descriptions, links), with the place of each.
        implied: variables that are used by what is not listed here, such as a data source's.
    """

    file: str
    defined: Mapping[str, str]
    texts: tuple[tuple[str, str], ...] = ()
    implied: frozenset[str] = frozenset()


@dataclass(frozen=True, order=True)
class Finding:
    """One thing that is wrong, or worth knowing.

    Attributes:
        file: the dashboard or rule file.
        place: the place in it; see generator.promql.expression.
        name: the panel's title, or the name of the variable, record or alert; "" for the whole file.
        index: the target in the panel, from 0.
        position: where in the expression's text the subject first stands, from 0; -1 if it does not.
        check: the kind of finding; see generator.verify.
        subject: the metric, label, exporter or variable that it is about.
        message: what was found and what was expected, one sentence without full stop.
        hint: what to do about it; "" if nothing helps.
        severity: an error fails the command.
    """

    file: str
    place: str
    name: str
    index: int
    position: int
    check: str
    subject: str
    message: str
    hint: str = ""
    severity: Severity = "error"
