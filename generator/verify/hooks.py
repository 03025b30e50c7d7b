"""What a check is: a name, a sentence, and the functions that are called with what is inferred of each expression."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from generator.promql.parser import Aggregation, Binary, Call
    from generator.verify.names import MetricNames
    from generator.verify.prepare import Item, Prepared
    from generator.verify.series import Selection
    from generator.verify.spec import Finding, Part, Scope, Severity
    from generator.verify.vectors import Vector


class Issue(NamedTuple):
    """Something wrong in an expression; see spec.Finding for the fields.

    ``unsure`` says that the catalogue cannot tell: a warning, in a file that people bring. ``says_exemption`` puts the
    exemption to write after the hint there.
    """

    subjects: tuple[str, ...]
    message: str
    hint: str = ""
    part: Part = "query"
    off: tuple[str, ...] = ()
    unsure: bool = False
    says_exemption: bool = False


Issues = Iterable[Issue]
OnExpression = Callable[["Item", "Scope | None"], Issues]
OnSelector = Callable[["Selection"], Issues]
OnCall = Callable[["Call", Sequence["Vector"]], Issues]
OnAggregation = Callable[["Aggregation", "Vector"], Issues]
OnBinary = Callable[["Binary", "Vector", "Vector"], Issues]
OnResult = Callable[["Item", "Vector", "MetricNames"], Issues]
OnPanel = Callable[[Sequence["Item"], Sequence["Vector"]], Issues]
OnScopes = Callable[["Prepared"], Iterable["Finding"]]
OnFindings = Callable[[Sequence["Item"], Sequence["Finding"]], Iterable["Finding"]]


@dataclass(frozen=True)
class Check:
    """One kind of finding.

    A hook yields what is wrong, or nothing. It never decides what comes out of an operator: inference does.

    Attributes:
        name: what findings and exemptions call it; its page is docs/checks/NAME.md.
        summary: what it finds, one sentence.
        severity: of its findings; a file that is off as a whole is a warning whatever this says.
        exemptible: whether an exemption may accept its findings.
        on_expression: called with each expression and the variables of its dashboard, before anything is inferred.
        on_selector: called with what each distinct selector selects, once for all expressions.
        on_call: by the function's name, called with each call and what is inferred of its arguments.
        on_aggregation: called with each aggregation and what is inferred of what it aggregates.
        on_binary: called with each binary operator and what is inferred of its sides.
        on_result: called with each expression that is PromQL and what is inferred of its result.
        on_panel: called with the expressions of each panel that shows columns, and their results.
        on_scopes: called once, with everything that is checked; not if only some names are checked again.
        on_findings: called last, with the expressions and their findings, of which it may make others.
    """

    name: str
    summary: str
    severity: Severity = "error"
    exemptible: bool = True
    on_expression: OnExpression | None = None
    on_selector: OnSelector | None = None
    on_call: Mapping[str, OnCall] = field(default_factory=dict)
    on_aggregation: OnAggregation | None = None
    on_binary: OnBinary | None = None
    on_result: OnResult | None = None
    on_panel: OnPanel | None = None
    on_scopes: OnScopes | None = None
    on_findings: OnFindings | None = None

    @property
    def page(self) -> str:
        """The page about it, as a path in the repository."""
        return f"docs/checks/{self.name}.md"


Reported = list[tuple[str, Issue]]
"""Names of checks, each with what it found."""


class Hooks(NamedTuple):
    """The hooks of many checks by what calls them, each with the name of its check."""

    expression: tuple[tuple[str, OnExpression], ...] = ()
    selector: tuple[tuple[str, OnSelector], ...] = ()
    call: Mapping[str, tuple[tuple[str, OnCall], ...]] = {}
    aggregation: tuple[tuple[str, OnAggregation], ...] = ()
    binary: tuple[tuple[str, OnBinary], ...] = ()
    result: tuple[tuple[str, OnResult], ...] = ()
    panel: tuple[tuple[str, OnPanel], ...] = ()
    scopes: tuple[OnScopes, ...] = ()
    findings: tuple[OnFindings, ...] = ()


SILENT = Hooks()
"""For inference alone."""


def hooks_of(checks: Sequence[Check]) -> Hooks:
    """Returns the hooks of checks, in the order of the checks."""
    call: dict[str, tuple[tuple[str, OnCall], ...]] = {}
    for check in checks:
        for function, hook in check.on_call.items():
            call[function] = (*call.get(function, ()), (check.name, hook))
    return Hooks(
        expression=tuple((check.name, check.on_expression) for check in checks if check.on_expression),
        selector=tuple((check.name, check.on_selector) for check in checks if check.on_selector),
        call=call,
        aggregation=tuple((check.name, check.on_aggregation) for check in checks if check.on_aggregation),
        binary=tuple((check.name, check.on_binary) for check in checks if check.on_binary),
        result=tuple((check.name, check.on_result) for check in checks if check.on_result),
        panel=tuple((check.name, check.on_panel) for check in checks if check.on_panel),
        scopes=tuple(check.on_scopes for check in checks if check.on_scopes),
        findings=tuple(check.on_findings for check in checks if check.on_findings),
    )
