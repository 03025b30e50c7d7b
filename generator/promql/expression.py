"""One PromQL expression, wherever it is from: what the compiler, the check on queries and the tests read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

Kind = Literal["target", "variable", "record", "alert"]
"""What an expression is for: a panel, a menu of a dashboard, a recording rule, an alert."""


@dataclass(frozen=True)
class Expression:
    """One expression with shorthands written out.

    Attributes:
        file: the file, as shown in errors and findings.
        place: the place in the file: ``rows[0].panels[1].targets[0]``, ``variables[0].query``, ``records[0].expr``,
            ``alerts[0].expr``; ``slos.NAME`` for both alerts of an objective.
        kind: what it is for.
        name: the panel's title, or the name of the variable, record or alert.
        text: PromQL, Grafana's variables in it; for a variable its query (``label_values(...)`` or PromQL).
        index: the target in the panel, from 0; a target with several percentiles has several expressions.
        legend: the name of a target's series, or the heading of its column; "" leaves it to Grafana. For an
            annotation of a dashboard, its texts.
        unit: Grafana's id of the unit that the value is shown in; "" if nothing says so.
        panel: the type of a target's panel, ``stat`` for one; "" if nothing says so.
        columns: labels shown as columns of the panel's table; one of the panel's targets must carry each.
        group: the group of a rule.
        wait: how long an alert's expression must hold, a duration; "" for not at all (Prometheus' ``for``).
        labels: labels that a rule sets, an alert's ``severity`` included.
        annotations: an alert's texts, Prometheus' templates in them.
        used: what it uses of what the file's expressions share: ``@name`` for matchers, ``$part:name`` for parts.
    """

    file: str
    place: str
    kind: Kind
    name: str
    text: str
    index: int = 0
    legend: str = ""
    unit: str = ""
    panel: str = ""
    columns: tuple[str, ...] = ()
    group: str = ""
    wait: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    used: frozenset[str] = frozenset()

    @property
    def texts(self) -> str:
        """The texts that may name labels of the result: ``{{label}}``, ``{{ $labels.label }}``."""
        return "\n".join(text for text in (self.legend, *self.labels.values(), *self.annotations.values()) if text)
