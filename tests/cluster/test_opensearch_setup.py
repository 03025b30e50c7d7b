"""The set-up's reading of Secrets and its comparison; what it does to an OpenSearch is tested on a real one."""

from __future__ import annotations

import base64
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.cluster.opensearch_api import connect, set_password
from generator.cluster.opensearch_setup import User, holds, keep_user, main, read_users
from generator.cluster.program import Failure
from tests.cluster.json_server import JsonHandler

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from generator.cluster.opensearch_api import Api

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3),
    max_leaves=8,
)


def plan(*keys: str, optional: bool = False) -> dict[str, Any]:
    return {
        "logins": [
            {"key": key, "secret": f"secret-{key}", "role": "r", "description": "d", "optional": optional}
            for key in keys
        ]
    }


def secret(folder: Path, key: str, **content: bytes) -> None:
    (folder / key).mkdir()
    for name, data in content.items():
        (folder / key / name).write_bytes(data)


def test_a_users_name_and_password_are_those_of_its_secret(tmp_path: Path) -> None:
    secret(tmp_path, "a", username=b"shipper", password="pässword".encode())
    (user,) = read_users(plan("a"), tmp_path)
    assert (user.name, user.password, user.secret) == ("shipper", "pässword", "secret-a")


def test_a_login_that_is_not_mounted_is_left_out_only_where_the_chart_may_do_without(tmp_path: Path) -> None:
    assert read_users(plan("a", optional=True), tmp_path) == ()
    with pytest.raises(Failure, match="the Secret 'secret-a' has no key 'username'"):
        read_users(plan("a"), tmp_path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"username": b"a"}, "the Secret 'secret-a' has no key 'password'"),
        ({"username": b"a", "password": b""}, "has a 'password' that is empty or begins or ends with a blank"),
        ({"username": b"a", "password": b"secret\n"}, "has a 'password' that is empty or begins or ends with a blank"),
        ({"username": b"a", "password": b"\xff"}, "has a 'password' that is no UTF-8 text"),
    ],
)
def test_what_is_wrong_with_a_secret_is_said_without_its_content(
    tmp_path: Path, content: dict[str, bytes], message: str
) -> None:
    secret(tmp_path, "a", **content)
    with pytest.raises(Failure) as failure:
        read_users(plan("a"), tmp_path)
    assert message in str(failure.value)
    assert "secret\n" not in str(failure.value)


class Users(JsonHandler, BaseHTTPRequestHandler):
    """Keeps one user as OpenSearch's security plugin does, and knows who may log in."""

    user: ClassVar[dict[str, Any]] = {}

    def do_GET(self) -> None:
        if self.path.endswith("/authinfo"):
            login = base64.b64decode(self.headers["Authorization"].removeprefix("Basic ")).decode()
            self.reply(200 if login == f"shipper:{self.user.get('password')}" else 401, {})
        else:
            shown = {key: value for key, value in self.user.items() if key != "password"}
            self.reply(*((200, {"shipper": shown}) if self.user else (404, {})))

    def do_PUT(self) -> None:
        self.user.update(self._body())
        self.reply(201, {})

    def do_PATCH(self) -> None:
        for change in self._body():
            self.user[change["path"].removeprefix("/")] = change["value"]
        self.reply(200, {})

    def _body(self) -> Any:
        return json.loads(self.rfile.read(int(self.headers["Content-Length"])))


@pytest.fixture
def opensearch() -> Iterator[tuple[dict[str, Any], Api]]:
    handler: type[Users] = type("Own", (Users,), {"user": {}})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        api = connect(f"http://127.0.0.1:{server.server_port}", ca="/ca.crt", cert="/tls.crt", key="/tls.key")
        api.session.cert = None
        yield handler.user, api
        server.shutdown()


def shipper(password: str, rotated: str = "") -> User:
    return User("shipper", password, "r", "Ships.", "opensearch-fluent-bit", rotated)


def test_a_pods_old_copy_of_a_secret_does_not_put_an_old_password_back(
    opensearch: tuple[dict[str, Any], Api], capsys: pytest.CaptureFixture[str]
) -> None:
    user, api = opensearch
    old, new = shipper("old", "2026-08-22T12:00:00+00:00"), shipper("new", "2026-08-23T12:00:00+00:00")
    keep_user(api, old)
    user["attributes"]["theirs"] = "x"
    set_password(api, "shipper", "new", rotated=new.rotated)
    with pytest.raises(Failure, match="copy of the Secret 'opensearch-fluent-bit' is of 2026-08-22T12:00:00"):
        keep_user(api, old)
    assert user["password"] == "new"  # noqa: S105 - of a server in this process
    keep_user(api, new)
    assert user["attributes"] == {"rotated": new.rotated, "theirs": "x"}
    assert "made" in capsys.readouterr().out


def test_a_secret_that_a_person_changed_is_followed(opensearch: tuple[dict[str, Any], Api]) -> None:
    user, api = opensearch
    keep_user(api, shipper("first", "2026-08-22T12:00:00+00:00"))
    keep_user(api, shipper("by hand", "2026-08-22T12:00:00+00:00"))
    assert user["password"] == "by hand"  # noqa: S105 - of a server in this process
    keep_user(api, shipper("somebody's own"))
    assert user["password"] == "somebody's own"  # noqa: S105 - of a server in this process


def test_two_secrets_may_not_name_one_user(tmp_path: Path) -> None:
    secret(tmp_path, "a", username=b"same", password=b"x")
    secret(tmp_path, "b", username=b"same", password=b"y")
    with pytest.raises(Failure, match="the Secret 'secret-b' names the user 'same', as another Secret does"):
        read_users(plan("a", "b"), tmp_path)


def test_without_an_opensearch_it_fails_with_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "plan.json").write_text('{"url": "https://127.0.0.1:1", "logins": []}')
    assert main([str(tmp_path / "plan.json"), str(tmp_path), str(tmp_path), "0"]) == 1
    found = capsys.readouterr()
    assert found.out == ""
    assert found.err.startswith("error: https://127.0.0.1:1 is not ready after 0 s: ")
    assert found.err.count("\n") == 1


@given(JSON)
def test_everything_holds_itself(value: Any) -> None:
    assert holds(value, value)


@given(st.dictionaries(st.text(max_size=2), JSON, max_size=3), st.text(min_size=3, max_size=3), JSON)
def test_defaults_that_opensearch_adds_are_no_difference_but_what_it_lacks_is(
    wanted: dict[str, Any], key: str, value: Any
) -> None:
    assert holds({**wanted, key: value}, wanted)
    assert not holds(wanted, {**wanted, key: value})


@pytest.mark.parametrize(
    ("found", "wanted"), [([1, 2], [1]), ([1], [1, 2]), ([2, 1], [1, 2]), ("1", 1), ({"a": 1}, [1]), (None, {})]
)
def test_another_value_is_a_difference(found: Any, wanted: Any) -> None:
    assert not holds(found, wanted)
