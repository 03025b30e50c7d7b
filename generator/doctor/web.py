"""One server that is asked with GET and POST: bounded in time, size and parallelism, and every failure one sentence."""

from __future__ import annotations

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from generator.errors import bad_input, printable
from generator.upstream.web import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    import requests

Given = TypeVar("Given")
Result = TypeVar("Result")

_BLOCK = 1 << 16
_SAID = 160
"""Characters of a server's own words that a sentence repeats."""


class AnswerError(Exception):
    """A server did not give what was asked for; the text is one sentence about it.

    Attributes:
        status: the HTTP status; 0 where there was none.
    """

    def __init__(self, message: str, status: int = 0) -> None:
        """Takes the sentence, which may hold a server's words, and the status."""
        super().__init__(printable(message))
        self.status = status


@dataclass(frozen=True)
class Limits:
    """What a run may cost the servers that it asks.

    Attributes:
        seconds: how long one answer may take.
        size: bytes of one answer, unpacked.
        parallel: questions that are open at the same time.
    """

    seconds: float = 20.0
    size: int = 64 << 20
    parallel: int = 6


@dataclass(frozen=True)
class Access:
    """How a server lets us in; all of it comes from files, so that no secret stands in a list of processes.

    Attributes:
        user: for basic authentication, with ``password_file``.
        password_file: its first line is the password.
        token_file: its first line is a bearer token.
        ca_file: the authorities that are trusted, in place of the system's.
        certificate: the client's certificate in PEM form.
        key: its key, where that is in another file.
        region: the AWS region whose SigV4 signs each request (Amazon Managed Service for Prometheus); "" for none.
    """

    user: str = ""
    password_file: Path | None = None
    token_file: Path | None = None
    ca_file: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    region: str = ""


@dataclass
class Load:
    """What a run has cost, counted while it goes on.

    Attributes:
        requests: questions asked.
        series: series that came back.
        size: bytes that came back, unpacked.
        seconds: the time that servers took for all of them, added up.
    """

    requests: int = 0
    series: int = 0
    size: int = 0
    seconds: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def add(self, *, series: int = 0, size: int = 0, seconds: float = 0.0, requests: int = 0) -> None:
        """Counts something; threads may do so at the same time."""
        with self._lock:
            self.requests += requests
            self.series += series
            self.size += size
            self.seconds += seconds


@dataclass(frozen=True)
class Server:
    """One server.

    Attributes:
        url: its address, without a slash at the end.
        name: what it is, for messages: ``Prometheus``.
        session: with the credentials.
        limits: what it may be asked.
        load: where the cost is counted.
    """

    url: str
    name: str
    session: requests.Session
    limits: Limits
    load: Load

    def json(
        self, path: str, params: Mapping[str, Any] | None = None, *, post: bool = False, body: Any = None
    ) -> tuple[Any, Mapping[str, str]]:
        """Returns what a path answers, parsed, and its headers.

        Args:
            path: below the address, with a slash in front.
            params: of the query, or of the form where ``post`` is true.
            post: whether to POST, as Prometheus allows for expressions that are longer than an address.
            body: what to POST as JSON instead of a form.

        Raises:
            AnswerError: no answer, none in time, too much of it, a status that says no, or no JSON.
        """
        text, status, headers = self._read(path, params or {}, post=post, body=body)
        try:
            data = json.loads(text)
        except (ValueError, RecursionError):
            if status >= 400:
                raise AnswerError(self._refused(status, ""), status) from None
            raise AnswerError(
                f"{self.where}{path} answers something that is no JSON; is this {self.name}'s address?", status
            ) from None
        if status >= 400:
            raise AnswerError(self._refused(status, _reason(data)), status)
        return data, headers

    @property
    def where(self) -> str:
        """The address without credentials."""
        return shown(self.url)

    def each(self, ask: Callable[[Given], Result], given: Iterable[Given]) -> list[Result]:
        """Returns the results of a function for each thing given, in their order; some are asked at the same time."""
        with ThreadPoolExecutor(self.limits.parallel) as pool:
            return list(pool.map(ask, given))

    def _read(
        self, path: str, params: Mapping[str, Any], *, post: bool, body: Any
    ) -> tuple[bytes, int, Mapping[str, str]]:
        import requests
        from urllib3.exceptions import HTTPError, ReadTimeoutError

        start = time.monotonic()
        size = 0
        method = "POST" if post or body is not None else "GET"
        given = {"data" if post else "params": params, "json": body}
        try:
            with self.session.request(
                method,
                f"{self.url}{path}",
                timeout=(min(5.0, self.limits.seconds), self.limits.seconds),
                stream=True,
                allow_redirects=False,
                **given,
            ) as answer:
                if answer.is_redirect:
                    raise AnswerError(
                        f"{self.where} sends us on to {shown(answer.headers['Location'])}; give that address, or "
                        "what logs in (--token-file)",
                        answer.status_code,
                    )
                blocks = []
                # What is there, and not a whole block: a server that drips would hold that up without end.
                while block := answer.raw.read1(_BLOCK, decode_content=True):
                    size += len(block)
                    self._bound(size, start, path)
                    blocks.append(block)
                return b"".join(blocks), answer.status_code, answer.headers
        except requests.exceptions.SSLError as error:
            raise AnswerError(f"{self.where}: TLS fails: {_innermost(error)}; --ca-file names an authority") from None
        except (requests.exceptions.Timeout, ReadTimeoutError):
            raise AnswerError(f"{self.where}{path} gives no answer within {self.limits.seconds:g} s") from None
        except (requests.RequestException, HTTPError, OSError) as error:
            raise AnswerError(f"{self.where} cannot be reached: {_innermost(error)}") from None
        finally:
            self.load.add(requests=1, size=size, seconds=time.monotonic() - start)

    def _bound(self, size: int, start: float, path: str) -> None:
        if size > self.limits.size:
            raise AnswerError(f"{self.where}{path} answers more than {self.limits.size >> 20} MiB")
        if time.monotonic() - start > self.limits.seconds:
            raise AnswerError(f"{self.where}{path} takes longer than {self.limits.seconds:g} s")

    def _refused(self, status: int, said: str) -> str:
        hints = {401: "give --token-file or --user", 403: "the login may not read this", 404: "is the path right?"}
        words = f": {said[:_SAID]}" if said else f"; {hints[status]}" if status in hints else ""
        return f"{self.where} answers {status}{words}"


