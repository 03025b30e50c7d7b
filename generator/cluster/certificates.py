"""X.509: an authority of our own, certificates signed by it, and whether certificates of others fit.

Keys are ECDSA P-256 in PKCS#8, the form that OpenSearch reads. Every extension that Python 3.13's strict verification
asks for is set (RFC 5280: basicConstraints, keyUsage and both key identifiers).
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes

AUTHORITY_LIFETIME = timedelta(days=3650)
LEAF_LIFETIME = timedelta(days=365)
SKEW = timedelta(hours=1)
"""How far a node's clock may be behind the one that signs."""


class CertificateError(Exception):
    """A certificate or key that cannot be used; its text ends a sentence that begins with where it was found."""


@dataclass(frozen=True)
class Pair:
    """A certificate and its private key, both PEM.

    Attributes:
        certificate: the certificate first; what signed it, if anything, after it.
        key: PKCS#8.
    """

    certificate: bytes
    key: bytes


@dataclass(frozen=True)
class Subject:
    """What a certificate is for.

    Attributes:
        common_name: the whole subject is CN=common_name.
        hosts: DNS names and IP addresses at which it answers; none for a client.
        server: whether it may stand for a server; every one may stand for a client.
    """

    common_name: str
    hosts: tuple[str, ...] = ()
    server: bool = False


