"""What `helm test` asks: each question fails when its part is broken, with a line that says what is missing.

The servers here answer in the shapes of Prometheus 3.14, Alertmanager 0.34, Grafana 12 and OpenSearch 3; that real ones
do is shown by `make e2e` (the first two) and on kind (all of them).
"""

from __future__ import annotations

import base64
import itertools
import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from generator.cluster import release_test
from generator.cluster.program import Failure
from generator.cluster.release_test import QUESTIONS, Asker, ask

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

TARGET = {"labels": {"job": "kubelet"}, "health": "up", "scrapePool": "p", "scrapeUrl": "http://x", "lastError": ""}
RULE = {"name": "r", "health": "ok"}
SENT = 'alertmanager_notifications_total{{integration="email",receiver_name="x"}} {}\n'
FAILED = 'alertmanager_notifications_failed_total{{integration="email",reason="other",receiver_name="x"}} {}\n'


class Release:
    """A loopback server for all parts: path → JSON, text or a status that is no success."""

    def __init__(self) -> None:
        self.stored: dict[str, dict[str, Any]] = {}
        self.lines: list[str] = []
        self.finds = 1
        self.logins: dict[str, str] = {}
        self.answers: dict[str, Any] = {
            "/api/v1/scrape_pools": {"data": {"scrapePools": ["podMonitor/monitoring/ray/0", "kubelet/0"]}},
            "/api/v1/targets": {"data": {"activeTargets": [TARGET]}},
            "/api/v1/rules": {"data": {"groups": [{"name": "g", "rules": [RULE]}]}},
            "/api/v1/alertmanagers": {"data": {"activeAlertmanagers": [{"url": "http://x"}]}},
            "/api/v2/status": {"cluster": {"status": "ready"}},
            "/api/v2/alerts": [{"labels": {"alertname": "Watchdog"}}],
            "/metrics": SENT.format(3) + FAILED.format(2),
            "/api/dashboards/uid/u1": {"meta": {"folderTitle": "AI-ML"}},
            "/api/datasources": [
                {"name": "P", "uid": "p", "type": "prometheus"},
                {"name": "A", "uid": "a", "type": "alertmanager"},
            ],
            "/api/datasources/uid/p/health": {"status": "OK"},
            "/api/datasources/proxy/uid/a/api/v2/status": {"cluster": {}},
            "/_bulk": {"errors": False},
        }

    def answer(self, path: str, body: str, login: str) -> tuple[int, str]:
        """Returns status and text."""
        if path == "/_bulk" and path in self.answers:
            action, record = (json.loads(line) for line in body.splitlines())
            self.stored[action["create"]["_id"]] = record
            self.logins["bulk"] = login
        if path == "/logs-kubernetes/_search":
            self.logins["search"] = login
            ((kind, asked),) = json.loads(body)["query"].items()
            known = (
                asked["values"][0] in self.stored if kind == "ids" else any(asked["log"] in each for each in self.lines)
            )
            return 200, json.dumps({"hits": {"total": {"value": self.finds if known else 0}}})
        if path.startswith(("/api/dashboards", "/api/datasources")):
            self.logins["grafana"] = login
        found = self.answers.get(path, 404)
        if isinstance(found, int):
            return found, f"status {found}"
        return 200, found if isinstance(found, str) else json.dumps(found)


@pytest.fixture
def release() -> Release:
    """A release that works."""
    return Release()


@pytest.fixture
def asker(release: Release, tmp_path: Path) -> Iterator[Asker]:
    """Who asks it, and does not ask twice."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # the name is http.server's
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            sent = base64.b64decode((self.headers.get("Authorization") or "").removeprefix("Basic ")).decode()
            status, text = release.answer(self.path.partition("?")[0], body, sent)
            self.send_response(status)
            self.end_headers()
            self.wfile.write(text.encode())

        do_POST = do_GET  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    for login in ("grafana", "reader", "writer"):
        (tmp_path / login).mkdir()
        (tmp_path / login / "username").write_text(login)
        (tmp_path / login / "password").write_text(f"pässword of {login}")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    plan = {
        "seconds": 0, "prometheus": url, "alertmanager": url, "grafana": url, "opensearch": url, "watchdog": True,
        "monitors": ["podMonitor/monitoring/ray"], "jobs": ["kubelet"], "folder": "AI-ML", "dashboards": {"one": "u1"},
    }  # fmt: skip
    yield Asker(plan, tmp_path, "/nowhere")
    server.shutdown()
    server.server_close()


@pytest.fixture
def ship(release: Release, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the program prints arrives in OpenSearch."""
    monkeypatch.setattr(release_test, "say", release.lines.append)


@pytest.mark.usefixtures("ship")
@pytest.mark.parametrize("question", QUESTIONS)
def test_a_release_that_works_is_answered_with_yes(asker: Asker, question: str) -> None:
    ask(asker, question)


def changed(path: str, new: Any) -> Callable[[Release], None]:
    return lambda release: release.answers.update({path: new})


