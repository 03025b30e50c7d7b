"""Connections that break: a download goes on where it can be proved to be of the same file, and else starts anew."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Any

import pytest

from generator.upstream import Patience

from .charts import make_archive, make_umbrella, sha256, tree
from .server import answer, content, one_after_another, ranged, status
from .steps import FILE, Interrupter, Recorder, publish, refused

if TYPE_CHECKING:
    from pathlib import Path

    from .server import Route, Web
    from .steps import Vendor


def test_a_connection_that_breaks_off_is_resumed_in_the_same_run(
    web: Web, chart: Path, archive: bytes, vendor: Vendor
) -> None:
    publish(web, archive)
    web.routes[f"/stable/{FILE}"] = one_after_another(ranged(archive, cut=100_000), ranged(archive))
    vendor(chart)
    first, second = web.headers_of(f"/stable/{FILE}")
    assert "range" not in first
    assert (second["range"], second["if-range"]) == ("bytes=100000-", '"one"')
    assert tree(chart / "charts") == {FILE: archive}


def test_an_interrupted_run_leaves_charts_alone_and_the_next_run_goes_on(
    web: Web, chart: Path, archive: bytes, vendor: Vendor
) -> None:
    publish(web, archive)
    before = tree(chart)
    with pytest.raises(KeyboardInterrupt):
        vendor(chart, progress=Interrupter(after=100_000))
    assert tree(chart) == before
    report = Recorder()
    vendor(chart, progress=report)
    _first, second = web.headers_of(f"/stable/{FILE}")
    start = int(second["range"].removeprefix("bytes=").removesuffix("-"))
    assert start > 0
    assert [(total, counts[0], sum(counts)) for _label, total, counts in report.transfers] == [
        (len(archive), start, len(archive))
    ]
    assert tree(chart / "charts") == {FILE: archive}


def test_a_server_without_ranges_starts_anew(web: Web, chart: Path, archive: bytes, vendor: Vendor) -> None:
    publish(web, archive)
    web.routes[f"/stable/{FILE}"] = one_after_another(ranged(archive, cut=100_000), content(archive))
    vendor(chart)
    assert tree(chart / "charts") == {FILE: archive}


def test_without_etag_and_digest_nothing_proves_that_the_file_is_the_same_so_it_starts_anew(
    web: Web, chart: Path, archive: bytes, vendor: Vendor
) -> None:
    publish(web, archive)
    web.routes[f"/stable/{FILE}"] = one_after_another(ranged(archive, None, cut=100_000), ranged(archive, None))
    vendor(chart)
    assert all("range" not in headers for headers in web.headers_of(f"/stable/{FILE}"))
    assert tree(chart / "charts") == {FILE: archive}


def test_a_file_that_changed_between_two_runs_is_fetched_whole(
    tmp_path: Path, web: Web, chart: Path, archive: bytes, vendor: Vendor
) -> None:
    publish(web, archive)
    with pytest.raises(KeyboardInterrupt):
        vendor(chart, progress=Interrupter(after=100_000))
    other = make_archive(tmp_path / "published", "opensearch", "3.6.0", size=290_000)
    web.routes[f"/stable/{FILE}"] = ranged(other, '"two"')
    vendor(chart)
    assert tree(chart / "charts") == {FILE: other}


def test_a_rest_from_another_address_is_not_gone_on_with(
    tmp_path: Path, web: Web, chart: Path, archive: bytes, vendor: Vendor
) -> None:
    publish(web, archive)
    with pytest.raises(KeyboardInterrupt):
        vendor(chart, progress=Interrupter(after=100_000))
    other = make_archive(tmp_path / "published", "opensearch", "3.6.0", size=290_000)
    publish(web, archive, url="moved.tgz")
    web.routes["/stable/moved.tgz"] = ranged(other)  # with the same ETag
    vendor(chart)
    assert tree(chart / "charts") == {FILE: other}


def test_with_a_digest_a_rest_of_another_file_is_found_out_and_fetched_whole(
    tmp_path: Path, web: Web, chart: Path, archive: bytes, vendor: Vendor
) -> None:
    other = make_archive(tmp_path / "published", "opensearch", "3.6.0", size=290_000)
    publish(web, archive, sha256(archive))
    web.routes[f"/stable/{FILE}"] = ranged(other, None)
    with pytest.raises(KeyboardInterrupt):
        vendor(chart, progress=Interrupter(after=100_000))
    web.routes[f"/stable/{FILE}"] = ranged(archive, None)
    vendor(chart)
    assert [headers.get("range") is None for headers in web.headers_of(f"/stable/{FILE}")] == [True, False, True]
    assert tree(chart / "charts") == {FILE: archive}


def test_a_file_that_became_shorter_is_fetched_whole(
    tmp_path: Path, web: Web, chart: Path, archive: bytes, vendor: Vendor
) -> None:
    small = make_archive(tmp_path / "published", "opensearch", "3.6.0")
    publish(web, archive, None)
    with pytest.raises(KeyboardInterrupt):
        vendor(chart, progress=Interrupter(after=100_000))
    web.routes[f"/stable/{FILE}"] = ranged(small)  # the same ETag, which is the server's fault
    vendor(chart)
    assert tree(chart / "charts") == {FILE: small}


def test_a_server_that_answers_with_another_part_is_asked_for_the_whole(
    web: Web, chart: Path, archive: bytes, vendor: Vendor
) -> None:
    publish(web, archive)

    def wrong(handler: Any) -> None:
        answer(handler, 206, archive[5:], Content_Range=f"bytes 5-{len(archive) - 1}/{len(archive)}")

    web.routes[f"/stable/{FILE}"] = one_after_another(ranged(archive, cut=100_000), wrong, ranged(archive))
    vendor(chart)
    assert tree(chart / "charts") == {FILE: archive}


def test_an_archive_that_always_breaks_off_is_given_up_with_how_far_it_came(
    web: Web, chart: Path, archive: bytes, vendor: Vendor
) -> None:
    publish(web, archive)
    web.routes[f"/stable/{FILE}"] = ranged(archive, None, cut=1000)
    text = refused(vendor, chart)
    assert "the connection broke off" in text
    assert "gave up after 3 attempt(s) (check the connection and run the command again" in text


def test_a_server_error_that_passes_is_waited_out(web: Web, chart: Path, archive: bytes, vendor: Vendor) -> None:
    publish(web, archive)
    web.routes["/stable/index.yaml"] = one_after_another(status(503), web.routes["/stable/index.yaml"])
    web.routes[f"/stable/{FILE}"] = one_after_another(status(500), status(429, Retry_After="0"), ranged(archive))
    vendor(chart)
    assert tree(chart / "charts") == {FILE: archive}


def test_a_server_error_that_stays_stops_the_run_at_once(tmp_path: Path, web: Web, vendor: Vendor) -> None:
    names = ("a", "b", "c")
    chart = make_umbrella(tmp_path / "c", *((name, "1.0.0", f"{web.url}/{name}") for name in names))
    for name in names:
        web.routes[f"/{name}/index.yaml"] = status(502)
    text = refused(vendor, chart)
    assert f"{web.url}/a/index.yaml: the server answered 502 Bad Gateway; gave up after 3 attempt(s)" in text
    assert web.paths() == ["/a/index.yaml"] * 3


def test_a_host_that_does_not_listen_is_named_with_what_to_do(tmp_path: Path, vendor: Vendor) -> None:
    chart = make_umbrella(tmp_path / "c", ("opensearch", "3.6.0", "http://127.0.0.1:1/stable"))
    text = refused(vendor, chart)
    assert text.startswith("http://127.0.0.1:1/stable/index.yaml: no answer: ")
    assert "Connection refused" in text
    assert "--chart-mirror DIR" in text


def test_a_server_that_says_nothing_is_given_up(web: Web, chart: Path, vendor: Vendor) -> None:
    silent = time.monotonic() + 30

    def hang(handler: Any) -> None:
        handler.connection.settimeout(max(0.0, silent - time.monotonic()))
        handler.rfile.read(1)  # until the client hangs up

    web.routes["/stable/index.yaml"] = hang
    text = refused(vendor, chart, patience=Patience(attempts=1, connect=1, read=0.1))
    assert "no answer: Read timed out" in text


def dripping(*head: bytes, every: float = 0.02) -> Route:
    """Answers with a head and then a byte now and then, until the client hangs up or ten seconds are over."""

    def route(handler: Any) -> None:
        end = time.monotonic() + 10
        handler.wfile.write(b"".join(head))
        with contextlib.suppress(OSError):
            while time.monotonic() < end:
                handler.wfile.write(b"x")
                time.sleep(every)

    return route


BEGUN = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n"


@pytest.mark.parametrize(
    ("path", "head", "said"),
    [
        ("/stable/index.yaml", BEGUN + b"\r\n", "bytes in 0 seconds, expected 1,000 a second at least"),
        ("/stable/index.yaml", b"HTTP/1.1 200 OK\r\nX-Slow: ", "no answer within 1.2 seconds"),
        (f"/stable/{FILE}", BEGUN + b"\r\n", "bytes in 0 seconds, expected 1,000 a second at least"),
    ],
    ids=["an index", "a header", "an archive"],
)
def test_a_server_that_drips_is_given_up(
    web: Web, chart: Path, archive: bytes, vendor: Vendor, path: str, head: bytes, said: str
) -> None:
    publish(web, archive)
    web.routes[path] = dripping(head)
    begin = time.monotonic()
    patience = Patience(attempts=1, connect=1, read=0.2, slowest=1000, watched=0.3)
    text = refused(vendor, chart, patience=patience)
    assert said in text
    assert web.url in text
    assert time.monotonic() - begin < 8


@pytest.mark.parametrize("state", [b"", b"[]", b"\xff", b'{"url": 1, "validator": 2}'])
def test_a_damaged_note_about_a_rest_makes_the_download_start_anew(
    web: Web, chart: Path, archive: bytes, vendor: Vendor, cache: Path, state: bytes
) -> None:
    publish(web, archive)
    with pytest.raises(KeyboardInterrupt):
        vendor(chart, progress=Interrupter(after=100_000))
    (note,) = cache.rglob("*.part.json")
    note.write_bytes(state)
    vendor(chart)
    assert tree(chart / "charts") == {FILE: archive}
