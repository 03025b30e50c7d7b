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
      sum by (cluster_queue) (
        kueue_pending_workload
      )
alerts:
  - alert: TeamQueue
    severity: warning
    summary: Our queue grows
    description: "{{ $value }} requests wait."
    expr: sum by (status) (kueue_pending_workloads) > on (cluster_queue) team:waiting:sum
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
        "'kueue_pending_workload' (did you mean 'kueue_pending_workloads'? If it is right, say so in an overlay: "
        "exemptions: [{check: name, file: rules/team.yaml, subject: kueue_pending_workload, reason: …}])\n"
        "    7 | kueue_pending_workload\n"
        "      | ^^^^^^^^^^^^^^^^^^^^^^\n"
        "error[label] rules/team.yaml:14 alert 'TeamQueue' (alerts[0].expr): '>' joins on 'cluster_queue', which no "
        "series of its left side carries (valid: status)\n"
        "   14 | …ng_workloads) > on (cluster_queue) team:waiting:sum\n"
        "      |                      ^^^^^^^^^^^^^\n"
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
        ("rules/team.yaml", 7, "records[0].expr", ["kueue_pending_workload"]),
        ("rules/team.yaml", 14, "alerts[0].expr", ["cluster_queue"]),
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
        ("sum by (status)", "sum by ($part:x)", "rules/team.yaml:14: alerts[0].expr: unknown part '$part:x'"),
    ],
)
def test_a_problem_of_a_file_has_the_line_of_its_place(
    run: Any, overlay: Path, tmp_path: Path, old: str, new: str, says: str
) -> None:
    (tmp_path / "rules" / "team.yaml").write_text(RULES.replace(old, new))
    code, _, err = run("verify", "--profile", "jark", "-f", "mine.yaml")
    assert code == 2
    assert says in err


CLEAN = "board.json: no findings\n1 of 1 queries checked\n"


def board(expr: str, title: str = "Waiting") -> dict[str, Any]:
    """Returns a dashboard of one panel as Grafana exports it."""
    return {"panels": [{"title": title, "type": "timeseries", "targets": [{"expr": expr}]}]}


@pytest.mark.parametrize(
    ("expression", "says"),
    [
        ("(" * 5000 + "up" + ")" * 5000, "nested more than 200 deep"),
        ("sum(" * 201 + "up" + ")" * 201, "nested more than 200 deep"),
        ("-" * 201 + "up", "nested more than 200 deep"),
        ("-" * 20000 + "up", "found more than 1000 operators in one expression"),
        (" or ".join(["up"] * 8000), "found more than 1000 operators in one expression"),
    ],
)
def test_an_expression_without_end_is_a_finding_and_ends_no_process(
    run: Any, tmp_path: Path, expression: str, says: str
) -> None:
    (tmp_path / "board.json").write_text(json.dumps(board(expression)))
    code, out, err = run("verify", "--profile", "jark", "--dashboard", "board.json")
    assert (code, err) == (1, "")
    assert f"error[syntax] board.json:1 panel 'Waiting' (panels[0].targets[0].expr): not PromQL: {says}\n" in out


@pytest.mark.parametrize("expression", ["-" * 199 + "up", "+".join(["up"] * 199), "abs(" * 190 + "up" + ")" * 190])
def test_an_expression_as_deep_as_may_be_is_walked(run: Any, tmp_path: Path, expression: str) -> None:
    (tmp_path / "board.json").write_text(json.dumps(board(expression)))
    assert run("verify", "--profile", "jark", "--dashboard", "board.json") == (0, CLEAN, "")


def test_an_expression_without_end_in_a_dashboard_of_ones_own_stops_generation(run: Any, tmp_path: Path) -> None:
    panel = {"title": "Up", "type": "timeseries", "unit": "short", "description": "Whether anything answers at all."}
    expression = "(" * 5000 + "up" + ")" * 5000
    rows = [{"title": "Row", "panels": [{**panel, "targets": [{"expr": expression}]}]}]
    data = {"title": "Team", "uid": "team", "description": "What our team sees.", "variables": [], "rows": rows}
    (tmp_path / "team.yaml").write_text(json.dumps(data))
    (tmp_path / "mine.yaml").write_text("dashboards: {extra: [team.yaml]}\n")
    code, out, err = run("--profile", "jark", "-f", "mine.yaml")
    assert (code, out) == (2, "")
    assert err.startswith("error: team.yaml:1: panel 'Up' ")
    assert "nested more than 200 deep" in err


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b'{"panels": [],\n "title": "\\ud800"}', r"board.json:2: found \ud800, which is half of a character"),
        (b'{"panels": [],\n "title": "\\ude00\\ud83d"}', r"board.json:2: found \ude00, which is half of a character"),
        (b'{"panels": [], "id": ' + b"9" * 5000 + b"}", "board.json: found a number of more than 4300 digits"),
        (b"[" * 100_000, "board.json: nested more than 100 levels deep"),
        ('{"panels": []}'.encode("utf-16"), "board.json:1: found the byte 0xff, expected UTF-8 text"),
    ],
)
def test_a_file_that_cannot_be_a_dashboard_is_an_error_that_names_it(
    run: Any, tmp_path: Path, content: bytes, says: str
) -> None:
    (tmp_path / "board.json").write_bytes(content)
    code, out, err = run("verify", "--profile", "jark", "--dashboard", "board.json")
    assert (code, out) == (2, "")
    assert err.startswith(f"error: {says}")


