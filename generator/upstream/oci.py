"""Finds a chart in an OCI registry: the pull half of the OCI distribution specification 1.1.

The library oras would save only the token challenge: it neither resumes nor bounds a download, and it leaves
redirects, retries and the size of answers to requests' defaults. What remains is small enough to own.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urljoin, urlsplit

from generator.errors import bad_input
from generator.upstream.limits import MAX_MANIFEST
from generator.upstream.web import ask, check_status, shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from generator.stack.images.reference import Reference
    from generator.upstream.lock import Dependency
    from generator.upstream.web import BufferedResponse, Client

CHART_LAYER = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
"""The media type of a chart's archive, https://helm.sh/docs/topics/registries/."""

_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_IMAGES = ", ".join(
    (
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        _MANIFEST,
        "application/vnd.docker.distribution.manifest.v2+json",
    )
)
"""What an image's tag may name; the lists of all architectures first."""

_MAX_PAGES = 20
"""Most answers that are asked for a list of tags."""

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_DOCKER_HUB = ("registry-1.docker.io", "index.docker.io")


@dataclass(frozen=True)
class Blob:
    """Where a chart's archive is in a registry.

    Attributes:
        url: the address of the blob.
        headers: request headers that give access to it; secret.
        digest: its sha256, from the manifest.
    """

    url: str
    headers: Mapping[str, str]
    digest: str


def find_blob(client: Client, prefix: str, dependency: Dependency) -> Blob:
    """Returns the archive of ``oci://HOST/PREFIX/NAME:VERSION``.

    Plain http is spoken with this machine only. A ``+`` in the version is ``_`` in the tag, as with Helm.

    Args:
        client: from web.open_client.
        prefix: ``oci://HOST[:PORT][/PREFIX]``.
        dependency: the chart that is wanted.

    Raises:
        InputError: no such chart there, access refused, or what is there is no Helm chart.
    """
    parts = urlsplit(prefix)
    host = parts.netloc.rpartition("@")[2]
    scheme = "http" if parts.hostname in _LOOPBACK else "https"
    repository = f"{parts.path.strip('/')}/{dependency.name}".lstrip("/")
    base = f"{scheme}://{host}/v2/{repository}"
    url = f"{base}/manifests/{dependency.version.replace('+', '_')}"
    answer, access = _ask_with_access(client, url, host, _MANIFEST)
    check_status(answer.status, answer.reason, url)
    digest = _chart_layer(_json(answer.body, url), url)
    return Blob(f"{base}/blobs/{digest}", access, digest.removeprefix("sha256:"))


def image_digest(client: Client, image: Reference) -> str:
    """Returns the digest (``sha256:…``) of an image's tag: that of its list of architectures, if it has one.

    Plain http is spoken with this machine only.

    Args:
        client: from web.open_client.
        image: the image; its tag counts.

    Raises:
        InputError: no such image there, access refused, or the answer is not the one that its registry vouches for.
    """
    host = "registry-1.docker.io" if image.registry == "docker.io" else image.registry
    scheme = "http" if urlsplit(f"//{host}").hostname in _LOOPBACK else "https"
    url = f"{scheme}://{host}/v2/{image.repository}/manifests/{image.tag}"
    answer, _access = _ask_with_access(client, url, host, _IMAGES)
    check_status(answer.status, answer.reason, url)
    _json(answer.body, url)
    digest = f"sha256:{hashlib.sha256(answer.body).hexdigest()}"
    vouched = answer.headers.get("Docker-Content-Digest", digest)
    if vouched != digest:
        raise bad_input(f"found {digest}, but the registry says {vouched}", file=shown(url))
    return digest


def list_tags(client: Client, registry: str, repository: str) -> list[str]:
    """Returns every tag of a repository, in the registry's order.

    Plain http is spoken with this machine only.

    Args:
        client: from web.open_client.
        registry: the host, with a port where there is one.
        repository: the path behind it.

    Raises:
        InputError: no such repository there, access refused, or an answer that is not a registry's.
    """
    host = "registry-1.docker.io" if registry == "docker.io" else registry
    scheme = "http" if urlsplit(f"//{host}").hostname in _LOOPBACK else "https"
    url = f"{scheme}://{host}/v2/{repository}/tags/list?n=1000"
    tags_of_pages: list[str] = []
    for _page in range(_MAX_PAGES):
        answer, _access = _ask_with_access(client, url, host, "application/json")
        check_status(answer.status, answer.reason, url)
        tags = _json(answer.body, url).get("tags") or []
        tags_of_pages += [tag for tag in tags if isinstance(tag, str)]
        following = re.match(r'\s*<([^>]+)>;\s*rel="?next', answer.headers.get("Link", ""))
        after = urljoin(url, following[1]) if following else ""
        if urlsplit(after)[:2] != urlsplit(url)[:2]:
            break
        url = after
    return tags_of_pages


