"""Finds what Alertmanager's receivers would lack, before an installation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import certificates
from .certificates import CertificateError
from .kubernetes_api import Api, data_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping


def unsendable(api: Api, alerts: Iterable[Mapping[str, str]]) -> Iterator[str]:
    """Yields what is wrong with the keys of Secrets that receivers name.

    Alertmanager's pod waits for a Secret. A certificate that is missing or none ends Alertmanager at its start, and
    every receiver with it. The rest fails at the first alert.

    Args:
        api: the release's namespace.
        alerts: ``name`` of the Secret, ``key`` in it, what it ``holds`` (``url``, ``text`` or ``certificate``), and the
            ``receiver``, as ``alerts.receivers.chat.slack.secret``.

    Raises:
        Failure: the API server did not answer or refused.
    """
    found: dict[str, dict[str, bytes] | None] = {}
    for wanted in alerts:
        name, key, place = wanted["name"], wanted["key"], wanted["receiver"]
        if name not in found:
            secret = api.secret(name)
            found[name] = None if secret is None else data_of(secret)
        content = found[name]
        if content is None:
            yield (
                f"{place} names the Secret '{name}', which is not in this namespace; create it with "
                f"kubectl create secret generic {name} --from-literal={key}=…"
            )
        elif fault := _unfit(content.get(key, b""), wanted["holds"]):
            yield f"{place}: the key '{key}' of the Secret '{name}' {fault}"


def _unfit(content: bytes, holds: str) -> str:
    """Returns what is wrong with a key's content, which is never shown; "" if nothing is."""
    text = content.strip()
    if not text:
        return "is missing or empty"
    if holds == "url" and not text.lower().startswith((b"https://", b"http://")):
        return "is no http or https address"
    if holds == "url" and len(text.split()) > 1:
        return "is more than one address"
    if holds == "certificate":
        try:
            certificates.read(content)
        except CertificateError as error:
            return str(error)
    return ""
