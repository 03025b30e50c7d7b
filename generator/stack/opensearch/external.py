"""An OpenSearch of somebody else in the place of this chart's: where it is, and as whom one asks it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from generator.errors import Problem
from generator.stack.component import choices_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from generator.choices.profiles import Profile

NAME = "opensearch"

_DEFAULT_PORTS = {"http": 80, "https": 443}

_LOGINS = ("opensearchFluentBit", "opensearchGrafana")


@dataclass(frozen=True)
class External:
    """The OpenSearch that a profile names.

    Attributes:
        url: its address, without a slash at its end.
        ca: the Secret whose key ca.crt signs its certificate; None for the public authorities.
        set_up: whether a Job makes templates, retention and data streams there.
        region: the AWS region for which requests are signed (SigV4); None where clients log in.
    """

    url: str
    ca: str | None
    set_up: bool
    region: str | None

    @property
    def tls(self) -> bool:
        """Whether it speaks TLS."""
        return self.url.startswith("https:")

    @property
    def host(self) -> str:
        """Its name or address."""
        return urlsplit(self.url).hostname or ""

    @property
    def port(self) -> int:
        """Its port; that of the scheme where the address has none."""
        parts = urlsplit(self.url)
        return _DEFAULT_PORTS[parts.scheme] if parts.port is None else parts.port

    @property
    def path(self) -> str:
        """What stands before every path, without a slash at its end; "" for nothing."""
        return urlsplit(self.url).path


def external(profile: Profile) -> External | None:
    """Returns the OpenSearch of somebody else that the profile names; None if it names none."""
    given = choices_of(profile, NAME)["external"]
    if given is None:
        return None
    return External(given["url"].rstrip("/"), given.get("caSecret"), given.get("setUp", True), given.get("sigv4Region"))


def _has_port(found: External) -> bool:
    try:
        return 0 < found.port < 65536
    except ValueError:
        return False


def external_values(profile: Profile) -> dict[str, Any]:
    """Returns the chart's values below ``opensearchExternal``."""
    found = external(profile)
    if found is None:
        return {}
    return {"url": found.url, "caSecret": found.ca or "", "setUp": found.set_up, "sigv4Region": found.region or ""}


def external_problems(profile: Profile) -> Iterator[Problem]:
    """Yields what contradicts an OpenSearch of somebody else; each Problem names the choice to change."""
    found = external(profile)
    if found is None:
        return
    existing: Mapping[str, str | None] = profile.choices["secrets"]["existing"]
    for key, message, hint in (*_of_the_address(profile, found), *_of_the_logins(found, existing)):
        path = ("components", NAME, "external")
        said = (*path, key) if choices_of(profile, NAME)["external"].get(key) is not None else path
        yield Problem(message, profile.file_of(*said), ".".join((*path, *filter(None, (key,)))), hint=hint)


def _of_the_address(profile: Profile, found: External) -> Iterator[tuple[str, str, str]]:
    """Yields (key, what is wrong, the way out)."""
    if choices_of(profile, NAME)["enabled"]:
        message = f"found {found.url}, but this chart's own OpenSearch is on: the logs would be in two places"
        yield "", message, "set components.opensearch.enabled to false, or leave this out"
    if not _has_port(found):
        yield "url", f"found '{found.url}', expected a port from 1 to 65535", "mend the port"
    if found.tls:
        return
    if found.ca is not None:
        yield "caSecret", f"found '{found.ca}' while the url is http: no certificate is verified", "say https"
    if found.region is not None:
        yield "sigv4Region", f"found '{found.region}' while the url is http: a signature can be read", "say https"


def _of_the_logins(found: External, existing: Mapping[str, str | None]) -> Iterator[tuple[str, str, str]]:
    if found.set_up and not existing["opensearchAdmin"]:
        message = "found true, but secrets.existing.opensearchAdmin names no Secret: nobody may make templates there"
        yield "setUp", message, "name a Secret with the keys username and password, or set this to false"
    for key in _LOGINS if found.region is not None else ():
        if existing[key]:
            message = f"found '{found.region}' while secrets.existing.{key} names a login: a request has one of the two"
            yield "sigv4Region", message, "leave one of the two out"
