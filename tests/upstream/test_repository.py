"""Vendoring from Helm repositories over real HTTP: what is taken, and what is refused."""

from __future__ import annotations

import gzip
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from .charts import index, make_archive, make_umbrella, pins, sha256, tree
from .server import content, endless, running, status
from .steps import FILE, Recorder, publish, refused

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from .server import Web
    from .steps import Vendor


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
    vendor(chart, progress=report)
    ((label, total, counts),) = report.transfers
    assert (label, total, sum(counts)) == ("opensearch 3.6.0", len(archive), len(archive))


def test_a_server_that_does_not_say_the_length_gives_an_unknown_total(
    web: Web, chart: Path, archive: bytes, vendor: Vendor
) -> None:
    publish(web, archive)
    web.routes[f"/stable/{FILE}"] = endless(archive)
    report = Recorder()
    vendor(chart, progress=report)
    assert [(total, sum(counts)) for _label, total, counts in report.transfers] == [(None, len(archive))]


def test_an_archive_that_is_labelled_gzip_encoded_is_kept_packed(
    web: Web, chart: Path, archive: bytes, vendor: Vendor
) -> None:
    publish(web, archive, sha256(archive))
    web.routes[f"/stable/{FILE}"] = content(archive, Content_Encoding="gzip", Content_Type="application/x-tar")
    vendor(chart)
    assert tree(chart / "charts") == {FILE: archive}


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
    files = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(["openssl", *request.split(), *files], check=True, capture_output=True)
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
    monkeypatch.setattr("generator.upstream.fetch.MAX_ARCHIVE", 200_000)
    publish(web, archive)
    assert "this is no Helm chart" in refused(vendor, chart)
    web.routes[f"/stable/{FILE}"] = endless(archive)
    assert "this is no Helm chart" in refused(vendor, chart)


def test_an_index_that_unfolds_without_end_is_refused(
    web: Web, chart: Path, vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("generator.upstream.fetch.MAX_INDEX", 2**20)
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
