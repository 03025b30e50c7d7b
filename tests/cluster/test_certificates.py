"""Certificates: what OpenSSL and Python's strict verification say of ours, and what is said of other people's."""

from __future__ import annotations

import contextlib
import ipaddress
import shutil
import socket
import ssl
import subprocess
import threading
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from hypothesis import given
from hypothesis import strategies as st

from generator.cluster import certificates
from generator.cluster.certificates import CertificateError, Pair, Subject, issue, make_authority
from tests.cluster.samples import ADMIN_SUBJECT, HOSTS, NODE_SUBJECT, NOW

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def authority() -> Pair:
    return make_authority("opensearch-ca", NOW)


@pytest.fixture(scope="module")
def node(authority: Pair) -> Pair:
    return issue(authority, NODE_SUBJECT, NOW)


@pytest.fixture(scope="module")
def admin(authority: Pair) -> Pair:
    return issue(authority, ADMIN_SUBJECT, NOW)


def files(folder: Path, authority: Pair, **leaves: Pair) -> dict[str, Path]:
    """Writes PEM files: ca.crt, and NAME.crt and NAME.key of each leaf."""
    found = {"ca.crt": authority.certificate}
    for name, leaf in leaves.items():
        found |= {f"{name}.crt": leaf.certificate, f"{name}.key": leaf.key}
    for name, text in found.items():
        (folder / name).write_bytes(text)
    return {name: folder / name for name in found}


def test_subjects_are_the_common_name_alone_as_opensearch_compares_them(node: Pair, admin: Pair) -> None:
    assert certificates.read(node.certificate)[0].subject.rfc4514_string() == "CN=opensearch-node"
    assert certificates.read(admin.certificate)[0].subject.rfc4514_string() == "CN=opensearch-admin"


def test_a_node_may_serve_and_ask_and_the_admin_may_only_ask(node: Pair, admin: Pair) -> None:
    uses = [
        list(certificates.read(leaf.certificate)[0].extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)
        for leaf in (node, admin)
    ]
    assert uses == [
        [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH],
        [ExtendedKeyUsageOID.CLIENT_AUTH],
    ]


def test_a_node_answers_at_its_names_and_addresses(node: Pair) -> None:
    names = certificates.read(node.certificate)[0].extensions.get_extension_for_class(x509.SubjectAlternativeName)
    assert names.value.get_values_for_type(x509.IPAddress) == [ipaddress.ip_address("127.0.0.1")]
    assert names.value.get_values_for_type(x509.DNSName) == [host for host in HOSTS if host != "127.0.0.1"]
    assert certificates.missing_hosts(node.certificate, (*HOSTS, "other.svc")) == ["other.svc"]


def test_lives_last_ten_years_and_one(authority: Pair, node: Pair) -> None:
    assert certificates.ends_at(authority.certificate) == NOW + timedelta(days=3650)
    assert certificates.ends_at(node.certificate) == NOW + timedelta(days=365)


def test_no_certificate_outlives_its_authority(authority: Pair) -> None:
    late = issue(authority, ADMIN_SUBJECT, NOW + timedelta(days=3600))
    assert certificates.ends_at(late.certificate) == certificates.ends_at(authority.certificate)


