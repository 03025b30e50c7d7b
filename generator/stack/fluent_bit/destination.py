"""Where the logs go and how: this chart's OpenSearch or another host, over which TLS, with which login."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from generator.errors import bad_input
from generator.files.templating import render
from generator.stack.component import choices_of, mebibytes
from generator.stack.opensearch import component as opensearch
from generator.stack.secrets.names import secret_name

if TYPE_CHECKING:
    from generator.choices.profiles import Profile

NAME = "fluent-bit"

CA_FOLDER = "/fluent-bit/opensearch"
"""Where the authority of OpenSearch's certificate is mounted."""

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
    """Returns where the profile sends its logs.

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
    for key, value in (("tls", "false" if not tls else None), ("caSecret", ca)):
        if value is not None:
            raise bad_input(
                f"found {value} while {path}.host is null; this chart's OpenSearch has a certificate of its own",
                file=file,
                path=f"{path}.{key}",
                hint=f"name a host, or leave {key} out",
            )
    node_tls, login = (secret_name(profile, key) for key in ("opensearchNodeTls", _LOGIN))
    return Destination(opensearch.SERVICE, choices["port"], True, node_tls, login)


def outputs(where: Destination, buffer_size: str) -> str:
    """Returns the outputs; the buffer is shared, the nodes' own logs are few and get a tenth of it."""
    limit = mebibytes(buffer_size)
    host_limit = max(limit // 10, 1)
    limits = {"kube.*": max(limit - host_limit, 1), "host.*": host_limit}
    return render(
        "stack/fluent_bit/templates/outputs.conf",
        where=where,
        ca_folder=CA_FOLDER,
        streams=[(match, stream, limits[match]) for match, stream in STREAMS.items()],
    )
