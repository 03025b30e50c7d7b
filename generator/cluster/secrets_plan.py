"""Which Secrets this release needs, as the chart rendered it; no part of it is secret."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .certificates import Subject

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

MADE_BY = {"ai-ml-observability/made-by": "bootstrap"}
"""Marks what the bootstrap made; rotation and renewal change nothing else."""

ROTATED = "rotated"
"""Key of a Secret for OpenSearch that says since when its password is the one; the user in OpenSearch knows it, too.

A pod's copy of a Secret may be old: by this the set-up does not put an old password back (opensearch_setup)."""

LABELS = {"app.kubernetes.io/part-of": "ai-ml-observability", **MADE_BY}
"""Without app.kubernetes.io/instance: ArgoCD would take the Secret for a part of the application and prune it."""


@dataclass(frozen=True)
class Wanted:
    """A Secret that has to be there.

    Attributes:
        key: what it is for, as under ``secrets.existing`` in a profile.
        name: the Secret.
        existing: whether the profile names it, so that it is somebody else's to make.
    """

    key: str
    name: str
    existing: bool

    @property
    def title(self) -> str:
        """How messages name it."""
        return f"the Secret '{self.name}'"

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys that it must have."""
        return "tls.crt", "tls.key"


@dataclass(frozen=True)
class Leaf(Wanted):
    """A certificate.

    Attributes:
        subject: what it is for.
    """

    subject: Subject

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys that it must have."""
        return "ca.crt", "tls.crt", "tls.key"


@dataclass(frozen=True)
class Login(Wanted):
    """A user's name and password.

    Attributes:
        user_key: the key of the name.
        username: the name.
        password_key: the key of the password.
        server: who knows the password: ``opensearch`` or ``grafana``.
        restarts: kind and name of the workloads that read the password at their start only.
        earlier: the Secret of Grafana's chart that has the login while the values hold its password; "" for none.
    """

    user_key: str
    username: str
    password_key: str
    server: str
    restarts: tuple[tuple[str, str], ...]
    earlier: str = ""

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys that it must have."""
        return self.user_key, self.password_key


@dataclass(frozen=True)
class Plan:
    """All that this release needs.

    Attributes:
        authority: signs the leaves that are missing; None where cert-manager does.
        leaves: the certificates.
        logins: the users.
        opensearch: URL of OpenSearch; "" if it is off.
        grafana: URL of this release's Grafana; "" if its login is no Secret.
        alerts: what Alertmanager's receivers read; see secrets_alerts.
    """

    authority: Wanted | None
    leaves: tuple[Leaf, ...]
    logins: tuple[Login, ...]
    opensearch: str
    grafana: str
    alerts: tuple[Mapping[str, str], ...] = ()


def read_plan(path: Path) -> Plan:
    """Reads the plan that the chart rendered (templates/_secrets.tpl)."""
    data: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    authority = data["authority"]
    return Plan(
        authority=_wanted(authority) if authority else None,
        leaves=tuple(
            Leaf(
                each["key"],
                each["name"],
                each["existing"],
                Subject(each["commonName"], tuple(each["hosts"]), each["server"]),
            )
            for each in data["certificates"]
        ),
        logins=tuple(
            Login(
                each["key"],
                each["name"],
                each["existing"],
                each["userKey"],
                each["username"],
                each["passwordKey"],
                each["server"],
                tuple((kind, name) for kind, name in each["restarts"]),
                each["earlier"],
            )
            for each in data["logins"]
        ),
        opensearch=data["opensearch"],
        grafana=data["grafana"],
        alerts=tuple(data.get("alerts", ())),
    )


def _wanted(data: Mapping[str, Any]) -> Wanted:
    return Wanted(data["key"], data["name"], data["existing"])


def made_by_bootstrap(secret: Mapping[str, Any]) -> bool:
    """Returns whether a Secret carries the bootstrap's mark."""
    labels = secret["metadata"].get("labels") or {}
    return all(labels.get(key) == value for key, value in MADE_BY.items())
