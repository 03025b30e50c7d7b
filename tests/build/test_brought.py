"""What people bring in Prometheus' and Grafana's own forms: taken, checked, and rendered by real Helm as it was."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from generator.build.build import fit
from generator.build.chart import chart
from generator.build.findings import SHOWN, findings, warnings_of, with_positions
from generator.build.library import FOLDER
from generator.build.profile import load_profile
from generator.build.sources import read_overlay
from generator.dashboards.brought import brought_files
from generator.dashboards.chart import dashboard_files
from generator.errors import InputError
from generator.files import yamlfile
from generator.files.positions import document_reader, with_lines
from generator.files.templating import render as render_template
from generator.rules.brought import brought_templates
from generator.rules.chart import rule_templates
from generator.stack.runbooks.runbooks import runbook_templates
from tests import libyaml
from tests.helm import render_in_process
from tests.rules.conftest import HEADER, LABELS
from tests.verify.test_operator import validated

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from generator.build.build import Build
    from generator.build.sources import Sources

RULE = """\
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata: {name: team, labels: {release: prom}}
spec:
  groups:
    - name: team
      interval: 30s
      limit: 20
      labels: {team: ml}
      rules:
        - record: team:waiting:sum
          expr: sum by (model_name) (vllm:num_requests_waiting)
          labels: {origin: team}
        - alert: TeamQueue
          expr: team:waiting:sum > 10
          for: 5m
          keep_firing_for: 10m
          labels: {severity: warning}
          annotations:
            summary: "{{ $labels.model_name }} waits {{`as is`}}"
            description: '{{ if gt $value 100.0 }}many{{ else }}{{ $value | humanize }}{{ end }}'
            runbook_url: https://example.com/TeamQueue
"""
PLAIN = """\
groups:
- name: team
  rules:
  - alert: TeamDead
    expr: vllm:num_requests_running == 0
    annotations: {description: Nothing runs.}
