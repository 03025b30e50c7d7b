"""What cannot be told to anybody is refused where it was written, with the nearest name or the way out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from generator.build.build import fit
from generator.build.chart import chart
from generator.build.profile import load_profile
from generator.choices.profiles import Layer
from generator.errors import InputError

if TYPE_CHECKING:
    from generator.build.sources import Sources

KEY = {"name": "receivers", "key": "slack"}
CHAT = {"chat": {"slack": {"secret": KEY}}}
PAGER = {"pager": {"pagerduty": {"secret": KEY}}}
STACK = "kube-prometheus-stack"


def receivers(content: Any, **more: Any) -> dict[str, Any]:
    return {"alerts": {"receivers": content, **more}}


def one(kind: str, **options: Any) -> dict[str, Any]:
    return receivers({"chat": {kind: options}})


def beside(values: dict[str, Any]) -> dict[str, Any]:
    return {**receivers(CHAT), "values": {STACK: {"alertmanager": values}}}


def said(sources: Sources, choices: dict[str, Any], profile: str = "standalone") -> str:
    """Returns what making a chart ends with."""
    with pytest.raises(InputError) as error:
        chart(fit(load_profile(profile, sources, [Layer("mine.yaml", choices)]), sources))
    return str(error.value)


WAY = (
    "(a secret never stands here: put it into a Secret of the release's namespace and write "
    "secret: {name: SECRET, key: KEY})"
)
AT = "mine.yaml: alerts.receivers.chat"

REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "a type that does not exist": (
        receivers({"chat": {"slak": {}}}),
        f"{AT}.slak: unknown key 'slak' (did you mean 'slack'?)",
    ),
    "a type that is near none": (
        receivers({"chat": {"carrier": {}}}),
        f"{AT}.carrier: unknown key 'carrier' (valid: email, msteams, opsgenie, pagerduty, slack, sns, webhook)",
    ),
    "no type": (
        receivers({"chat": {}}),
        f"{AT}: found no type (valid: slack, pagerduty, opsgenie, msteams, email, sns, webhook)",
    ),
    "a name that is no name": (
        receivers({"a b": {}}),
        "mine.yaml: alerts.receivers: key 'a b': found 'a b', expected a name of letters, digits, '-' and '_'",
    ),
    "an option that is not allowed": (
        one("slack", secret=KEY, chanel="#ml"),
        f"{AT}.slack.chanel: unknown key 'chanel' (did you mean 'channel'?)",
    ),
    "an option of Alertmanager's that is not on our list": (
        one("slack", secret=KEY, update_message=True),
        f"{AT}.slack.update_message: unknown key 'update_message' "
        "(valid: ca, channel, proxyUrl, secret, sendResolved, text, title)",
    ),
    "no secret": (
        one("slack", channel="#ml"),
        f"{AT}.slack: the key 'secret' is missing "
        "(write secret: {name: SECRET, key: KEY}, of a Secret in the release's namespace)",
    ),
    "half a secret": (
        one("slack", secret={"name": "receivers"}),
        f"{AT}.slack.secret: the key 'key' is missing "
        "(write secret: {name: SECRET, key: KEY}, of a Secret in the release's namespace)",
    ),
    "a key that leads out of the Secret": (
        one("slack", secret={"name": "receivers", "key": "../token"}),
        f"{AT}.slack.secret.key: found '../token', expected a Secret's key",
    ),
    "mail without a server": (
        one("email", to="a@example.com", **{"from": "b@example.com"}),
        f"{AT}.email: the key 'smarthost' is missing",
    ),
    "a mail server without a port": (
        one("email", to="a@example.com", **{"from": "b@example.com"}, smarthost="smtp.example.com"),
        f"{AT}.email.smarthost: found 'smtp.example.com', expected a host and a port such as smtp.example.com:587",
    ),
    "a login without a password": (
        one("email", to="a@example.com", **{"from": "b@example.com"}, smarthost="smtp.example.com:587", username="me"),
        f"{AT}.email: found 'username' without 'secret' "
        "(write secret: {name: SECRET, key: KEY}, of a Secret in the release's namespace)",
    ),
    "an address and a secret address": (
        one("webhook", url="https://hook.example", secret=KEY),
        f"{AT}.webhook.secret: found url and secret, expected one of 'url' or 'secret'",
    ),
    "neither of both": (
        one("webhook", sendResolved=False),
        f"{AT}.webhook: the key 'url' or 'secret' is missing "
        "(write secret: {name: SECRET, key: KEY}, of a Secret in the release's namespace)",
    ),
    "a topic without a region": (
        one("sns", topicArn="arn:aws:sns:eu-central-1:123456789012:alerts"),
        f"{AT}.sns: the key 'region' is missing",
    ),
    "two files of credentials": (
        receivers(
            {
                name: {
                    "sns": {
                        "topicArn": "arn:aws:sns:eu-central-1:123456789012:alerts",
                        "region": "eu-central-1",
                        "secret": {"name": name, "key": "credentials"},
                    }
                }
                for name in ("one", "two")
            },
            default=["one", "two"],
        ),
        "mine.yaml: alerts.receivers.two.sns.secret: found another file of AWS credentials than "
        "alerts.receivers.one.sns.secret "
        "names, and Alertmanager's pod has one (put both credentials into one file, or take roles (roleArn))",
    ),
    "a route to nobody who is there": (
        receivers(CHAT, routes=[{"team": "ml", "receivers": ["chatt"]}]),
        "mine.yaml: alerts.routes[0].receivers[0]: unknown receiver 'chatt' (did you mean 'chat'?)",
    ),
    "a default that is not there": (
        receivers(CHAT, default=["pager"]),
        "mine.yaml: alerts.default[0]: unknown receiver 'pager' (valid: chat)",
    ),
    "a watchdog's receiver that is not there": (
        receivers(CHAT, watchdog={"receiver": "dead"}),
        "mine.yaml: alerts.watchdog.receiver: unknown receiver 'dead' (valid: chat)",
    ),
    "routes without receivers": (
        {"alerts": {"routes": [{"team": "ml", "receivers": ["chat"]}]}},
        "mine.yaml: alerts.routes[0].receivers[0]: unknown receiver 'chat'",
    ),
    "several without a default": (
        receivers({**CHAT, **PAGER}, routes=[{"severity": "critical", "receivers": ["pager"]}]),
        "mine.yaml: alerts.receivers: nobody is named for the alerts that no route takes "
        "(write alerts.default: [chat], or another one of chat, pager)",
    ),
    "nobody but the watchdog's": (
        receivers(CHAT, watchdog={"receiver": "chat"}),
        "mine.yaml: alerts.receivers: found only the watchdog's receiver: alerts reach nobody (name "
        "one for alerts too)",
    ),
    "a watchdog's receiver that gets more": (
        receivers({**CHAT, **PAGER}, default=["chat"], watchdog={"receiver": "chat"}),
        "mine.yaml: alerts.watchdog.receiver: found 'chat', which gets other alerts too: each of "
        "them would count as a sign "
        "of life (name a receiver for it alone)",
    ),
    "a route of everything": (
        receivers(CHAT, routes=[{"receivers": ["chat"]}]),
        "mine.yaml: alerts.routes[0]: found a route of all alerts "
        "(say which it takes (severity, team or labels), or name its receivers in alerts.default)",
    ),
    "a route that nothing gets to": (
        receivers(
            CHAT, routes=[{"team": "ml", "receivers": ["chat"]}, {"labels": {"team": ["ml"]}, "receivers": ["chat"]}]
        ),
        "mine.yaml: alerts.routes[1]: found the same alerts as in alerts.routes[0], which takes them first",
    ),
    "a severity that no alert has": (
        receivers(CHAT, routes=[{"severity": "critcal", "receivers": ["chat"]}]),
        "mine.yaml: alerts.routes[0].severity: found 'critcal', expected one of critical, warning, info "
        "(did you mean 'critical'?)",
    ),
    "a value that would end a matcher": (
        receivers(CHAT, routes=[{"team": 'a" or "', "receivers": ["chat"]}]),
        "mine.yaml: alerts.routes[0].team: found 'a\" or \"', expected text without quotes, backslashes and '^'",
    ),
    "a repetition before the next message": (
        receivers(CHAT, repeatInterval="1m"),
        "mine.yaml: alerts.repeatInterval: found '1m', expected at least the groupInterval, which is '5m'",
    ),
    "a repetition of what is forgotten": (
        receivers(CHAT, repeatInterval="1w"),
        "mine.yaml: alerts.repeatInterval: found '1w', expected at most '120h', after which "
        "Alertmanager forgets what it has "
        f"sent (or raise values.{STACK}.alertmanager.alertmanagerSpec.retention)",
    ),
    "a reason that is none": (
        {"alerts": {"nobody": "short"}},
        "mine.yaml: alerts.nobody: found 'short', expected at least 10 character(s)",
    ),
    "an Alertmanager that is off": (
        beside({"enabled": False}),
        f"mine.yaml: alerts.receivers: found receivers, but values.{STACK}.alertmanager.enabled is "
        "false: this chart has no "
        "Alertmanager (take one of the two away)",
    ),
    "a configuration of one's own as text": (
        beside({"config": "route: {}"}),
        f"mine.yaml: values.{STACK}.alertmanager.config: found Alertmanager's configuration as text, "
        "which would stand in place "
        "of alerts.receivers (write it as a mapping, which is laid over what the receivers make, or "
        "take one of the two away)",
    ),
    "a Secret of one's own": (
        beside({"alertmanagerSpec": {"useExistingSecret": True}}),
        f"mine.yaml: values.{STACK}.alertmanager.alertmanagerSpec.useExistingSecret: found a Secret "
        "of yours with Alertmanager's "
        "configuration, beside alerts.receivers (take one of the two away)",
    ),
    "two receivers of one name": (
        beside({"config": {"receivers": [{"name": "chat", "webhook_configs": [{"url": "http://x"}]}]}}),
        f"mine.yaml: values.{STACK}.alertmanager.config.receivers[0].name: found another item with "
        "the name 'chat', which this "
        "chart's own has (give it another one)",
    ),
    "a route of one's own to nobody who is there": (
        beside({"config": {"route": {"routes": [{"receiver": "mail", "matchers": ['team = "ml"']}]}}}),
        f"mine.yaml: values.{STACK}.alertmanager.config.route.routes[0].receiver: unknown receiver "
        "'mail' (valid: chat, null)",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_would_tell_nobody_is_refused(sources: Sources, case: str) -> None:
    choices, expected = REFUSED[case]
    assert expected in said(sources, choices).splitlines()


@pytest.mark.parametrize(
    ("kind", "key"),
    [
        *(("slack", key) for key in ("api_url", "apiUrl", "url", "webhookUrl")),
        *(("msteams", key) for key in ("url", "webhook_url", "webhookUrl")),
        *(("pagerduty", key) for key in ("routing_key", "routingKey", "serviceKey")),
        *(("opsgenie", key) for key in ("api_key", "apiKey")),
        *(("email", key) for key in ("password", "auth_password")),
        *(("sns", key) for key in ("access_key", "secretKey")),
    ],
)
def test_a_secret_in_a_plain_value_is_refused_and_not_shown(sources: Sources, kind: str, key: str) -> None:
    text = said(sources, one(kind, **{key: "https://hooks.example/T0/very-secret"}))
    assert f"{AT}.{kind}.{key}: unknown key '{key}' {WAY}" in text.splitlines()
    assert "very-secret" not in text


@pytest.mark.parametrize(
    ("choices", "place"),
    [
        (one("slack", **{"secret": "https://hooks.example/very-secret"}), "slack.secret"),
        (one("webhook", url="https://me:very-secret@hook.example"), "webhook.url"),
        (one("webhook", url="ftp://very-secret.example"), "webhook.url"),
        (one("slack", secret=KEY, proxyUrl="socks://very-secret.example"), "slack.proxyUrl"),
        (one("pagerduty", secret=KEY, url="events.very-secret.example"), "pagerduty.url"),
        (one("opsgenie", secret=KEY, apiUrl="https://{{ very-secret }}"), "opsgenie.apiUrl"),
    ],
)
def test_a_wrong_address_is_not_shown_as_it_may_be_secret(
    sources: Sources, choices: dict[str, Any], place: str
) -> None:
    text = said(sources, choices)
    assert text.startswith(f"{AT}.{place}: found text, which may be secret and is not shown, expected ")
    assert "very-secret" not in text


def test_beside_an_alertmanager_of_others_receivers_are_refused_with_the_way_out(sources: Sources) -> None:
    text = said(sources, receivers(CHAT), "bring-your-own-prometheus")
    assert text.startswith(
        "mine.yaml: alerts.receivers: found receivers, but components.kube-prometheus-stack.enabled is false"
    )
    assert "docs/alerts.md" in text


def warnings(sources: Sources, choices: dict[str, Any], profile: str = "standalone") -> list[str]:
    build = fit(load_profile(profile, sources, [Layer("mine.yaml", choices)]), sources)
    return [str(problem) for problem in (*build.warnings, *build.notices)]


LINK = {"rules": {"runbookUrl": "https://wiki.example/runbooks"}}
NOBODY = (
    "alerts.receivers: alerts reach nobody "
    "(name a receiver, as docs/alerts.md shows for each kind, or say in alerts.nobody why none is wanted)"
)


@pytest.mark.parametrize("profile", ["standalone", "jark", "kind"])
def test_while_nobody_is_named_it_is_said(sources: Sources, profile: str) -> None:
    assert warnings(sources, {}, profile) == [NOBODY]


@pytest.mark.parametrize(
    "choices",
    [
        {**receivers(CHAT), **LINK},
        {**receivers(CHAT), "rules": {"runbookUrl": ""}},
        {**receivers(CHAT), "components": {"runbooks": {"enabled": True}}},
        {"alerts": {"nobody": "A cluster to try things out."}},
        {"values": {STACK: {"alertmanager": {"alertmanagerSpec": {"useExistingSecret": True}}}}},
        {"values": {STACK: {"alertmanager": {"config": {"receivers": [{"name": "a", "webhook_configs": []}]}}}}},
        {"values": {STACK: {"prometheus": {"prometheusSpec": {"additionalAlertManagerConfigs": [{"x": 1}]}}}}},
    ],
)
def test_where_somebody_is_named_or_a_reason_given_nothing_is_said(sources: Sources, choices: dict[str, Any]) -> None:
    assert warnings(sources, choices) == []


def test_an_alertmanager_that_is_off_is_said_once(sources: Sources) -> None:
    choices = {"values": {STACK: {"alertmanager": {"enabled": False}}}}
    place = f"mine.yaml: values.{STACK}.alertmanager.enabled"
    assert warnings(sources, choices) == [f"{place}: found false: alerts reach nobody"]


def test_beside_a_prometheus_of_others_nothing_is_said(sources: Sources) -> None:
    assert warnings(sources, {}, "bring-your-own-prometheus") == []


def test_a_configuration_of_ones_own_that_names_nobody_reaches_nobody(sources: Sources) -> None:
    choices = {"values": {STACK: {"alertmanager": {"config": {"receivers": [{"name": "null"}]}}}}}
    assert NOBODY in warnings(sources, choices)


def test_that_alerts_have_no_link_to_a_runbook_is_said_where_somebody_is_told(sources: Sources) -> None:
    assert warnings(sources, receivers(CHAT)) == [
        "rules.runbookUrl: no address of runbooks: alerts have no link to theirs "
        "(set it to where docs/runbooks is published, let components.runbooks serve them in the cluster, "
        'or set it to "" to go without)'
    ]


def test_a_receiver_that_gets_nothing_is_said(sources: Sources) -> None:
    assert warnings(sources, {**receivers({**CHAT, **PAGER}, default=["chat"]), **LINK}) == [
        "mine.yaml: alerts.receivers.pager: no alert reaches this receiver "
        "(name it in alerts.routes, alerts.default or alerts.watchdog, or set it to null)"
    ]


def test_a_secret_in_clear_in_values_of_ones_own_is_said_and_not_shown(sources: Sources) -> None:
    config = {
        "global": {"smtp_auth_password": "very-secret", "smtp_smarthost": "smtp.example:587"},
        "receivers": [
            {"name": "a", "slack_configs": [{"api_url": "https://hooks.example/very-secret"}]},
            {"name": "b", "opsgenie_configs": [{"api_url": "https://api.example", "api_key_file": "/x"}]},
            {"name": "c", "webhook_configs": [{"http_config": {"authorization": {"credentials": "very-secret"}}}]},
        ],
    }
    found = warnings(sources, {"values": {STACK: {"alertmanager": {"config": config}}}})
    text = "found a secret in clear: it stands in the values, and in the release, for all who may read them"
    places = {
        "global.smtp_auth_password": "smtp_auth_password",
        "receivers[0].slack_configs[0].api_url": "api_url",
        "receivers[2].webhook_configs[0].http_config.authorization.credentials": "credentials",
    }
    assert found == [
        f"mine.yaml: values.{STACK}.alertmanager.config.{place}: {text} "
        f"(write {key}_file, and mount its Secret with alertmanagerSpec.secrets, or choose alerts.receivers)"
        for place, key in places.items()
    ]
