"""Choices become receivers, routes and inhibition that the operator and Alertmanager take, without a secret."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.build.build import fit
from generator.build.profile import load_profile
from generator.choices.profiles import Layer
from generator.files import yamlfile
from generator.stack.alertmanager.receivers import MOUNTED, receiver_types
from generator.stack.alertmanager.routing import _INHIBITIONS, matcher
from tests.conftest import ROOT
from tests.stack.alertmanager.running import by_the_operator, operator_program, program

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from generator.build.sources import Sources

STACK = "kube-prometheus-stack"
CHAT: dict[str, Any] = {"chat": {"slack": {"secret": {"name": "receivers", "key": "slack"}}}}
PAGER: dict[str, Any] = {"pager": {"pagerduty": {"secret": {"name": "pagerduty", "key": "routing-key"}}}}

Values = "Callable[..., dict[str, Any]]"


@pytest.fixture
def manager(sources: Sources) -> Callable[..., dict[str, Any]]:
    """Returns a function from layers to the values of Alertmanager."""

    def make(*layers: dict[str, Any], profile: str = "standalone") -> dict[str, Any]:
        overlays = [Layer(f"{index}.yaml", layer) for index, layer in enumerate(layers)]
        found: dict[str, Any] = fit(load_profile(profile, sources, overlays), sources).values[STACK]["alertmanager"]
        return found

    return make


def alerts(receivers: Any, **more: Any) -> dict[str, Any]:
    return {"alerts": {"receivers": receivers, **more}}


def all_options() -> dict[str, Any]:
    """Returns a receiver of each type with every option that the schema allows."""
    secret = {"name": "receivers", "key": "some.key"}
    address = "https://service.example/path"
    given: dict[str, Any] = {
        "apiUrl": address,
        "url": address,
        "proxyUrl": "http://proxy.example:3128",
        "sendResolved": False,
        "requireTls": False,
        "maxAlerts": 10,
        "timeout": "10s",
        "responders": [{"type": "team", "name": "ml"}],
        "to": "a@example.com",
        "from": "b@example.com",
        "smarthost": "smtp.example:465",
        "topicArn": "arn:aws:sns:eu-central-1:123456789012:alerts",
        "roleArn": "arn:aws:iam::123456789012:role/alerts",
        "region": "eu-central-1",
        "priority": "P1",
        "severity": "critical",
    }
    one_of = {"webhook": {"secret"}, "sns": {"targetArn", "phoneNumber"}}
    return {
        kind: {
            kind: {
                option: secret if option in form.secrets else given.get(option, "some text")
                for option in {*form.fields, *form.secrets} - one_of.get(kind, set())
            }
        }
        for kind, form in receiver_types().items()
    }


def test_by_itself_nobody_is_named_and_the_upstream_charts_configuration_stays(manager: Any) -> None:
    for profile in ("standalone", "jark", "kind"):
        found = manager(profile=profile)
        assert "config" not in found
        assert "secrets" not in found["alertmanagerSpec"]


def test_one_receiver_gets_all_but_the_watchdog_and_the_inhibitor(manager: Any) -> None:
    config = manager(alerts(CHAT))["config"]
    assert config["route"] == {
        "receiver": "chat",
        "group_by": ["namespace", "alertname"],
        "group_wait": "30s",
        "group_interval": "5m",
        "repeat_interval": "12h",
        "routes": [
            {"receiver": "null", "matchers": ['alertname = "Watchdog"']},
            {"receiver": "null", "matchers": ['alertname = "InfoInhibitor"']},
        ],
    }
    assert [receiver["name"] for receiver in config["receivers"]] == ["null", "chat"]


def test_a_secret_is_a_file_and_its_secret_is_mounted_once(manager: Any) -> None:
    both = {"chat": {"slack": CHAT["chat"]["slack"], "webhook": {"secret": {"name": "receivers", "key": "hook"}}}}
    found = manager(
        alerts({**both, **PAGER}, default=["chat"], routes=[{"severity": "critical", "receivers": ["pager"]}])
    )
    chat, pager = found["config"]["receivers"][1:]
    assert chat["slack_configs"][0]["api_url_file"] == f"{MOUNTED}/receivers/slack"
    assert chat["webhook_configs"] == [{"url_file": f"{MOUNTED}/receivers/hook"}]
    assert pager["pagerduty_configs"][0]["routing_key_file"] == f"{MOUNTED}/pagerduty/routing-key"
    assert found["alertmanagerSpec"]["secrets"] == ["receivers", "pagerduty"]


def test_a_route_tells_each_of_its_receivers_and_the_first_that_fits_wins(manager: Any) -> None:
    routes = [
        {"team": "ml", "severity": ["critical", "warning"], "receivers": ["pager", "chat"], "repeatInterval": "1h"},
        {"labels": {"namespace": ["a.b", "c"]}, "receivers": []},
    ]
    config = manager(alerts({**CHAT, **PAGER}, default=["chat", "pager"], routes=routes))["config"]
    matchers = ['severity =~ "critical|warning"', 'team = "ml"']
    assert config["route"]["receiver"] == "pager"
    assert config["route"]["routes"][2:] == [
        {"receiver": "pager", "matchers": matchers, "continue": True, "repeat_interval": "1h"},
        {"receiver": "chat", "matchers": matchers, "repeat_interval": "1h"},
        {"receiver": "null", "matchers": ['namespace =~ "a[.]b|c"']},
        {"receiver": "chat", "continue": True},
    ]


def test_the_watchdogs_receiver_gets_a_sign_at_each_interval_and_no_end(manager: Any) -> None:
    deadman = {"deadman": {"webhook": {"url": "https://alive.example/1"}}}
    config = manager(alerts({**CHAT, **deadman}, watchdog={"receiver": "deadman"}))["config"]
    assert config["route"]["receiver"] == "chat"
    assert config["route"]["routes"][0] == {
        "receiver": "deadman",
        "matchers": ['alertname = "Watchdog"'],
        "group_by": ["alertname"],
        "group_wait": "0s",
        "group_interval": "5m",
        "repeat_interval": "150000ms",
    }
    assert config["receivers"][2]["webhook_configs"] == [{"url": "https://alive.example/1", "send_resolved": False}]


def test_layers_are_merged_and_null_takes_back(manager: Any) -> None:
    more = alerts({"chat": {"slack": {"channel": "#gpu", "secret": {"key": "other"}}}, "pager": None})
    config = manager(alerts({**CHAT, **PAGER}, default=["chat"]), more)["config"]
    (chat,) = config["receivers"][1:]
    assert chat["slack_configs"][0]["channel"] == "#gpu"
    assert chat["slack_configs"][0]["api_url_file"] == f"{MOUNTED}/receivers/other"


def test_a_credentials_file_is_in_the_environment_of_alertmanager(manager: Any) -> None:
    topic = {
        "sns": {
            "topicArn": "arn:aws:sns:eu-central-1:123456789012:alerts",
            "region": "eu-central-1",
            "secret": {"name": "aws", "key": "credentials"},
        }
    }
    spec = manager(alerts({"topic": topic}))["alertmanagerSpec"]
    env = [{"name": "AWS_SHARED_CREDENTIALS_FILE", "value": f"{MOUNTED}/aws/credentials"}]
    assert spec["containers"] == [{"name": "alertmanager", "env": env}]
    del topic["sns"]["secret"]
    assert "containers" not in manager(alerts({"topic": topic}))["alertmanagerSpec"]


def test_the_objectives_labels_are_those_by_which_a_fast_burn_silences_a_slow_one(sources: Sources) -> None:
    (burns,) = (set(rule["equal"]) for rule in _INHIBITIONS if "Burn" in rule["source_matchers"][0])
    for spec in sources.rules.values():
        by = {count.record: set(count.by) for count in spec.counts}
        for name, slo in spec.slos.items():
            labels = by[slo.events] | (by[slo.buckets] - {"le"} if slo.buckets else set())
            assert labels | {"slo"} <= burns, (spec.name, name)


def test_a_persons_own_configuration_is_laid_over_it_and_its_routes_are_asked_first(manager: Any) -> None:
    own: dict[str, Any] = {
        "global": {"resolve_timeout": "10m"},
        "receivers": [{"name": "mine", "telegram_configs": [{"bot_token_file": "/x", "chat_id": 1}]}],
        "route": {"routes": [{"receiver": "mine", "matchers": ['team = "me"']}], "group_wait": "1m"},
    }
    config = manager(alerts(CHAT), {"values": {STACK: {"alertmanager": {"config": own}}}})["config"]
    assert config["route"]["routes"][0] == own["route"]["routes"][0]
    assert config["route"]["group_wait"] == "1m"
    assert config["route"]["receiver"] == "chat"
    assert [receiver["name"] for receiver in config["receivers"]] == ["null", "chat", "mine"]
    assert config["global"] == {"resolve_timeout": "10m"}


def test_without_receivers_a_persons_own_configuration_is_as_before(manager: Any) -> None:
    own = {"route": {"receiver": "mine"}, "receivers": [{"name": "mine", "webhook_configs": [{"url": "http://x"}]}]}
    assert manager({"values": {STACK: {"alertmanager": {"config": own}}}})["config"] == own


def test_alertmanagerconfigs_are_taken_by_label_and_namespace(manager: Any) -> None:
    spec = manager()["alertmanagerSpec"]
    assert spec["alertmanagerConfigSelector"] == {"matchLabels": {"ai-ml-observability/alerts": "true"}}
    (expression,) = spec["alertmanagerConfigNamespaceSelector"]["matchExpressions"]
    assert expression == {
        "key": "kubernetes.io/metadata.name",
        "operator": "In",
        "values": ["{{ .Release.Namespace }}"],
    }
    spec = manager({"alerts": {"alertmanagerConfigs": {"namespaces": ["ml"], "matcherStrategy": "None"}}})[
        "alertmanagerSpec"
    ]
    assert spec["alertmanagerConfigNamespaceSelector"]["matchExpressions"][0]["values"][1:] == ["ml"]
    assert spec["alertmanagerConfigMatcherStrategy"] == {"type": "None"}


def everything() -> dict[str, Any]:
    kinds = all_options()
    routes = [{"team": [kind, "a.b"], "severity": "critical", "receivers": [kind]} for kind in kinds]
    inhibit = [{"source": {"alertname": "NodeDown"}, "target": {"severity": ["warning", "info"]}, "equal": ["node"]}]
    return alerts(
        {**kinds, "deadman": {"webhook": {"url": "https://alive.example/1"}}},
        default=["slack", "email"],
        routes=[*routes, {"severity": "info", "receivers": []}],
        watchdog={"receiver": "deadman"},
        inhibit=inhibit,
    )


def test_the_operator_takes_every_option_of_every_receiver(manager: Any) -> None:
    binary = operator_program()
    if binary is None:
        pytest.skip("no operator-alertmanager: 'make operator-config' builds it with Go")
    text = yamlfile.dump(manager(everything())["config"])
    done = by_the_operator(binary, text)
    assert done.returncode == 0, done.stderr
    assert "dropping" not in done.stderr
    written = yamlfile.parse(done.stdout, file="written")
    given = yamlfile.parse(text, file="given")
    for ours, theirs in zip(given["receivers"], written["receivers"], strict=True):
        assert _without_empty(theirs) == _without_empty(ours)


def _without_empty(data: Any) -> Any:
    """Leaves out what is empty, and the one key that the operator adds: it says that certificates are verified."""
    if isinstance(data, dict):
        added = {key for key in data if key == "insecure_skip_verify" and data[key] is False}
        return {
            key: _without_empty(value)
            for key, value in data.items()
            if value not in (None, "", [], {}) and key not in added
        }
    return [_without_empty(item) for item in data] if isinstance(data, list) else data


def test_amtool_takes_every_option_of_every_receiver(manager: Any, tmp_path: Path) -> None:
    binary = program("amtool")
    if binary is None:
        pytest.skip("no amtool: 'make alertmanager' builds it with Go, or GEN_CHART_ALERTMANAGER names its folder")
    file = tmp_path / "alertmanager.yaml"
    file.write_text(yamlfile.dump(manager(everything())["config"]), "utf-8")
    done = subprocess.run([binary, "check-config", file], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_operator_refuses_what_alertmanager_would_take(manager: Any) -> None:
    """The proof above can fail: a newer key is refused by the operator's parser."""
    binary = operator_program()
    if binary is None:
        pytest.skip("no operator-alertmanager: 'make operator-config' builds it with Go")
    config = manager(alerts(CHAT))["config"]
    done = by_the_operator(binary, yamlfile.dump({**config, "tracing": {"endpoint": "x"}}))
    assert done.returncode == 1
    assert "tracing" in done.stderr


