"""The one door to the network: bounded in time, size, attempts and redirects, TLS always verified."""

from __future__ import annotations

import contextlib
import json
import re
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urljoin, urlsplit, urlunsplit

from generator.errors import InputError, Problem, bad_input
from generator.vendor.archive import looks_like_web_page, web_page_error

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    import requests

    from generator.vendor.progress import Progress

Result = TypeVar("Result")

MAX_REDIRECTS = 5
"""GitHub Pages needs one, a release asset of GitHub two."""

_MAX_RETRY_AFTER = 30.0
_BLOCK = 1 << 16
_ANOTHER_WAY = "check the connection and run the command again, or name a mirror with --chart-mirror DIR"


@dataclass(frozen=True)
class Patience:
    """How long to try.

    Attributes:
        attempts: attempts for one request, the first included.
        pause: seconds before the second attempt; doubles each time.
        connect: seconds to wait for a connection.
        read: seconds to wait for the next bytes.
    """

    attempts: int = 4
    pause: float = 0.5
    connect: float = 10.0
    read: float = 60.0


@dataclass(frozen=True)
class Client:
    """What the requests of one run share.

    Attributes:
        session: keeps connections open.
        patience: how long to try.
        documents: the small documents that were read in this run, by address, so that two charts of one
            repository cost one index.
    """

    session: requests.Session
    patience: Patience
    documents: dict[str, bytes] = field(default_factory=dict)


class UnreachableError(InputError):
    """The server gave no answer in all attempts; asking it for another chart would only take more time."""


class _PassingError(Exception):
    """A failure that may be gone at the next attempt."""

    def __init__(self, reason: str, after: float = 0.0) -> None:
        super().__init__(reason)
        self.after = after


def open_client(patience: Patience) -> Client:
    """Gives a Client; close its session when done."""
    import requests

    from generator import __version__

    session = requests.Session()
    session.max_redirects = MAX_REDIRECTS
    session.headers["User-Agent"] = f"gen-chart/{__version__}"
    session.hooks["response"].append(refuse_downgrade)
    return Client(session, patience)


