"""Routes and inhibition: who is told of which alert, how often, and which alerts say nothing while others fire."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from generator.promql.durations import milliseconds
from generator.stack.alertmanager.receivers import NOBODY, named_receivers, receiver_items

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from generator.choices.profiles import Profile

_TIMES = {"groupWait": "group_wait", "groupInterval": "group_interval", "repeatInterval": "repeat_interval"}

_WATCHDOG = 'alertname = "Watchdog"'
_INFO_INHIBITOR = 'alertname = "InfoInhibitor"'
"""Alerts of kube-prometheus-stack (88.5.3 general.rules) that are no news: one fires always, the other says that only
alerts of severity info fire in a namespace."""

_BURNS = ["slo", "namespace", "job", "model_name", "ray_io_cluster", "application"]
"""Labels that tell the objectives of rules/ apart."""

_INHIBITIONS: tuple[Mapping[str, Any], ...] = (
    {
        "source_matchers": ['severity = "critical"'],
        "target_matchers": ['severity =~ "warning|info"'],
        "equal": ["namespace", "alertname"],
    },
    {
        "source_matchers": ['severity = "warning"'],
        "target_matchers": ['severity = "info"'],
        "equal": ["namespace", "alertname"],
    },
    {"source_matchers": [_INFO_INHIBITOR], "target_matchers": ['severity = "info"'], "equal": ["namespace"]},
    {
        "source_matchers": ['alertname =~ ".+BudgetBurnFast"'],
        "target_matchers": ['alertname =~ ".+BudgetBurnSlow"'],
        "equal": _BURNS,
    },
)


def alertmanager_config(profile: Profile) -> dict[str, Any]:
    """Returns Alertmanager's configuration; {} while nobody is named, which leaves kube-prometheus-stack's own.

    Classic matchers alone are in it, and no key that the operator's older parser refuses.
    """
    receivers = named_receivers(profile)
    if not receivers:
        return {}
    alerts = profile.choices["alerts"]
    watchdog = alerts["watchdog"]["receiver"]
    return {
        "route": _root(alerts, default_receivers(profile)),
        "receivers": [
            {"name": NOBODY},
            # An end of the Watchdog is no sign of life, but a message of it would be taken for one.
            *(receiver_items(name, receiver, resolved=name != watchdog) for name, receiver in receivers.items()),
        ],
        "inhibit_rules": [*map(dict, _INHIBITIONS), *map(_inhibition, alerts["inhibit"])],
    }


def default_receivers(profile: Profile) -> list[str]:
    """Returns who is told of what no route takes: whom the profile names, else the one whom there is.

    Several that none of is named are no default, and [] is returned; see problems.alert_problems.
    """
    alerts = profile.choices["alerts"]
    others = [name for name in named_receivers(profile) if name != alerts["watchdog"]["receiver"]]
    return alerts["default"] or (others if len(others) == 1 else [])


def _root(alerts: Mapping[str, Any], default: Sequence[str]) -> dict[str, Any]:
    *further, last = default or [NOBODY]
    return {
        "receiver": last,
        "group_by": alerts["groupBy"],
        **_times(alerts),
        "routes": [
            _watchdog(alerts["watchdog"]),
            {"receiver": NOBODY, "matchers": [_INFO_INHIBITOR]},
            *(item for route in alerts["routes"] for item in _routes(route)),
            *({"receiver": name, "continue": True} for name in further),
        ],
    }


def _watchdog(choice: Mapping[str, Any]) -> dict[str, Any]:
    if choice["receiver"] is None:
        return {"receiver": NOBODY, "matchers": [_WATCHDOG]}
    interval = choice["interval"] or "5m"
    # Sent at each flush of the group, because half an interval has always passed by then. With the whole one, every
    # second flush would find the last message a few milliseconds too young.
    return {
        "receiver": choice["receiver"],
        "matchers": [_WATCHDOG],
        "group_by": ["alertname"],
        "group_wait": "0s",
        "group_interval": interval,
        "repeat_interval": f"{(milliseconds(interval) or 0) // 2}ms",
    }


def _routes(choice: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yields one route for each receiver, all but the last of which let the next one take the alert too."""
    conditions = {
        **{label: choice[label] for label in ("severity", "team") if label in choice},
        **choice.get("labels", {}),
    }
    matchers = [matcher(label, value) for label, value in conditions.items()]
    names = choice["receivers"] or [NOBODY]
    for index, name in enumerate(names, start=1):
        goes_on = {"continue": True} if index < len(names) else {}
        yield {"receiver": name, "matchers": matchers, **goes_on, **_times(choice)}


def _times(choice: Mapping[str, Any]) -> dict[str, str]:
    return {field: choice[key] for key, field in _TIMES.items() if choice.get(key)}


def _inhibition(choice: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **{
            f"{side}_matchers": [matcher(label, value) for label, value in choice[side].items()]
            for side in ("source", "target")
        },
        "equal": choice["equal"],
    }


def matcher(label: str, value: str | Sequence[str]) -> str:
    """Returns a classic matcher of one value, or of several.

    The schema lets no quote, backslash or ``^`` into a value; other signs of regular expressions are put into brackets,
    so that no backslash is needed, which Alertmanager's two parsers read differently.
    """
    if isinstance(value, str):
        return f'{label} = "{value}"'
    return f'{label} =~ "{"|".join(map(_literal, value))}"'


def _literal(text: str) -> str:
    return "".join(f"[{char}]" if char in ".+*?()[]{}|$" else char for char in text)