def test_an_alertmanagerconfig_of_a_team_comes_first_and_takes_nothing_away(manager: Any) -> None:
    binary = operator_program()
    if binary is None:
        pytest.skip("no operator-alertmanager: 'make operator-config' builds it with Go")
    team = {
        "apiVersion": "monitoring.coreos.com/v1alpha1",
        "kind": "AlertmanagerConfig",
        "metadata": {"name": "team", "namespace": "ml"},
        "spec": {
            "route": {"receiver": "own"},
            "receivers": [{"name": "own", "webhookConfigs": [{"urlSecret": {"name": "hook", "key": "url"}}]}],
        },
    }
    hook = {"metadata": {"name": "hook", "namespace": "ml"}, "data": {"url": "aHR0cHM6Ly9ob29rLmV4YW1wbGU="}}
    text = yamlfile.dump(manager(alerts(CHAT))["config"])
    limited, all_of_them = (
        yamlfile.parse(by_the_operator(binary, text, [team], [hook], strategy).stdout, file="written")["route"]
        for strategy in ("OnNamespace", "None")
    )
    assert limited["routes"][0]["matchers"] == ['namespace="ml"']
    assert "matchers" not in all_of_them["routes"][0]
    for root in (limited, all_of_them):
        assert root["routes"][0]["receiver"] == "ml/team/own"
        assert root["routes"][0]["continue"] is True
        assert root["receiver"] == "chat"


TEXT = st.text(st.characters(exclude_categories=["C"], exclude_characters='"\\^'), min_size=1, max_size=12)


@pytest.mark.filterwarnings("ignore:Possible nested set")
@given(st.lists(TEXT, min_size=1, max_size=3, unique=True), TEXT)
def test_a_matcher_of_several_values_fits_those_alone(values: list[str], other: str) -> None:
    import re

    pattern = matcher("team", values).removeprefix('team =~ "').removesuffix('"')
    for value in (*values, other):
        assert bool(re.fullmatch(pattern, value)) is (value in values)


def test_an_option_has_a_place_in_the_configuration_or_is_a_secret() -> None:
    file = ROOT / "values-schemas" / "alerts.schema.yaml"
    kinds = yamlfile.load_mapping(file)["properties"]["receivers"]["additionalProperties"]["properties"]
    for name, form in receiver_types().items():
        assert set(kinds[name]["properties"]) == {*form.fields, *form.secrets}
        assert {option for group in form.needs for option in group} <= set(kinds[name]["properties"])
        for option, part in kinds[name]["properties"].items():
            assert ("x-holds" in part) is (part.get("$ref") == "#/$defs/secretKey"), (name, option)
