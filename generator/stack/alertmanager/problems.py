"""What cannot be: receivers, routes and values that Alertmanager or the operator would refuse, or that tell nobody."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from generator.errors import Problem, nearest
from generator.files.nested import mapping, value_at
from generator.promql.durations import milliseconds
from generator.stack.alertmanager.receivers import NOBODY, named_receivers, receiver_types, secret_keys
from generator.stack.alertmanager.routing import default_receivers

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from generator.choices.profiles import Profile
    from generator.stack.alertmanager.receivers import ReceiverType

    Receivers = Mapping[str, Mapping[str, Mapping[str, Any]]]

_STACK = "kube-prometheus-stack"
_SPEC = (_STACK, "alertmanager", "alertmanagerSpec")
_RETENTION = "120h"
"""How long Alertmanager remembers what it has sent (kube-prometheus-stack 88.5.3, alertmanagerSpec.retention)."""

_INSTEAD: Mapping[tuple[str, ...], str] = {
    (_STACK, "alertmanager", "stringConfig"): "Alertmanager's configuration",
    (
        _STACK,
        "alertmanager",
        "tplConfig",
    ): "Helm's templates in Alertmanager's configuration, whose braces are Alertmanager's here",
    (*_SPEC, "useExistingSecret"): "a Secret of yours with Alertmanager's configuration",
    (*_SPEC, "configSecret"): "a Secret of yours with Alertmanager's configuration",
    (*_SPEC, "alertmanagerConfiguration"): "an AlertmanagerConfig in place of Alertmanager's configuration",
}
"""Values of a person's that the receivers here would have no effect beside."""


def alert_problems(profile: Profile) -> tuple[Problem, ...]:
    """Returns what is wrong with ``alerts`` of a profile, whose layers the schema has seen one by one."""
    receivers = named_receivers(profile)
    found = (
        *_unneeded(profile, receivers),
        *_incomplete(receivers),
        *_credentials(profile),
        *_unknown_names(profile, receivers),
        *_no_default(profile, receivers),
        *_watchdog(profile),
        *_wide(profile),
        *_times(profile),
    )
    return tuple(Problem(text, _file(profile, path), path, hint=hint) for path, text, hint in found)


Found = tuple[str, str, str]
"""A place in the profile, what is wrong there, and the way out."""


def _file(profile: Profile, path: str) -> str:
    return profile.file_of(*(key.partition("[")[0] for key in path.split(".")))


def _unneeded(profile: Profile, receivers: Receivers) -> Iterator[Found]:
    """Finds receivers that no Alertmanager of this chart's reads."""
    if not receivers:
        return
    values = profile.choices["values"]
    if not profile.choices["components"][_STACK]["enabled"]:
        yield (
            "alerts.receivers",
            f"found receivers, but components.{_STACK}.enabled is false: this chart has no Alertmanager, and an "
            "AlertmanagerConfig beside another one would be limited to alerts of its own namespace",
            "name them where that Alertmanager is configured; docs/alerts.md tells how to print its configuration",
        )
    elif value_at(values, (_STACK, "alertmanager", "enabled")) is False:
        text = f"found receivers, but values.{_STACK}.alertmanager.enabled is false: this chart has no Alertmanager"
        yield "alerts.receivers", text, "take one of the two away"
    for path, what in _INSTEAD.items():
        if value_at(values, path):
            yield f"values.{'.'.join(path)}", f"found {what}, beside alerts.receivers", "take one of the two away"
    if isinstance(value_at(values, (_STACK, "alertmanager", "config")), str):
        yield (
            f"values.{_STACK}.alertmanager.config",
            "found Alertmanager's configuration as text, which would stand in place of alerts.receivers",
            "write it as a mapping, which is laid over what the receivers make, or take one of the two away",
        )


def _incomplete(receivers: Receivers) -> Iterator[Found]:
    """Finds receivers without a type, and types without what they need."""
    for name, receiver in receivers.items():
        place = f"alerts.receivers.{name}"
        if not receiver:
            yield place, "found no type", f"valid: {', '.join(receiver_types())}"
        for kind, options in receiver.items():
            form = receiver_types()[kind]
            yield from _needs(f"{place}.{kind}", form, options)
            yield from _halves(f"{place}.{kind}", form, options)


