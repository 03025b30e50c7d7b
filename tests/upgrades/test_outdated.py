"""Pins beside what a repository, a registry or a directory has."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from generator.choices.pins import Image, Pin, Pins
from generator.errors import InputError
from generator.upgrades.outdated import PinStatus, as_data, as_rows, outdated
from generator.upgrades.versions import Updates
from generator.upstream import Patience, open_client
from tests.upstream.server import Web, answer, content, one_after_another, running, status

from .charts import publish, write_chart

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

INDEX = b"""apiVersion: v1
entries:
  fluent-bit:
  - apiVersion: v1
    appVersion: 5.2.0
    created: "2026-09-01T10:00:00.000000000Z"
    dependencies:
    - name: other
      version: 99.0.0
    name: fluent-bit
    version: 0.59.0
    urls: [a.tgz]
  - apiVersion: v1
    appVersion: "5.1.1"
    created: "2026-08-02T10:00:00.000000000Z"
    name: fluent-bit
    version: 0.58.1
  other:
  - name: other
    version: 1.0.0
"""


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> Iterator[Web]:
    monkeypatch.setenv("NO_PROXY", "*")
    with running() as server:
        yield server


def pins(images: dict[str, Image] | None = None, **versions: str) -> Pins:
    charts = {
        name.replace("_", "-"): Pin(
            name.replace("_", "-"), version, "1", "https://charts.invalid", None, "a test wants it"
        )
        for name, version in versions.items()
    }
    return Pins("2026-01-01", charts, images or {})


def compare(pinned: Pins, mirror: str | None, *, images: bool = False) -> list[PinStatus]:
    with open_client(Patience(attempts=1, pause=0, connect=5, read=5)) as client:
        return outdated(pinned, client, mirror=mirror, images=images)


def test_an_index_gives_versions_and_the_days_of_their_publication(web: Web) -> None:
    web.routes["/index.yaml"] = content(INDEX)
    (found,) = compare(pins(fluent_bit="0.58.1"), web.url)
    expected = PinStatus("fluent-bit", "chart", "0.58.1", "2026-08-02", Updates(minor="0.59.0"), "2026-09-01")
    assert found == expected
    assert as_rows([found])[0]["current"] == "0.58.1 (2026-08-02)"


def test_the_versions_of_nested_dependencies_do_not_count(web: Web) -> None:
    web.routes["/index.yaml"] = content(INDEX)
    assert compare(pins(fluent_bit="0.59.0"), web.url)[0].newer == Updates()


def test_an_index_in_json_is_read_too(web: Web) -> None:
    index = {
        "entries": {"fluent-bit": [{"version": "1.0.0"}, {"version": "0.58.1", "created": "2026-08-02T00:00:00Z"}]}
    }
    web.routes["/index.yaml"] = content(json.dumps(index).encode())
    assert compare(pins(fluent_bit="0.58.1"), web.url)[0].newer == Updates(major="1.0.0")


def test_two_charts_of_one_repository_cost_one_index(web: Web) -> None:
    web.routes["/index.yaml"] = content(INDEX)
    assert len(compare(pins(fluent_bit="0.58.1", other="1.0.0"), web.url)) == 2
    assert web.paths() == ["/index.yaml"]


def test_a_directory_has_archives_and_unpacked_charts(tmp_path: Path) -> None:
    publish(tmp_path / "mirror", tmp_path, "fluent-bit", "0.60.0", {})
    (tmp_path / "mirror" / "fluent-bit-extra-1.0.0.tgz").write_bytes(b"")
    write_chart(tmp_path / "mirror" / "fluent-bit", "fluent-bit", "0.58.2", {})
    (found,) = compare(pins(fluent_bit="0.58.1"), str(tmp_path / "mirror"))
    assert found.newer == Updates(patch="0.58.2", minor="0.60.0")


def test_a_registry_lists_its_tags_page_by_page(web: Web) -> None:
    path = "/v2/charts/fluent-bit/tags/list"
    first = json.dumps({"tags": ["0.58.1", "0.58.2"]}).encode()
    second = json.dumps({"tags": ["1.0.0_build.1", "latest"]}).encode()
    link = f'<{path}?n=1000&last=0.58.2>; rel="next"'
    web.routes[path] = one_after_another(content(first, Link=link), content(second))
    mirror = web.url.replace("http://", "oci://") + "/charts"
    assert compare(pins(fluent_bit="0.58.1"), mirror)[0].newer == Updates(patch="0.58.2", major="1.0.0+build.1")


def test_a_registry_that_sends_the_client_elsewhere_for_the_next_page_is_not_followed(web: Web) -> None:
    path = "/v2/fluent-bit/tags/list"
    web.routes[path] = content(b'{"tags": ["0.58.2"]}', Link='<https://elsewhere.invalid/x>; rel="next"')
    mirror = web.url.replace("http://", "oci://")
    assert compare(pins(fluent_bit="0.58.1"), mirror)[0].newer == Updates(patch="0.58.2")


def test_images_are_asked_for_at_their_own_registry(web: Web) -> None:
    host = web.url.removeprefix("http://")
    web.routes["/v2/team/sidecar/tags/list"] = content(
        b'{"tags": ["2.10.1", "2.10.2", "2.10.3-arm64", "sha256-x.sig"]}'
    )
    pinned = pins({"sidecar": Image(f"{host}/team/sidecar", "2.10.1")})
    assert compare(pinned, None, images=True) == [
        PinStatus("sidecar", "image", "2.10.1", newer=Updates(patch="2.10.2"))
    ]
    assert compare(pinned, None, images=False) == []


def test_a_place_that_does_not_answer_is_asked_once_and_the_others_still_are(web: Web) -> None:
    web.routes["/index.yaml"] = status(503)
    host = web.url.removeprefix("http://")
    web.routes["/v2/x/tags/list"] = content(b'{"tags": ["1.0.1"]}')
    found = compare(pins({"x": Image(f"{host}/x", "1.0.0")}, fluent_bit="0.58.1", other="1.0.0"), web.url, images=True)
    assert [bool(one.problems) for one in found] == [True, True, False]
    assert web.paths().count("/index.yaml") == 1
    assert [row["patch"] for row in as_rows(found)] == ["?", "?", "1.0.1"]
    assert [one["outdated"] for one in as_data(found)] == [None, None, True]


@pytest.mark.parametrize(
    "body", [b"<html>login</html>", b"[1, 2]", b"\xff\xfe", b'{"entries": {}}', b"entries:\n  x: 1\n"]
)
def test_an_answer_that_is_no_index_is_said_to_be_none(web: Web, body: bytes) -> None:
    web.routes["/index.yaml"] = content(body)
    (found,) = compare(pins(fluent_bit="0.58.1"), web.url)
    assert found.problems
    assert web.url in found.problems[0].file


def test_tags_that_are_no_list_of_texts_do_no_harm(web: Web) -> None:
    web.routes["/v2/fluent-bit/tags/list"] = content(b'{"tags": [1, null, "0.58.2"]}')
    assert compare(pins(fluent_bit="0.58.1"), web.url.replace("http://", "oci://"))[0].newer == Updates(patch="0.58.2")


def test_a_registry_without_the_chart_is_named(web: Web) -> None:
    web.routes["/v2/fluent-bit/tags/list"] = lambda handler: answer(handler, 404, b"{}")
    assert "404" in str(compare(pins(fluent_bit="0.58.1"), web.url.replace("http://", "oci://"))[0].problems[0])


def test_a_mirror_that_is_nothing_is_refused() -> None:
    with pytest.raises(InputError, match="--chart-mirror"):
        compare(pins(fluent_bit="0.58.1"), "/nowhere/at/all")


def test_data_has_null_for_what_nobody_knows() -> None:
    data: list[dict[str, Any]] = as_data([PinStatus("a", "chart", "1.0.0")])
    assert data[0]["patch"] is None
    assert data[0]["released"] is None
    assert data[0]["outdated"] is False
