"""Secrets in clear in a person's own values of Alertmanager's configuration, which every reader of the release sees."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from generator.errors import Problem
from generator.files.nested import value_at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.choices.profiles import Profile

_CONFIG = ("kube-prometheus-stack", "alertmanager", "config")

_SECRETS = frozenset(
    {
        "api_key",
        "api_secret",
        "app_token",
        "auth_password",
        "auth_secret",
        "bot_token",
        "client_secret",
        "credentials",
        "mattermost_webhook_url",
        "opsgenie_api_key",
        "password",
        "rocketchat_token",
        "routing_key",
        "secret_key",
        "service_key",
        "slack_api_url",
        "slack_app_token",
        "smtp_auth_password",
        "smtp_auth_secret",
        "telegram_bot_token",
        "token",
        "user_key",
        "victorops_api_key",
        "webhook_url",
        "wechat_api_secret",
    }
)
"""Keys that hold a secret (Alertmanager 0.34.0, config/notifiers.go and config.go, types Secret and SecretURL).

``api_url`` is one in ``slack_configs`` alone.
"""


def plain_secret_warnings(profile: Profile) -> tuple[Problem, ...]:
    """Returns a warning for each secret in clear; its text is not in it."""
    found = _secrets(value_at(profile.choices["values"], _CONFIG), ())
    text = "found a secret in clear: it stands in the values, and in the release, for all who may read them"
    way = "and mount its Secret with alertmanagerSpec.secrets, or choose alerts.receivers"
    return tuple(
        Problem(
            text,
            profile.file_of("values", *_CONFIG),
            ".".join(("values", *_CONFIG, *place)),
            hint=f"write {place[-1]}_file, {way}",
        )
        for place in found
    )


def _secrets(data: Any, place: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    if not isinstance(data, dict):
        return
    slack = bool(place) and place[-1].startswith("slack_configs[")
    for key, value in data.items():
        if isinstance(value, str) and value and (key in _SECRETS or (slack and key == "api_url")):
            yield (*place, key)
        for index, item in enumerate(value if isinstance(value, list) else ()):
            yield from _secrets(item, (*place, f"{key}[{index}]"))
        yield from _secrets(value, (*place, key))
