"""Vendoring from Helm repositories over real HTTP: what a network does to a download, and what must come of it."""

from __future__ import annotations

import gzip
import shutil
import subprocess
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from generator.errors import InputError
from generator.vendor import Patience

from .charts import index, make_archive, make_umbrella, pins, sha256, tree
from .server import answer, content, endless, one_after_another, ranged, running, status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from generator.vendor import Vendored

    from .server import Web

    Vendor = Callable[..., tuple[Vendored, ...]]

FILE = "opensearch-3.6.0.tgz"


@pytest.fixture
def archive(tmp_path: Path) -> bytes:
    return make_archive(tmp_path / "published", "opensearch", "3.6.0", size=300_000)


@pytest.fixture
def chart(tmp_path: Path, web: Web) -> Path:
    """A chart that depends on opensearch in a repository on the server, and has an older one in charts/."""
    folder = make_umbrella(tmp_path / "umbrella", ("opensearch", "3.6.0", f"{web.url}/stable/"))
    (folder / "charts").mkdir()
    (folder / "charts" / "opensearch-3.5.0.tgz").write_bytes(b"the older one")
    return folder


def publish(web: Web, archive: bytes, digest: str | None = None, url: str = FILE) -> None:
    web.routes["/stable/index.yaml"] = content(index(("opensearch", "3.6.0", url, digest)))
    web.routes[f"/stable/{FILE}"] = ranged(archive)


class Interrupter:
    """A progress report that is the Ctrl-C of a person after so many bytes."""

    def __init__(self, after: int) -> None:
        self.left = after

    @contextmanager
    def __call__(self, _label: str, _total: int | None) -> Iterator[Callable[[int], object]]:
        yield self.count

    def count(self, size: int) -> None:
        self.left -= size
        if self.left < 0:
            raise KeyboardInterrupt


class Recorder:
    """A progress report that remembers: (label, total, the counts) of each transfer."""

    def __init__(self) -> None:
        self.transfers: list[tuple[str, int | None, list[int]]] = []

    @contextmanager
    def __call__(self, label: str, total: int | None) -> Iterator[Callable[[int], object]]:
        counts: list[int] = []
        self.transfers.append((label, total, counts))
        yield counts.append


def refused(vendor: Vendor, chart: Path, **options: Any) -> str:
    """Vendors, expects an error that leaves charts/ as it was and no temporary file, and gives its text."""
    before = tree(chart)
    with pytest.raises(InputError) as caught:
        vendor(chart, **options)
    assert tree(chart) == before
    return str(caught.value)


def test_the_archive_comes_from_the_dependencys_own_repository(
    web: Web, chart: Path, archive: bytes, vendor: Vendor
) -> None:
    publish(web, archive, sha256(archive))
    (one,) = vendor(chart)
    assert (one.origin, one.location, one.sha256) == ("upstream", f"{web.url}/stable/{FILE}", sha256(archive))
    assert tree(chart / "charts") == {FILE: archive}


def test_a_mirror_takes_the_place_of_every_repository(tmp_path: Path, web: Web, archive: bytes, vendor: Vendor) -> None:
    chart = make_umbrella(tmp_path / "c", ("opensearch", "3.6.0", "https://charts.invalid"))
    publish(web, archive)
    (one,) = vendor(chart, mirror=f"{web.url}/stable/")
    assert (one.origin, one.pinned) == ("mirror", False)


def test_an_absolute_url_in_the_index_and_a_redirect_are_followed(
    web: Web, chart: Path, archive: bytes, vendor: Vendor
) -> None:
    publish(web, archive, url=f"{web.url}/releases/a.tgz")
    web.routes["/releases/a.tgz"] = status(302, Location="/assets/a.tgz")
    web.routes["/assets/a.tgz"] = content(archive)
    vendor(chart)
    assert tree(chart / "charts") == {FILE: archive}


def test_two_charts_of_one_repository_cost_one_index(tmp_path: Path, web: Web, vendor: Vendor) -> None:
    chart = make_umbrella(tmp_path / "c", ("a", "1.0.0", f"{web.url}/r"), ("b", "1.0.0", f"{web.url}/r"))
    web.routes["/r/index.yaml"] = content(index(("a", "1.0.0", "a.tgz", None), ("b", "1.0.0", "b.tgz", None)))
    for name in "ab":
        web.routes[f"/r/{name}.tgz"] = content(make_archive(tmp_path / "p", name, "1.0.0"))
    vendor(chart)
    assert web.paths().count("/r/index.yaml") == 1


