"""Vendoring from an OCI registry on loopback, by the distribution specification's pull API."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

import pytest

from generator.errors import InputError
from generator.stack.images.reference import known_reference
from generator.upstream import Patience, open_client
from generator.upstream.oci import find_login, image_digest

from .charts import make_archive, make_umbrella, pins, sha256, tree
from .server import content, one_after_another, ranged, registry, status

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from generator.stack.images import Reference
    from generator.upstream import VendoredChart

    from .server import Route, Web

    Vendor = Callable[..., tuple[VendoredChart, ...]]

MANIFEST = "/v2/team/charts/opensearch/manifests/3.6.0"


@pytest.fixture
def archive(tmp_path: Path) -> bytes:
    return make_archive(tmp_path / "published", "opensearch", "3.6.0", size=200_000)


@pytest.fixture
def chart(tmp_path: Path) -> Path:
    return make_umbrella(tmp_path / "umbrella", ("opensearch", "3.6.0", "https://charts.invalid"))


@pytest.fixture
def mirror(web: Web) -> str:
    return web.url.replace("http://", "oci://") + "/team/charts/"


def save_login(folder: Path, host: str, login: str) -> None:
    folder.mkdir(exist_ok=True)
    auths = {host: {"auth": base64.b64encode(login.encode()).decode()}}
    (folder / "config.json").write_text(json.dumps({"auths": auths}))


def message(vendor: Vendor, chart: Path, mirror: str) -> str:
    with pytest.raises(InputError) as caught:
        vendor(chart, mirror=mirror)
    assert not (chart / "charts").exists()
    return str(caught.value)


def test_a_chart_is_pulled_after_the_registrys_token_challenge(
    web: Web, chart: Path, archive: bytes, mirror: str, vendor: Vendor
) -> None:
    registry(web, "team/charts/opensearch", "3.6.0", archive)
    (one,) = vendor(chart, mirror=mirror, pins=pins(opensearch=("3.6.0", archive)))
    assert (one.origin, one.pinned) == ("mirror", True)
    assert one.location == f"{web.url}/v2/team/charts/opensearch/blobs/sha256:{sha256(archive)}"
    assert web.paths() == [MANIFEST, "/token", MANIFEST, one.location.removeprefix(web.url)]
    assert tree(chart / "charts") == {"opensearch-3.6.0.tgz": archive}


def test_the_dependencys_own_repository_may_be_a_registry(
    tmp_path: Path, archive: bytes, web: Web, mirror: str, vendor: Vendor
) -> None:
    chart = make_umbrella(tmp_path / "c", ("opensearch", "3.6.0", mirror))
    registry(web, "team/charts/opensearch", "3.6.0", archive)
    (one,) = vendor(chart)
    assert one.origin == "upstream"


def test_a_plus_in_the_version_is_an_underscore_in_the_tag(
    tmp_path: Path, web: Web, mirror: str, vendor: Vendor
) -> None:
    chart = make_umbrella(tmp_path / "c", ("opensearch", "3.6.0+build.1", "https://charts.invalid"))
    registry(
        web, "team/charts/opensearch", "3.6.0_build.1", make_archive(tmp_path / "p", "opensearch", "3.6.0+build.1")
    )
    vendor(chart, mirror=mirror)
    assert (chart / "charts" / "opensearch-3.6.0+build.1.tgz").is_file()


def test_a_login_that_docker_keeps_is_used_for_the_token(
    tmp_path: Path, web: Web, chart: Path, archive: bytes, mirror: str, vendor: Vendor
) -> None:
    registry(web, "team/charts/opensearch", "3.6.0", archive, login="me:secret")
    refusal = message(vendor, chart, mirror)
    assert "the registry refuses access (401) (log in with 'docker login 127.0.0.1:" in refusal
    save_login(tmp_path / "docker", web.url.removeprefix("http://"), "me:secret")
    vendor(chart, mirror=mirror)
    assert tree(chart / "charts") == {"opensearch-3.6.0.tgz": archive}


def test_a_registry_that_wants_basic_credentials_gets_them(
    tmp_path: Path, web: Web, chart: Path, archive: bytes, mirror: str, vendor: Vendor
) -> None:
    registry(web, "team/charts/opensearch", "3.6.0", archive)
    expected = f"Basic {base64.b64encode(b'me:secret').decode()}"
    digest = f"sha256:{sha256(archive)}"
    layer = {"mediaType": "application/vnd.cncf.helm.chart.content.v1.tar+gzip", "digest": digest}
    good = {MANIFEST: content(json.dumps({"layers": [layer]}).encode())}
    good[f"/v2/team/charts/opensearch/blobs/{digest}"] = content(archive)

    def guarded(route: Route) -> Route:
        refusal = status(401, WWW_Authenticate='Basic realm="r"')
        return lambda handler: (route if handler.headers.get("Authorization") == expected else refusal)(handler)

    web.routes.update({path: guarded(route) for path, route in good.items()})
    assert "the registry refuses access (401)" in message(vendor, chart, mirror)
    save_login(tmp_path / "docker", web.url.removeprefix("http://"), "me:secret")
    vendor(chart, mirror=mirror)
    assert tree(chart / "charts") == {"opensearch-3.6.0.tgz": archive}


def test_a_netrc_entry_does_not_replace_the_token(
    tmp_path: Path,
    web: Web,
    chart: Path,
    archive: bytes,
    mirror: str,
    vendor: Vendor,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login other password other\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    registry(web, "team/charts/opensearch", "3.6.0", archive, login="me:secret")
    save_login(tmp_path / "docker", web.url.removeprefix("http://"), "me:secret")
    vendor(chart, mirror=mirror)
    assert tree(chart / "charts") == {"opensearch-3.6.0.tgz": archive}


def test_a_blob_that_breaks_off_is_resumed_since_its_digest_is_known(
    web: Web, chart: Path, archive: bytes, mirror: str, vendor: Vendor
) -> None:
    registry(web, "team/charts/opensearch", "3.6.0", archive)
    blob = f"/v2/team/charts/opensearch/blobs/sha256:{sha256(archive)}"
    web.routes[blob] = one_after_another(ranged(archive, None, cut=100_000), ranged(archive, None))
    vendor(chart, mirror=mirror)
    assert [headers.get("range") for headers in web.headers_of(blob)] == [None, "bytes=100000-"]


def test_a_blob_with_another_digest_than_the_manifest_says_is_refused(
    tmp_path: Path, web: Web, chart: Path, archive: bytes, mirror: str, vendor: Vendor
) -> None:
    registry(web, "team/charts/opensearch", "3.6.0", archive)
    other = make_archive(tmp_path / "published", "opensearch", "3.6.0", colour="red")
    web.routes[f"/v2/team/charts/opensearch/blobs/sha256:{sha256(archive)}"] = content(other)
    assert f"found the sha256 {sha256(other)}, expected {sha256(archive)}" in message(vendor, chart, mirror)


@pytest.mark.parametrize(
    ("manifest", "text"),
    [
        (b"{}", "found something that is not a Helm chart"),
        (b'{"layers": {}}', "found something that is not a Helm chart"),
        (b'{"layers": [1, {"mediaType": "application/vnd.oci.image.layer.v1.tar"}]}', "is not a Helm chart"),
        (b"[]", "the answer is not JSON, expected that of an OCI registry"),
        (b"<html>", "the answer is not JSON"),
        (
            b'{"layers": [{"mediaType": "application/vnd.cncf.helm.chart.content.v1.tar+gzip", "digest": "md5:1"}]}',
            "found the digest 'md5:1', expected sha256:",
        ),
    ],
)
def test_a_manifest_that_is_no_charts_is_refused(
    web: Web, chart: Path, mirror: str, vendor: Vendor, manifest: bytes, text: str
) -> None:
    web.routes[MANIFEST] = content(manifest)
    assert text in message(vendor, chart, mirror)


def test_a_chart_that_the_registry_lacks_is_named(web: Web, chart: Path, mirror: str, vendor: Vendor) -> None:
    assert f"{web.url}{MANIFEST}: the server answered 404" in message(vendor, chart, mirror)


@pytest.mark.parametrize(
    "challenge", ['Bearer realm="http://elsewhere.example/token"', "Negotiate", "", "Bearer", 'Bearer realm="x"']
)
def test_a_challenge_that_would_send_a_login_in_the_clear_or_is_unknown_is_refused(
    web: Web, chart: Path, mirror: str, vendor: Vendor, challenge: str
) -> None:
    web.routes[MANIFEST] = status(401, WWW_Authenticate=challenge)
    assert "asks for access in a way that is not supported" in message(vendor, chart, mirror)


def test_a_token_answer_without_a_token_is_refused(
    web: Web, chart: Path, archive: bytes, mirror: str, vendor: Vendor
) -> None:
    registry(web, "team/charts/opensearch", "3.6.0", archive)
    web.routes["/token"] = content(b"{}")
    assert "found no token in the answer" in message(vendor, chart, mirror)


def test_any_other_host_is_asked_over_https_only(chart: Path, vendor: Vendor) -> None:
    assert message(vendor, chart, "oci://127.0.0.2:1/charts").startswith("https://127.0.0.2:1/v2/charts/")


@pytest.mark.parametrize("key", ["registry.example", "https://registry.example", "https://registry.example/v1/"])
def test_a_login_is_found_under_each_form_of_the_hosts_name(tmp_path: Path, key: str) -> None:
    save_login(tmp_path, key, "me:secret")
    file = tmp_path / "config.json"
    assert find_login("registry.example", [tmp_path / "absent.json", file]) == base64.b64encode(b"me:secret").decode()
    assert find_login("other.example", [file]) is None


def test_docker_hubs_login_serves_its_registry(tmp_path: Path) -> None:
    save_login(tmp_path, "https://index.docker.io/v1/", "me:secret")
    assert find_login("registry-1.docker.io", [tmp_path / "config.json"])


@pytest.mark.parametrize("text", ["", "[]", '{"auths": 1}', '{"auths": {"h": 1}}', '{"auths": {"h": {"auth": "é"}}}'])
def test_a_broken_login_file_counts_as_empty(tmp_path: Path, text: str) -> None:
    (tmp_path / "config.json").write_text(text)
    assert find_login("h", [tmp_path / "config.json"]) is None


def image_at(web: Web) -> Reference:
    return known_reference(f"{web.url.removeprefix('http://')}/team/app:1.2")


def test_an_images_digest_is_that_of_its_list_of_architectures(web: Web) -> None:
    body = json.dumps({"mediaType": "application/vnd.oci.image.index.v1+json", "manifests": []}).encode()
    web.routes["/v2/team/app/manifests/1.2"] = content(body)
    with open_client(Patience(attempts=1)) as client:
        assert image_digest(client, image_at(web)) == f"sha256:{sha256(body)}"
    (headers,) = web.headers_of("/v2/team/app/manifests/1.2")
    assert headers["accept"].startswith("application/vnd.oci.image.index.v1+json")


def test_an_image_that_is_not_there_is_named(web: Web) -> None:
    with open_client(Patience(attempts=1)) as client, pytest.raises(InputError, match=r"team/app/manifests/1\.2.*404"):
        image_digest(client, image_at(web))
