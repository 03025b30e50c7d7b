"""Gives OpenSearch its templates, retention, data streams, roles and users, and keeps them so.

What is right already is left alone; each thing changed is one line. Users come last: until there is one, nobody can
store a record, so none can come before the templates.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .opensearch_api import Api, connect, find_user, log_in, set_password
from .program import Failure, run, say

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_SECURITY = "/_plugins/_security/api"
_MANAGEMENT = "/_plugins/_ism"


@dataclass(frozen=True)
class User:
    """A user as its Secret has it.

    Attributes:
        name: the user.
        password: the password.
        role: the role that the user has.
        description: who uses it.
        secret: the Secret.
        rotated: since when the password is the one, as the Secret says; "" if it does not.
    """

    name: str
    password: str
    role: str
    description: str
    secret: str
    rotated: str = ""


def set_up(api: Api, plan: Mapping[str, Any], users: tuple[User, ...]) -> None:
    """Makes OpenSearch what the plan says.

    Args:
        api: an OpenSearch that is ready.
        plan: what generator/opensearch/chart.py wrote.
        users: the plan's users.

    Raises:
        Failure: OpenSearch refuses, a password is too weak, or there is no index management; what does not need that
            is done.
    """
    changed = [_component_template(api, name, body) for name, body in plan["componentTemplates"].items()]
    changed += [_index_template(api, name, body) for name, body in plan["indexTemplates"].items()]
    _cluster_settings(api, plan["clusterSettings"])
    problems = _attempt(lambda: _retention(api, plan))
    for stream in plan["indexTemplates"]:
        _data_stream(api, stream, roll_over=any(changed))
    for name, body in plan["roles"].items():
        _role(api, name, body)
    for role in dict.fromkeys(user.role for user in users):
        _role_mapping(api, role, [user.name for user in users if user.role == role])
    for user in users:
        problems += _attempt(lambda user=user: keep_user(api, user))  # type: ignore[misc]
    if problems:
        raise Failure(*problems)


def holds(found: Any, wanted: Any) -> bool:
    """Returns whether ``found`` has all that ``wanted`` has; OpenSearch adds its defaults to what it was given."""
    if isinstance(wanted, dict):
        return isinstance(found, dict) and all(key in found and holds(found[key], wanted[key]) for key in wanted)
    if isinstance(wanted, list):
        return (
            isinstance(found, list)
            and len(found) == len(wanted)
            and all(holds(one, other) for one, other in zip(found, wanted, strict=True))
        )
    return bool(found == wanted)


def _keep(api: Api, kind: str, name: str, path: str, wanted: Any, read: Callable[[Any], Any]) -> bool:
    """Stores ``wanted`` under ``path`` unless it is there; says so and returns True if it had to."""
    found = api.get(path)
    if found is not None and holds(read(found), wanted):
        return False
    api.put(path, wanted)
    say(f"{kind} {name}: {'made' if found is None else 'changed'}")
    return True


def _component_template(api: Api, name: str, body: Any) -> bool:
    path = f"/_component_template/{name}"
    # Whole, not held: a field taken out of the plan has to go.
    wanted = {"template": {"aliases": {}, **body["template"]}}
    found = api.get(path)
    current = found and found["component_templates"][0]["component_template"]
    if current and {"aliases": {}, **current["template"]} == wanted["template"]:
        return False
    api.put(path, body)
    say(f"component template {name}: {'changed' if current else 'made'}")
    return True


def _index_template(api: Api, name: str, body: Any) -> bool:
    path = f"/_index_template/{name}"
    return _keep(api, "index template", name, path, body, lambda found: found["index_templates"][0]["index_template"])


def _data_stream(api: Api, name: str, *, roll_over: bool) -> None:
    """Makes a data stream; one that is there goes on in a new index, which the changed templates then shape."""
    if api.get(f"/_data_stream/{name}") is None:
        api.put(f"/_data_stream/{name}", None)
        say(f"data stream {name}: made")
    elif roll_over:
        api.post(f"/{name}/_rollover")
        say(f"data stream {name}: rolled over, for the templates that changed")


def _attempt(work: Callable[[], None]) -> tuple[str, ...]:
    """Does something that the rest does not need, and returns what went wrong."""
    try:
        work()
    except Failure as failure:
        return failure.lines
    return ()


def _cluster_settings(api: Api, wanted: Mapping[str, str]) -> None:
    if not wanted or holds(api.get("/_cluster/settings?flat_settings=true")["persistent"], wanted):
        return
    api.put("/_cluster/settings", {"persistent": wanted})
    say(f"cluster settings {', '.join(wanted)}: changed")


def _retention(api: Api, plan: Mapping[str, Any]) -> None:
    plugins = api.get("/_cat/plugins?format=json&h=component") or []
    if not any(plugin["component"] == "opensearch-index-management" for plugin in plugins):
        raise Failure("OpenSearch has no plugin opensearch-index-management: no old log will ever be deleted")
    _cluster_settings(api, plan["managementSettings"])
    for name, policy in plan["policies"].items():
        _policy(api, name, policy)


def _policy(api: Api, name: str, policy: Any) -> None:
    path = f"{_MANAGEMENT}/policies/{name}"
    found = api.get(path)
    if found is None:
        found = api.put(path, {"policy": policy})
        say(f"policy {name}: made")
    elif not holds(found["policy"], policy):
        place = f"if_seq_no={found['_seq_no']}&if_primary_term={found['_primary_term']}"
        found = api.put(f"{path}?{place}", {"policy": policy})
        say(f"policy {name}: changed")
    patterns = [pattern for template in policy["ism_template"] for pattern in template["index_patterns"]]
    for stream in patterns:
        if api.get(f"/_data_stream/{stream}") is not None:
            _manage(api, stream, name, found["_seq_no"])


def _manage(api: Api, stream: str, policy: str, version: int) -> None:
    """Puts a stream's indices under the policy as it is now.

    A new index comes under it by itself. One that was there before it does not, and a managed one keeps the form of the
    policy that it began with. An index that somebody took out of the policy, or put under another one, is left so.
    """
    for index, state in (api.get(f"{_MANAGEMENT}/explain/.ds-{stream}-*") or {}).items():
        if not isinstance(state, dict):  # total_managed_indices
            continue
        if state.get("index.plugins.index_state_management.policy_id") is None:
            if _kept_out(api, index):
                continue
            action = "add"
        elif state.get("policy_id") == policy and state.get("policy_seq_no", version) != version:
            action = "change_policy"
        else:
            continue
        answer = api.post(f"{_MANAGEMENT}/{action}/{index}", {"policy_id": policy})
        if answer["failures"]:
            reasons = "; ".join(str(failed["reason"]) for failed in answer["failed_indices"])
            raise Failure(f"index {index}: does not come under the policy {policy}: {reasons}")
        say(f"index {index}: under the policy {policy} as it is now")


def _kept_out(api: Api, index: str) -> bool:
    """Returns whether somebody took an index out of its policy, as one does to keep it."""
    setting = "index.plugins.index_state_management.auto_manage"
    found = api.get(f"/{index}/_settings/{setting}?flat_settings=true") or {}
    return any(each["settings"].get(setting) == "false" for each in found.values())


def _role(api: Api, name: str, body: Any) -> None:
    _keep(api, "role", name, f"{_SECURITY}/roles/{name}", body, lambda found: found[name])


def _role_mapping(api: Api, role: str, names: list[str]) -> None:
    """Assigns a role to these users; who else has it keeps it."""
    path = f"{_SECURITY}/rolesmapping/{role}"
    found = (api.get(path) or {}).get(role)
    if found is None:
        api.put(path, {"users": names})
        say(f"role {role}: given to {', '.join(names)}")
    elif not set(names) <= set(found["users"]):
        kept = {key: found[key] for key in ("backend_roles", "hosts", "and_backend_roles")}
        api.put(path, {**kept, "users": sorted({*found["users"], *names})})
        say(f"role {role}: given to {', '.join(names)} too")


def keep_user(api: Api, user: User) -> None:
    """Gives a user the password of its Secret, if it has another one.

    Raises:
        Failure: OpenSearch refuses, or the Secret is older than what OpenSearch has.
    """
    since = find_user(api, user.name)
    known = since is not None
    if known and api.accepts(user.name, user.password):
        return
    if known and user.rotated and user.rotated < str(since):
        raise Failure(
            f"the pod's copy of the Secret '{user.secret}' is of {user.rotated}, OpenSearch's password of {since}: "
            "left alone, the next run reads the Secret again. Of one that was restored, take the key 'rotated' away"
        )
    try:
        set_password(api, user.name, user.password, user.description, user.rotated)
    except Failure as failure:
        raise Failure(f"the password in the Secret '{user.secret}' is refused: {failure}") from None
    say(f"user {user.name}: {'password changed to that of its Secret' if known else 'made'}")


def read_users(plan: Mapping[str, Any], folder: Path) -> tuple[User, ...]:
    """Reads the users' names and passwords from their mounted Secrets.

    Args:
        plan: says under ``logins`` which there are.
        folder: has each Secret in the folder of its key.

    Raises:
        Failure: a Secret lacks a key, is empty, or two of them name the same user.
    """
    users: list[User] = []
    for login in plan["logins"]:
        if login["optional"] and not (folder / login["key"]).is_dir():
            continue
        name, password = (_secret(folder / login["key"] / key, login["secret"]) for key in ("username", "password"))
        if name in [user.name for user in users]:
            raise Failure(f"the Secret '{login['secret']}' names the user '{name}', as another Secret does")
        stamp = folder / login["key"] / "rotated"
        rotated = _secret(stamp, login["secret"]) if stamp.is_file() else ""
        users.append(User(name, password, login["role"], login["description"], login["secret"], rotated))
    return tuple(users)


def _secret(path: Path, secret: str) -> str:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise Failure(f"the Secret '{secret}' has no key '{path.name}'") from None
    except UnicodeDecodeError:
        raise Failure(f"the Secret '{secret}' has a '{path.name}' that is no UTF-8 text") from None
    if not text or text != text.strip():
        raise Failure(f"the Secret '{secret}' has a '{path.name}' that is empty or begins or ends with a blank")
    return text


def main(arguments: Sequence[str]) -> int:
    """Runs in the pod and returns the exit code.

    Args:
        arguments: the plan's file; the folder of the admin certificate (ca.crt, tls.crt, tls.key), or of the login for
            an OpenSearch of somebody else (username, password); the folder of the users' Secrets, each in a folder of
            its key; the seconds to wait for OpenSearch; and, for somebody else's, the authority's file, or "".
    """
    plan_file, admin, logins = (Path(argument) for argument in arguments[:3])

    def work() -> None:
        plan = json.loads(plan_file.read_text(encoding="utf-8"))
        read_users(plan, logins)  # what is wrong with a Secret is said at once
        if len(arguments) > 4:
            user, password = (_secret(admin / key, plan["admin"]) for key in ("username", "password"))
            api = log_in(plan["url"], ca=arguments[4] or True, user=user, password=password)
        else:
            tls = {key: str(admin / f"tls.{key}") for key in ("crt", "key")}
            api = connect(plan["url"], ca=str(admin / "ca.crt"), cert=tls["crt"], key=tls["key"])
        api.wait(float(arguments[3]))
        # Read after the wait, however long it was: a password may have changed meanwhile.
        set_up(api, plan, read_users(plan, logins))

    return run(work)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
