"""What Grafana and OpenSearch show, in the forms of their APIs, and the command line over all of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from generator.cli import cli
from generator.doctor.causes import read_causes, said
from generator.doctor.expected import Expected
from generator.doctor.grafana import read_grafana
from generator.doctor.logs import read_logs, reader_causes
from generator.doctor.snapshot import ServerFacts, Snapshot
from generator.doctor.view import Answer, View
from generator.doctor.web import Access, Limits, Load, open_server
from generator.files.location import sources_root
from tests.doctor.test_web import says, server

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from generator.doctor.causes import Found

CAUSES = read_causes(sources_root())
VIEW = View(Snapshot(ServerFacts()), Expected("kind", (), (), {}, {}, {}), {})
BOARD = {"title": "Theirs", "uid": "b", "panels": [
    {"title": "Up", "datasource": {"type": "prometheus", "uid": "gone"}, "targets": [{"expr": "up"}]}]}  # fmt: skip
SOURCE = {"uid": "prometheus", "name": "Prometheus", "type": "prometheus", "url": "http://p", "isDefault": True,
          "jsonData": {"timeInterval": "30s"}}  # fmt: skip


def api(answers: Mapping[str, Any]) -> Callable[[Any], None]:
    """Serves JSON by path; what is not there is 404. A number is a status."""

    def answer(handler: Any) -> None:
        found = answers.get(urlsplit(handler.path).path, 404)
        status, body = (found, {"message": "no"}) if isinstance(found, int) else (200, found)
        says(status, json.dumps(body).encode())(handler)

    return answer


def grafana(sources: Any = 404, health: Any = 404, board: Any = BOARD) -> dict[str, Any]:
    return {"/api/search": [{"uid": "b"}], "/api/dashboards/uid/b": {"dashboard": board}, "/api/datasources": sources,
            "/api/datasources/uid/prometheus/health": health}  # fmt: skip


def words(found: Found) -> str:
    cause = CAUSES[found.cause]
    return "\n".join(said(text, dict(found.facts)) for text in (cause.title, cause.means, cause.remedy))


def shown(answers: Mapping[str, Any], unseen: dict[str, str] | None = None) -> dict[str, Found]:
    with server(api(answers)) as url:
        seen = read_grafana(open_server(url, "Grafana", Access(), Limits(), Load()), {} if unseen is None else unseen)
    return {one.cause: one for one in seen.causes(VIEW)}


def test_a_data_source_that_panels_name_and_grafana_lacks_is_told_with_those_that_are_there() -> None:
    found = shown(grafana([SOURCE]))
    assert list(found) == ["source-missing"]
    assert "gone" in words(found["source-missing"])
    assert "prometheus (prometheus)" in words(found["source-missing"])
    mended = {**BOARD, "panels": [{**BOARD["panels"][0], "datasource": {"uid": "prometheus"}}]}  # type: ignore[dict-item]
    assert shown(grafana([SOURCE], board=mended)) == {}


def test_a_data_source_that_does_not_work_is_told_in_grafanas_words() -> None:
    board = {**BOARD, "panels": [{"title": "Up", "targets": [{"expr": "up"}]}]}
    found = shown(grafana([SOURCE], {"status": "ERROR", "message": "dial tcp: refused"}, board))
    assert list(found) == ["source-unhealthy"]
    assert "dial tcp: refused" in words(found["source-unhealthy"])
    assert shown(grafana([SOURCE], {"status": "OK"}, board)) == {}


def test_a_grafana_without_a_prometheus_is_told() -> None:
    other = {**SOURCE, "type": "loki", "uid": "gone"}
    assert list(shown(grafana([other]))) == ["source-none"]


def test_what_the_token_may_not_list_is_said() -> None:
    unseen: dict[str, str] = {}
    assert shown(grafana(403), unseen) == {}
    assert "role Admin" in unseen["data sources"]


def test_the_interval_of_the_data_source_is_what_rates_follow() -> None:
    with server(api(grafana([SOURCE]))) as url:
        seen = read_grafana(open_server(url, "Grafana", Access(), Limits(), Load()), {})
    assert seen.interval == 30
    assert [(board.title, board.questions[0].name) for board in seen.boards] == [("Theirs", "Up")]


GREEN = {"/_cluster/health": {"status": "green", "unassigned_shards": 0}, "/_all/_settings/index.blocks.*": {},
         "/logs-*/_count": {"count": 5}}  # fmt: skip
LOGS: tuple[tuple[dict[str, Any], str | None, str], ...] = (
    ({}, None, ""),
    ({"/_all/_settings/index.blocks.*": {"logs-1": {"settings": {"index.blocks.read_only_allow_delete": "true"}}}},
     "logs-read-only", "indices are read-only (1)"),
    ({"/_cluster/health": {"status": "red", "unassigned_shards": 3}}, "logs-store-red", "not assigned (3)"),
    ({"/logs-*/_count": {"count": 0}}, "logs-none", "no line of the last 15 minutes"),
    ({"/_cluster/health": 401}, "logs-unreachable", "401"),
)  # fmt: skip


@pytest.mark.parametrize(("change", "cause", "text"), LOGS, ids=[str(one[1]) for one in LOGS])
def test_what_keeps_opensearch_from_taking_lines_is_told(change: dict[str, Any], cause: str | None, text: str) -> None:
    with server(api(GREEN | change)) as url:
        seen = read_logs(open_server(url, "OpenSearch", Access(), Limits(), Load()))
    found = list(seen.causes(VIEW))
    assert [one.cause for one in found] == ([cause] if cause else [])
    assert all(text in words(one) for one in found)


def fluent(**series: list[tuple[dict[str, str], float]]) -> list[Found]:
    """Returns what Fluent Bit's counters say; each answer by a word of its query."""

    class Counters(View):
        def ask(self, expression: str) -> Answer:
            key = next((name for name in series if name in expression), "")
            key = "retries_total" if "retries_total" in expression else key
            return Answer(tuple(series.get(key, ())))

    return list(reader_causes(Counters(VIEW.snapshot, VIEW.expected, {})))


