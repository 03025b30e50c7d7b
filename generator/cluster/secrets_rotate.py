"""Gives every password and certificate that the bootstrap made a new value; those of others are left alone.

A password changes in its Secret first, then in the server that asks for it, then in the pods that send it. The Secret
says so until all three are done: a run that was cut off is completed by the next one, which is the Job's own next pod.
"""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from .certificates_renew import renew
from .grafana_api import change_password
from .kubernetes_api import Api, Manifest, data_of, encoded, in_cluster
from .program import Failure, run, say
from .secrets_content import new_password
from .secrets_plan import ROTATED, Login, Plan, made_by_bootstrap, read_plan

if TYPE_CHECKING:
    from collections.abc import Callable

PREVIOUS = "previous-password"
"""Key that holds Grafana's old password until Grafana has taken the new one; nobody else could tell it what it was."""

STATE = "ai-ml-observability/rotation"
"""Annotation of a Secret: the run that changed its password last, and that it is ``unfinished`` until all have it."""

_UNFINISHED = " unfinished"

_PATIENCE = 60.0
"""Seconds that OpenSearch may take until it is ready."""

ADMIN = Path("/admin")
"""Where the pod has OpenSearch's admin certificate."""


def rotate(api: Api, plan: Plan, now: datetime, set_password: Callable[[str, str, str], None], run: str = "") -> None:
    """Replaces the value of everything that the bootstrap made, but for what the same run has done before.

    Args:
        api: the release's namespace.
        plan: what the release needs.
        now: when the new passwords and certificates begin.
        set_password: gives a user of OpenSearch a password and the time since when it is the one; raises Failure if it
            could not.
        run: what all pods of one Job have in common; "" for none.

    Raises:
        Failure: every part that failed; the other parts are done.
    """
    problems: list[str] = []
    restarts: list[tuple[str, str]] = []
    begun: list[Login] = []
    for login in plan.logins:
        try:
            secret = None if login.existing else api.secret(login.name)
            if secret is None or not made_by_bootstrap(secret):
                say(f"{login.name}: not made by this chart, left alone")
                continue
            if run and _state(secret) == run:
                say(f"{login.name}: has a new password by an earlier try of this run")
                continue
            if login.server == "grafana":
                _rotate_grafana(api, login, secret, plan.grafana, run)
                restarts += login.restarts
            else:
                restarts += login.restarts  # even if OpenSearch fails: it will follow the Secret
                _rotate_opensearch(api, login, secret, now, set_password, run)
            begun.append(login)
            say(f"{login.name}: new password")
        except Failure as failure:
            problems += failure.lines
    failed = _restart(api, restarts, now)
    problems += failed.values()
    for login in begun:
        if not failed.keys() & set(login.restarts):
            api.patch_secret(login.name, {"metadata": {"annotations": {STATE: run or None}}})
    try:
        renew(api, plan, now, within=None)
    except Failure as failure:
        problems += failure.lines
    if problems:
        raise Failure(*problems)


def _state(secret: Manifest) -> str:
    """Returns which run changed a Secret last, with ``unfinished`` behind it if that is so; "" for none."""
    return str((secret["metadata"].get("annotations") or {}).get(STATE, ""))


def _rotate_opensearch(
    api: Api,
    login: Login,
    secret: Manifest,
    now: datetime,
    set_password: Callable[[str, str, str], None],
    run: str,
) -> None:
    content = data_of(secret)
    if _state(secret).endswith(_UNFINISHED):
        say(f"{login.name}: an earlier rotation was cut off; it is completed")
        new, since = content.get(login.password_key, b"").decode(), content.get(ROTATED, b"").decode()
    else:
        new, since = new_password(), now.isoformat(timespec="seconds")
        _replace(api, login, secret, {login.password_key: new.encode(), ROTATED: since.encode()}, run)
    try:
        set_password(login.username, new, since)
    except Failure as failure:
        raise Failure(
            f"'{login.name}' holds a new password that OpenSearch has not taken yet; the CronJob "
            f"ai-ml-observability-opensearch-setup sees to it: {failure}"
        ) from None


def _rotate_grafana(api: Api, login: Login, secret: Manifest, url: str, run: str) -> None:
    content = data_of(secret)
    old, new = content.get(login.password_key, b""), content.get(login.password_key, b"")
    if PREVIOUS in content:
        say(f"{login.name}: an earlier rotation was cut off; it is completed")
        old = content[PREVIOUS]
    else:
        new = new_password().encode()
        _replace(api, login, secret, {login.password_key: new, PREVIOUS: old}, run)
    try:
        change_password(url, content.get(login.user_key, b"").decode(), old.decode(), new.decode())
    except Failure as failure:
        raise Failure(
            f"'{login.name}' holds the new password and, under '{PREVIOUS}', the one that Grafana knows; run again: "
            f"{failure}"
        ) from None
    api.patch_secret(login.name, {"data": encoded({PREVIOUS: None})})


def _replace(api: Api, login: Login, secret: Manifest, data: dict[str, bytes], run: str) -> None:
    """Changes a Secret that is still what was read; a change of ours whose answer was lost counts as done."""
    version, state = secret["metadata"]["resourceVersion"], {STATE: f"{run}{_UNFINISHED}"}
    patch = {"metadata": {"resourceVersion": version, "annotations": state}, "data": encoded(data)}
    if api.patch_secret(login.name, patch):
        return
    current = api.secret(login.name)
    if current is None or any(data_of(current).get(key) != value for key, value in data.items()):
        raise Failure(f"'{login.name}' was changed by somebody else at the same time; run again")


def _restart(api: Api, workloads: list[tuple[str, str]], now: datetime) -> dict[tuple[str, str], str]:
    """Restarts each workload once, as ``kubectl rollout restart`` does, and returns which failed and why."""
    annotations = {"kubectl.kubernetes.io/restartedAt": now.isoformat(timespec="seconds")}
    patch = {"spec": {"template": {"metadata": {"annotations": annotations}}}}
    failed: dict[tuple[str, str], str] = {}
    for kind, name in dict.fromkeys(workloads):
        try:
            say(f"{kind} {name}: {'restarts' if api.patch_workload(kind, name, patch) else 'not there'}")
        except Failure as failure:
            failed[(kind, name)] = "; ".join(failure.lines)
    return failed


def _work() -> None:
    api, plan, job = in_cluster(), read_plan(Path(sys.argv[1])), os.environ.get("RUN", "")
    if not plan.opensearch:
        rotate(api, plan, datetime.now(UTC), _no_opensearch, job)
        return
    from . import opensearch_api

    files = {part: str(ADMIN / name) for part, name in (("ca", "ca.crt"), ("cert", "tls.crt"), ("key", "tls.key"))}
    opensearch = opensearch_api.connect(plan.opensearch, **files)
    opensearch.wait(_PATIENCE)  # refused or unreachable: found out before a Secret is changed

    def set_password(user: str, password: str, since: str) -> None:
        opensearch_api.set_password(opensearch, user, password, rotated=since)

    rotate(api, plan, datetime.now(UTC), set_password, job)


def _no_opensearch(user: str, _password: str, _since: str) -> None:
    raise Failure(f"there is no OpenSearch whose user '{user}' could be given a password")


def main() -> int:
    """Runs in the pod of a Job made from the CronJob; the first argument is the plan's file."""
    return run(_work)


if __name__ == "__main__":
    sys.exit(main())