"""
BOARD: dict[str, Any] = {
    "__inputs": [
        {"name": "DS_PROMETHEUS", "label": "Prometheus", "type": "datasource", "pluginId": "prometheus"},
        {"name": "VAR_LIMIT", "type": "constant", "value": 10},
    ],
    "__elements": {
        "lib": {
            "name": "Waiting",
            "uid": "lib",
            "model": {
                "type": "timeseries",
                "title": "Waiting",
                "targets": [{"expr": "sum(vllm:num_requests_waiting)"}],
            },
        }
    },
    "__requires": [{"type": "grafana", "version": "12.0.0"}],
    "id": 17,
    "uid": "team-board",
    "title": "Team \u2014 \u00dcberblick\u2028",
    "schemaVersion": 41,
    "templating": {
        "list": [{"name": "model", "type": "query", "query": "label_values(vllm:num_requests_running, model_name)"}]
    },
    "panels": [
        {
            "id": 1,
            "type": "timeseries",
            "title": "Running",
            "datasource": {"type": "prometheus", "uid": "${DS_PROMETHEUS}"},
            "targets": [
                {
                    "expr": 'sum by (model_name) (vllm:num_requests_running{model_name=~"$model"}) > ${VAR_LIMIT}',
                    "legendFormat": "{{model_name}} {{`raw`}}",
                }
            ],
        },
        {"id": 2, "gridPos": {"x": 12, "y": 0, "w": 12, "h": 8}, "libraryPanel": {"uid": "lib", "name": "Waiting"}},
    ],
}
V2: dict[str, Any] = {
    "apiVersion": "dashboard.grafana.app/v2beta1",
    "kind": "Dashboard",
    "metadata": {"name": "team-v2", "namespace": "default", "resourceVersion": "12"},
    "spec": {
        "title": "Team v2",
        "variables": [
            {
                "kind": "QueryVariable",
                "spec": {
                    "name": "model",
                    "query": {
                        "kind": "DataQuery",
                        "group": "prometheus",
                        "spec": {"query": "label_values(vllm:num_requests_running, model_name)"},
                    },
                },
            }
        ],
        "elements": {
            "panel-1": {
                "kind": "Panel",
                "spec": {
                    "title": "Running",
                    "data": {
                        "kind": "QueryGroup",
                        "spec": {
                            "queries": [
                                {
                                    "kind": "PanelQuery",
                                    "spec": {
                                        "query": {
                                            "kind": "DataQuery",
                                            "group": "prometheus",
                                            "spec": {
                                                "expr": 'sum(vllm:num_requests_running{model_name=~"$model"})',
                                                "legendFormat": "all",
                                            },
                                        }
                                    },
                                }
                            ]
                        },
                    },
                    "vizConfig": {"kind": "VizConfig", "group": "timeseries", "spec": {"fieldConfig": {}}},
                },
            }
        },
        "layout": {"kind": "GridLayout", "spec": {"items": []}},
    },
}


@pytest.fixture
def bring(tmp_path: Path, sources: Sources, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Build]:
    """Writes files and an overlay that names them; gives the Build."""
    monkeypatch.chdir(tmp_path)

    def make(*, profile: str = "standalone", more: str = "", **files: str) -> Build:
        names: dict[str, list[str]] = {"rules": [], "dashboards": []}
        for key, text in files.items():
            block, _, stem = key.partition("_")
            suffix = ".json" if text.startswith("{") else ".yaml"
            (tmp_path / f"{stem}{suffix}").write_text(text)
            names[block].append(f"{stem}{suffix}")
        overlay = {block: {"extra": listed} for block, listed in names.items() if listed}
        (tmp_path / "mine.yaml").write_text(yamlfile.dump(overlay) + more)
        return fit(load_profile(profile, sources, [read_overlay(Path("mine.yaml"))]), sources)

    return make


def refused(make: Callable[..., Build], **files: str) -> str:
    """Returns what is said of files that are refused, with their lines."""
    with pytest.raises(InputError) as raised:
        make(**files)
    return "\n".join(map(str, with_lines(raised.value.problems, document_reader(Path()))))


@pytest.fixture
def render(tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """Renders what a Build brings, alone, by real Helm."""

    def rendered(build: Build, **values: Any) -> dict[str, Any]:
        sources = build.sources
        where = tmp_path / "chart"
        files = rule_templates({}, header=HEADER) | brought_templates(sources.brought_rules, header=HEADER)
        files |= dashboard_files({}, HEADER) | brought_files(sources.brought_dashboards, HEADER)
        own = {block: dict(build.values[block]) for block in ("rules", "dashboards")}
        files |= {
            "Chart.yaml": "apiVersion: v2\nname: ai-ml-observability\nversion: 0.1.0\n",
            "values.yaml": yamlfile.dump({"kube-prometheus-stack": {"enabled": True}, **own}),
            "templates/_helpers.tpl": LABELS,
            "templates/_runbooks.tpl": runbook_templates({}, header=HEADER)["templates/_runbooks.tpl"],
            "templates/_monitors.tpl": render_template("monitors/templates/_monitors.tpl", header=HEADER),
        }
        for path, text in files.items():
            (where / path).parent.mkdir(parents=True, exist_ok=True)
            (where / path).write_text(text, encoding="utf-8")
        return render_in_process(where, values, name="observability")

    return rendered


def test_a_manifest_is_rendered_as_it_was_with_the_charts_labels(bring: Any, render: Any) -> None:
    build = bring(rules_team=RULE)
    assert [str(said) for said in build.warnings] == []
    assert findings(build) == ()
    (found,) = render(build).values()
    assert found["metadata"]["name"] == "ai-ml-observability-team"
    assert "release" not in found["metadata"]["labels"]
    assert found["spec"] == libyaml.load(RULE)["spec"] | {
        "groups": [
            {
                **(group := libyaml.load(RULE)["spec"]["groups"][0]),
                "rules": [group["rules"][0], {**group["rules"][1], "labels": {"severity": "warning", "team": "ml"}}],
            }
        ]
    }


def test_alerts_have_the_switches_of_our_own_and_keep_their_runbooks(bring: Any, render: Any) -> None:
    build = bring(rules_team=RULE, rules_plain=PLAIN)
    assert build.values["rules"]["team"] == {"enabled": True}
    files = chart(build)
    assert {"templates/rules/team.yaml", f"{FOLDER}/templates/rules/_plain.tpl"} <= files.keys()
    schema = json.loads(files["values.schema.json"])["properties"]["rules"]["properties"]
    assert {"TeamQueue", "TeamDead"} <= schema["alerts"]["properties"].keys()

    def alert(found: dict[str, Any]) -> dict[str, Any]:
        rule: dict[str, Any] = found["ai-ml-observability-team"]["spec"]["groups"][0]["rules"][1]
        return rule

    choices = {"TeamQueue": {"severity": "critical", "for": "1h"}, "TeamDead": {"enabled": False}}
    found = render(
        build, rules={"alerts": choices, "additionalAlertLabels": {"team": "x", "env": "y"}, "runbookUrl": "https://r"}
    )
    assert found.keys() == {"ai-ml-observability-team"}
    assert alert(found)["labels"] == {"severity": "critical", "team": "ml", "env": "y"}
    assert alert(found)["for"] == "1h"
    assert alert(found)["annotations"]["runbook_url"] == "https://example.com/TeamQueue"
    assert render(build, rules={"team": {"enabled": False}}).keys() == {"ai-ml-observability-plain"}


def test_several_documents_and_lists_are_one_manifest_whose_groups_have_names_of_their_own(bring: Any) -> None:
    listed = {"apiVersion": "v1", "kind": "List", "items": [libyaml.load(RULE)]}
    listed["items"][0]["spec"]["groups"][0]["rules"] = [{"alert": "TeamQueue", "expr": 1}]
    text = f"---\n---\n{RULE}---\n{json.dumps(listed)}\n"
    brought = bring(rules_team=text).sources.brought_rules["team"]
    assert [group["name"] for group in brought.groups] == ["team", "team-2"]
    assert brought.places == ("[1].spec.groups[0]", "[2].items[0].spec.groups[0]")
    assert brought.groups[1]["rules"][0]["expr"] == "1"


def test_what_promtool_would_say_of_it_is_nothing(bring: Any, render: Any, tmp_path: Path, promtool: str) -> None:
    (found,) = render(bring(rules_team=RULE)).values()
    (tmp_path / "rules.yaml").write_text(yamlfile.dump(found["spec"]))
    run = subprocess.run(
        [promtool, "check", "rules", tmp_path / "rules.yaml"], capture_output=True, text=True, check=False
    )
    assert (run.returncode, "2 rules found" in run.stdout) == (0, True), run.stdout + run.stderr


def test_the_operators_own_code_takes_it(bring: Any, render: Any) -> None:
    twice = RULE + "---\n" + RULE.replace("TeamQueue", "TeamOther").replace("team:waiting:sum", "team:waiting:other")
    (found,) = render(bring(rules_team=twice)).values()
    assert [group["name"] for group in found["spec"]["groups"]] == ["team", "team-2"]
    assert validated([found["spec"]]) == [[]]
    same = {"groups": [{**group, "name": "team"} for group in found["spec"]["groups"]]}
    assert validated([same]) != [[]]


def test_a_query_is_checked_at_its_line_in_any_document(bring: Any) -> None:
    text = PLAIN + "---\n" + RULE.replace("(vllm:num_requests_waiting)", "(rate(vllm:num_requests_waiting[5m]))")
    (finding,) = with_positions(findings(bring(rules_team=text)))
    assert (finding.check, finding.file, finding.line) == ("rate", "team.yaml", len(PLAIN.splitlines()) + 13)


def test_what_is_odd_or_dead_in_a_file_of_others_is_said_and_shipped_and_what_prometheus_refuses_is_refused(
    bring: Any,
) -> None:
    odd = PLAIN.replace(
        "vllm:num_requests_running == 0", "count by (cluster) (rate(vllm:num_requests_running[5m])) == 0"
    )
    assert {(one.check, one.severity) for one in findings(bring(rules_team=odd))} == {
        ("label", "warning"),
        ("rate", "warning"),
    }
    dead = PLAIN.replace("vllm:num_requests_running", "vllm:num_requests_runing")
    assert [(one.check, one.severity) for one in findings(bring(rules_team=dead))] == [("name", "warning")]
    never = PLAIN.replace("num_requests_running == 0", "num_requests_running / sum(vllm:num_requests_running) == 0")
    assert [(one.check, one.severity) for one in findings(bring(rules_team=never))] == [("join", "warning")]
    buckets = "vllm:time_to_first_token_seconds_bucket / on (pod) group_right () vllm:num_requests_running == 0"
    many = PLAIN.replace("vllm:num_requests_running == 0", buckets)
    assert ("join", "error") in [(one.check, one.severity) for one in findings(bring(rules_team=many))]
    broken = PLAIN.replace("vllm:num_requests_running == 0", "vllm:num_requests_running ==")
    assert [(one.check, one.severity) for one in findings(bring(rules_team=broken))] == [("syntax", "error")]


def test_generation_says_a_few_of_many_warnings_of_one_kind(bring: Any) -> None:
    rule = "  - alert: A{0}\n    expr: rate(vllm:num_requests_running[5m]) > {0}\n"
    text = "groups:\n- name: team\n  rules:\n" + "".join(map(rule.format, range(10)))
    said = [str(one) for one in warnings_of(findings(bring(rules_team=text)))]
    assert len(said) == SHOWN + 1
    assert said[0].startswith("team.yaml:5: alert 'A0'")
    assert said[-1] == f"team.yaml: [rate] {10 - SHOWN} more like these (gen-chart verify lists all)"


def test_a_side_of_which_nothing_is_known_may_have_the_labels_of_the_other(bring: Any) -> None:
    text = PLAIN.replace(
        "vllm:num_requests_running == 0",
        "sum by (cluster, pod) (vllm:num_requests_running) / sum by (cluster, pod) (team_requests) > 1",
    )
    assert "join" not in {one.check for one in findings(bring(rules_team=text))}


def test_our_habits_are_warnings_that_name_alerts_and_nothing_else(bring: Any) -> None:
    said = [str(warning) for warning in bring(rules_team=PLAIN).warnings]
    assert said == [
        "team.yaml: alerts that have no severity: TeamDead",
        "team.yaml: alerts that have no summary: TeamDead",
        "team.yaml: alerts that do not say what was measured ($value in the description): TeamDead",
        "team.yaml: alerts that have no runbook_url: TeamDead",
    ]


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        (
            "for: 5m",
            "for: 5 minutes",
            "team.yaml:16: spec.groups[0].rules[1].for: found '5 minutes', expected a duration",
        ),
        ("keep_firing_for", "keepFiringFor", "team.yaml:17: spec.groups[0].rules[1].keepFiringFor"),
        ("{severity: warning}", "{severity: 1}", "spec.groups[0].rules[1].labels.severity: found '1', expected text"),
        (
            "kind: PrometheusRule",
            "kind: ServiceMonitor",
            "kind: found the kind 'ServiceMonitor', expected PrometheusRule",
        ),
        ("  groups:", "  group:", "spec.group"),
        ("interval: 30s", "interval: 30", "spec.groups[0].interval: found '30', expected text: a duration"),
    ],
)
def test_what_prometheus_or_kubernetes_would_refuse_is_an_error_at_its_place(
    bring: Any, before: str, after: str, says: str
) -> None:
    assert before in RULE
    assert says in refused(bring, rules_team=RULE.replace(before, after))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("groups: []\n", "team.yaml:1: groups: "),
        ("{{- if .Values.on }}\n" + PLAIN + "{{- end }}\n", "render the chart that it is from"),
        ("kind: ConfigMap\napiVersion: v1\n", "found the kind 'ConfigMap', expected PrometheusRule"),
        ("apiVersion: monitoring.coreos.com/v1\n", "write kind: PrometheusRule"),
    ],
)
def test_a_file_of_something_else_is_an_error_that_says_what_to_do(bring: Any, text: str, says: str) -> None:
    assert says in refused(bring, rules_team=text)


def test_a_name_that_is_ours_is_a_warning_for_an_alert_and_an_error_for_a_record(bring: Any, sources: Sources) -> None:
    alert = sources.rules["vllm"].alerts[0].alert
    record = next(spec.records[0].record for spec in sources.rules.values() if spec.records)
    said = [str(one) for one in bring(rules_team=PLAIN.replace("TeamDead", alert)).warnings]
    assert any(
        f"found '{alert}', which rules/vllm.yaml has already (rules.alerts.{alert} switches both)" in one
        for one in said
    )
    text = PLAIN.replace("alert: TeamDead", f"record: {record}").replace(
        "    annotations: {description: Nothing runs.}\n", ""
    )
    assert f"found '{record}', which rules/" in refused(bring, rules_team=text)


def test_grafanas_json_is_shipped_as_what_an_import_by_hand_would_make_of_it(bring: Any, render: Any) -> None:
    build = bring(dashboards_team=json.dumps(BOARD, indent=2))
    assert (findings(build), build.warnings) == ((), ())
    (found,) = render(build).values()
    shown = json.loads(found["data"]["team.json"])
    assert (shown["uid"], shown["title"]) == ("team-board", BOARD["title"])
    assert not shown.keys() & {"__inputs", "__elements", "__requires", "id"}
    menu, model = shown["templating"]["list"]
    assert (menu["name"], menu["type"], menu["query"]) == ("DS_PROMETHEUS", "datasource", "prometheus")
    assert model == BOARD["templating"]["list"][0]
    running, waiting = shown["panels"]
    assert running["targets"][0]["expr"].endswith(" > 10")
    assert running["targets"][0]["legendFormat"] == "{{model_name}} {{`raw`}}"
    assert (waiting["title"], waiting["id"], waiting["gridPos"]["x"]) == ("Waiting", 2, 12)
    assert "libraryPanel" not in waiting


def test_a_library_panel_that_is_not_in_the_file_is_a_warning(bring: Any) -> None:
    board = {key: value for key, value in BOARD.items() if key != "__elements"}
    (said,) = bring(dashboards_team=json.dumps(board)).warnings
    assert "team.json: panels[1].libraryPanel: found the library panel 'Waiting', which is not in the file" in str(said)


def test_a_resource_is_shipped_without_what_a_server_wrote_into_it(bring: Any, render: Any) -> None:
    build = bring(dashboards_team=json.dumps(V2))
    assert (findings(build), build.warnings) == ((), ())
    (found,) = render(build).values()
    assert json.loads(found["data"]["team.json"]) == {**V2, "metadata": {"name": "team-v2"}}


def test_a_resource_of_the_classic_form_is_shipped_in_that_form(bring: Any) -> None:
    resource = {
        "apiVersion": "dashboard.grafana.app/v1beta1",
        "kind": "Dashboard",
        "metadata": {"name": "team-v1"},
        "spec": {key: value for key, value in BOARD.items() if key != "uid"},
    }
    one = bring(dashboards_team=yamlfile.dump(resource)).sources.brought_dashboards["team"]
    assert one.uid == "team-v1"
    shown = json.loads(one.json)
    assert (shown["uid"], len(shown["panels"])) == ("team-v1", 2)
    assert "apiVersion" not in shown


@pytest.mark.parametrize("board", [BOARD, V2, {"dashboard": BOARD, "meta": {}}], ids=["classic", "v2", "api"])
def test_queries_of_a_dashboard_are_checked_at_their_line(bring: Any, board: Any) -> None:
    text = json.dumps(board, indent=1)
    bad = "rate(vllm:num_requests_running[5m])"
    text = text.replace("label_values(vllm:num_requests_running, model_name)", "label_values(up, job)")
    text = text.replace('vllm:num_requests_running{model_name=~\\"$model\\"}', bad).replace(
        '"name": "model"', '"name": "job"'
    )
    build = bring(dashboards_team=text)
    found = [one for one in with_positions(findings(build)) if one.check == "rate"]
    line = next(number for number, one in enumerate(text.splitlines(), 1) if bad in one)
    assert [(one.file, one.line) for one in found] == [("team.json", line)]


def test_a_finding_is_exempted_as_in_a_file_of_our_form_and_an_exemption_that_nothing_needs_is_found(
    bring: Any,
) -> None:
    board = json.loads(
        json.dumps(BOARD).replace("sum(vllm:num_requests_waiting)", "rate(vllm:num_requests_waiting[5m])")
    )
    exempt = "exemptions: [{check: rate, file: team.json, reason: The exporter declares a counter as gauge.}]\n"
    assert findings(bring(dashboards_team=json.dumps(board), more=exempt)) == ()
    assert [one.check for one in findings(bring(dashboards_team=json.dumps(BOARD), more=exempt))] == ["exemption"]


def test_a_dashboard_that_is_off_is_neither_checked_nor_rendered(bring: Any, render: Any) -> None:
    board = json.loads(
        json.dumps(BOARD).replace("sum(vllm:num_requests_waiting)", "rate(vllm:num_requests_waiting[5m])")
    )
    build = bring(dashboards_team=json.dumps(board))
    assert [one.check for one in findings(build)] == ["rate"]
    assert render(build, dashboards={"team": {"enabled": False}}) == {}


@pytest.mark.parametrize(
    ("board", "says"),
    [
        (
            {"title": "x", "panels": [], "uid": "a b"},
            "team.json:1: uid: found the uid 'a b', expected at most 40 letters",
        ),
        ({"panels": []}, "expected a title"),
        ({"title": "x", "schemaVersion": 41}, "found neither 'panels' nor 'rows'"),
        ({"title": "x", "elements": {}, "layout": {}}, "export it as a resource"),
        ({"kind": "ConfigMap", "apiVersion": "v1", "data": {}}, "of a ConfigMap take the JSON below 'data'"),
        ({"title": "x", "panels": [], "uid": "ee6mbjghme96oc"}, "which dashboards/gpu-training.yaml has already"),
    ],
)
def test_what_grafana_could_not_be_given_is_an_error_that_says_what_to_do(bring: Any, board: Any, says: str) -> None:
    assert says in refused(bring, dashboards_team=json.dumps(board))


def test_json_that_is_cut_off_names_its_line(bring: Any) -> None:
    assert "team.json:2:" in refused(bring, dashboards_team='{\n"title": ')


def test_the_chart_is_the_same_each_time(bring: Any) -> None:
    files = {
        "rules_team": RULE,
        "rules_plain": PLAIN,
        "dashboards_board": json.dumps(BOARD),
        "dashboards_two": json.dumps(V2),
    }
    assert chart(bring(**files)) == chart(bring(**files))


@pytest.mark.parametrize("cpus", [1, 2])
def test_generation_refuses_a_query_of_a_dashboard_that_prometheus_refuses(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cpus: int
) -> None:
    """With two cores the check is a process of its own."""
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(cpus)))
    dead = json.dumps(BOARD, indent=1).replace("vllm:num_requests_waiting", "waitin(vllm:num_requests_waiting)")
    (tmp_path / "team.json").write_text(dead)
    (tmp_path / "mine.yaml").write_text("dashboards: {extra: [team.json]}\n")
    code, _, err = run("--profile", "standalone", "-f", "mine.yaml", "-o", str(tmp_path / "out"))
    line = next(number for number, one in enumerate(dead.splitlines(), 1) if "waitin(" in one)
    assert code == 2
    assert f"error: team.json:{line}: panel 'Waiting'" in err
    assert not (tmp_path / "out").exists()


ABSENT = "cluster: {absent: {kueue: We queue with Volcano.}}\n"
OF_KUEUE = """\
- apiVersion: monitoring.coreos.com/v1
  kind: PrometheusRule
  metadata: {name: team}
  spec:
    groups:
    - name: first
      rules:
      - {record: "team:kueue:sum", expr: sum by (cluster_queue) (kueue_pending_workloads)}
    - name: second
      rules:
      - {alert: TeamQueue, expr: "team:kueue:sum > 3"}
      - {alert: KueueGone, expr: 'absent(up{job="kueue"})'}
      - {alert: TeamDead, expr: "vllm:num_requests_running == 0"}
