"""Where the logs go and how: this chart's OpenSearch or another host, over which TLS, with which login."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from generator.errors import bad_input
from generator.stack.component import choices_of, mebibytes
from generator.stack.opensearch import component as opensearch
from generator.stack.secrets.names import SECRETS, secret_name

if TYPE_CHECKING:
    from generator.choices.profiles import Profile

NAME = "fluent-bit"

_CA_FOLDER = "/fluent-bit/opensearch"
_LOGIN = "opensearchFluentBit"

STREAMS = {"kube.*": "logs-kubernetes", "host.*": "logs-host"}
"""Tag → the data stream that its lines go to."""


@dataclass(frozen=True)
class Destination:
    """An OpenSearch.

    Attributes:
        host: its name or address.
        port: its port.
        tls: whether it speaks TLS.
        ca: the Secret whose key ca.crt signs its certificate; None for the authorities that the image trusts.
        login: the Secret with the keys username and password; None where it asks for none.
    """

    host: str
    port: int
    tls: bool
    ca: str | None
    login: str | None


def destination(profile: Profile) -> Destination:
    """Gives where the profile sends its logs.

    Raises:
        InputError: Fluent Bit is on and has nowhere to send, or the choices about TLS contradict each other.
    """
    choices = choices_of(profile, NAME)
    host, tls, ca = choices["host"], choices["tls"], choices["caSecret"]
    path = f"components.{NAME}"
    file = f"profile {profile.name}"
    if host is not None:
        if ca is not None and not tls:
            raise bad_input(
                f"found '{ca}' while {path}.tls is false, so there is no certificate to verify",
                file=file,
                path=f"{path}.caSecret",
            )
        return Destination(host, choices["port"], tls, ca, profile.choices["secrets"]["existing"][_LOGIN])
    if choices["enabled"] and not choices_of(profile, opensearch.NAME)["enabled"]:
        raise bad_input(
            "found null while components.opensearch.enabled is false, so the logs have nowhere to go",
            file=file,
            path=f"{path}.host",
            hint=f"name a host, or set {path}.enabled to false",
        )
    for key, found in (("tls", "false" if not tls else None), ("caSecret", ca)):
        if found is not None:
            raise bad_input(
                f"found {found} while {path}.host is null; this chart's OpenSearch has a certificate of its own",
                file=file,
                path=f"{path}.{key}",
                hint=f"name a host, or leave {key} out",
            )
    node_tls, login = (secret_name(profile, key) for key in ("opensearchNodeTls", _LOGIN))
    return Destination(opensearch.SERVICE, choices["port"], True, node_tls, login)


def environment(where: Destination) -> list[dict[str, Any]]:
    """Gives the container's variables: the node's name for every record, and the login."""
    variables: list[dict[str, Any]] = [
        {"name": "NODE_NAME", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}},
    ]
    if where.login is not None:
        known = SECRETS[_LOGIN]
        variables += [
            {"name": name, "valueFrom": {"secretKeyRef": {"name": where.login, "key": key}}}
            for name, key in (("OPENSEARCH_USER", known.user_key), ("OPENSEARCH_PASSWORD", known.password_key))
        ]
    return variables


def volumes(where: Destination) -> list[dict[str, Any]]:
    """Gives the volume with the certificate authority alone: the Secret may hold a private key too."""
    if where.ca is None:
        return []
    return [
        {
            "name": "opensearch-ca",
            "secret": {"secretName": where.ca, "items": [{"key": "ca.crt", "path": "ca.crt"}]},
        }
    ]


def volume_mounts(where: Destination) -> list[dict[str, Any]]:
    """Gives the mounts of those volumes."""
    return [{"name": volume["name"], "mountPath": _CA_FOLDER, "readOnly": True} for volume in volumes(where)]


def outputs(where: Destination, buffer_size: str) -> str:
    """Gives the outputs; the buffer is shared, the nodes' own logs are few and get a tenth of it.

    An id is made of a record and its time, which is written to the nanosecond so that equal lines stay two.
    """
    limit = mebibytes(buffer_size)
    host_limit = max(limit // 10, 1)
    sizes = {"kube.*": max(limit - host_limit, 1), "host.*": host_limit}
    return "\n".join(
        f"""\
[OUTPUT]
    Name opensearch
    Match {match}
    Host {where.host}
    Port {where.port}
{_secured(where)}    Index {stream}
    Time_Key @timestamp
    Time_Key_Nanos On
    Replace_Dots On
    Suppress_Type_Name On
    Trace_Error On
    Generate_ID On
    Write_Operation create
    Buffer_Size False
    Retry_Limit no_limits
    storage.total_limit_size {sizes[match]}M
"""
        for match, stream in STREAMS.items()
    )


def _secured(where: Destination) -> str:
    """Fluent Bit verifies a certificate unless told otherwise, but not whose it is (5.1.1 src/flb_output.c)."""
    lines: list[str] = []
    if where.tls:
        lines += ["tls On", "tls.verify On", "tls.verify_hostname On"]
        if where.ca is not None:
            lines.append(f"tls.ca_file {_CA_FOLDER}/ca.crt")
    if where.login is not None:
        lines += ["HTTP_User ${OPENSEARCH_USER}", "HTTP_Passwd ${OPENSEARCH_PASSWORD}"]
    return "".join(f"    {line}\n" for line in lines)
