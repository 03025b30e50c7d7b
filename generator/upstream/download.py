"""Downloads one file, going on where an earlier download of it broke off."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from generator.files.atomic import replacing
from generator.upstream.web import (
    TransientError,
    blocks,
    check_status,
    is_html,
    opened,
    persist,
    shown,
    too_large,
    web_page_error,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    import requests

    from generator.upstream.progress import Progress
    from generator.upstream.web import Client


def download(
    client: Client,
    url: str,
    part: Path,
    *,
    headers: Mapping[str, str] | None = None,
    immutable: bool,
    limit: int,
    label: str,
    report: Progress,
) -> bool:
    """Downloads ``url`` into ``part``, going on where an earlier download of it broke off.

    A download goes on only if the server proves that the file is the same (ETag or Last-Modified, by If-Range), or
    if the caller can tell afterwards (``immutable``); a server that knows no ranges starts anew. A rest
    stays in ``part`` when it breaks off, with ``part.json`` beside it.

    Args:
        client: from open_client.
        url: an http(s) address.
        part: where the bytes go; its directory exists.
        headers: request headers to add.
        immutable: the caller checks the sha256 of the whole file afterwards.
        limit: the most bytes that the file may have.
        label: what to call it in the progress report.
        report: see Progress.

    Returns:
        Whether some of the bytes came from an earlier download.

    Raises:
        UnreachableError: no attempt succeeded.
        InputError: any status but success, HTML, too many bytes, or see ask.
        OSError: part cannot be written.
    """

    def attempt() -> bool:
        start = _resume_at(part, url, immutable=immutable)
        with opened(client, url, {**(headers or {}), **_range_headers(part, start)}) as response:
            offset = _offset(response, url, part, start)
            total = _total(response, offset)
            if total is not None and total > limit:
                raise too_large(url, limit)
            if not offset:
                part.unlink(missing_ok=True)
                with replacing(_state_file(part)) as state:
                    state.write(json.dumps({"url": url, "validator": _validator(response)}).encode())
            with report(label, total) as advance:
                advance(offset)
                _receive(blocks(response, client.patience, decoded=False), part, advance, limit=limit, url=url)
        size = part.stat().st_size
        if total is not None and size != total:
            raise TransientError(f"the connection broke off after {size} of {total} bytes")
        return offset > 0

    return persist(client.patience, attempt, url)


def discard(part: Path) -> None:
    """Removes what download left."""
    part.unlink(missing_ok=True)
    _state_file(part).unlink(missing_ok=True)


def _state_file(part: Path) -> Path:
    return part.with_name(part.name + ".json")


def _state(part: Path) -> dict[str, Any]:
    """Returns what is known about a rest: its url and validator; {} if that is not known."""
    try:
        state = json.loads(_state_file(part).read_text())
    except (OSError, ValueError):
        return {}
    return state if isinstance(state, dict) else {}


def _resume_at(part: Path, url: str, *, immutable: bool) -> int:
    state = _state(part)
    if state.get("url") != url or not part.is_file() or not (immutable or state.get("validator")):
        return 0
    return part.stat().st_size


def _range_headers(part: Path, start: int) -> dict[str, str]:
    headers = {"Accept-Encoding": "identity"}  # offsets count bytes of the file itself
    if start:
        headers["Range"] = f"bytes={start}-"
        validator = _state(part).get("validator")
        if isinstance(validator, str) and validator:
            headers["If-Range"] = validator
    return headers


def _offset(response: requests.Response, url: str, part: Path, start: int) -> int:
    """Returns the position in the file at which the body of the answer begins."""
    if response.status_code == 416:
        discard(part)
        raise TransientError("the file has become shorter than what was there of it")
    check_status(response.status_code, response.reason or "", url, expected=(200, 206))
    if is_html(response.headers):
        raise web_page_error(shown(url))
    if response.status_code == 200:
        return 0
    match = re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
    if not start or match is None or int(match[1]) != start:
        discard(part)
        raise TransientError("the server sent another part of the file than was asked for")
    return start


def _total(response: requests.Response, offset: int) -> int | None:
    length = response.headers.get("Content-Length", "")
    return offset + int(length) if length.isdecimal() else None


def _validator(response: requests.Response) -> str:
    """Returns the ETag, or the Last-Modified date; a weak ETag says nothing about bytes."""
    tag = response.headers.get("ETag", "")
    return tag if tag and not tag.startswith("W/") else response.headers.get("Last-Modified", "")


def _receive(body: Iterable[bytes], part: Path, advance: Callable[[int], object], *, limit: int, url: str) -> None:
    with part.open("ab") as file:
        # Undecoded: some servers label a .tgz "Content-Encoding: gzip", and requests would unpack it.
        for block in body:
            file.write(block)
            if file.tell() > limit:
                raise too_large(url, limit)
            advance(len(block))