def _needs(place: str, form: ReceiverType, options: Mapping[str, Any]) -> Iterator[Found]:
    for group in form.needs:
        given = [option for option in group if option in options]
        names = " or ".join(f"'{option}'" for option in group)
        if not given:
            yield place, f"the key {names} is missing", _form(form.secrets, group)
        elif len(given) > 1:
            yield f"{place}.{given[1]}", f"found {' and '.join(given)}, expected one of {names}", ""


def _halves(place: str, form: ReceiverType, options: Mapping[str, Any]) -> Iterator[Found]:
    for option, other in form.together.items():
        if option in options and other not in options:
            yield place, f"found '{option}' without '{other}'", _form(form.secrets, [other])
    for option in form.secrets.keys() & options.keys():
        for key in ("name", "key"):
            if key not in options[option]:
                yield f"{place}.{option}", f"the key '{key}' is missing", _form(form.secrets, [option])


def _form(secrets: Collection[str], options: Collection[str]) -> str:
    secret = next((option for option in options if option in secrets), "")
    return f"write {secret}: {{name: SECRET, key: KEY}}, of a Secret in the release's namespace" if secret else ""


def _credentials(profile: Profile) -> Iterator[Found]:
    keys = [key for key in secret_keys(profile) if key.place.endswith(".sns.secret")]
    for key in keys[1:]:
        if (key.name, key.key) != (keys[0].name, keys[0].key):
            text = f"found another file of AWS credentials than {keys[0].place} names, and Alertmanager's pod has one"
            yield key.place, text, "put both credentials into one file, or take roles (roleArn)"


def _unknown_names(profile: Profile, receivers: Receivers) -> Iterator[Found]:
    alerts = profile.choices["alerts"]
    named = {
        "alerts.default": alerts["default"],
        **{f"alerts.routes[{index}].receivers": route["receivers"] for index, route in enumerate(alerts["routes"])},
    }
    for place, names in named.items():
        for index, name in enumerate(names):
            if name not in receivers:
                yield f"{place}[{index}]", f"unknown receiver '{name}'", nearest(name, receivers)
    watchdog = alerts["watchdog"]["receiver"]
    if watchdog is not None and watchdog not in receivers:
        yield "alerts.watchdog.receiver", f"unknown receiver '{watchdog}'", nearest(watchdog, receivers)


def _no_default(profile: Profile, receivers: Receivers) -> Iterator[Found]:
    if receivers and not default_receivers(profile):
        others = [name for name in receivers if name != profile.choices["alerts"]["watchdog"]["receiver"]]
        if others:
            text = "nobody is named for the alerts that no route takes"
            yield (
                "alerts.receivers",
                text,
                f"write alerts.default: [{others[0]}], or another one of {', '.join(others)}",
            )
        else:
            text = "found only the watchdog's receiver: alerts reach nobody"
            yield "alerts.receivers", text, "name one for alerts too"


def _watchdog(profile: Profile) -> Iterator[Found]:
    alerts = profile.choices["alerts"]
    receiver = alerts["watchdog"]["receiver"]
    if receiver is None:
        return
    told = (alerts["default"], *(route["receivers"] for route in alerts["routes"]))
    if any(receiver in names for names in told):
        text = f"found '{receiver}', which gets other alerts too: each of them would count as a sign of life"
        yield "alerts.watchdog.receiver", text, "name a receiver for it alone"


def _wide(profile: Profile) -> Iterator[Found]:
    routes = profile.choices["alerts"]["routes"]
    for index, route in enumerate(routes):
        place = f"alerts.routes[{index}]"
        if not route.keys() & {"severity", "team", "labels"}:
            text = "found a route of all alerts"
            yield place, text, "say which it takes (severity, team or labels), or name its receivers in alerts.default"
        for earlier in range(index):
            if _conditions(routes[earlier]) == _conditions(route):
                yield place, f"found the same alerts as in alerts.routes[{earlier}], which takes them first", ""


def _conditions(route: Mapping[str, Any]) -> dict[str, list[str]]:
    conditions = {**{key: route[key] for key in ("severity", "team") if key in route}, **route.get("labels", {})}
    return {label: [value] if isinstance(value, str) else sorted(value) for label, value in conditions.items()}


