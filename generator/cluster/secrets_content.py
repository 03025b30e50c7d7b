"""What goes into a Secret: passwords, and certificates that an authority of the release has signed."""

from __future__ import annotations

import secrets
import string
from typing import TYPE_CHECKING

from . import certificates
from .certificates import CertificateError, Pair
from .program import Failure

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from .secrets_plan import Leaf, Wanted

ALPHABET = string.ascii_letters + string.digits
"""Safe in every file format and shell; 32 of them are 190 bits."""


def new_password() -> str:
    """Returns 32 random characters of ALPHABET."""
    return "".join(secrets.choice(ALPHABET) for _ in range(32))


def signed(wanted: Wanted, authority: Mapping[str, bytes], leaf: Leaf, now: datetime) -> dict[str, bytes]:
    """Makes the content of a leaf's Secret.

    Args:
        wanted: the authority.
        authority: the content of its Secret.
        leaf: what is signed.
        now: when it begins.

    Raises:
        Failure: the authority cannot sign.
    """
    try:
        made = certificates.issue(authority_pair(authority), leaf.subject, now)
    except CertificateError as error:
        raise Failure(f"{wanted.title} {error}; it has to sign '{leaf.name}'") from None
    return {"ca.crt": authority["tls.crt"], "tls.crt": made.certificate, "tls.key": made.key}


def authority_pair(content: Mapping[str, bytes]) -> Pair:
    """Returns the certificate and the key of an authority's Secret.

    Raises:
        CertificateError: one of the two is missing.
    """
    for key in ("tls.crt", "tls.key"):
        if not content.get(key):
            raise CertificateError(f"has no key '{key}'")
    return pair(content)


def pair(content: Mapping[str, bytes]) -> Pair:
    """Returns the certificate and the key of a Secret that has both."""
    return Pair(content["tls.crt"], content["tls.key"])
