"""Creates the Secrets that are missing and never changes one that is there.

Runs before every installation and upgrade. A run that was cut off is completed by the next one, and two at once end
with the same Secrets: whoever comes second finds 409 and takes what is there.
"""

from __future__ import annotations

import itertools
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import certificates
from .certificates import CertificateError
from .kubernetes_api import Api, Manifest, data_of, encoded, in_cluster
from .program import Failure, run, say
from .secrets_content import authority_pair, new_password, pair, signed
from .secrets_plan import LABELS, ROTATED, Leaf, Login, Plan, Wanted, read_plan

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

RENEW = "kubectl create job renew-1 --from=cronjob/ai-ml-observability-renew-certificates"
ROTATE = "kubectl create job rotate-1 --from=cronjob/ai-ml-observability-rotate-secrets"


def bootstrap(api: Api, plan: Plan, now: datetime) -> None:
    """Creates what is missing, after everything that is there was found to be usable.

    Raises:
        Failure: what is there cannot be used, or what is missing cannot be made; nothing was created then.
    """
    # The authority last: whoever reads a leaf of another run that is under way then reads its authority too.
    found = {wanted.name: api.secret(wanted.name) for wanted in (*plan.logins, *plan.leaves)}
    authority = api.secret(plan.authority.name) if plan.authority else None
    data = {name: data_of(secret) for name, secret in found.items() if secret is not None}
    problems = [*_unusable(plan, data), *_misfits(plan, data, now)]
    if plan.alerts:
        # Not among the programs of a release whose alerts reach nobody.
        from .secrets_alerts import unsendable

        problems += unsendable(api, plan.alerts)
    if plan.authority:
        problems += _cannot_sign(plan, plan.authority, authority, data, now)
    if problems:
        raise Failure(*problems)
    _report(plan, data, now)
    if plan.authority:
        _create_leaves(api, plan.authority, authority, [leaf for leaf in plan.leaves if leaf.name not in data], now)
    for login in plan.logins:
        if login.name not in data:
            username, password = _known(api, login) or (login.username, new_password())
            _create(api, _login_secret(login, {login.user_key: username, login.password_key: password}, now))


def _known(api: Api, login: Login) -> tuple[str, str] | None:
    """Returns the login that the values held until now, as Grafana reads one at its first start only.

    Its keys are those of Grafana's chart (12.11.1 templates/secret.yaml).
    """
    earlier = api.secret(login.earlier) if login.earlier else None
    content = data_of(earlier) if earlier else {}
    if not content.get("admin-user") or not content.get("admin-password"):
        return None
    say(f"{login.name}: takes over the password that Grafana knows, from '{login.earlier}'; for a new one: {ROTATE}")
    return content["admin-user"].decode(), content["admin-password"].decode()


def _unusable(plan: Plan, data: Mapping[str, Mapping[str, bytes]]) -> Iterator[str]:
    """Finds Secrets that are not there though the profile names them, and keys that are missing or empty."""
    for wanted in (*plan.logins, *plan.leaves):
        if wanted.name not in data:
            if wanted.existing:
                yield _absent(wanted)
            continue
        for key in wanted.keys:
            if not data[wanted.name].get(key):
                yield f"{wanted.title} has no key '{key}'; it needs {' and '.join(wanted.keys)}"


def _absent(wanted: Wanted) -> str:
    return (
        f"secrets.existing.{wanted.key} names {wanted.title}, which is not in this namespace; "
        f"create it with the keys {', '.join(wanted.keys)}, or take the name away and one is made for you"
    )


def _misfits(plan: Plan, data: Mapping[str, Mapping[str, bytes]], now: datetime) -> Iterator[str]:
    """Finds certificates that OpenSearch would refuse, or that do not trust one another."""
    whole = [leaf for leaf in plan.leaves if all(data.get(leaf.name, {}).get(key) for key in leaf.keys)]
    readable = []
    for leaf in whole:
        content = data[leaf.name]
        try:
            certificates.check_leaf(pair(content), content["ca.crt"], leaf.subject.common_name, now)
        except CertificateError as error:
            yield f"{leaf.title} {error}"
        else:
            readable.append(leaf)
    for leaf, other in itertools.permutations(readable, 2):
        chain, roots = certificates.read(data[leaf.name]["tls.crt"]), certificates.read(data[other.name]["ca.crt"])
        if not certificates.signed_by(chain, roots):
            yield f"the ca.crt of '{other.name}' did not sign '{leaf.name}', so they refuse each other"