"""


LISTED = "kind: List\napiVersion: v1\nitems:\n" + OF_KUEUE


def test_rules_of_an_absent_workload_are_left_out_of_peoples_files_and_are_named(bring: Any, render: Any) -> None:
    build = bring(rules_team=LISTED, more=ABSENT)
    (found,) = (each for each in render(build).values() if each["metadata"]["name"].endswith("-team"))
    assert [(group["name"], [rule["alert"] for rule in group["rules"]]) for group in found["spec"]["groups"]] == [
        ("second", ["TeamDead"])
    ]
    said = [str(each) for each in build.warnings if "left out" in str(each)]
    assert said == [
        "team.yaml: left out, as nothing of theirs is in this cluster (cluster.absent): "
        "team:kueue:sum, TeamQueue, KueueGone"
    ]
    assert [each.check for each in findings(build) if each.file == "team.yaml"] == []


def test_a_file_of_rules_of_which_nothing_is_left_is_off(bring: Any) -> None:
    rules = LISTED.replace("vllm:num_requests_running", "kueue_pending_workloads")
    assert bring(rules_team=rules, more=ABSENT).values["rules"]["team"]["enabled"] is False
    assert bring(rules_team=rules).values["rules"]["team"]["enabled"] is True


def test_a_dashboard_of_grafana_stays_whole_and_it_is_said_what_stays_empty(bring: Any) -> None:
    board = json.dumps(BOARD).replace("vllm:num_requests_waiting", "kueue_pending_workloads")
    (finding,) = {each.message: each for each in findings(bring(dashboards_team=board, more=ABSENT))}.values()
    assert (finding.check, finding.severity) == ("off", "warning")
    assert finding.message.endswith("cluster.absent says that there is no kueue here")
    assert "dashboards.team.enabled: false" in finding.hint


def test_an_overlay_switches_its_files_by_their_names(bring: Any, sources: Sources) -> None:
    bring(rules_team=PLAIN, dashboards_board=json.dumps(BOARD))

    def switched(name: str) -> Mapping[str, Any]:
        off = f"rules: {{{name}: {{enabled: false}}}}\ndashboards: {{board: {{enabled: false}}}}\n"
        Path("off.yaml").write_text(off)
        layers = [read_overlay(Path(file)) for file in ("mine.yaml", "off.yaml")]
        return fit(load_profile("standalone", sources, layers), sources).values

    values = switched("team")
    assert not values["rules"]["team"]["enabled"]
    assert not values["dashboards"]["board"]["enabled"]
    with pytest.raises(InputError, match=r"rules.taem: unknown key 'taem' \(did you mean 'team'\?\)"):
        switched("taem")