def test_progress_counts_every_byte_of_a_known_total(web: Web, chart: Path, archive: bytes, vendor: Vendor) -> None:
    publish(web, archive)
    report = Recorder()
    vendor(chart, report=report)
    ((label, total, counts),) = report.transfers
    assert (label, total, sum(counts)) == ("opensearch 3.6.0", len(archive), len(archive))


def test_a_server_that_does_not_say_the_length_gives_an_unknown_total(
    web: Web, chart: Path, archive: bytes, vendor: Vendor
) -> None:
    publish(web, archive)
    web.routes[f"/stable/{FILE}"] = endless(archive)
    report = Recorder()
    vendor(chart, report=report)
    assert [(total, sum(counts)) for _label, total, counts in report.transfers] == [(None, len(archive))]


def test_an_archive_that_is_labelled_gzip_encoded_is_kept_packed(
    web: Web, chart: Path, archive: bytes, vendor: Vendor
) -> None:
    publish(web, archive, sha256(archive))
    web.routes[f"/stable/{FILE}"] = content(archive, Content_Encoding="gzip", Content_Type="application/x-tar")
    vendor(chart)
    assert tree(chart / "charts") == {FILE: archive}


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
        vendor(chart, report=Interrupter(after=100_000))
    assert tree(chart) == before
    report = Recorder()
    vendor(chart, report=report)
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
        vendor(chart, report=Interrupter(after=100_000))
    other = make_archive(tmp_path / "published", "opensearch", "3.6.0", size=290_000)
    web.routes[f"/stable/{FILE}"] = ranged(other, '"two"')
    vendor(chart)
    assert tree(chart / "charts") == {FILE: other}


def test_a_rest_from_another_address_is_not_gone_on_with(
    tmp_path: Path, web: Web, chart: Path, archive: bytes, vendor: Vendor
) -> None:
    publish(web, archive)
    with pytest.raises(KeyboardInterrupt):
        vendor(chart, report=Interrupter(after=100_000))
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
        vendor(chart, report=Interrupter(after=100_000))
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
        vendor(chart, report=Interrupter(after=100_000))
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


def test_a_missing_archive_is_refused_with_its_address(web: Web, chart: Path, archive: bytes, vendor: Vendor) -> None:
    publish(web, archive)
    del web.routes[f"/stable/{FILE}"]
    assert f"{web.url}/stable/{FILE}: the server answered 404 Not Found (nothing is published" in refused(vendor, chart)


def test_every_missing_chart_is_named_in_one_go(tmp_path: Path, web: Web, vendor: Vendor) -> None:
    chart = make_umbrella(tmp_path / "c", ("a", "1.0.0", f"{web.url}/r"), ("b", "1.0.0", f"{web.url}/r"))
    web.routes["/r/index.yaml"] = content(index(("c", "1.0.0", "c.tgz", None)))
    text = refused(vendor, chart)
    assert "found no chart 'a'" in text
    assert "found no chart 'b'" in text


def test_redirects_in_a_circle_are_refused(web: Web, chart: Path, vendor: Vendor) -> None:
    web.routes["/stable/index.yaml"] = status(302, Location="/round")
    web.routes["/round"] = status(302, Location="/stable/index.yaml")
    assert "redirects more than 5 times (the server seems to redirect in a circle" in refused(vendor, chart)


@pytest.mark.parametrize("path", ["/stable/index.yaml", f"/stable/{FILE}"])
@pytest.mark.parametrize("label", ["text/html; charset=utf-8", "application/octet-stream"])
def test_a_web_page_with_status_200_is_called_that(
    web: Web, chart: Path, archive: bytes, vendor: Vendor, path: str, label: str
) -> None:
    publish(web, archive)
    web.routes[path] = content(b"<!doctype html><title>Log in</title>", Content_Type=label)
    assert f"{web.url}{path}: found a web page (HTML)" in refused(vendor, chart)


@pytest.fixture
def secure(tmp_path: Path) -> Iterator[Web]:
    """A server that speaks TLS with a certificate of its own, tmp_path/cert.pem."""
    if not shutil.which("openssl"):
        pytest.skip("no 'openssl' on PATH to make a certificate with")
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    request = "req -x509 -nodes -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -days 1 -subj /CN=a-test"
    command = [
        "openssl",
        *request.split(),
        "-addext",
        "subjectAltName=IP:127.0.0.1",
        "-keyout",
        key,
        "-out",
        certificate,
    ]
    subprocess.run(command, check=True, capture_output=True)
    with running((certificate, key)) as server:
        yield server