def _times(profile: Profile) -> Iterator[Found]:
    """Finds messages that are to be repeated before the next one can be sent, or after they have been forgotten."""
    alerts = profile.choices["alerts"]
    retention = value_at(profile.choices["values"], (*_SPEC, "retention")) or _RETENTION
    for index, block in enumerate([alerts, *alerts["routes"]]):
        place = f"alerts.routes[{index - 1}]" if index else "alerts"
        interval, repeat = (block.get(key) or alerts[key] for key in ("groupInterval", "repeatInterval"))
        if _longer(interval, repeat):
            text = f"found '{repeat}', expected at least the groupInterval, which is '{interval}'"
            yield f"{place}.repeatInterval", text, ""
        if _longer(repeat, retention) and (not index or "repeatInterval" in block):
            text = (
                f"found '{repeat}', expected at most '{retention}', after which Alertmanager forgets what it has sent"
            )
            yield f"{place}.repeatInterval", text, f"or raise values.{'.'.join(_SPEC)}.retention"


def _longer(one: object, other: object) -> bool:
    lengths = [milliseconds(str(each or "")) for each in (one, other)]
    return lengths[0] is not None and lengths[1] is not None and lengths[0] > lengths[1]


def unsent_warnings(profile: Profile) -> tuple[Problem, ...]:
    """Returns a warning for each receiver that gets nothing."""
    alerts = profile.choices["alerts"]
    routed = itertools.chain(*(route["receivers"] for route in alerts["routes"]))
    told = {*default_receivers(profile), alerts["watchdog"]["receiver"], *routed}
    text = "no alert reaches this receiver"
    hint = "name it in alerts.routes, alerts.default or alerts.watchdog, or set it to null"
    paths = [f"alerts.receivers.{name}" for name in named_receivers(profile) if name not in told]
    return tuple(Problem(text, _file(profile, path), path, hint=hint) for path in paths)


def alert_notices(profile: Profile, values: Mapping[str, Any]) -> tuple[Problem, ...]:
    """Returns that alerts reach nobody, or that somebody gets alerts without a runbook.

    Args:
        profile: its ``alerts`` have no problem.
        values: the chart's values, complete.
    """
    if reaches_nobody(profile, values):
        hint = "name a receiver, as docs/alerts.md shows for each kind, or say in alerts.nobody why none is wanted"
        return (Problem("alerts reach nobody", path="alerts.receivers", hint=hint),)
    served = value_at(values, ("runbooks", "enabled"))
    if named_receivers(profile) and value_at(values, ("rules", "runbookUrl")) is None and not served:
        text = "no address of runbooks: alerts have no link to theirs"
        hint = (
            "set it to where docs/runbooks is published, let components.runbooks serve them in the cluster, "
            'or set it to "" to go without'
        )
        return (Problem(text, path="rules.runbookUrl", hint=hint),)
    return ()


def reaches_nobody(profile: Profile, values: Mapping[str, Any]) -> bool:
    """Returns whether this chart's Alertmanager gets alerts and nothing says whom it tells."""
    stack = mapping(values.get(_STACK))
    manager, prometheus = mapping(stack.get("alertmanager")), mapping(stack.get("prometheus"))
    if not stack.get("enabled") or manager.get("enabled") is False or profile.choices["alerts"]["nobody"] is not None:
        return False
    if any(value_at(values, path) for path in _INSTEAD if path[-1] != "tplConfig") or isinstance(
        manager.get("config"), str
    ):
        return False
    spec = mapping(prometheus.get("prometheusSpec"))
    if (
        spec.get("alertingEndpoints")
        or spec.get("additionalAlertManagerConfigs")
        or spec.get("additionalAlertManagerConfigsSecret")
    ):
        return False
    return not any(len(mapping(item)) > 1 for item in _items(mapping(manager.get("config")).get("receivers")))


def config_problems(config: Any) -> Iterator[tuple[tuple[str, ...], str, str]]:
    """Yields routes of a configuration that name a receiver which it lacks: the place below it, the fault, the way out.

    Args:
        config: ``alertmanager.config`` of the values, a person's laid over ours; what is no mapping is not looked at.
    """
    whole = mapping(config)
    names = {str(mapping(item).get("name")) for item in _items(whole.get("receivers"))} or {NOBODY}
    for place, route in _all_routes(("route",), whole.get("route")):
        receiver = route.get("receiver")
        if isinstance(receiver, str) and receiver not in names:
            yield (*place, "receiver"), f"unknown receiver '{receiver}'", nearest(receiver, names)


def _all_routes(place: tuple[str, ...], route: Any) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    yield place, mapping(route)
    for index, item in enumerate(_items(mapping(route).get("routes"))):
        yield from _all_routes((*place, f"routes[{index}]"), item)


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