def make_authority(common_name: str, now: datetime) -> Pair:
    """Makes an authority that signs leaves for ten years."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    builder = _builder(name, name, now, now + AUTHORITY_LIFETIME).public_key(key.public_key())
    certificate = (
        builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(key_cert_sign=True, crl_sign=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return Pair(certificate.public_bytes(serialization.Encoding.PEM), _pem(key))


def issue(authority: Pair, subject: Subject, now: datetime) -> Pair:
    """Makes a certificate for a year, or until the authority ends.

    Raises:
        CertificateError: the authority is no authority, has ended, or its key is not its own.
    """
    issuer, signer = _signer(authority, now)
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject.common_name)])
    end = min(now + LEAF_LIFETIME, issuer.not_valid_after_utc)
    uses = [ExtendedKeyUsageOID.SERVER_AUTH] if subject.server else []
    builder = (
        _builder(name, issuer.subject, now, end)
        .public_key(key.public_key())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(digital_signature=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([*uses, ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(_issued_by(issuer), critical=False)
    )
    if subject.hosts:
        names = x509.SubjectAlternativeName([_host(host) for host in subject.hosts])
        builder = builder.add_extension(names, critical=False)
    # The edwards curves bring their own hash.
    digest = None if isinstance(signer, (ed25519.Ed25519PrivateKey, ed448.Ed448PrivateKey)) else hashes.SHA256()
    certificate = builder.sign(signer, digest)
    return Pair(certificate.public_bytes(serialization.Encoding.PEM), _pem(key))


def check_authority(authority: Pair, now: datetime) -> None:
    """Looks whether leaves can be signed.

    Raises:
        CertificateError: the authority is no authority, has ended or not begun, its key is not its own, or its root is
            missing.
    """
    _signer(authority, now)


def check_leaf(leaf: Pair, trusted: bytes, common_name: str, now: datetime) -> None:
    """Looks whether OpenSearch could take a certificate; one that has ended passes, see ends_at.

    Raises:
        CertificateError: another subject than CN=common_name, a key that is not its own, not signed by ``trusted``, or
            it or who signed it begins later than a clock may be wrong.
    """
    chain, roots = read(leaf.certificate), read(trusted)
    subject = chain[0].subject.rfc4514_string()
    if subject != f"CN={common_name}":
        raise CertificateError(f"has the subject '{subject}', expected 'CN={common_name}'")
    if chain[0].public_key() != _private_key(leaf.key).public_key():
        raise CertificateError("has a tls.key that does not belong to its tls.crt")
    if not signed_by(chain, roots):
        raise CertificateError("has a tls.crt that its ca.crt did not sign")
    for each in (chain[0], *roots):
        _check_begun(each, now)


def _check_begun(certificate: x509.Certificate, now: datetime) -> None:
    if certificate.not_valid_before_utc > now + SKEW:
        begin, name = certificate.not_valid_before_utc, certificate.subject.rfc4514_string()
        raise CertificateError(f"holds the certificate {name} that begins on {begin:%Y-%m-%d}")


def read(pem: bytes) -> list[x509.Certificate]:
    """Reads one or more PEM certificates.

    Raises:
        CertificateError: there is none, or one cannot be read.
    """
    try:
        found = x509.load_pem_x509_certificates(pem)
        for each in found:  # read on first use otherwise, where an error would have no name
            _parts = each.subject, each.issuer, each.extensions, each.public_key(), each.not_valid_after_utc
    except (ValueError, UnsupportedAlgorithm, x509.DuplicateExtension):
        raise CertificateError("holds no PEM certificate that can be read") from None
    return found


def ends_at(pem: bytes) -> datetime:
    """Returns when the first certificate ends, in UTC.

    Raises:
        CertificateError: see read.
    """
    return read(pem)[0].not_valid_after_utc


def missing_hosts(pem: bytes, hosts: Iterable[str]) -> list[str]:
    """Returns the hosts that the first certificate does not name.

    Raises:
        CertificateError: see read.
    """
    try:
        names = read(pem)[0].extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return list(hosts)
    return [host for host in hosts if _host(host) not in list(names)]


def signed_by(chain: Sequence[x509.Certificate], roots: Sequence[x509.Certificate]) -> bool:
    """Returns whether one of ``roots`` signed the first certificate, directly or through the rest of the chain."""
    current, rest = chain[0], list(chain[1:])
    while True:
        if any(_signed(current, root) for root in roots):
            return True
        above = next((each for each in rest if _signed(current, each)), None)
        if above is None:
            return False
        rest.remove(above)
        current = above


def _signed(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _signer(authority: Pair, now: datetime) -> tuple[x509.Certificate, CertificateIssuerPrivateKeyTypes]:
    chain = read(authority.certificate)
    issuer, key = chain[0], _private_key(authority.key)
    try:
        may_sign = issuer.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        may_sign = False
    if not may_sign:
        raise CertificateError("holds a certificate that is no authority (basicConstraints CA:TRUE)")
    if issuer.public_key() != key.public_key():
        raise CertificateError("has a tls.key that does not belong to its tls.crt")
    if issuer.not_valid_after_utc <= now:
        raise CertificateError(f"holds an authority that ended on {issuer.not_valid_after_utc:%Y-%m-%d}")
    _check_begun(issuer, now)
    # OpenSSL, which most clients use, wants to reach a root.
    if not _signed(chain[-1], chain[-1]):
        raise CertificateError("holds an intermediate authority; append its root to tls.crt")
    return issuer, key


def _private_key(pem: bytes) -> CertificateIssuerPrivateKeyTypes:
    try:
        key = serialization.load_pem_private_key(pem, password=None)
    except TypeError:
        raise CertificateError("has a tls.key with a passphrase; store it without one") from None
    except (ValueError, UnsupportedAlgorithm):
        raise CertificateError("holds no PEM private key that can be read") from None
    if not hasattr(key, "sign"):
        raise CertificateError("has a tls.key that cannot sign")
    return key  # type: ignore[return-value]


def _builder(subject: x509.Name, issuer: x509.Name, now: datetime, end: datetime) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - SKEW)
        .not_valid_after(end)
    )


def _usage(*, digital_signature: bool = False, key_cert_sign: bool = False, crl_sign: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        encipher_only=False,
        decipher_only=False,
    )


def _issued_by(issuer: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    try:
        own = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    except x509.ExtensionNotFound:
        return x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.public_key())  # type: ignore[arg-type]
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(own)


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