def test_a_certificate_that_nobody_vouches_for_is_refused_with_the_way_to_vouch(
    tmp_path: Path, secure: Web, archive: bytes, vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    chart = make_umbrella(tmp_path / "c", ("opensearch", "3.6.0", f"{secure.url}/stable"))
    publish(secure, archive)
    text = refused(vendor, chart)
    assert "no trusted connection: " in text
    assert "name its file in REQUESTS_CA_BUNDLE" in text
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "cert.pem"))
    vendor(chart)
    assert tree(chart / "charts") == {FILE: archive}


@pytest.mark.parametrize("way", ["redirect", "index"])
def test_nothing_leads_from_https_to_http(
    tmp_path: Path, web: Web, secure: Web, archive: bytes, vendor: Vendor, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "cert.pem"))
    chart = make_umbrella(tmp_path / "c", ("opensearch", "3.6.0", f"{secure.url}/stable"))
    publish(web, archive)
    open_address = f"{web.url}/stable/{FILE}"
    publish(secure, archive, url=open_address if way == "index" else FILE)
    secure.routes[f"/stable/{FILE}"] = status(302, Location=f"{open_address}?token=secret")
    text = refused(vendor, chart)
    assert f"{open_address}, expected https" in text
    assert "secret" not in text
    assert web.asked == []


def test_an_index_that_points_at_a_file_or_a_registry_is_refused(web: Web, chart: Path, vendor: Vendor) -> None:
    for url in ("file:///etc/passwd", "oci://registry.example/opensearch:3.6.0"):
        web.routes["/stable/index.yaml"] = content(index(("opensearch", "3.6.0", url, None)))
        assert "expected https or http" in refused(vendor, chart)