def test_a_byte_order_mark_and_characters_of_two_escapes_are_read(run: Any, tmp_path: Path) -> None:
    text = json.dumps(board("up", title="\N{ROCKET} \\ud800"))
    assert r"\ud83d\ude80 \\ud800" in text
    (tmp_path / "board.json").write_text(text, "utf-8-sig")
    assert run("verify", "--profile", "jark", "--dashboard", "board.json") == (0, CLEAN, "")


def test_what_could_steer_a_terminal_is_shown_escaped(run: Any, tmp_path: Path) -> None:
    data = board("nothing_emits_this", title="red\x1b[31m\x9b\n")
    data["templating"] = {"list": [{"name": "v\x07", "type": "query", "query": "label_values(nothing_emits\x1b, x)"}]}
    (tmp_path / "b\x1b.json").write_text(json.dumps(data))
    _, out, _ = run("verify", "--profile", "jark", "--dashboard", "b\x1b.json")
    assert r"panel 'red\x1b[31m\x9b\n' (panels[0].targets[0].expr): the catalogue does not know 'nothing" in out
    assert all(char.isprintable() for char in out.replace("\n", ""))


def test_queries_for_other_data_sources_and_inputs_are_named_in_one_line(run: Any, tmp_path: Path) -> None:
    data = board("up")
    data["__inputs"] = [
        {"name": "DS_METRICS", "type": "datasource", "pluginId": "prometheus"},
        {"name": "DS_LOGS", "type": "datasource", "pluginId": "loki"},
    ]
    data["panels"][0]["datasource"] = {"type": "prometheus", "uid": "${DS_METRICS}"}
    data["panels"].append({"title": "Lines", "datasource": "${DS_LOGS}", "targets": [{"expr": '{a="b"} |= "c"'}]})
    data["panels"].append({"title": "Rows", "targets": [{"rawSql": "select 1"}]})
    (tmp_path / "board.json").write_text(json.dumps(data))
    assert run("verify", "--profile", "jark", "--dashboard", "board.json") == (
        0,
        "board.json: no findings\n1 of 3 queries checked; left alone, as they are not for Prometheus: "
        "1 of a type that is not named, 1 of loki; filled in by Grafana on import: DS_METRICS, DS_LOGS\n",
        "",
    )


def test_a_dashboard_of_which_nothing_was_checked_is_not_without_findings(run: Any, tmp_path: Path) -> None:
    data = board('{app="x"}')
    data["templating"] = {"list": [{"name": "ds", "type": "datasource", "query": "loki"}]}
    data["panels"][0]["datasource"] = {"uid": "${ds}"}
    (tmp_path / "board.json").write_text(json.dumps(data))
    said = "0 of 1 queries checked; left alone, as they are not for Prometheus: 1 of loki\n"
    assert run("verify", "--profile", "jark", "--dashboard", "board.json") == (1, f"board.json: {said}", "")
    code, out, err = run("verify", "--profile", "jark", "--dashboard", "board.json", "--output", "json")
    assert (code, json.loads(out), err) == (1, {"board.json": []}, said)


def test_a_dashboard_without_queries_is_not_without_findings_either(run: Any, tmp_path: Path) -> None:
    (tmp_path / "board.json").write_text('{"panels": [{"type": "text", "title": "Read me"}]}')
    code, out, _ = run("verify", "--profile", "jark", "--dashboard", "board.json")
    assert (code, out) == (0, "board.json: 0 of 0 queries checked\n")


def test_a_name_that_the_catalogue_may_lack_is_a_warning_that_says_how_to_exempt_it(run: Any, tmp_path: Path) -> None:
    way_out = (
        "if it is right, say so in an overlay: "
        "exemptions: [{check: name, file: board.json, subject: team_jobs, reason: …}]"
    )
    (tmp_path / "board.json").write_text(json.dumps(board("sum(team_jobs)")))
    code, out, err = run("verify", "--profile", "jark", "--dashboard", "board.json")
    assert (code, err) == (0, "")
    assert out.startswith(
        "board.json:\n"
        "warning[name] board.json:1 panel 'Waiting' (panels[0].targets[0].expr): "
        f"the catalogue does not know 'team_jobs' ({way_out})\n"
    )
    assert out.endswith("0 errors, 1 warning; see docs/checks/name.md\n1 of 1 queries checked\n")
    exemption = way_out.partition("overlay: ")[2].replace("…", "Our own service emits it.")
    (tmp_path / "mine.yaml").write_text(exemption)
    assert run("verify", "--profile", "jark", "-f", "mine.yaml", "--dashboard", "board.json") == (0, CLEAN, "")


def test_generation_says_what_the_catalogue_does_not_know_and_goes_on(run: Any, overlay: Path, tmp_path: Path) -> None:
    rules = RULES.replace("kueue_pending_workload\n", "team_jobs\n").replace("on (cluster_queue) ", "on () ")
    (tmp_path / "rules" / "team.yaml").write_text(rules)
    overlay.write_text("rules: {extra: [rules/team.yaml]}\n")
    warning = "warning: rules/team.yaml:7: record 'team:waiting:sum' (records[0].expr): [name] the catalogue does not"
    for _ in ("made", "found in the cache"):
        code, _, err = run("--profile", "jark", "-f", "mine.yaml", "-o", str(tmp_path / "chart"))
        assert code == 0
        assert err.startswith(f"{warning} know 'team_jobs' (if it is right, say so in an overlay: ")
