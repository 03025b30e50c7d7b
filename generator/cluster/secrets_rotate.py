"""Gives every password and certificate that the bootstrap made a new value; those of others are left alone.

A password changes in its Secret first, then in the server that asks for it, then in the pods that send it. A run that
was cut off in between is completed by the next one; OpenSearch's users also follow their Secrets every five minutes.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from .certificates_renew import renew
from .grafana_api import change_password
from .kubernetes_api import Api, Manifest, data_of, encoded, in_cluster
from .program import Failure, run, say
from .secrets_bootstrap import new_password
from .secrets_plan import Login, Plan, made_by_bootstrap, read_plan

if TYPE_CHECKING:
    from collections.abc import Callable

PREVIOUS = "previous-password"
"""Key that holds Grafana's old password until Grafana has taken the new one; nobody else could tell it what it was."""

_PATIENCE = 60.0
"""Seconds that OpenSearch may take until it is ready."""

ADMIN = Path("/admin")
"""Where the pod has OpenSearch's admin certificate."""


def rotate(api: Api, plan: Plan, now: datetime, set_password: Callable[[str, str], None]) -> None:
    """Replaces the value of everything that the bootstrap made.

    Args:
        api: the release's namespace.
        plan: what the release needs.
        now: when the new certificates begin.
        set_password: gives a user of OpenSearch a password; raises Failure if it could not.

    Raises:
        Failure: every part that failed; the other parts are done.
    """
    problems: list[str] = []
    restarts: list[tuple[str, str]] = []
    for login in plan.logins:
        try:
            secret = None if login.existing else api.secret(login.name)
            if secret is None or not made_by_bootstrap(secret):
                say(f"{login.name}: not made by this chart, left alone")
                continue
            if login.server == "grafana":
                _rotate_grafana(api, login, secret, plan.grafana)
                restarts += login.restarts
            else:
                new = new_password()
                _replace(api, login, secret, {login.password_key: new.encode()})
                restarts += login.restarts  # even if the next line fails: OpenSearch will follow the Secret
                _tell_opensearch(login, new, set_password)
            say(f"{login.name}: new password")
        except Failure as failure:
            problems += failure.lines
    problems += _restart(api, restarts, now)
    try:
        renew(api, plan, now, within=None)
    except Failure as failure:
        problems += failure.lines
    if problems:
        raise Failure(*problems)


def _tell_opensearch(login: Login, new: str, set_password: Callable[[str, str], None]) -> None:
    try:
        set_password(login.username, new)
    except Failure as failure:
        raise Failure(
            f"'{login.name}' holds a new password that OpenSearch has not taken yet; the CronJob "
            f"ai-ml-observability-opensearch-setup sees to it: {failure}"
        ) from None


def _rotate_grafana(api: Api, login: Login, secret: Manifest, url: str) -> None:
    content = data_of(secret)
    old, new = content.get(login.password_key, b""), content.get(login.password_key, b"")
    if PREVIOUS in content:
        say(f"{login.name}: an earlier rotation was cut off; it is completed")
        old = content[PREVIOUS]
    else:
        new = new_password().encode()
        _replace(api, login, secret, {login.password_key: new, PREVIOUS: old})
    try:
        change_password(url, content.get(login.user_key, b"").decode(), old.decode(), new.decode())
    except Failure as failure:
        raise Failure(
            f"'{login.name}' holds the new password and, under '{PREVIOUS}', the one that Grafana knows; run again: "
            f"{failure}"
        ) from None
    api.patch_secret(login.name, {"data": encoded({PREVIOUS: None})})


def _replace(api: Api, login: Login, secret: Manifest, data: dict[str, bytes]) -> None:
    """Changes a Secret that is still what was read; a change of ours whose answer was lost counts as done."""
    patch = {"metadata": {"resourceVersion": secret["metadata"]["resourceVersion"]}, "data": encoded(data)}
    if api.patch_secret(login.name, patch):
        return
    current = api.secret(login.name)
    if current is None or any(data_of(current).get(key) != value for key, value in data.items()):
        raise Failure(f"'{login.name}' was changed by somebody else at the same time; run again")


def _restart(api: Api, workloads: list[tuple[str, str]], now: datetime) -> list[str]:
    """Restarts each workload once, as ``kubectl rollout restart`` does, and returns what failed."""
    annotations = {"kubectl.kubernetes.io/restartedAt": now.isoformat(timespec="seconds")}
    patch = {"spec": {"template": {"metadata": {"annotations": annotations}}}}
    problems: list[str] = []
    for kind, name in dict.fromkeys(workloads):
        try:
            say(f"{kind} {name}: {'restarts' if api.patch_workload(kind, name, patch) else 'not there'}")
        except Failure as failure:
            problems += failure.lines
    return problems


def _work() -> None:
    from . import opensearch_api

    api, plan = in_cluster(), read_plan(Path(sys.argv[1]))
    if not plan.opensearch:
        rotate(api, plan, datetime.now(UTC), _no_opensearch)
        return
    files = {part: str(ADMIN / name) for part, name in (("ca", "ca.crt"), ("cert", "tls.crt"), ("key", "tls.key"))}
    opensearch = opensearch_api.connect(plan.opensearch, **files)
    opensearch.wait(_PATIENCE)  # refused or unreachable: found out before a Secret is changed
    rotate(api, plan, datetime.now(UTC), lambda user, password: opensearch_api.set_password(opensearch, user, password))


def _no_opensearch(user: str, _password: str) -> None:
    raise Failure(f"there is no OpenSearch whose user '{user}' could be given a password")


def main() -> int:
    """Runs in the pod of a Job made from the CronJob; the first argument is the plan's file."""
    return run(_work)


if __name__ == "__main__":
    sys.exit(main())