def test_an_archive_larger_than_any_chart_is_refused(
    web: Web, chart: Path, archive: bytes, vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("generator.vendor.fetch.MAX_ARCHIVE", 200_000)
    publish(web, archive)
    assert "this is no Helm chart" in refused(vendor, chart)
    web.routes[f"/stable/{FILE}"] = endless(archive)
    assert "this is no Helm chart" in refused(vendor, chart)


def test_an_index_that_unfolds_without_end_is_refused(
    web: Web, chart: Path, vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("generator.vendor.fetch.MAX_INDEX", 2**20)
    web.routes["/stable/index.yaml"] = content(gzip.compress(bytes(2**24)), Content_Encoding="gzip")
    assert "more than 1 MiB; this is no Helm chart or index" in refused(vendor, chart)


def test_an_index_that_is_not_utf8_is_refused(web: Web, chart: Path, vendor: Vendor) -> None:
    web.routes["/stable/index.yaml"] = content(b"entries: \xff\xfe")
    assert "not UTF-8 text, expected a Helm index" in refused(vendor, chart)


def test_an_archive_that_is_not_the_one_in_the_index_is_refused(
    web: Web, chart: Path, archive: bytes, vendor: Vendor, cache: Path
) -> None:
    publish(web, archive, "0" * 64)
    text = refused(vendor, chart)
    assert f"found the sha256 {sha256(archive)}, expected {'0' * 64} (somebody changed opensearch 3.6.0" in text
    assert not [path for path in cache.rglob("*.tgz*") if not path.name.endswith(".lock")]


def test_an_index_that_names_another_digest_than_the_pin_costs_no_download(
    web: Web, chart: Path, archive: bytes, vendor: Vendor
) -> None:
    publish(web, archive, sha256(archive))
    text = refused(vendor, chart, pins=pins(opensearch=("3.6.0", b"another archive")))
    assert f"the server names the sha256 {sha256(archive)} for opensearch 3.6.0, expected" in text
    assert web.paths() == ["/stable/index.yaml"]


def test_an_archive_changed_under_the_same_version_is_refused_by_its_pin(
    tmp_path: Path, web: Web, chart: Path, archive: bytes, vendor: Vendor
) -> None:
    publish(web, make_archive(tmp_path / "published", "opensearch", "3.6.0", colour="red"))
    assert f"expected {sha256(archive)}" in refused(vendor, chart, pins=pins(opensearch=("3.6.0", archive)))


def test_a_pinned_digest_that_matches_is_reported(web: Web, chart: Path, archive: bytes, vendor: Vendor) -> None:
    publish(web, archive, f"sha256:{sha256(archive)}")
    (one,) = vendor(chart, pins=pins(opensearch=("3.6.0", archive)))
    assert one.pinned


def test_a_password_in_the_address_is_used_and_never_shown(
    tmp_path: Path, web: Web, archive: bytes, vendor: Vendor
) -> None:
    chart = make_umbrella(tmp_path / "c", ("opensearch", "3.6.0", "https://charts.invalid"))
    mirror = web.url.replace("//", "//me:secret@") + "/stable"
    assert "secret" not in refused(vendor, chart, mirror=mirror)
    publish(web, archive)
    (one,) = vendor(chart, mirror=mirror)
    assert "secret" not in repr(one)
    assert web.asked[-1][1]["authorization"].startswith("Basic ")


def another(tmp_path: Path, web: Web) -> Path:
    return make_umbrella(tmp_path / "another", ("opensearch", "3.6.0", f"{web.url}/stable/"))


def test_a_second_chart_takes_the_archive_from_the_cache_without_a_request(
    tmp_path: Path, web: Web, chart: Path, archive: bytes, vendor: Vendor
) -> None:
    publish(web, archive)
    vendor(chart)
    web.asked.clear()
    (one,) = vendor(another(tmp_path, web))
    assert (one.origin, web.asked) == ("cache", [])
    assert tree(tmp_path / "another" / "charts") == {FILE: archive}


@pytest.mark.parametrize("damage", [b"", b"garbage", None])
def test_a_damaged_archive_in_the_cache_is_dropped_and_fetched_anew(
    tmp_path: Path, web: Web, chart: Path, archive: bytes, vendor: Vendor, cache: Path, damage: bytes | None
) -> None:
    publish(web, archive)
    vendor(chart)
    (entry,) = cache.rglob(FILE)
    entry.write_bytes(archive[:-100] if damage is None else damage)
    (one,) = vendor(another(tmp_path, web))
    assert (one.origin, entry.read_bytes()) == ("upstream", archive)


def test_a_damaged_archive_in_charts_is_replaced_from_the_cache(
    web: Web, chart: Path, archive: bytes, vendor: Vendor
) -> None:
    publish(web, archive)
    vendor(chart)
    (chart / "charts" / FILE).write_bytes(archive[:-100])
    (one,) = vendor(chart)
    assert (one.origin, tree(chart / "charts")) == ("cache", {FILE: archive})


def test_an_archive_in_the_cache_that_is_not_the_pinned_one_is_fetched_anew(
    tmp_path: Path, web: Web, chart: Path, archive: bytes, vendor: Vendor
) -> None:
    publish(web, make_archive(tmp_path / "published", "opensearch", "3.6.0", colour="red"))
    vendor(chart)
    publish(web, archive)
    (one,) = vendor(another(tmp_path, web), pins=pins(opensearch=("3.6.0", archive)))
    assert (one.origin, one.sha256) == ("upstream", sha256(archive))


def test_two_repositories_do_not_share_what_is_cached(
    tmp_path: Path, web: Web, chart: Path, archive: bytes, vendor: Vendor
) -> None:
    publish(web, archive)
    vendor(chart)
    other = make_archive(tmp_path / "published", "opensearch", "3.6.0", colour="red")
    web.routes["/own/index.yaml"] = content(index(("opensearch", "3.6.0", "x.tgz", None)))
    web.routes["/own/x.tgz"] = content(other)
    (one,) = vendor(another(tmp_path, web), mirror=f"{web.url}/own")
    assert (one.origin, one.sha256) == ("mirror", sha256(other))


def test_a_cache_that_cannot_be_made_is_done_without(
    tmp_path: Path, web: Web, chart: Path, archive: bytes, vendor: Vendor
) -> None:
    publish(web, archive)
    (tmp_path / "file").write_text("")
    vendor(chart, cache_dir=tmp_path / "file" / "cache")
    assert tree(chart / "charts") == {FILE: archive}


@pytest.mark.parametrize("state", [b"", b"[]", b"\xff", b'{"url": 1, "validator": 2}'])
def test_a_damaged_note_about_a_rest_makes_the_download_start_anew(
    web: Web, chart: Path, archive: bytes, vendor: Vendor, cache: Path, state: bytes
) -> None:
    publish(web, archive)
    with pytest.raises(KeyboardInterrupt):
        vendor(chart, report=Interrupter(after=100_000))
    (note,) = cache.rglob("*.part.json")
    note.write_bytes(state)
    vendor(chart)
    assert tree(chart / "charts") == {FILE: archive}
