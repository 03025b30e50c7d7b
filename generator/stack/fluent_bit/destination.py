"""Where the logs go and how: this chart's OpenSearch or another host, over which TLS, with which login."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from generator.errors import bad_input
from generator.files.templating import render
from generator.stack.component import choices_of, mebibytes
from generator.stack.opensearch import component as opensearch
from generator.stack.opensearch.external import external
from generator.stack.secrets.names import secret_name

if TYPE_CHECKING:
    from generator.choices.profiles import Profile
    from generator.errors import InputError

NAME = "fluent-bit"

CA_FOLDER = "/fluent-bit/opensearch"
"""Where the authority of OpenSearch's certificate is mounted."""

_LOGIN = "opensearchFluentBit"

_PORT = 9200
"""The port of this chart's OpenSearch."""

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
        path: what stands before its paths; "" for nothing.
        region: the AWS region for which requests are signed; None where they are not.
    """

    host: str
    port: int
    tls: bool
    ca: str | None
    login: str | None
    path: str = ""
    region: str | None = None


def destination(profile: Profile) -> Destination:
    """Returns where the profile sends its logs.

    Raises:
        InputError: Fluent Bit is on and has nowhere to send, or the choices about that host contradict each other.
    """
    choices = choices_of(profile, NAME)
    host, tls, ca = choices["host"], choices["tls"], choices["caSecret"]
    path = f"components.{NAME}"
    if host is not None:
        if ca is not None and not tls:
            raise _refused(profile, "caSecret", f"found '{ca}' while {path}.tls is false: no certificate is verified")
        return Destination(host, choices["port"], tls, ca, profile.choices["secrets"]["existing"][_LOGIN])
    other = external(profile)
    if choices["enabled"] and other is None and not choices_of(profile, opensearch.NAME)["enabled"]:
        keys = ("components", opensearch.NAME, "enabled")
        raise bad_input(
            f"found false while {path}.host is null, so the logs have nowhere to go",
            file=profile.file_of(*keys),
            path=".".join(keys),
            hint=f"name components.opensearch.external or a host, or set {path}.enabled to false",
        )
    of_host = {"tls": "false" if not tls else None, "caSecret": ca, "port": choices["port"]}
    for key, value in of_host.items():
        if value not in (None, _PORT):
            own = f"listens on {_PORT}" if key == "port" else "has a certificate of its own"
            said = f"this chart's OpenSearch {own}" if other is None else "components.opensearch.external says it"
            message = f"found {value} while {path}.host is null; {said}"
            raise _refused(profile, key, message, f"name a host, or leave {key} out")
    if other is not None:
        login = profile.choices["secrets"]["existing"][_LOGIN]
        return Destination(other.host, other.port, other.tls, other.ca, login, other.path, other.region)
    node_tls, login = (secret_name(profile, key) for key in ("opensearchNodeTls", _LOGIN))
    return Destination(opensearch.SERVICE, _PORT, True, node_tls, login)


def _refused(profile: Profile, key: str, message: str, hint: str = "") -> InputError:
    keys = ("components", NAME, key)
    return bad_input(message, file=profile.file_of(*keys), path=".".join(keys), hint=hint)


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