def test_fluent_bit_that_retries_and_sends_nothing_is_blocked_and_one_that_sends_is_not() -> None:
    one = {"pod": "fluent-bit-a"}
    up = [({"node": "a"}, 1.0)]
    blocked = fluent(fluentbit_uptime=up, kube_node_info=up, retries_total=[(one, 4)], proc_records=[(one, 0)],
                     storage_chunks=[(one, 12)])  # fmt: skip
    assert [each.cause for each in blocked] == ["logs-blocked"]
    assert "12 chunks wait on fluent-bit-a" in words(blocked[0])
    assert fluent(fluentbit_uptime=up, kube_node_info=up, retries_total=[(one, 4)], proc_records=[(one, 9)]) == []
    assert [each.cause for each in fluent(fluentbit_uptime=up, kube_node_info=up, dropped=[({}, 3)])] == [
        "logs-refused"
    ]


def run(*arguments: str) -> tuple[int, str, str]:
    from click.testing import CliRunner

    from generator.errors import InputError

    result = CliRunner().invoke(cli, ["doctor", *arguments])
    if isinstance(result.exception, InputError):
        return int(result.exception.exit_code), result.stdout, str(result.exception)
    return result.exit_code, result.stdout, result.stderr


def test_the_command_wants_a_place_to_look_at() -> None:
    code, _, said_ = run()
    assert code == 2
    assert "--prometheus http://localhost:9090" in said_


def test_the_command_ends_with_2_and_one_line_where_nothing_answers() -> None:
    with server(api({})) as url:
        code, out, said_ = run("--prometheus", url)
    assert (code, out) == (2, "")
    assert "answers 404" in said_
    assert "\n" not in said_


def test_a_panel_that_no_dashboard_has_is_refused_with_the_nearest() -> None:
    with server(api({})) as url:
        code, _, said_ = run("--prometheus", url, "--panel", "Requests per secnd")
    assert code == 2
    assert "did you mean 'Requests per second'?" in said_