def test_keys_are_pkcs8_on_p_256(authority: Pair, node: Pair) -> None:
    for pair in (authority, node):
        assert pair.key.startswith(b"-----BEGIN PRIVATE KEY-----")
        key = serialization.load_pem_private_key(pair.key, None)
        assert key.curve.name == "secp256r1"  # type: ignore[union-attr]


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl on PATH")
def test_openssl_verifies_the_chain_for_its_purpose(tmp_path: Path, authority: Pair, node: Pair, admin: Pair) -> None:
    written = files(tmp_path, authority, node=node, admin=admin)
    at = str(int((NOW + timedelta(days=1)).timestamp()))
    for leaf, purpose in (("node", "sslserver"), ("node", "sslclient"), ("admin", "sslclient")):
        command = ["openssl", "verify", "-x509_strict", "-attime", at, "-purpose", purpose, "-CAfile"]
        done = subprocess.run(
            [*command, written["ca.crt"], written[f"{leaf}.crt"]], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
    refused = subprocess.run(
        [*command[:-2], "sslserver", "-CAfile", written["ca.crt"], written["admin.crt"]],
        capture_output=True,
        check=False,
    )
    assert refused.returncode != 0


@pytest.fixture
def today(tmp_path: Path) -> dict[str, Path]:
    """Writes certificates that are valid on the day of the test: ssl looks at the clock."""
    from datetime import UTC, datetime

    now = datetime.now(UTC)
    authority, other = make_authority("opensearch-ca", now), make_authority("opensearch-ca", now)
    return files(
        tmp_path,
        authority,
        node=issue(authority, NODE_SUBJECT, now),
        admin=issue(authority, ADMIN_SUBJECT, now),
        stranger=issue(other, ADMIN_SUBJECT, now),
    )


def handshake(today: dict[str, Path], client: str, host: str) -> tuple[str, str]:
    """Connects over mutual TLS and gives the subjects that server and client saw of each other."""
    server_side = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=today["ca.crt"])
    server_side.verify_mode = ssl.CERT_REQUIRED
    server_side.load_cert_chain(today["node.crt"], today["node.key"])
    client_side = ssl.create_default_context(cafile=today["ca.crt"])
    client_side.verify_flags |= ssl.VERIFY_X509_STRICT
    client_side.load_cert_chain(today[f"{client}.crt"], today[f"{client}.key"])
    seen: list[str] = []

    def serve(listener: socket.socket) -> None:
        with contextlib.suppress(OSError), server_side.wrap_socket(listener.accept()[0], server_side=True) as peer:
            seen.append(str(peer.getpeercert()["subject"]))  # type: ignore[index]
            peer.sendall(b"x")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(10)
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        try:
            with (
                socket.create_connection(listener.getsockname(), timeout=10) as plain,
                client_side.wrap_socket(plain, server_hostname=host) as peer,
            ):
                peer.recv(1)  # TLS 1.3: a refused client certificate shows on the first read
                subject = str(peer.getpeercert()["subject"])  # type: ignore[index]
        finally:
            thread.join(10)
    return seen[0], subject


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "127.0.0.1",
        "opensearch-cluster-master.monitoring.svc",
        "n-0.opensearch-cluster-master-headless.monitoring",
    ],
)
def test_node_and_admin_shake_hands_at_each_of_the_nodes_names(today: dict[str, Path], host: str) -> None:
    client, server = handshake(today, "admin", host)
    assert ("opensearch-admin" in client, "opensearch-node" in server) == (True, True)


def test_a_client_of_another_authority_of_the_same_name_is_refused(today: dict[str, Path]) -> None:
    with pytest.raises((ssl.SSLError, ConnectionError)):
        handshake(today, "stranger", "localhost")


def test_a_name_that_the_node_does_not_have_is_refused(today: dict[str, Path]) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match="elsewhere"):
        handshake(today, "admin", "elsewhere.svc")


