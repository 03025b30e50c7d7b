"""What the check on queries takes and what it returns, as data. Nothing here knows of PromQL or of files."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from generator.promql.expression import Kind

Severity = Literal["error", "warning"]

Part = Literal["query", "legend", "unit", "columns"]
"""Which text a finding is about: the query itself, the texts that name labels of its result, the unit or the columns
that the result is shown in."""


@dataclass(frozen=True)
class Exemption:
    """A finding that is known and accepted; empty fields fit anything.

    Attributes:
        check: the name of a check; see generator.verify.checks.
        reason: why it is right as it is.
        subject: the metric, label, exporter or variable that the finding is about.
        file: the dashboard's or rule file's name.
        panel: the panel's title, or the name of the variable, record or alert.
        origin: the file that the exemption is written in.
        place: its place in that file, ``exemptions[0]``.
    """

    check: str
    reason: str
    subject: str = ""
    file: str = ""
    panel: str = ""
    origin: str = ""
    place: str = ""


@dataclass(frozen=True)
class Scope:
    """The variables of one dashboard.

    Attributes:
        file: the file of its expressions.
        defined: variables that it defines, with the place of each.
        texts: other texts in which Grafana fills in variables (titles, descriptions, links), with the place of each.
        implied: variables that are used by what is not listed here, such as a data source's.
        may_be_empty: variables that match everything as one of their choices.
        left_out: queries for other data sources, which are not checked: how many of each type.
        inputs: names that Grafana fills in when it imports the dashboard (``__inputs``).
    """

    file: str
    defined: Mapping[str, str]
    texts: tuple[tuple[str, str], ...] = ()
    implied: frozenset[str] = frozenset()
    may_be_empty: frozenset[str] = frozenset()
    left_out: Mapping[str, int] = field(default_factory=dict)
    inputs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Fragment:
    """One line of text in which the subject of a finding stands.

    Attributes:
        text: the line, as in the file; as it is sent to Prometheus where shorthands hide the subject in the file.
        start: where the subject begins, 0-based; where the line's text begins if the subject is not in it.
        end: where it ends, exclusive; equal to ``start`` if the subject is not in it.
        line: the 1-based line of the file; 0 if the text does not stand in the file like this.
    """

    text: str
    start: int
    end: int
    line: int


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong, or worth knowing.

    Attributes:
        check: the name of the check; see generator.verify.checks.
        file: the dashboard, the rule file or the file of the exemption.
        place: the place in it; see generator.promql.expression.
        kind: what the expression is for; "" if it is about no single expression.
        name: the panel's title, or the name of the variable, record or alert; "" for the whole file.
        subjects: the metrics, labels, exporters or variables that it is about, sorted; the operator of a join.
        message: what was found and what was expected, one sentence without full stop.
        hint: what to do about it; "" if nothing helps.
        severity: an error fails the command.
        part: which text the subject stands in.
        text: the expression as it is sent to Prometheus, or one of several with this fault; "" if it is about none.
        off: what is off, as ``monitors.ray.enabled``, and the charts that bring no monitor, if nothing comes of it for
            that reason; sorted.
        line: the 1-based line of the file, 0 if it is not known: locate.located fills it in, once there is a finding.
        fragment: the line with the subject; None until located.
    """

    check: str
    file: str
    place: str
    kind: Kind | Literal[""]
    name: str
    subjects: tuple[str, ...]
    message: str
    hint: str = ""
    severity: Severity = "error"
    part: Part = "query"
    text: str = field(default="", compare=False)
    off: tuple[str, ...] = ()
    line: int = 0
    fragment: Fragment | None = None