def _cannot_sign(
    plan: Plan,
    wanted: Wanted,
    authority: Manifest | None,
    data: Mapping[str, Mapping[str, bytes]],
    now: datetime,
) -> Iterator[str]:
    """Finds why the leaves that are missing cannot be signed; nothing if none is missing."""
    missing = [leaf for leaf in plan.leaves if leaf.name not in data]
    present = [leaf for leaf in plan.leaves if leaf.name in data]
    if authority is None and wanted.existing:
        yield _absent(wanted)
    elif authority is None and missing and present:
        names = " and ".join(f"'{leaf.name}'" for leaf in missing)
        there = " and ".join(f"'{leaf.name}'" for leaf in present)
        yield (
            f"{names} cannot be signed: {there} is there, but not '{wanted.name}', the authority that signed it; "
            f"store that authority as '{wanted.name}' (tls.crt, tls.key), or create {names} yourself, "
            f"or delete {there} and all of them are made anew"
        )
    elif authority is not None and missing:
        content = data_of(authority)
        try:
            certificates.check_authority(authority_pair(content), now)
            chain = certificates.read(content["tls.crt"])
            strangers = [
                leaf
                for leaf in present
                if not certificates.signed_by(chain, certificates.read(data[leaf.name].get("ca.crt", b"")))
            ]
        except CertificateError as error:
            yield f"{wanted.title} {error}; it has to sign '{missing[0].name}'"
            return
        for leaf in strangers:
            yield (
                f"{leaf.title} trusts another authority than '{wanted.name}' holds, so it would refuse "
                f"'{missing[0].name}'; store the authority that signed it as '{wanted.name}', or delete '{leaf.name}'"
            )


def _report(plan: Plan, data: Mapping[str, Mapping[str, bytes]], now: datetime) -> None:
    for wanted in (*plan.leaves, *plan.logins):
        if wanted.name in data:
            say(f"{wanted.name}: there already, left as it is")
    for leaf in plan.leaves:
        if leaf.name in data and (end := certificates.ends_at(data[leaf.name]["tls.crt"])) <= now:
            say(f"warning: the certificate in '{leaf.name}' ended on {end:%Y-%m-%d}; if it is this chart's: {RENEW}")


def _create_leaves(api: Api, wanted: Wanted, authority: Manifest | None, missing: list[Leaf], now: datetime) -> None:
    if not missing:
        return
    if authority is None:
        made = certificates.make_authority(wanted.name, now)
        _create(api, _tls_secret(wanted.name, {"tls.crt": made.certificate, "tls.key": made.key}))
        # Read back: another run may have been first, and its authority is the one that counts.
        authority = api.secret(wanted.name)
        if authority is None:
            raise Failure(f"{wanted.title} was deleted while it was needed; run again")
    content = data_of(authority)
    for leaf in missing:
        _create(api, _tls_secret(leaf.name, signed(wanted, content, leaf, now)))


def _create(api: Api, secret: Mapping[str, Any]) -> None:
    name = secret["metadata"]["name"]
    say(f"{name}: created" if api.create_secret(secret) else f"{name}: another run has just created it, left as it is")


def _login_secret(login: Login, content: dict[str, str], now: datetime) -> Manifest:
    if login.server == "opensearch":
        content = {**content, ROTATED: now.isoformat(timespec="seconds")}
    kind = "kubernetes.io/basic-auth" if login.keys == ("username", "password") else "Opaque"
    return _secret(login.name, kind, {key: text.encode() for key, text in content.items()})


def _tls_secret(name: str, content: Mapping[str, bytes]) -> Manifest:
    return _secret(name, "kubernetes.io/tls", content)


def _secret(name: str, kind: str, content: Mapping[str, bytes]) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": kind,
        "metadata": {"name": name, "labels": LABELS},
        "data": encoded(content),
    }


def main() -> int:
    """Runs in the hook's pod; the first argument is the plan's file, beside which a file of checks may lie."""
    file = Path(sys.argv[1])

    def work() -> None:
        api = in_cluster()
        if (checks := file.with_name("checks.json")).is_file():
            # Not among the programs of a release that has nothing to look for.
            from .cluster_checks import check_cluster

            check_cluster(api, checks)
        bootstrap(api, read_plan(file), datetime.now(UTC))

    return run(work)


if __name__ == "__main__":
    sys.exit(main())
