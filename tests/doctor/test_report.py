"""What is printed: for people on any width, for programs by a schema, for tickets without a way out of Markdown."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click
import pytest

from generator.build.sources import read_schema
from generator.doctor.boards import Question
from generator.doctor.causes import found, read_causes
from generator.doctor.diagnosis import Asked, Diagnosis
from generator.doctor.expected import Expected
from generator.doctor.printing import as_markdown, as_text
from generator.doctor.report import Report, as_data, make_report
from generator.doctor.snapshot import Outcome, ServerFacts, Snapshot, Target
from generator.doctor.web import Load
from generator.files import schemas
from generator.files.location import sources_root

if TYPE_CHECKING:
    from collections.abc import Callable

CAUSES = read_causes(sources_root())
PANEL = Question("Inference Dashboard", "TTFT", "panel", "a")
RULE = Question("vllm", "VllmDown", "alert", "b")
REFUSED = found("target-refused", "vllm", ours=True, count=2, where="default/vllm-0", port=8000, path="/metrics",
                endpoint="api", error="connection refused")  # fmt: skip
TWICE = found("scraped-twice", "ray", count=1, first="a", second="b", where="x", url="http://x")
ABSENT = found("absent", "neuron", ours=True)


def report(*causes: Any, foreign: bool = False) -> Report:
    questions = {REFUSED: (PANEL, RULE), ABSENT: (Question("Neuron", "Cores", "panel", "c"),)}
    asked = [Asked(PANEL, "a", Outcome("silent")), Asked(RULE, "b", Outcome("silent"))]
    expected = Expected("kind", (), (), {}, {}, {})
    facts = ServerFacts(targets=(Target("p", "http://x", "down", "refused", {}),))
    diagnosis = Diagnosis({one: questions.get(one, ()) for one in causes}, tuple(asked))
    return make_report(Snapshot(facts, unseen={"pods": "nobody tells"}), diagnosis, expected, CAUSES, Load(requests=7),
                       where="http://p", seconds=1.25, foreign=foreign)  # fmt: skip


def plain(text: str, **_: Any) -> str:
    return text


def test_where_nothing_answers_nobody_is_told_that_all_is_well() -> None:
    text = as_text(report(ABSENT, foreign=True), 100, plain)
    assert "nothing to mend, and nothing of this is scraped; 0 of 1 queries" in " ".join(text.split())
    assert "healthy" not in text
    assert "already" not in text


def test_the_worst_stands_first_with_its_remedy_and_what_it_silences() -> None:
    text = as_text(report(ABSENT, TWICE, REFUSED), 100, plain)
    assert (
        text.index("✗ vllm: refuses the connection (2 down)")
        < text.index("! Scraped by two jobs")
        < text.index("not in this cluster")
    )
    assert "→ See that default/vllm-0 listens on port 8000" in text
    assert "overlay: monitors.vllm.endpoints.api.enabled: false" in text
    assert "silent: Inference Dashboard: TTFT; vllm: VllmDown" in text
    assert "1 panel, 1 rule without an answer" in text
    assert "not looked at: pods: nobody tells" in text
    assert "asked http://p 7 times in 1.2 s" in text
    assert "1 fault, 1 that misleads;" in text


@pytest.mark.parametrize("width", [40, 60, 200])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    text = as_text(report(ABSENT, TWICE, REFUSED, foreign=True), width, plain)
    assert max(map(len, text.splitlines())) <= width


def test_what_is_the_same_of_many_metrics_is_told_once() -> None:
    several = [found("label-missing", "dcgm", metric=name, label="node", advice="add it") for name in "abcde"]
    text = as_text(report(*several), 100, plain)
    assert "✗ a, b, c and 2 more has no label node" in text
    assert text.count("✗") == 1


def test_colours_are_a_matter_of_whoever_prints() -> None:
    assert "\x1b[" in as_text(report(REFUSED), 80, click.style)
    assert "\x1b[" not in as_text(report(REFUSED), 80, plain)


def test_what_a_stranger_named_cannot_steer_a_terminal_or_a_ticket() -> None:
    evil = found("name-unknown", metric="a\x1b[2J\n# hi <script>`x`", advice="[click](http://evil)")
    assert "\x1b" not in as_text(report(evil), 80, plain)
    text = as_markdown(report(evil))
    assert "<script>" not in text.replace("\\<script\\>", "")
    assert "](http" not in text.replace("\\](", "")
    assert text.count("\n### ") == 1


def test_json_follows_its_schema_and_has_all_that_the_text_has() -> None:
    data = as_data(report(ABSENT, TWICE, REFUSED))
    schema = read_schema(sources_root(), "doctor")
    assert schemas.problems(json.loads(json.dumps(data)), schema, file="report") == ()
    assert [one["cause"] for one in data["findings"]] == ["target-refused", "scraped-twice", "absent"]
    assert data["healthy"] is False
    assert data["findings"][0]["silent"][0] == {"owner": "Inference Dashboard", "name": "TTFT", "kind": "panel"}
    assert as_data(report(ABSENT))["healthy"] is True


def test_a_stranger_is_told_what_the_chart_would_bring() -> None:
    render: Callable[[bool], str] = lambda foreign: as_text(report(ABSENT, foreign=foreign), 200, plain)  # noqa: E731
    assert "gen-chart --profile bring-your-own-prometheus" in render(True)
    assert "bring-your-own-prometheus" not in render(False)
