"""What a finding shows: its line, the fragment with a caret under the subject, and the page of its check."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from generator.files.positions import Document
from generator.promql.expression import Expression
from generator.verify.checks import CHECKS
from generator.verify.grafana import grafana_dashboard
from generator.verify.locate import located
from generator.verify.render import as_data, as_text
from generator.verify.spec import Finding, Fragment
from generator.verify.verifier import verify
from tests.verify.catalogues import GONE, SMALL

if TYPE_CHECKING:
    from generator.promql.expression import Kind

RULES = """\
description: Rules.
records:
  - record: pod:queue:sum
    expr: |
      sum by (pod) (
        app_queue_length
      )
slos:
  errors:
    bad: pod:queue:sum
alerts:
  - alert: QueueFull
    expr: max by (pod) (app_queue_requests) > 9
    description: "{{ $labels.model }} has {{ $value }}"
"""
BOARD = """\
title: Board
rows:
  - title: Row
    panels:
      - title: Queue
        unit: s
        columns: {pod: Pod, model: Model}
        targets:
          - legend: pod
            expr: app_queue_length + app_swapped
          - expr: $part:queue
          - {expr: sum by (pod) (app_queue_requests) * sum(app_info)}
          - {expr: sum by (pod) (app_queue_requests) / app_queue_requests / sum(app_info)}