def _ask_with_access(client: Client, url: str, host: str, accepted: str) -> tuple[BufferedResponse, dict[str, str]]:
    """Returns the answer, after the registry's challenge if it has one, and the header that met it."""
    accept = {"Accept": accepted}
    answer = ask(client, url, headers=accept, limit=MAX_MANIFEST)
    if answer.status != 401:
        return answer, {}
    access = _meet_challenge(client, answer.headers.get("WWW-Authenticate", ""), host, url)
    answer = ask(client, url, headers={**accept, **access}, limit=MAX_MANIFEST)
    if answer.status in (401, 403):
        raise bad_input(
            f"the registry refuses access ({answer.status})",
            file=shown(url),
            hint=f"log in with 'docker login {host}'; of Docker's credentials only those kept in config.json are used",
        )
    return answer, access


def _meet_challenge(client: Client, challenge: str, host: str, url: str) -> dict[str, str]:
    from requests.utils import parse_dict_header

    scheme, _, rest = challenge.partition(" ")
    login = find_login(host, _config_files())
    if scheme.lower() == "basic":
        return {"Authorization": f"Basic {login}"} if login else {}
    fields: dict[str, str] = {}
    if scheme.lower() == "bearer":
        fields = parse_dict_header(rest)  # type: ignore[no-untyped-call]
    realm = fields.get("realm") or ""
    parts = urlsplit(realm)
    if not (parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)):
        raise bad_input(
            f"the registry asks for access in a way that is not supported: '{challenge[:80]}'",
            file=shown(url),
            hint="name a mirror of another kind with --chart-mirror",
        )
    query = urlencode({key: fields[key] for key in ("service", "scope") if fields.get(key)})
    token_url = f"{realm}{'&' if parts.query else '?'}{query}" if query else realm
    answer = ask(client, token_url, headers={"Authorization": f"Basic {login}"} if login else {}, limit=MAX_MANIFEST)
    check_status(answer.status, answer.reason, token_url)
    granted = _json(answer.body, token_url)
    token = granted.get("token") or granted.get("access_token")
    if not isinstance(token, str):
        raise bad_input("found no token in the answer, expected one", file=shown(token_url))
    return {"Authorization": f"Bearer {token}"}


def _config_files() -> tuple[Path, ...]:
    """Returns the files in which ``helm registry login`` and ``docker login`` may keep credentials."""
    docker = Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker") / "config.json"
    helm = os.environ.get("HELM_REGISTRY_CONFIG")
    return (Path(helm), docker) if helm else (docker,)


def find_login(host: str, config_files: Iterable[Path]) -> str | None:
    """Returns the Basic credentials (base64 of ``user:password``) for a registry from Docker-style config files.

    Credential helpers are not asked. A file that is absent or broken counts as empty.
    """
    names = {host, *(_DOCKER_HUB if host in _DOCKER_HUB else ())}
    for file in config_files:
        try:
            auths = json.loads(file.read_text(encoding="utf-8")).get("auths", {})
            for key, entry in auths.items():
                login = entry.get("auth")
                if re.sub(r"^https?://|/.*$", "", key) in names and login:
                    base64.b64decode(login, validate=True)
                    return str(login)
        except (OSError, ValueError, AttributeError, RecursionError):
            continue
    return None


def _json(body: bytes, url: str) -> dict[str, Any]:
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        data = None
    if not isinstance(data, dict):
        raise bad_input(
            "the answer is not JSON, expected that of an OCI registry",
            file=shown(url),
            hint="check that the address is a registry's; a Helm repository is named with https://",
        )
    return data


def _chart_layer(manifest: dict[str, Any], url: str) -> str:
    """Returns the digest (``sha256:…``) of the manifest's chart."""
    layers = manifest.get("layers")
    for layer in layers if isinstance(layers, list) else ():
        if isinstance(layer, dict) and layer.get("mediaType") == CHART_LAYER:
            digest = layer.get("digest")
            if isinstance(digest, str) and _DIGEST.fullmatch(digest):
                return digest
            raise bad_input(f"found the digest '{digest}', expected sha256:…", file=shown(url))
    raise bad_input(
        "found something that is not a Helm chart",
        file=shown(url),
        hint=f"expected a manifest with a layer of type {CHART_LAYER}, as 'helm push' makes it",
    )