def open_server(url: str, name: str, access: Access, limits: Limits, load: Load) -> Server:
    """Returns a server; nothing is asked yet.

    Raises:
        InputError: the address is no http(s) address, or a file of the access cannot be read.
    """
    import requests
    from requests.adapters import HTTPAdapter

    from generator import __version__

    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        hint = "as http://localhost:9090"
        raise bad_input(f"found '{shown(url)}', expected an address with http:// or https://", file=name, hint=hint)
    session = requests.Session()
    session.headers["User-Agent"] = f"gen-chart/{__version__}"
    session.mount("http://", HTTPAdapter(pool_maxsize=limits.parallel))
    session.mount("https://", HTTPAdapter(pool_maxsize=limits.parallel))
    if parts.hostname in ("localhost", "127.0.0.1", "::1"):
        session.trust_env = False  # no proxy leads to this machine
    if access.user:
        session.auth = (access.user, _line(access.password_file) if access.password_file else "")
    if access.token_file:
        session.auth = _bearer(_line(access.token_file))
    if access.ca_file:
        _line(access.ca_file)
        session.verify = str(access.ca_file)
    if access.certificate:
        _line(access.certificate)
        session.cert = (str(access.certificate), str(access.key)) if access.key else str(access.certificate)
    if access.region:
        from generator.doctor.sigv4 import signer

        session.auth = signer(access.region)
    return Server(url.rstrip("/"), name, session, limits, load)


def _bearer(token: str) -> Callable[[requests.PreparedRequest], requests.PreparedRequest]:
    """Returns what puts a token on a request; as ``auth`` it also keeps requests from reading ~/.netrc."""

    def sign(request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {token}"
        return request

    return sign


def _line(path: Path) -> str:
    """Returns the first line of a file.

    Raises:
        InputError: it cannot be read, or is empty.
    """
    from generator.files.yamlfile import read_text

    lines = read_text(path).strip().splitlines()
    if not lines:
        raise bad_input("found nothing in it", file=str(path))
    return lines[0].strip()


def _innermost(error: BaseException) -> str:
    """Returns the words of the cause that lies deepest: those around it are the library's."""
    seen: set[int] = set()
    while id(error) not in seen:
        seen.add(id(error))
        inner = (
            getattr(error, "reason", None)
            or error.__cause__
            or next((one for one in error.args if isinstance(one, BaseException)), None)
        )
        if not isinstance(inner, BaseException):
            break
        error = inner
    text = str(getattr(error, "strerror", "") or error)
    return text.rpartition(": ")[2] if text.startswith("<") else text.rpartition(">: ")[2] or text


def _reason(data: Any) -> str:
    """Returns what a server says of its refusal, in the forms of Prometheus, Grafana and OpenSearch."""
    if not isinstance(data, dict):
        return ""
    found = data.get("error") or data.get("message") or ""
    return str(found.get("reason", "") if isinstance(found, dict) else found)