BROKEN: dict[str, tuple[str, Callable[[Release], None], str]] = {
    "no Prometheus": ("targets", changed("/api/v1/scrape_pools", 503), "scrape_pools: HTTP 503"),
    "a monitor that the operator refused": (
        "targets",
        changed("/api/v1/scrape_pools", {"data": {"scrapePools": ["podMonitor/monitoring/ray-serve/0"]}}),
        "Prometheus does not have the monitor podMonitor/monitoring/ray",
    ),
    "no kubelet": (
        "targets",
        changed("/api/v1/targets", {"data": {"activeTargets": []}}),
        "no target has the job kubelet",
    ),
    "a kubelet that is down": (
        "targets",
        changed("/api/v1/targets", {"data": {"activeTargets": [{**TARGET, "health": "down", "lastError": "refused"}]}}),
        "target p http://x is down: refused",
    ),
    "a rule in error": (
        "targets",
        changed("/api/v1/rules", {"data": {"groups": [{"name": "g", "rules": [{**RULE, "health": "err"}]}]}}),
        "rule r of g is err",
    ),
    "Prometheus without Alertmanager": (
        "alerts",
        changed("/api/v1/alertmanagers", {"data": {"activeAlertmanagers": []}}),
        "Prometheus knows no Alertmanager",
    ),
    "no Watchdog": ("alerts", changed("/api/v2/alerts", []), "Watchdog, the alert that always fires, has not come"),
    "a cluster that settles": (
        "alerts",
        changed("/api/v2/status", {"cluster": {"status": "settling"}}),
        "Alertmanager's cluster is settling",
    ),
    "a receiver that takes nothing": (
        "alerts",
        changed("/metrics", SENT.format(3) + FAILED.format(1) + FAILED.format(2)),
        "could deliver none of 3 notifications by email",
    ),
    "no dashboard": ("dashboards", changed("/api/dashboards/uid/u1", 404), "the dashboard one: .*HTTP 404"),
    "another folder": (
        "dashboards",
        changed("/api/dashboards/uid/u1", {"meta": {"folderTitle": "General"}}),
        "the dashboard one is in the folder 'General', not in 'AI-ML'",
    ),
    "no data source": ("dashboards", changed("/api/datasources", []), "Grafana has no data source"),
    "a data source that is ill": (
        "dashboards",
        changed("/api/datasources/uid/p/health", 400),
        "the data source P: .*HTTP 400",
    ),
    "an Alertmanager that Grafana does not reach": (
        "dashboards",
        changed("/api/datasources/proxy/uid/a/api/v2/status", 502),
        "the data source A: .*HTTP 502",
    ),
    "a login that Grafana refuses": ("dashboards", changed("/api/datasources", 401), "datasources: HTTP 401"),
    "an OpenSearch that takes nothing": ("document", changed("/_bulk", 403), "_bulk: HTTP 403"),
    "a record that it refuses": (
        "document",
        changed("/_bulk", {"errors": True, "items": [{"create": {"status": 400}}]}),
        r'_bulk: \[\{"create"',
    ),
    "a record that it loses": (
        "document",
        lambda release: setattr(release, "finds", 0),
        "finds the record that it took 0 times, not once",
    ),
    "a line that comes twice": ("line", lambda release: setattr(release, "finds", 2), "has printed 2 times, not once"),
}


@pytest.mark.usefixtures("ship")
@pytest.mark.parametrize("case", BROKEN)
def test_a_part_that_is_broken_is_named(asker: Asker, release: Release, case: str) -> None:
    question, breaks, message = BROKEN[case]
    breaks(release)
    with pytest.raises(Failure, match=message):
        ask(asker, question)


def test_a_line_that_nobody_ships_is_not_found(asker: Asker) -> None:
    with pytest.raises(Failure, match="finds the line that this container has printed 0 times"):
        ask(asker, "line")


def test_a_workload_that_is_down_does_not_fail_the_release(asker: Asker, release: Release) -> None:
    theirs = {**TARGET, "labels": {"job": "sglang"}, "health": "down"}
    release.answers["/api/v1/targets"] = {"data": {"activeTargets": [TARGET, theirs]}}
    ask(asker, "targets")


def test_a_receiver_that_failed_once_can_deliver(asker: Asker, release: Release) -> None:
    release.answers["/metrics"] = SENT.format(0)
    ask(asker, "alerts")


@pytest.mark.usefixtures("ship")
def test_each_question_asks_with_the_login_that_it_needs(asker: Asker, release: Release) -> None:
    ask(asker, "document")
    ask(asker, "dashboards")
    logins = {where: f"{who}:pässword of {who}" for where, who in (("bulk", "writer"), ("search", "reader"))}
    assert release.logins == {**logins, "grafana": "grafana:pässword of grafana"}


def test_it_asks_again_until_the_answer_is_yes_and_stores_one_record_alone(asker: Asker, release: Release) -> None:
    times = itertools.count()
    waited: list[float] = []

    def sleep(seconds: float) -> None:
        waited.append(seconds)
        release.finds = 1 if len(waited) == 3 else 0

    release.finds = 0
    patient = Asker({**asker.plan, "seconds": 100}, asker.logins, asker.authority)
    ask(patient, "document", sleep=sleep, clock=lambda: float(next(times)))
    assert len(waited) == 3
    assert len(release.stored) == 1


def test_the_log_says_what_was_asked_when_and_the_answer(
    asker: Asker, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = {**asker.plan, "questions": {"targets": "all there?"}}
    (tmp_path / "plan.json").write_text(json.dumps(plan))
    assert release_test.main([str(tmp_path / "plan.json"), "targets"]) == 0
    assert re.fullmatch(r"asked at \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC: all there\?\nyes\n", capsys.readouterr().out)
    (tmp_path / "plan.json").write_text(json.dumps({**plan, "prometheus": "http://127.0.0.1:1"}))
    assert release_test.main([str(tmp_path / "plan.json"), "targets"]) == 1
    assert "error: http://127.0.0.1:1/api/v1/scrape_pools: " in capsys.readouterr().err
