"""Servers that are slow, wrong, huge or hostile end in one clear line; logins come from files and leave no trace."""

from __future__ import annotations

import base64
import contextlib
import gzip
import json
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from generator.doctor.prometheus import Prometheus, read_facts
from generator.doctor.web import Access, AnswerError, Limits, Load, open_server
from generator.errors import InputError
from tests.monitors.discovery import self_signed

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator
    from pathlib import Path


@contextlib.contextmanager
def server(answer: Callable[[Any], None], tls: ssl.SSLContext | None = None) -> Iterator[str]:
    """Serves what a function writes, and gives the address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            with contextlib.suppress(OSError):
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                answer(self)

        do_POST = do_GET  # noqa: N815 - the base class' name

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    found = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.daemon_threads = True
    if tls is not None:
        found.socket = tls.wrap_socket(found.socket, server_side=True)
    threading.Thread(target=found.serve_forever, daemon=True).start()
    try:
        yield f"{'https' if tls else 'http'}://127.0.0.1:{found.server_address[1]}"
    finally:
        found.shutdown()
        found.server_close()


def says(status: int, body: bytes, **headers: str) -> Callable[[Any], None]:
    def answer(handler: Any) -> None:
        handler.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def drips(handler: Any) -> None:
    """Answers a byte now and then, so that no single wait is long."""
    handler.send_response(200)
    handler.end_headers()
    for _ in range(100):
        handler.wfile.write(b" ")
        time.sleep(0.1)


LIMITS = Limits(seconds=0.5, size=1 << 16, parallel=2)
WRONG = (
    ("an HTML page", says(200, b"<html>"), "is no JSON; is this Prometheus's address?"),
    ("a login page elsewhere", says(302, b"", Location="https://login.example/?token=x"), "sends us on to https://login.example/"),
    ("a refusal", says(401, b"no"), "answers 401; give --token-file or --user"),
    ("a refusal in words", says(403, b'{"error": "not you"}'), "answers 403: not you"),
    ("words that steer a terminal", says(500, b'{"error": "\\u001b[2J\\nerror: fine"}'), "\\x1b[2J\\nerror: fine"),
    ("too much", says(200, b"[" * (1 << 17)), "answers more than 0 MiB"),
    ("a bomb", says(200, gzip.compress(b" " * (1 << 24)), Content_Encoding="gzip"), "answers more than 0 MiB"),
    ("depth without end", says(200, b"[" * 50_000), "is no JSON"),
    ("drops of bytes", drips, "takes longer than 0.5 s"),
    ("silence", lambda _handler: time.sleep(2), "gives no answer within 0.5 s"),
    ("another server's JSON", says(200, b'{"status": "green"}'), "does not answer as Prometheus does"),
    ("a list", says(200, b"[1]"), "does not answer as Prometheus does"),
)  # fmt: skip


@pytest.mark.parametrize(("name", "answer", "text"), WRONG, ids=[one[0] for one in WRONG])
def test_a_server_that_is_no_prometheus_ends_in_one_line(name: str, answer: Callable[[Any], None], text: str) -> None:
    with server(answer) as url:
        opened = open_server(url, "Prometheus", Access(), LIMITS, Load())
        start = time.monotonic()
        with pytest.raises(AnswerError) as caught:
            read_facts(Prometheus(opened))
        assert text in str(caught.value)
        assert "\n" not in str(caught.value)
        assert time.monotonic() - start < 5


def of_prometheus(handler: Any) -> None:
    """Answers the first question as Prometheus does, and all others with nonsense of the right outer form."""
    data: Any = {"resultType": "scalar", "result": [1.0, "1"]}
    if "/query" not in handler.path:
        data = {"activeTargets": [7, {"labels": "x"}], "groups": [{"rules": [None]}], "yaml": "a: [",
                "activeAlertmanagers": 1, "headStats": [], "seriesCountByMetricName": [{"value": {}}]}  # fmt: skip
    says(200, json.dumps({"status": "success", "data": data}).encode())(handler)


def test_answers_of_the_right_outer_form_with_nonsense_inside_end_in_one_line_or_nothing() -> None:
    with server(of_prometheus) as url:
        opened = open_server(url, "Prometheus", Access(), Limits(parallel=2), Load())
        with pytest.raises(AnswerError, match="in a form that Prometheus does not have"):
            read_facts(Prometheus(opened))


def test_nobody_there_is_one_line() -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        opened = open_server(f"http://127.0.0.1:{held.getsockname()[1]}", "Prometheus", Access(), LIMITS, Load())
        with pytest.raises(AnswerError, match=r"cannot be reached: Connection refused$"):
            opened.json("/")


@pytest.mark.parametrize("url", ["localhost:9090", "ftp://host", "http://", "file:///etc/passwd"])
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(InputError, match="expected an address with http"):
        open_server(url, "--prometheus", Access(), Limits(), Load())


def asked(handler: Any) -> None:
    """Answers with the headers that came."""
    says(200, json.dumps(dict(handler.headers)).encode())(handler)


def headers(access: Access) -> dict[str, str]:
    with server(asked) as url:
        data, _ = open_server(url, "Prometheus", access, Limits(), Load()).json(
            "/api/v1/query", {"query": "up"}, post=True
        )
    return dict(data)


def test_a_password_and_a_token_come_from_files(tmp_path: Path) -> None:
    file = tmp_path / "login"
    file.write_text("word\nmore\n", "utf-8")
    basic = base64.b64encode(b"me:word").decode()
    assert headers(Access(user="me", password_file=file))["Authorization"] == f"Basic {basic}"
    assert headers(Access(token_file=file))["Authorization"] == "Bearer word"
    assert "Authorization" not in headers(Access())


def test_a_file_of_a_login_that_is_empty_or_not_there_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("\n", "utf-8")
    for name in ("empty", "nowhere"):
        with pytest.raises(InputError, match=name):
            open_server("http://h", "--prometheus", Access(token_file=tmp_path / name), Limits(), Load())


def test_a_certificate_that_nobody_vouches_for_is_refused_until_its_authority_is_named(tmp_path: Path) -> None:
    with server(asked, self_signed(tmp_path)) as url:
        with pytest.raises(AnswerError, match=r"TLS fails: .*; --ca-file names an authority"):
            open_server(url, "Prometheus", Access(), Limits(), Load()).json("/")
        # With the authority it is the name that does not fit: verification is never off.
        with pytest.raises(AnswerError, match=r"TLS fails"):
            open_server(url, "Prometheus", Access(ca_file=tmp_path / "exporter.pem"), Limits(), Load()).json("/")


def test_amazons_signature_covers_the_question(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("botocore", reason="botocore is not installed: pip install 'gen-chart[aws]'")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI")
    found = headers(Access(region="eu-west-1"))
    assert found["Authorization"].startswith("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/")
    assert "/eu-west-1/aps/aws4_request" in found["Authorization"]
    assert "content-type;host;x-amz-date" in found["Authorization"]


def test_the_load_of_a_run_is_counted() -> None:
    load = Load()
    with server(asked) as url:
        open_server(url, "Prometheus", Access(), Limits(), load).json("/")
    assert (load.requests, load.size > 20, load.seconds > 0) == (1, True, True)