def certificate(
    name: str, key: object, issuer: x509.Certificate | None, signer: object, *, ca: bool
) -> x509.Certificate:
    """Makes a certificate as another tool would: no key identifiers."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    digest = None if isinstance(signer, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.subject if issuer else subject)
        .public_key(key.public_key())  # type: ignore[attr-defined]
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=30))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .sign(signer, digest)  # type: ignore[arg-type]
    )


def pem(*parts: x509.Certificate) -> bytes:
    return b"".join(part.public_bytes(serialization.Encoding.PEM) for part in parts)


def key_pem(key: object, form: serialization.PrivateFormat = serialization.PrivateFormat.PKCS8) -> bytes:
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())  # type: ignore[attr-defined,no-any-return]


@pytest.mark.parametrize("kind", ["rsa", "ed25519"])
def test_other_peoples_authorities_sign_too_intermediates_with_their_root(kind: str) -> None:
    root_key = rsa.generate_private_key(65537, 2048) if kind == "rsa" else ed25519.Ed25519PrivateKey.generate()
    middle_key = rsa.generate_private_key(65537, 2048) if kind == "rsa" else ed25519.Ed25519PrivateKey.generate()
    root = certificate("root", root_key, None, root_key, ca=True)
    middle = certificate("middle", middle_key, root, root_key, ca=True)
    whole = Pair(pem(middle, root), key_pem(middle_key))
    leaf = issue(whole, NODE_SUBJECT, NOW)
    certificates.check_leaf(leaf, whole.certificate, "opensearch-node", NOW)
    certificates.check_leaf(Pair(leaf.certificate + pem(middle), leaf.key), pem(root), "opensearch-node", NOW)
    assert certificates.ends_at(leaf.certificate) == NOW + timedelta(days=30)
    with pytest.raises(CertificateError, match="append its root"):
        certificates.check_authority(Pair(pem(middle), key_pem(middle_key)), NOW)


def test_what_cannot_sign_is_refused_with_the_reason(authority: Pair, node: Pair) -> None:
    another = make_authority("opensearch-ca", NOW)
    key = serialization.load_pem_private_key(authority.key, None)
    locked = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"x"),
    )
    for broken, now, message in (
        (node, NOW, "is no authority"),
        (Pair(authority.certificate, another.key), NOW, "does not belong to its tls.crt"),
        (Pair(authority.certificate, locked), NOW, "passphrase"),
        (Pair(authority.certificate, b"nothing"), NOW, "no PEM private key"),
        (Pair(b"nothing", authority.key), NOW, "no PEM certificate"),
        (authority, NOW + timedelta(days=3650), "ended on 2036-08-19"),
    ):
        with pytest.raises(CertificateError, match=message):
            issue(broken, ADMIN_SUBJECT, now)


def test_a_leaf_that_opensearch_would_refuse_is_refused_with_the_reason(
    authority: Pair, node: Pair, admin: Pair
) -> None:
    another = make_authority("opensearch-ca", NOW)
    for leaf, trusted, message in (
        (admin, authority.certificate, "has the subject 'CN=opensearch-admin', expected 'CN=opensearch-node'"),
        (Pair(node.certificate, admin.key), authority.certificate, "tls.key that does not belong"),
        (node, another.certificate, "its ca.crt did not sign"),
        (node, b"", "no PEM certificate"),
    ):
        with pytest.raises(CertificateError, match=message):
            certificates.check_leaf(leaf, trusted, "opensearch-node", NOW)
    certificates.check_leaf(node, another.certificate + authority.certificate, "opensearch-node", NOW)


HOST = st.sampled_from(["a", "*.b.svc", "::1", "10.1.2.3", "x" * 63]) | st.from_regex(
    r"[a-z0-9]([-a-z0-9]{0,20}[a-z0-9])?(\.[a-z]{1,10}){0,3}", fullmatch=True
)


@pytest.mark.slow
@given(hosts=st.lists(HOST, max_size=20, unique=True), server=st.booleans())
def test_whatever_the_hosts_the_leaf_names_each_and_verifies(authority: Pair, hosts: list[str], server: bool) -> None:
    leaf = issue(authority, Subject("name", tuple(hosts), server=server), NOW)
    certificates.check_leaf(leaf, authority.certificate, "name", NOW)
    assert certificates.missing_hosts(leaf.certificate, hosts) == []


@pytest.mark.slow
@given(st.data())
def test_damaged_pem_is_a_message_never_a_crash(node: Pair, authority: Pair, data: st.DataObject) -> None:
    def damaged(text: bytes) -> bytes:
        start = data.draw(st.integers(0, len(text)))
        end = data.draw(st.integers(start, min(len(text), start + 40)))
        return text[:start] + data.draw(st.binary(max_size=20)) + text[end:]

    with contextlib.suppress(CertificateError):
        certificates.check_leaf(
            Pair(damaged(node.certificate), damaged(node.key)), damaged(authority.certificate), "opensearch-node", NOW
        )
    with contextlib.suppress(CertificateError):
        issue(Pair(damaged(authority.certificate), damaged(authority.key)), NODE_SUBJECT, NOW)


def test_what_begins_later_than_a_clock_may_be_wrong_is_refused(authority: Pair) -> None:
    later = NOW + timedelta(days=2)
    leaf = issue(authority, NODE_SUBJECT, later)
    with pytest.raises(CertificateError, match="holds the certificate CN=opensearch-node that begins on 2026-08-24"):
        certificates.check_leaf(leaf, authority.certificate, "opensearch-node", NOW)
    certificates.check_leaf(leaf, authority.certificate, "opensearch-node", later - timedelta(hours=2))
    with pytest.raises(CertificateError, match="CN=late that begins on 2026-08-24"):
        certificates.check_authority(certificates.make_authority("late", later), NOW)
