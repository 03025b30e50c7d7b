"""`gen-chart verify` as people see it: findings with file, line and a caret; problems of a file with their line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

RULES = """\
description: Our alerts.
records:
  - record: team:waiting:sum
    description: Requests that wait.
    expr: |
      sum by (model_name) (
        vllm:num_requests_wating
      )
alerts:
  - alert: TeamQueue
    severity: warning
    summary: Our queue grows
    description: "{{ $value }} requests wait."
    expr: sum by (pod) (vllm:num_requests_waiting) > on (model_name) team:waiting:sum
"""
OVERLAY = """\
rules:
  extra: [rules/team.yaml]
exemptions:
  - check: unit
    file: {file}
    reason: This one exempts nothing at all.
"""


@pytest.fixture
def overlay(tmp_path: Path) -> Path:
    """Writes an overlay with a file of rules beside it."""
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "team.yaml").write_text(RULES)
    path = tmp_path / "mine.yaml"
    path.write_text(OVERLAY.format(file="rules/team.yaml"))
    return path


def test_findings_about_rules_and_exemptions_name_the_file_and_line_that_a_person_wrote(
    run: Any, overlay: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    code, out, err = run("verify", "--profile", "jark", "-f", "mine.yaml")
    assert (code, err) == (1, "")
    assert out == (
        "jark:\n"
        "error[name] rules/team.yaml:7 record 'team:waiting:sum' (records[0].expr): nothing emits "
        "'vllm:num_requests_wating' (did you mean 'vllm:num_requests_waiting'?)\n"
        "    7 | vllm:num_requests_wating\n"
        "      | ^^^^^^^^^^^^^^^^^^^^^^^^\n"
        "error[label] rules/team.yaml:14 alert 'TeamQueue' (alerts[0].expr): '>' joins on 'model_name', which no "
        "series of its left side carries (valid: pod)\n"
        "   14 | …equests_waiting) > on (model_name) team:waiting:sum\n"
        "      |                         ^^^^^^^^^^\n"
        "error[exemption] mine.yaml:4 (exemptions[0]): this exemption from 'unit' in rules/team.yaml exempts nothing "
        "(remove it)\n"
        "    4 | - check: unit\n"
        "      |          ^^^^\n"
        "\n"
        "3 errors, 0 warnings; see docs/checks/name.md, docs/checks/label.md, docs/checks/exemption.md\n"
    )


def test_findings_for_machines_have_the_same(run: Any, overlay: Path) -> None:
    _, out, _ = run("verify", "--profile", "jark", "-f", "mine.yaml", "--output", "json")
    findings = json.loads(out)["jark"]
    assert [(finding["file"], finding["line"], finding["place"], finding["subjects"]) for finding in findings] == [
        ("rules/team.yaml", 7, "records[0].expr", ["vllm:num_requests_wating"]),
        ("rules/team.yaml", 14, "alerts[0].expr", ["model_name"]),
        ("mine.yaml", 4, "exemptions[0]", ["unit"]),
    ]


def test_generation_stops_with_the_same_lines(run: Any, overlay: Path) -> None:
    code, out, err = run("--profile", "jark", "-f", "mine.yaml")
    assert (code, out) == (2, "")
    assert "error: rules/team.yaml:7: record 'team:waiting:sum' (records[0].expr): [name] nothing emits" in err


def test_a_dashboard_from_elsewhere_is_told_the_line_of_its_json(run: Any, tmp_path: Path) -> None:
    panels = [{"title": "Old", "targets": [{"expr": "avg(vllm:gpu_cache_usage_perc)"}]}]
    (tmp_path / "old.json").write_text(json.dumps({"title": "\U0001f525", "panels": panels}, indent="\t"))
    _, out, _ = run("verify", "--profile", "jark", "--dashboard", "old.json")
    assert "error[name] old.json:8 panel 'Old' (panels[0].targets[0].expr): nothing emits" in out
    assert '    8 | "expr": "avg(vllm:gpu_cache_usage_perc)"\n' in out


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("    severity: warning\n", "", "rules/team.yaml:10: alerts[0]: the key 'severity' is missing"),
        ("severity: warning", "severity: loud", "rules/team.yaml:11: alerts[0].severity: found 'loud'"),
        ("summary:", "sumary:", "rules/team.yaml:12: alerts[0].sumary: unknown key 'sumary'"),
        ("sum by (pod)", "sum by ($part:x)", "rules/team.yaml:14: alerts[0].expr: unknown part '$part:x'"),
    ],
)
def test_a_problem_of_a_file_has_the_line_of_its_place(
    run: Any, overlay: Path, tmp_path: Path, old: str, new: str, says: str
) -> None:
    (tmp_path / "rules" / "team.yaml").write_text(RULES.replace(old, new))
    code, _, err = run("verify", "--profile", "jark", "-f", "mine.yaml")
    assert code == 2
    assert says in err
