"""The one door to the network: bounded in time, size, attempts and redirects, TLS always verified."""

from __future__ import annotations

import contextlib
import re
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar, cast
from urllib.parse import urljoin, urlsplit, urlunsplit

from generator.errors import InputError, Problem, bad_input
from generator.upstream.archive import looks_like_web_page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import requests

Result = TypeVar("Result")

MAX_REDIRECTS = 5
"""GitHub Pages needs one, a release asset of GitHub two."""

BLOCK = 1 << 16
"""Bytes read at once."""

_MAX_RETRY_AFTER = 30.0
_ANOTHER_WAY = "check the connection and run the command again, or name a mirror with --chart-mirror DIR"


@dataclass(frozen=True)
class Patience:
    """How long to try.

    Attributes:
        attempts: attempts for one request, the first included.
        pause: seconds before the second attempt; doubles each time.
        connect: seconds to wait for a connection.
        read: seconds to wait for the next bytes.
        slowest: fewest bytes a second of a body, on average over ``watched`` seconds. A server that sends a byte now
            and then keeps every wait for the next one short, and the whole without end.
        watched: seconds over which that is looked at.
    """

    attempts: int = 4
    pause: float = 0.5
    connect: float = 10.0
    read: float = 60.0
    slowest: float = 1024.0
    watched: float = 20.0


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


class TransientError(Exception):
    """A failure that may be gone at the next attempt."""

    def __init__(self, reason: str, after: float = 0.0) -> None:
        """Takes what happened, and the seconds that the server asks to wait."""
        super().__init__(reason)
        self.after = after


@contextlib.contextmanager
def open_client(patience: Patience) -> Iterator[Client]:
    """Provides a Client whose connections are closed at the end."""
    import requests

    from generator import __version__

    with requests.Session() as session:
        session.max_redirects = MAX_REDIRECTS
        session.headers["User-Agent"] = f"gen-chart/{__version__}"
        session.hooks["response"].append(refuse_downgrade)
        yield Client(session, patience)


def shown(url: str) -> str:
    """Returns a URL without user name, password, query and fragment, fit for a message."""
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
class BufferedResponse:
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


def ask(client: Client, url: str, *, headers: Mapping[str, str] | None = None, limit: int) -> BufferedResponse:
    """Returns the answer to a GET, whatever its status below 500.

    Args:
        client: from open_client.
        url: an http(s) address.
        headers: request headers to add.
        limit: the most bytes that the body may have.

    Raises:
        UnreachableError: no attempt succeeded.
        InputError: the address or its certificate is no good, it redirects without end, or the body is too large.
    """

    def attempt() -> BufferedResponse:
        with opened(client, url, dict(headers or {})) as response:
            body = bytearray()
            for block in blocks(response, client.patience, decoded=True):
                body += block
                if len(body) > limit:
                    raise too_large(url, limit)
            return BufferedResponse(response.status_code, response.reason or "", response.headers, bytes(body))

    return persist(client.patience, attempt, url)


def read_document(client: Client, url: str, *, limit: int) -> bytes:
    """Returns the body at ``url``; asks only once in a run.

    Raises:
        InputError: see ask; also for any status but 200 and for HTML.
    """
    if url not in client.documents:
        answer = ask(client, url, limit=limit)
        check_status(answer.status, answer.reason, url)
        if is_html(answer.headers) or looks_like_web_page(answer.body[:512]):
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


def persist(patience: Patience, attempt: Callable[[], Result], url: str) -> Result:
    """Calls ``attempt`` until it succeeds or fails for good, or patience is at its end."""
    tries = 0
    while True:
        try:
            return attempt()
        except TransientError as failure:
            tries += 1
            if tries >= patience.attempts:
                message = f"{failure}; gave up after {tries} attempt(s)"
                raise UnreachableError(Problem(message, shown(url), hint=_ANOTHER_WAY)) from None
            time.sleep(max(failure.after, patience.pause * 2 ** (tries - 1)))


