"""The cache of downloads: it saves requests, and nothing bad in it is ever used."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .charts import index, make_archive, make_umbrella, pins, sha256, tree
from .server import content
from .steps import FILE, publish

if TYPE_CHECKING:
    from pathlib import Path

    from .server import Web
    from .steps import Vendor


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
    vendor(chart, cache=tmp_path / "file" / "cache")
    assert tree(chart / "charts") == {FILE: archive}
