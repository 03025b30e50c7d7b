"""Asks a cluster what there is to know, in parallel and within bounds, until the causes want to know no more."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from generator.doctor.chain import surely_silent
from generator.doctor.diagnosis import Asked, Diagnosis, diagnose, variables_of
from generator.doctor.filling import SCRAPE_INTERVAL, Window, filled
from generator.doctor.menus import opened
from generator.doctor.prometheus import Prometheus, read_facts
from generator.doctor.snapshot import Container, Outcome, Snapshot
from generator.doctor.view import EARLIER, Answer, View
from generator.doctor.web import AnswerError
from generator.errors import bad_input, nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from generator.doctor.boards import Board, Question
    from generator.doctor.causes import Severity
    from generator.doctor.expected import Expected
    from generator.doctor.menus import Opened

MOST_ROUNDS = 12
"""How often causes may ask for more; each goes one part of an expression deeper."""

MOST_QUERIES = 6000
"""Queries of one run; the whole catalogue of panels and rules takes a thousand."""

_CONTAINERS = "kube_pod_container_info"
_MOST_CONTAINERS = 50_000


@dataclass(frozen=True)
class Others:
    """What was read of other servers than Prometheus; see Snapshot.

    Attributes:
        interval: the scrape interval of Grafana's data source in seconds; 0 where nobody tells.
    """

    cluster: object = None
    grafana: object = None
    logs: object = None
    containers: tuple[Container, ...] | None = None
    interval: float = 0.0
    unseen: tuple[tuple[str, str], ...] = ()


def examine(
    prometheus: Prometheus,
    expected: Expected,
    severities: Mapping[str, Severity],
    *,
    questions: Sequence[Question] | None = None,
    others: Others | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> tuple[Snapshot, Diagnosis]:
    """Returns what was seen, and what is wrong.

    Args:
        prometheus: whom to ask.
        expected: what should be there.
        severities: of causes by name.
        questions: the only ones to ask; None for all.
        others: what was read elsewhere.
        progress: called with a line about what is being done.

    Raises:
        AnswerError: there is no Prometheus.
    """
    others = others or Others()
    progress(f"reading {prometheus.server.where}")
    server = read_facts(prometheus)
    unseen = {**server.unseen, **dict(others.unseen)}
    containers = others.containers
    if containers is None:
        containers = _containers(prometheus, unseen)
    snapshot = Snapshot(
        server, containers=containers, cluster=others.cluster, grafana=others.grafana, logs=others.logs, unseen=unseen
    )
    scrape = round(others.interval) or SCRAPE_INTERVAL
    asked = _ask_boards(prometheus, expected.boards, questions, scrape, server.names, progress)
    rules = [one for one in questions_of_rules(expected) if questions is None or one in questions]
    progress(f"asking {len(rules)} rules")
    asked += prometheus.server.each(lambda one: _asked_rule(prometheus, one, server.names), rules)
    answers: dict[str, Answer] = {}
    kept: dict[str, Any] = {}
    for _ in range(MOST_ROUNDS):
        view = View(snapshot, expected, answers, kept=kept)
        diagnosis = diagnose(view, asked, severities, source_interval=others.interval)
        wanted = list(view.wanted)[: max(0, MOST_QUERIES - prometheus.server.load.requests)]
        if not wanted:
            break
        progress(f"looking for the causes: {len(wanted)} questions")
        given = prometheus.server.each(lambda text: _answer(prometheus, text), wanted)
        answers |= dict(zip(wanted, given, strict=True))
    return snapshot, diagnosis


def questions_of_rules(expected: Expected) -> list[Question]:
    """Returns the records and alerts that should be loaded, as questions."""
    from generator.doctor.boards import rule_questions

    return list(dict.fromkeys(rule_questions(expected.rules))) if expected.asks_rules else []


def named_questions(expected: Expected, title: str) -> list[Question]:
    """Returns the questions of the panels, or the rule, with this name; letters' cases do not count.

    Raises:
        InputError: there is none; names the nearest.
    """
    every = [*(one for board in expected.boards for one in board.questions), *questions_of_rules(expected)]
    chosen = [one for one in every if one.name.lower() == title.lower()]
    if not chosen:
        names = {one.name for one in every}
        raise bad_input(f"found '{title}', expected the title of a panel", file="--panel", hint=nearest(title, names))
    return chosen


def _containers(prometheus: Prometheus, unseen: dict[str, str]) -> tuple[Container, ...] | None:
    """Returns the containers that kube-state-metrics tells of; None if it tells nothing."""
    try:
        series = prometheus.vector(
            f"group by (namespace, pod, container, image, image_spec) ({_CONTAINERS}) "
            'unless on (namespace, pod) (kube_pod_status_phase{phase=~"Succeeded|Failed"} == 1)'
        )
    except AnswerError as error:
        unseen["pods"] = str(error)
        return None
    if not series:
        unseen["pods"] = "kube-state-metrics tells of none, and --kube-context was not given"
        return None
    return tuple(
        Container(
            labels.get("namespace", ""),
            labels.get("pod", ""),
            labels.get("container", ""),
            labels.get("image_spec") or labels.get("image", ""),
        )
        for labels, _ in series[:_MOST_CONTAINERS]
    )


def _ask_boards(
    prometheus: Prometheus,
    boards: Sequence[Board],
    questions: Sequence[Question] | None,
    scrape: int,
    names: frozenset[str],
    progress: Callable[[str], None],
) -> list[Asked]:
    boards = [one for one in boards if questions is None or any(each in questions for each in one.questions)]
    progress(f"opening {len(boards)} dashboards")
    now = time.time()
    windows = [Window(now - board.seconds, now) for board in boards]
    open_boards = prometheus.server.each(
        lambda pair: opened(pair[0], prometheus, pair[1], scrape), list(zip(boards, windows, strict=True))
    )
    todo = [
        (question, window, seen)
        for board, window, seen in zip(boards, windows, open_boards, strict=True)
        for question in board.questions
        if questions is None or question in questions
    ]
    progress(f"asking what {len(todo)} queries of panels give")
    return prometheus.server.each(lambda one: _asked_panel(prometheus, *one, scrape, names), todo)


def _asked_panel(
    prometheus: Prometheus,
    question: Question,
    window: Window,
    seen: Opened,
    scrape: int,
    names: frozenset[str],
) -> Asked:
    from generator.promql.references import used_variables

    try:
        text = filled(question.text, seen.choice, window, scrape=scrape)
    except (KeyError, ValueError) as error:
        return Asked(question, "", Outcome("error", f"a variable cannot be filled in: {error}"))
    used = used_variables(question.text)
    outcome = Outcome("silent") if surely_silent(text, names) else prometheus.outcome(text)
    variables = {} if outcome.answers else variables_of(question.text, text)
    empty = {name: why for name, why in seen.empty.items() if name in used}
    return Asked(question, text, outcome, variables, empty)


def _asked_rule(prometheus: Prometheus, question: Question, names: frozenset[str]) -> Asked:
    silent = surely_silent(question.text, names)
    return Asked(question, question.text, Outcome("silent") if silent else prometheus.outcome(question.text))


def _answer(prometheus: Prometheus, text: str) -> Answer:
    """Asks what a cause wants to know; what gives nothing now is asked for the last hour."""
    try:
        series = prometheus.vector(text)
        if series:
            return Answer(tuple(series))
        return Answer(earlier=text.startswith("count(") and prometheus.gave(text, EARLIER))
    except AnswerError as error:
        return Answer(error=str(error))