@contextlib.contextmanager
def opened(client: Client, url: str, headers: dict[str, str]) -> Iterator[requests.Response]:
    """Sends a GET and closes the answer at the end; tells passing failures from lasting ones, the body included."""
    import requests
    from urllib3.exceptions import HTTPError

    timeout = (client.patience.connect, client.patience.read)
    # Without an auth of its own, requests would put a password from ~/.netrc over a token in the headers.
    auth = (lambda request: request) if "Authorization" in headers else None
    try:
        response = _in_time(
            lambda: client.session.get(url, headers=headers, auth=auth, stream=True, timeout=timeout), sum(timeout)
        )
    except requests.RequestException as error:
        raise _translate(error, url) from None
    with response:
        if response.status_code == 429 or response.status_code >= 500:
            after = response.headers.get("Retry-After", "")
            raise TransientError(
                f"the server answered {response.status_code} {response.reason or ''}".rstrip(),
                min(float(after), _MAX_RETRY_AFTER) if after.isdecimal() else 0.0,
            )
        try:
            yield response
        except (requests.RequestException, HTTPError) as error:
            raise TransientError(f"the connection broke off: {_innermost(error)}") from None


def _in_time(call: Callable[[], Result], seconds: float) -> Result:
    """Returns what a call gives, in so many seconds: the timeouts of a request begin anew with each byte of a header.

    Raises:
        TransientError: it takes longer. It is left alone then, in a thread that ends with the process.
    """
    import queue
    import threading

    answers: queue.SimpleQueue[tuple[Result | None, Exception | None]] = queue.SimpleQueue()

    def work() -> None:
        try:
            answers.put((call(), None))
        except Exception as error:  # noqa: BLE001 - raised again where the answer is waited for
            answers.put((None, error))

    threading.Thread(target=work, daemon=True).start()
    try:
        result, error = answers.get(timeout=seconds)
    except queue.Empty:
        raise TransientError(f"no answer within {seconds:g} seconds") from None
    if error is not None:
        raise error
    return cast("Result", result)


def blocks(response: requests.Response, patience: Patience, *, decoded: bool) -> Iterator[bytes]:
    """Yields a body as it comes.

    Args:
        response: the answer, whose body nobody has read.
        patience: how slow it may be.
        decoded: whether it is decoded as Content-Encoding says.

    Raises:
        InputError: it comes too slowly. To ask once more would take as long.
    """
    begin, received = time.monotonic(), 0
    while block := response.raw.read1(BLOCK, decode_content=decoded):
        yield block
        received += len(block)
        seconds = time.monotonic() - begin
        if seconds >= patience.watched:
            if received < patience.slowest * seconds:
                rate = f"expected {patience.slowest:,.0f} a second at least"
                raise bad_input(
                    f"sent {received:,} bytes in {seconds:.0f} seconds, {rate}",
                    file=shown(response.url),
                    hint=_ANOTHER_WAY,
                )
            begin, received = time.monotonic(), 0


def _translate(error: Exception, url: str) -> Exception:
    """Returns the error for a request that got no answer: a passing one if another attempt may help."""
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
        return TransientError(f"no answer: {_innermost(error)}")
    return bad_input(f"not an address that can be asked: {_innermost(error)}", file=shown(url), hint=_ANOTHER_WAY)


def _innermost(error: BaseException) -> str:
    """Returns the last cause, which is what happened; the errors around it only repeat the address."""
    while True:
        inner = getattr(error, "reason", None) or next(
            (part for part in error.args if isinstance(part, BaseException)), None
        )
        if not isinstance(inner, BaseException):
            return re.sub(r"^<[^>]*>: |^\w+\([^)]*\): ", "", str(error)) or type(error).__name__
        error = inner


def is_html(headers: Mapping[str, str]) -> bool:
    """Returns whether an answer calls itself HTML."""
    return headers.get("Content-Type", "").partition(";")[0].strip().lower() == "text/html"


def web_page_error(file: str) -> InputError:
    """Returns the error for an answer that is a page for people where a file was expected."""
    return bad_input(
        "found a web page (HTML), expected a file",
        file=file,
        hint="a login page or proxy seems to answer in its place; open the address in a browser, or name a mirror "
        "with --chart-mirror DIR",
    )


def too_large(url: str, limit: int) -> InputError:
    """Returns the error for a body of more than ``limit`` bytes."""
    return bad_input(
        f"more than {limit // 2**20} MiB; this is no Helm chart or index",
        file=shown(url),
        hint="check the address, or name a mirror with --chart-mirror",
    )
