"""Signs the certificates that end soon anew; OpenSearch reads them again by itself, and clients know the authority."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from . import certificates
from .certificates import CertificateError, Pair
from .kubernetes_api import Api, data_of, encoded, in_cluster
from .program import Failure, run, say
from .secrets_content import signed
from .secrets_plan import Leaf, Plan, Wanted, made_by_bootstrap, read_plan

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

WITHIN = timedelta(days=60)
"""A weekly run has eight attempts before a certificate ends."""


def renew(api: Api, plan: Plan, now: datetime, *, within: timedelta | None = WITHIN) -> None:
    """Signs anew what the bootstrap made and what ends ``within`` that time, or all of it if None.

    Raises:
        Failure: a certificate is gone; one that somebody else made under our name is unfit; the authority is missing,
            cannot sign, or is not the one that signed the certificate. Those that could be renewed are.
    """
    if plan.authority is None:
        return
    problems: list[str] = []
    ours: list[Leaf] = []
    for leaf in plan.leaves:
        try:
            if _renew_one(api, plan.authority, leaf, now, within):
                ours.append(leaf)
        except Failure as failure:
            problems += failure.lines
    if ours and not problems:
        problems += _cannot_renew(api, plan.authority, ours, now)
    if problems:
        raise Failure(*problems)


def _cannot_renew(api: Api, authority: Wanted, leaves: list[Leaf], now: datetime) -> Iterator[str]:
    """Finds why none of the certificates could be signed anew when their time comes."""
    names = " and ".join(f"'{leaf.name}'" for leaf in leaves)
    secret = api.secret(authority.name)
    if secret is None:
        yield f"{authority.title} is gone, so {names} cannot be renewed when they end; {_ANEW}"
        return
    content = data_of(secret)
    try:
        certificates.check_authority(Pair(content.get("tls.crt", b""), content.get("tls.key", b"")), now)
    except CertificateError as error:
        yield f"{authority.title} {error}, so {names} cannot be renewed when they end; {_ANEW}"


def _check_theirs(leaf: Leaf, content: Mapping[str, bytes], now: datetime) -> None:
    """Looks at a certificate that somebody made under a name of ours, and who has to renew it.

    Raises:
        Failure: OpenSearch would not take it, and the next upgrade would fail.
    """
    try:
        _check(leaf, content, now)
        end = certificates.ends_at(content["tls.crt"])
    except CertificateError as error:
        raise Failure(f"{leaf.title}, which is not this chart's, {error}") from None
    if end <= now:
        raise Failure(f"{leaf.title}, which is not this chart's, ended on {end:%Y-%m-%d}; renew it")
    warning = "warning: it has to be renewed soon; " if end - now < WITHIN else ""
    say(f"{leaf.name}: {warning}not made by this chart, left alone; ends on {end:%Y-%m-%d}")


def _check(leaf: Leaf, content: Mapping[str, bytes], now: datetime) -> None:
    for key in leaf.keys:
        if not content.get(key):
            raise CertificateError(f"has no key '{key}'")
    pair = Pair(content["tls.crt"], content["tls.key"])
    certificates.check_leaf(pair, content["ca.crt"], leaf.subject.common_name, now)


def _renew_one(api: Api, authority: Wanted, leaf: Leaf, now: datetime, within: timedelta | None) -> bool:
    """Signs a certificate anew if it is time; returns whether it is ours."""
    if leaf.existing:
        say(f"{leaf.name}: named in the profile, left alone")
        return False
    secret = api.secret(leaf.name)
    if secret is None:
        raise Failure(f"{leaf.title} is gone: pods that mount it cannot start; helm upgrade, or a sync, makes it anew")
    content = data_of(secret)
    if not made_by_bootstrap(secret):
        _check_theirs(leaf, content, now)
        return False
    reason = _reason(leaf, content, now, within)
    if not reason:
        say(f"{leaf.name}: ends on {certificates.ends_at(content['tls.crt']):%Y-%m-%d}, left as it is")
        return True
    signer = api.secret(authority.name)
    if signer is None:
        raise Failure(f"'{leaf.name}' {reason}, but {authority.title} that signed it is not there; {_ANEW}")
    known = data_of(signer)
    content_of_new = signed(authority, known, leaf, now)
    if not _trusted(known, content):
        raise Failure(f"'{leaf.name}' {reason}, but {authority.title} is not the one that signed it; {_ANEW}")
    patch = {"metadata": {"resourceVersion": secret["metadata"]["resourceVersion"]}, "data": encoded(content_of_new)}
    if not api.patch_secret(leaf.name, patch):
        raise Failure(f"'{leaf.name}' was changed by somebody else at the same time; run again")
    end = certificates.ends_at(content_of_new["tls.crt"])
    say(f"{leaf.name}: {reason}; renewed until {end:%Y-%m-%d}")
    if end - now < certificates.LEAF_LIFETIME - certificates.SKEW:
        say(f"warning: {authority.title} itself ends on {end:%Y-%m-%d}; {_ANEW}")
    return True


_ANEW = "docs/secrets.md says how to make a new authority"


def _reason(leaf: Leaf, content: Mapping[str, bytes], now: datetime, within: timedelta | None) -> str:
    """Returns why a certificate is signed anew, "" if it is not."""
    if within is None:
        return "is rotated"
    try:
        _check(leaf, content, now)
        end = certificates.ends_at(content["tls.crt"])
        hosts = certificates.missing_hosts(content["tls.crt"], leaf.subject.hosts)
    except CertificateError as error:
        return str(error)
    if end - now < within:
        return f"ends on {end:%Y-%m-%d}"
    return f"does not name {', '.join(hosts)}" if hosts else ""


def _trusted(authority: Mapping[str, bytes], content: Mapping[str, bytes]) -> bool:
    """Returns whether those who trust the old certificate trust one of this authority."""
    try:
        return certificates.signed_by(
            certificates.read(authority["tls.crt"]), certificates.read(content.get("ca.crt", b""))
        )
    except CertificateError:
        return False


def main() -> int:
    """Runs in the CronJob's pod; the first argument is the plan's file."""
    return run(lambda: renew(in_cluster(), read_plan(Path(sys.argv[1])), datetime.now(UTC)))


if __name__ == "__main__":
    sys.exit(main())