"""


def rule(place: str, kind: Kind, name: str, text: str, **fields: object) -> Expression:
    return replace(Expression("r.yaml", place, kind, name, text), **fields)  # type: ignore[arg-type]


def target(index: int, text: str, **fields: object) -> Expression:
    return replace(
        Expression("b.yaml", f"rows[0].panels[0].targets[{index}]", "target", "Queue", text, index=index),
        **fields,  # type: ignore[arg-type]
    )


def shown(expression: Expression, source: str, width: int = 100) -> list[str]:
    """Returns the text of the findings of one expression in a file, without the counts."""
    findings = verify([expression], SMALL, GONE)
    text = as_text(located(findings, {expression.file: Document(source)}.get), width)
    return text.partition("\n\n")[0].splitlines()


def test_a_subject_in_a_block_has_the_line_on_which_it_stands() -> None:
    text = "sum by (pod) (\n  app_queue_length\n)"
    assert shown(rule("records[0].expr", "record", "pod:queue:sum", text), RULES) == [
        "error[name] r.yaml:6 record 'pod:queue:sum' (records[0].expr): "
        "nothing emits 'app_queue_length' (renamed to 'app_queue_requests' since 0.15)",
        "    6 | app_queue_length",
        "      | ^^^^^^^^^^^^^^^^",
    ]


def test_a_label_in_an_alerts_text_is_shown_in_that_text() -> None:
    expression = rule(
        "alerts[0].expr",
        "alert",
        "QueueFull",
        "max by (pod) (app_queue_requests) > 9",
        annotations={"description": "{{ $labels.model }} has {{ $value }}"},
    )
    assert shown(expression, RULES) == [
        "error[label] r.yaml:14 alert 'QueueFull' (alerts[0].expr): "
        "the text '$labels.model' names a label that the result does not carry (valid: pod)",
        '   14 | description: "{{ $labels.model }} has {{ $value }}"',
        "      |                          ^^^^^",
    ]


def test_what_a_shorthand_hides_is_shown_as_it_is_sent_beside_the_line_of_its_place() -> None:
    assert shown(rule("slos.errors", "alert", "Burn", "app_queue_requests > 1\nand\napp_swapped > 3"), RULES)[0:3] == [
        "error[name] r.yaml:9 alert 'Burn' (slos.errors): nothing emits 'app_swapped' (gone since 0.9, without a "
        "successor)",
        "      | app_swapped > 3",
        "      | ^^^^^^^^^^^",
    ]
    assert shown(target(1, "(sum(app_swapped))"), BOARD)[1:] == [
        "      | (sum(app_swapped))",
        "      |      ^^^^^^^^^^^",
    ]


def test_the_query_is_looked_at_before_its_legend_and_units_and_columns_where_they_are_set() -> None:
    (name, other) = verify([target(0, "app_queue_length + app_swapped", legend="{{pod}}")], SMALL, GONE)
    (unit, label) = verify([target(0, "sum(app_memory_bytes)", unit="s", columns=("model",))], SMALL, GONE)
    (join,) = verify([target(2, "sum by (pod) (app_queue_requests) * sum(app_info)")], SMALL, GONE)
    findings = located([name, other, unit, label, join], {"b.yaml": Document(BOARD)}.get)
    assert [(finding.line, finding.fragment and finding.fragment.text.strip()) for finding in findings] == [
        (10, "expr: app_queue_length + app_swapped"),
        (10, "expr: app_queue_length + app_swapped"),
        (6, "unit: s"),
        (7, "columns: {pod: Pod, model: Model}"),
        (12, "- {expr: sum by (pod) (app_queue_requests) * sum(app_info)}"),
    ]
    fragment = findings[3].fragment
    assert fragment
    assert fragment.text[fragment.start : fragment.end] == "model"


def test_an_operator_that_stands_twice_gets_no_caret() -> None:
    text = "sum by (pod) (app_queue_requests) / app_queue_requests / sum(app_info)"
    lines = shown(target(3, text), BOARD)
    assert [line for line in lines if "^" in line] == []
    assert f"   13 | - {{expr: {text}}}" in lines


def test_a_dashboard_on_one_line_is_cut_around_the_subject() -> None:
    panels = [{"title": "P", "targets": [{"expr": f'max(app_queue_requests{{pod="{name}"}})'}]} for name in "ab"]
    panels.append({"title": "Bad", "targets": [{"expr": "sum(app_swapped)"}]})
    text = json.dumps({"title": "Old", "panels": panels})
    expressions, scope = grafana_dashboard(json.loads(text), "old.json")
    findings = located(verify(expressions, SMALL, GONE, scopes=[scope]), {"old.json": Document(text)}.get)
    line, caret = as_text(findings, 60).splitlines()[1:3]
    assert max(len(line), len(caret)) <= 60
    assert line.startswith("    1 | …")
    assert caret.index("^") == line.index("app_swapped")
    assert caret.count("^") == len("app_swapped")


@pytest.mark.parametrize("start", range(0, 200, 7))
@pytest.mark.parametrize("width", [10, 30, 80, 300])
def test_a_caret_stands_under_the_subject_wherever_it_is_and_however_wide_the_terminal(start: int, width: int) -> None:
    text = "  " + "a" * start + " SUBJECT " + "b" * (200 - start)
    at = text.index("SUBJECT")
    finding = Finding("name", "f", "x", "", "", (), "m", fragment=Fragment(text, at, at + 7, 3))
    line, caret = as_text([finding], width).splitlines()[1:3]
    assert line[caret.index("^") : caret.rindex("^") + 1].strip("…") in "SUBJECT"
    assert len(line) <= max(width, 28)
    assert "^" * 5 in caret


def test_a_finding_about_a_file_that_cannot_be_read_has_no_line_but_its_fragment() -> None:
    findings = located(verify([target(0, "sum(app_swapped)")], SMALL, GONE), lambda _file: None)
    assert as_text(findings).splitlines() == [
        "error[name] b.yaml panel 'Queue' (rows[0].panels[0].targets[0]): "
        "nothing emits 'app_swapped' (gone since 0.9, without a successor)",
        "      | sum(app_swapped)",
        "      |     ^^^^^^^^^^^",
        "",
        "1 error, 0 warnings; see docs/checks/name.md",
    ]
    assert as_text(()) == "no findings\n"


def test_findings_are_data_for_machines() -> None:
    findings = located(verify([target(0, "sum(app_swapped)")], SMALL, GONE), {"b.yaml": Document(BOARD)}.get)
    (data,) = json.loads(json.dumps(as_data(findings)))
    assert data["subjects"] == ["app_swapped"]
    assert (data["line"], data["place"], data["kind"]) == (10, "rows[0].panels[0].targets[0]", "target")
    assert data["fragment"]["text"].strip() == "expr: app_queue_length + app_swapped"
    assert data["page"] == "docs/checks/name.md"


def test_every_check_has_a_name_a_sentence_and_a_file() -> None:
    assert len({check.name for check in CHECKS}) == len(CHECKS)
    assert all(check.summary.endswith(".") for check in CHECKS)
