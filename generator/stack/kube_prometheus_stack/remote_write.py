"""Stores that Prometheus sends to: from choices to the operator's remoteWrite, and what is wrong with them.

Fields are those of the operator's RemoteWriteSpec (prometheus-operator 0.93.1, Documentation/api-reference/api.md).
Nothing secret is in the values: the operator reads each login from a Secret.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from generator.errors import Problem
from generator.monitors.scrapes import is_re2

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from generator.choices.profiles import Profile

_PATH = ("components", "kube-prometheus-stack", "prometheus", "remoteWrite")
POD_IDENTITY = "pod-identity"


def remote_write(choices: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Returns ``prometheusSpec.remoteWrite``.

    Args:
        choices: those of Prometheus, checked against the profile's schema.
    """
    return [_spec(store) for store in choices["remoteWrite"]]


def _spec(store: Mapping[str, Any]) -> dict[str, Any]:
    spec: dict[str, Any] = {"name": store["name"], "url": store["url"]}
    if store["store"] == "amp":
        spec["sigv4"] = {"region": store["region"]}
    if login := store.get("basicAuth"):
        keys = {"username": login.get("usernameKey", "username"), "password": login.get("passwordKey", "password")}
        spec["basicAuth"] = {field: {"name": login["secret"], "key": key} for field, key in keys.items()}
    if token := store.get("bearer"):
        credentials = {"name": token["secret"], "key": token.get("key", "token")}
        spec["authorization"] = {"type": "Bearer", "credentials": credentials}
    if "tenant" in store:
        spec["headers"] = {"X-Scope-OrgID": store["tenant"]}
    if "keep" in store:
        spec["writeRelabelConfigs"] = [
            {"action": "keep", "sourceLabels": ["__name__"], "regex": "|".join(store["keep"])}
        ]
    fields = {"queue": "queueConfig", "exemplars": "sendExemplars", "nativeHistograms": "sendNativeHistograms"}
    return spec | {field: store[key] for key, field in fields.items() if key in store}


def account_role(choices: Mapping[str, Any]) -> str:
    """Returns the IAM role of Prometheus' service account; "" for none, or where EKS Pod Identity gives it one."""
    roles = (store.get("role", "") for store in choices["remoteWrite"] if store["store"] == "amp")
    return next((role for role in roles if role and role != POD_IDENTITY), "")


def remote_write_problems(profile: Profile) -> Iterator[Problem]:
    """Yields what is wrong with the stores.

    A name twice, no https, amp without region or role or with a login, two logins, two roles of one service account,
    region, role or tenant where they mean nothing, and what is no RE2.
    """
    choices = profile.choices["components"]["kube-prometheus-stack"]["prometheus"]
    file = profile.file_of(*_PATH)
    roles = {store["role"] for store in choices["remoteWrite"] if store["store"] == "amp" and "role" in store}
    names: set[str] = set()
    for index, store in enumerate(choices["remoteWrite"]):
        place = f"{'.'.join(_PATH)}[{index}]"
        if store["name"] in names:
            yield Problem(f"found the name '{store['name']}' a second time", file, f"{place}.name")
        names.add(store["name"])
        yield from (Problem(message, file, place + key, hint=hint) for key, message, hint in _wrong(store))
        if store["store"] == "amp" and len(roles) > 1 and "role" in store:
            message = f"found {len(roles)} roles, expected one: Prometheus has one service account"
            yield Problem(message, file, f"{place}.role", hint="one role may write to several workspaces")
    if choices["remoteWrite"] and choices["cluster"] is None:
        message = "found stores beside components.kube-prometheus-stack.prometheus.cluster null, expected a name"
        yield Problem(
            message, file, ".".join(_PATH), hint="samples of two clusters in one store would be taken for the same"
        )


def _wrong(store: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Yields place, message and hint of each fault of one store."""
    if store["url"].startswith("http://") and not store.get("insecure"):
        yield ".url", f"found '{store['url']}', expected https", "or say insecure: true, inside of the cluster"
    yield from _wrong_amp(store) if store["store"] == "amp" else _wrong_other(store)
    if "tenant" in store and store["store"] not in {"mimir", "other"}:
        yield ".tenant", "found a tenant, which Mimir alone reads", "VictoriaMetrics has it in the address"
    for index, pattern in enumerate(store.get("keep", ())):
        if not is_re2(pattern):
            yield f".keep[{index}]", f"found '{pattern}', expected an RE2 expression", ""


def _wrong_amp(store: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    for key in ("region", "role"):
        if key not in store:
            yield "", f"found no {key}, which SigV4 needs", _NEEDED[key]
    for key in _LOGINS & store.keys():
        yield f".{key}", f"found {key} beside SigV4, expected one of them", "take it out"
    if not store["url"].endswith("/api/v1/remote_write"):
        yield ".url", f"found '{store['url']}', expected the workspace's address with /api/v1/remote_write", ""


def _wrong_other(store: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    for key in ("region", "role"):
        if key in store:
            yield f".{key}", f"found {key}, which means something for the store 'amp' alone", "take it out"
    if store.keys() >= _LOGINS:
        yield "", "found basicAuth and bearer, expected one of them", ""
    if store["store"] == "grafana-cloud" and "basicAuth" not in store:
        yield "", "found no basicAuth, which Grafana Cloud asks for", "user is the instance's number, password a token"


_LOGINS = frozenset({"basicAuth", "bearer"})
_NEEDED = {
    "region": "as eu-central-1",
    "role": "the ARN of a role with aps:RemoteWrite that its service account may take, or pod-identity",
}
