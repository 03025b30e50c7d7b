"""The set-up of an OpenSearch of somebody else: as a user of its own, and nothing but what is about the logs."""

from __future__ import annotations

import base64
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from generator.build.profile import load_profile
from generator.choices.profiles import Layer
from generator.cluster.opensearch_setup import main
from tests.cluster.json_server import JsonHandler
from tests.opensearch.plan import setup_plan

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from generator.build.sources import Sources

KNOWN = "s3cret"
LOGIN = f"Basic {base64.b64encode(f'lögs:{KNOWN}'.encode()).decode()}"
PLUGINS = [{"component": "opensearch-index-management"}]


class Store(ThreadingHTTPServer):
    """Keeps what it is given, as OpenSearch does, and who asked for what; anything else answers 404."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.kept: dict[str, Any] = {"/_cluster/health": {}, "/_cat/plugins": PLUGINS}
        super().__init__(("127.0.0.1", 0), Handler)


class Handler(JsonHandler, BaseHTTPRequestHandler):
    server: Store

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if self.headers["Authorization"] != LOGIN:
            self.reply(401, {"error": "no such user"})
            return
        self.server.asked.append((self.command, path))
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.command == "PUT":
            self.server.kept[path] = json.loads(body or "null")
            self.reply(200, {"_seq_no": 0, "_primary_term": 1, **(self.server.kept[path] or {})})
        else:
            found = path in self.server.kept
            self.reply(200 if found else 404, self.server.kept.get(path, {}))

    do_PUT = do_GET  # noqa: N815 - the names that http.server calls


@pytest.fixture
def store() -> Iterator[Store]:
    server = Store()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def set_up(sources: Sources, store: Store, folder: Path, password: str = KNOWN) -> int:
    url = f"http://127.0.0.1:{store.server_port}"
    choices = {
        "components": {"opensearch": {"enabled": False, "external": {"url": url}}},
        "secrets": {"existing": {"opensearchAdmin": "their-admin"}},
    }
    plan = setup_plan(sources, load_profile("standalone", sources, [Layer("mine.yaml", choices)]))
    (folder / "plan.json").write_text(json.dumps(plan))
    (folder / "username").write_text("lögs", encoding="utf-8")
    (folder / "password").write_text(password)
    return main([str(folder / "plan.json"), str(folder), str(folder / "none"), "0", ""])


def test_it_makes_templates_retention_and_streams_as_a_user_and_leaves_all_else_alone(
    sources: Sources, store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert set_up(sources, store, tmp_path) == 0, capsys.readouterr().err
    assert {path for verb, path in store.asked if verb == "PUT"} == {
        "/_component_template/ai-ml-observability-log-settings",
        "/_component_template/ai-ml-observability-log-fields",
        "/_index_template/logs-kubernetes",
        "/_index_template/logs-host",
        "/_plugins/_ism/policies/ai-ml-observability-logs",
        "/_data_stream/logs-kubernetes",
        "/_data_stream/logs-host",
    }
    assert not [path for _, path in store.asked if "_security" in path or "settings" in path.split("/")]
    settings = store.kept["/_component_template/ai-ml-observability-log-settings"]["template"]["settings"]["index"]
    assert settings["number_of_replicas"] == "1"
    shards = store.kept["/_index_template/logs-kubernetes"]["template"]["settings"]["index"]["number_of_shards"]
    assert shards == "1"


def test_a_wrong_login_is_said_with_the_user_and_without_the_password(
    sources: Sources, store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert set_up(sources, store, tmp_path, "wr0ng") == 1
    said = capsys.readouterr().err
    assert "does not take the user 'lögs': HTTP 401: no such user" in said
    assert "wr0ng" not in said
    assert store.asked == []