def shown(url: str) -> str:
    """Gives a URL without user name, password, query and fragment, fit for a message."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def refuse_downgrade(response: requests.Response, **_options: Any) -> None:
    """Refuses a redirect from https to anything else; called for every answer.

    Raises:
        InputError: the answer is such a redirect.
    """
    if not response.is_redirect:
        return
    target = urljoin(response.url, response.headers["Location"])
    if response.url.startswith("https:") and not target.startswith("https:"):
        raise bad_input(
            f"redirects to {shown(target)}, expected https",
            file=shown(response.url),
            hint="an encrypted address must not lead to an open one; name another mirror with --chart-mirror",
        )


@dataclass(frozen=True)
class Answer:
    """A whole answer to a GET.

    Attributes:
        status: the HTTP status.
        reason: the words beside it.
        headers: the answer's headers; names in any case.
        body: what it says, decoded as Content-Encoding asks for.
    """

    status: int
    reason: str
    headers: Mapping[str, str]
    body: bytes


def ask(client: Client, url: str, *, headers: Mapping[str, str] | None = None, limit: int) -> Answer:
    """Gives the answer to a GET, whatever its status below 500.

    Args:
        client: from open_client.
        url: an http(s) address.
        headers: request headers to add.
        limit: the most bytes that the body may have.

    Raises:
        UnreachableError: no attempt succeeded.
        InputError: the address or its certificate is no good, it redirects without end, or the body is too large.
    """
    def attempt() -> Answer:
        with _open(client, url, dict(headers or {})) as response:
            body = bytearray()
            for block in response.iter_content(_BLOCK):
                body += block
                if len(body) > limit:
                    raise _too_large(url, limit)
            return Answer(response.status_code, response.reason or "", response.headers, bytes(body))

    return _persist(client.patience, attempt, url)


def read_document(client: Client, url: str, *, limit: int) -> bytes:
    """Gives the body at ``url``; asks only once in a run.

    Raises:
        InputError: see ask; also for any status but 200 and for HTML.
    """
    if url not in client.documents:
        answer = ask(client, url, limit=limit)
        check_status(answer.status, answer.reason, url)
        if _is_html(answer.headers) or looks_like_web_page(answer.body[:512]):
            raise web_page_error(shown(url))
        client.documents[url] = answer.body
    return client.documents[url]


def check_status(status: int, reason: str, url: str, *, expected: tuple[int, ...] = (200,)) -> None:
    """Checks the status of an answer.

    Raises:
        InputError: it is not an expected one.
    """
    if status in expected:
        return
    hints = {
        401: "it wants a login; name another mirror with --chart-mirror",
        403: "it refuses access; name another mirror with --chart-mirror",
        404: "nothing is published there; check the address, or name a mirror with --chart-mirror DIR",
    }
    raise bad_input(
        f"the server answered {status} {reason}".rstrip(),
        file=shown(url),
        hint=hints.get(status, _ANOTHER_WAY),
    )


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
        with _open(client, url, {**(headers or {}), **_range_headers(part, start)}) as response:
            offset = _offset(response, url, part, start)
            total = _total(response, offset)
            if total is not None and total > limit:
                raise _too_large(url, limit)
            if not offset:
                part.unlink(missing_ok=True)
                _state_file(part).write_text(json.dumps({"url": url, "validator": _validator(response)}))
            with report(label, total) as advance:
                advance(offset)
                _receive(response, part, advance, limit=limit, url=url)
        size = part.stat().st_size
        if total is not None and size != total:
            raise _PassingError(f"the connection broke off after {size} of {total} bytes")
        return offset > 0

    return _persist(client.patience, attempt, url)


def discard(part: Path) -> None:
    """Removes what download left."""
    part.unlink(missing_ok=True)
    _state_file(part).unlink(missing_ok=True)


def _persist(patience: Patience, attempt: Callable[[], Result], url: str) -> Result:
    """Calls ``attempt`` until it succeeds or fails for good, or patience is at its end."""
    tries = 0
    while True:
        try:
            return attempt()
        except _PassingError as failure:
            tries += 1
            if tries >= patience.attempts:
                message = f"{failure}; gave up after {tries} attempt(s)"
                raise UnreachableError(Problem(message, shown(url), hint=_ANOTHER_WAY)) from None
            time.sleep(max(failure.after, patience.pause * 2 ** (tries - 1)))


@contextlib.contextmanager
def _open(client: Client, url: str, headers: dict[str, str]) -> Iterator[requests.Response]:
    """Sends a GET and closes the answer at the end; tells passing failures from lasting ones, the body included."""
    import requests
    from urllib3.exceptions import HTTPError

    timeout = (client.patience.connect, client.patience.read)
    # Without an auth of its own, requests would put a password from ~/.netrc over a token in the headers.
    auth = (lambda request: request) if "Authorization" in headers else None
    try:
        response = client.session.get(url, headers=headers, auth=auth, stream=True, timeout=timeout)
    except requests.RequestException as error:
        raise _translate(error, url) from None
    with response:
        if response.status_code == 429 or response.status_code >= 500:
            after = response.headers.get("Retry-After", "")
            raise _PassingError(
                f"the server answered {response.status_code} {response.reason or ''}".rstrip(),
                min(float(after), _MAX_RETRY_AFTER) if after.isdecimal() else 0.0,
            )
        try:
            yield response
        except (requests.RequestException, HTTPError) as error:
            raise _PassingError(f"the connection broke off: {_innermost(error)}") from None


def _translate(error: Exception, url: str) -> Exception:
    """Gives the error for a request that got no answer: a passing one if another attempt may help."""
    import requests

    if isinstance(error, requests.exceptions.SSLError):
        return bad_input(
            f"no trusted connection: {_innermost(error)}",
            file=shown(url),
            hint="if your network has its own certificate authority, name its file in REQUESTS_CA_BUNDLE",
        )
    if isinstance(error, requests.TooManyRedirects):
        return bad_input(
            f"redirects more than {MAX_REDIRECTS} times",
            file=shown(url),
            hint="the server seems to redirect in a circle; name another mirror with --chart-mirror",
        )
    if isinstance(error, (requests.ConnectionError, requests.Timeout)):
        return _PassingError(f"no answer: {_innermost(error)}")
    return bad_input(f"not an address that can be asked: {_innermost(error)}", file=shown(url), hint=_ANOTHER_WAY)


def _innermost(error: BaseException) -> str:
    """Gives the last cause, which is what happened; the errors around it only repeat the address."""
    while True:
        inner = getattr(error, "reason", None) or next(
            (part for part in error.args if isinstance(part, BaseException)), None
        )
        if not isinstance(inner, BaseException):
            return re.sub(r"^<[^>]*>: |^\w+\([^)]*\): ", "", str(error)) or type(error).__name__
        error = inner


def _state_file(part: Path) -> Path:
    return part.with_name(part.name + ".json")


def _state(part: Path) -> dict[str, Any]:
    """Gives what is known about a rest: its url and validator; {} if that is not known."""
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
    """Gives the position in the file at which the body of the answer begins."""
    if response.status_code == 416:
        discard(part)
        raise _PassingError("the file has become shorter than what was there of it")
    check_status(response.status_code, response.reason or "", url, expected=(200, 206))
    if _is_html(response.headers):
        raise web_page_error(shown(url))
    if response.status_code == 200:
        return 0
    found = re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
    if not start or found is None or int(found[1]) != start:
        discard(part)
        raise _PassingError("the server sent another part of the file than was asked for")
    return start


def _total(response: requests.Response, offset: int) -> int | None:
    length = response.headers.get("Content-Length", "")
    return offset + int(length) if length.isdecimal() else None


def _validator(response: requests.Response) -> str:
    """Gives the ETag, or the Last-Modified date; a weak ETag says nothing about bytes."""
    tag = response.headers.get("ETag", "")
    return tag if tag and not tag.startswith("W/") else response.headers.get("Last-Modified", "")


def _receive(
    response: requests.Response, part: Path, advance: Callable[[int], object], *, limit: int, url: str
) -> None:
    with part.open("ab") as file:
        # Undecoded: some servers label a .tgz "Content-Encoding: gzip", and requests would unpack it.
        for block in response.raw.stream(_BLOCK, decode_content=False):
            file.write(block)
            if file.tell() > limit:
                raise _too_large(url, limit)
            advance(len(block))


def _is_html(headers: Mapping[str, str]) -> bool:
    return headers.get("Content-Type", "").partition(";")[0].strip().lower() == "text/html"


def _too_large(url: str, limit: int) -> InputError:
    return bad_input(
        f"more than {limit // 2**20} MiB; this is no Helm chart or index",
        file=shown(url),
        hint="check the address, or name a mirror with --chart-mirror",
    )
