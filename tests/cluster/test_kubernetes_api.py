"""The Kubernetes API from a pod: patient with a server that is not there, plain about one that refuses."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.cluster.kubernetes_api import connect, data_of, encoded, in_cluster
from generator.cluster.program import Failure, run
from tests.cluster.samples import secret
from tests.cluster.secret_server import secret_server

if TYPE_CHECKING:
    from http.server import BaseHTTPRequestHandler
    from pathlib import Path

    from generator.cluster.kubernetes_api import Api
    from tests.cluster.secret_server import Store

OWN = secret("mine", {"password": b"x"})


def cut(handler: BaseHTTPRequestHandler) -> None:
    """Closes the connection without an answer."""
    handler.close_connection = True
    handler.connection.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_server_that_is_not_ready_is_asked_again(store: Store, api: Api, status: int) -> None:
    store.put(OWN)
    store.faults = [status, status, cut]
    found = api.secret("mine")
    assert found is not None
    assert data_of(found) == {"password": b"x"}
    assert len(store.asked) == 4


def test_a_server_that_stays_away_is_given_up_with_its_words(store: Store, api: Api) -> None:
    store.faults = [503] * 50
    with pytest.raises(Failure, match="would not read the Secret 'mine': told to answer 503"):
        api.secret("mine")
    assert len(store.asked) == 7


def test_a_creation_is_asked_for_again_too_and_finds_itself(store: Store, api: Api) -> None:
    store.faults = [cut]
    assert api.create_secret(OWN) is True
    assert api.create_secret(OWN) is False
    assert set(store.secrets) == {"mine"}


def test_a_refused_connection_is_one_line_that_names_the_server() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    api = connect(f"http://127.0.0.1:{port}", "token", "monitoring", ca=False, backoff=0)
    with pytest.raises(Failure, match=rf"the Kubernetes API at http://127.0.0.1:{port} cannot be reached: .*refused"):
        api.secret("mine")


def test_a_redirect_is_not_followed_with_the_token(store: Store, api: Api) -> None:
    def away(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(302)
        handler.send_header("Location", "http://127.0.0.1:1/")
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    store.faults = [away]
    with pytest.raises(Failure, match="would not read the Secret 'mine': 302"):
        api.secret("mine")


@pytest.mark.slow
@given(body=st.binary(max_size=200))
def test_an_answer_that_is_no_object_is_a_message(body: bytes) -> None:
    def garbage(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    with secret_server() as (store, api):
        store.faults = [garbage]
        try:
            found = api.secret("mine")
        except Failure as failure:
            assert len(failure.lines) == 1
        else:
            assert isinstance(found, dict)


@given(st.dictionaries(st.text("abc.-", min_size=1), st.binary()))
def test_what_is_encoded_reads_back_the_same(data: dict[str, bytes]) -> None:
    assert data_of({"data": encoded(data)}) == data


def test_a_secret_without_data_is_empty_and_damaged_data_is_a_message() -> None:
    assert data_of({}) == data_of({"data": None}) == {}
    with pytest.raises(Failure, match="key 'password' is not base64"):
        data_of({"data": {"password": "?"}})


def account(folder: Path) -> Path:
    for name, text in (("token", "abc\n"), ("namespace", "monitoring"), ("ca.crt", "")):
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("host", "url"), [("10.96.0.1", "https://10.96.0.1:6443"), ("fd00::1", "https://[fd00::1]:6443")]
)
def test_a_pod_finds_its_server_its_token_and_its_namespace(tmp_path: Path, host: str, url: str) -> None:
    api = in_cluster(account(tmp_path), {"KUBERNETES_SERVICE_HOST": host, "KUBERNETES_SERVICE_PORT": "6443"})
    assert (api.url, api.namespace) == (url, "monitoring")
    assert api.session.headers["Authorization"] == "Bearer abc"
    assert api.session.verify == str(tmp_path / "ca.crt")
    assert api.session.trust_env is False


def test_outside_a_pod_and_without_a_token_the_reason_is_said(tmp_path: Path) -> None:
    with pytest.raises(Failure, match="runs in a pod"):
        in_cluster(tmp_path, {})
    with pytest.raises(Failure, match="the service account's token cannot be read"):
        in_cluster(tmp_path, {"KUBERNETES_SERVICE_HOST": "10.96.0.1"})


def test_a_failure_is_exit_code_1_and_a_line_each_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    def fail() -> None:
        raise Failure("first", "second\x1b[31m\nline")

    assert run(fail) == 1
    assert capsys.readouterr().err == "error: first\nerror: second\\x1b[31m\\nline\n"
    assert run(lambda: None) == 0
