"""From a view to a diagnosis: each question with its answer or its first cause, each cause with what it silences."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from generator.doctor.causes import Found, found
from generator.doctor.chain import Chain
from generator.doctor.logs import reader_causes
from generator.doctor.misleading import misleading, names_read, rule_causes
from generator.doctor.scrapes import scrape_causes
from generator.doctor.workloads import unscraped_causes
from generator.promql.filling import PromQLError
from generator.promql.parser import parse, selectors

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from generator.doctor.boards import Board, Question
    from generator.doctor.causes import Severity
    from generator.doctor.snapshot import Outcome
    from generator.doctor.view import View


@dataclass(frozen=True)
class Asked:
    """A question as it was asked.

    Attributes:
        question: what it is.
        text: its expression with variables filled in; "" if they could not be.
        outcome: what it gave.
        variables: which variable stands in which matcher, as ``label=~value`` → its name.
        empty: menus that it uses and that had no entry → the query and the error.
    """

    question: Question
    text: str
    outcome: Outcome
    variables: Mapping[str, str] = field(default_factory=dict)
    empty: Mapping[str, tuple[str, str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Diagnosis:
    """What the doctor found.

    Attributes:
        causes: each cause with the questions that it leaves without an answer; causes without one are there too.
        asked: every question, with its outcome.
        unknown: questions whose cause was not found within the bounds of the run.
    """

    causes: Mapping[Found, tuple[Question, ...]]
    asked: tuple[Asked, ...]
    unknown: tuple[Question, ...] = ()


def diagnose(
    view: View, asked: Sequence[Asked], severities: Mapping[str, Severity], *, source_interval: float = 0.0
) -> Diagnosis:
    """Returns the causes that hold; what is not known yet is noted in the view, see View.ask.

    Args:
        view: what is known.
        asked: every question with its outcome.
        severities: of causes by name.
        source_interval: the scrape interval of Grafana's data source in seconds; 0 where nobody tells.
    """
    causes: dict[Found, list[Question]] = {}
    unknown: list[Question] = []
    for one in (
        *scrape_causes(view),
        *unscraped_causes(view),
        *rule_causes(view),
        *_cluster(view),
        *reader_causes(view),
    ):
        causes.setdefault(one, [])
    for each in asked:
        if each.outcome.answers:
            continue
        cause = first_cause(view, each)
        if each.question.kind == "alert":
            # Silence is what an alert is for; it is ill only if something keeps it from ever firing.
            if cause and severities[cause.cause] == "fault" and cause.cause not in _OF_NOW:
                causes.setdefault(cause, []).append(each.question)
        elif cause is None:
            unknown.append(each.question)
        elif each.question.kind != "record" or severities[cause.cause] == "fault":
            causes.setdefault(cause, []).append(each.question)
    read = names_read(
        [
            *(question.text for board in view.expected.boards for question in board.questions),
            *(menu.query for board in view.expected.boards for menu in board.menus),
            *(rule.text for rule in view.expected.rules),
            *(rule.query for rule in view.server.rules or ()),
        ]
    )
    for one in misleading(view, source_interval, read):
        causes.setdefault(one, [])
    return Diagnosis({one: tuple(dict.fromkeys(found)) for one, found in causes.items()}, tuple(asked), tuple(unknown))


_OF_NOW = frozenset(("no-join", "label-differs-value", "choice-excludes"))
"""Causes of what is so at the moment, as no pod with this label, and no reason why an alert could never fire."""


def first_cause(view: View, asked: Asked) -> Found | None:
    """Returns why a question has no answer; None if more has to be known first."""
    chain = Chain(view, dict(asked.variables))
    for name, (query, error) in asked.empty.items():
        return _of_menu(view, name, query, error)
    return (
        chain.cause(asked.text, asked.outcome.error) if asked.text else found("quiet", expression=asked.question.text)
    )


def _of_menu(view: View, name: str, query: str, error: str) -> Found | None:
    """Returns why a menu has no entry: the cause of its query, or that the menu itself asks wrongly."""
    inner = _inner(query)
    cause = Chain(view).cause(inner, "") if inner else None
    if cause and cause.cause not in ("quiet", "labels-together"):
        return cause
    if inner and not cause and view.wanted:
        return None
    return found("variable-empty", variable=name, query=query, advice=error or "correct its query")


def _inner(query: str) -> str:
    text = query.strip()
    for beginning in ("label_values(", "query_result("):
        if text.startswith(beginning) and text.endswith(")"):
            inside = text[len(beginning) : -1]
            return inside.rpartition(",")[0].strip() if beginning == "label_values(" else inside
    return ""


def _cluster(view: View) -> Iterator[Found]:
    """Yields what other servers than Prometheus show."""
    for seen in (view.snapshot.cluster, view.snapshot.grafana, view.snapshot.logs):
        if seen is not None:
            yield from seen.causes(view)


def variables_of(original: str, filled: str) -> dict[str, str]:
    """Returns which variable stands in which matcher of a filled expression, as ``label=~value`` → its name."""
    from generator.promql.references import used_variables

    try:
        written, asked = list(selectors(parse(original).tree)), list(selectors(parse(filled).tree))
    except PromQLError:
        return {}
    found_in: dict[str, str] = {}
    names = sorted(used_variables(original))
    for before, after in zip(written, asked, strict=False):
        for old, new in zip(before.matchers, after.matchers, strict=False):
            if old.variable and old.label == new.label:
                found_in[f"{new.label}{new.operator}{new.value}"] = _name_of(original, old.label, names)
    return found_in


def _name_of(text: str, label: str, names: Sequence[str]) -> str:
    """Returns the variable that stands behind a label in an expression."""
    import re

    for name in names:
        if re.search(rf"\b{re.escape(label)}\s*(?:=~|!~|!=|=)\s*\"[^\"]*(?:\$\{{?|\[\[){re.escape(name)}\b", text):
            return name
    return names[0] if names else "?"


def boards_summary(boards: Sequence[Board], asked: Sequence[Asked]) -> list[tuple[str, int, int]]:
    """Returns for each dashboard how many of its queries answer, and how many there are."""
    rows = []
    for board in boards:
        own = [one for one in asked if one.question.kind == "panel" and one.question.owner == board.title]
        rows.append((board.title, sum(one.outcome.answers for one in own), len(own)))
    return rows
