"""charts/ is filled wholly or not at all, from directories as well, and what is a person's own stays."""

from __future__ import annotations

import errno
import os
import resource
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from generator.errors import InputError
from generator.files.locking import exclusive

from .charts import index, make_archive, make_chart, make_umbrella, pins, sha256, tree
from .server import content, ranged

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from generator.upstream import VendoredChart

    from .server import Web

    Vendor = Callable[..., tuple[VendoredChart, ...]]

A, B = "alpha-1.0.0.tgz", "beta-2.0.0.tgz"
NEW, OLD = ".charts.gen-chart-new", ".charts.gen-chart-old"
NOWHERE = "https://charts.invalid"


@pytest.fixture
def chart(tmp_path: Path) -> Path:
    return make_umbrella(tmp_path / "umbrella", ("alpha", "1.0.0", NOWHERE), ("beta", "2.0.0", NOWHERE))


@pytest.fixture
def mirror(tmp_path: Path) -> Path:
    """A directory with alpha as published and beta unpacked."""
    folder = tmp_path / "mirror"
    make_chart(folder / "beta", "beta", "2.0.0")
    (folder / A).write_bytes(make_archive(tmp_path / "published", "alpha", "1.0.0"))
    return folder


def refused(vendor: Vendor, chart: Path, **options: Any) -> str:
    before = tree(chart)
    with pytest.raises(InputError) as caught:
        vendor(chart, **options)
    assert tree(chart) == before
    assert not list(chart.glob(".charts*"))
    return str(caught.value)


def test_a_directory_gives_published_archives_and_packs_unpacked_charts(
    chart: Path, mirror: Path, vendor: Vendor
) -> None:
    alpha, beta = vendor(chart, mirror=str(mirror), pins=pins(alpha=("1.0.0", (mirror / A).read_bytes())))
    assert (alpha.origin, alpha.location, alpha.pinned) == ("mirror", str(mirror / A), True)
    assert (beta.origin, beta.location, beta.pinned) == ("mirror", str(mirror / "beta"), False)
    assert set(tree(chart / "charts")) == {A, B}
    assert not list(chart.glob(".charts*"))


def test_a_packed_directory_is_accepted_without_the_digest_of_the_published_archive(
    chart: Path, mirror: Path, vendor: Vendor
) -> None:
    pinned = pins(beta=("2.0.0", b"the published archive"))
    assert not vendor(chart, mirror=str(mirror), pins=pinned)[1].pinned
    assert [one.origin for one in vendor(chart, mirror=str(mirror), pins=pinned)] == ["present", "present"]


def test_a_published_archive_goes_before_a_directory(chart: Path, mirror: Path, vendor: Vendor) -> None:
    make_chart(mirror / "alpha", "alpha", "1.0.0", colour="red")
    assert vendor(chart, mirror=str(mirror))[0].location == str(mirror / A)


def test_charts_is_not_exchanged_while_a_person_works_in_it(
    chart: Path, mirror: Path, vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    (chart / "charts").mkdir(exist_ok=True)
    monkeypatch.chdir(chart / "charts")
    with pytest.raises(InputError, match="you are in this folder"):
        vendor(chart, mirror=str(mirror))
    assert not list(Path().glob("*.tgz"))
    monkeypatch.chdir(chart)
    assert vendor(chart, mirror=str(mirror))


def test_a_second_run_writes_nothing(chart: Path, mirror: Path, vendor: Vendor) -> None:
    vendor(chart, mirror=str(mirror))
    before = {path: path.stat() for path in [chart / "charts", *chart.rglob("*.tgz")]}
    again = vendor(chart, mirror=str(mirror))
    assert [one.origin for one in again] == ["present", "present"]
    assert {path: (path.stat().st_ino, path.stat().st_mtime_ns) for path in before} == {
        path: (stat.st_ino, stat.st_mtime_ns) for path, stat in before.items()
    }


def test_with_everything_in_place_nobody_is_asked(chart: Path, mirror: Path, vendor: Vendor) -> None:
    """The repositories do not exist, so that any request would fail; one archive is pinned, one is not."""
    vendor(chart, mirror=str(mirror))
    pinned = pins(alpha=("1.0.0", (mirror / A).read_bytes()))
    assert [(one.origin, one.pinned) for one in vendor(chart, pins=pinned)] == [("present", True), ("present", False)]


def test_only_what_is_missing_is_fetched(tmp_path: Path, web: Web, mirror: Path, vendor: Vendor) -> None:
    url = f"{web.url}/r"
    chart = make_umbrella(tmp_path / "c", ("alpha", "1.0.0", url), ("beta", "2.0.0", url))
    vendor(chart, mirror=str(mirror))
    beta = (chart / "charts" / B).read_bytes()
    (chart / "charts" / B).unlink()
    web.routes["/r/index.yaml"] = content(index(("beta", "2.0.0", "b.tgz", None)))
    web.routes["/r/b.tgz"] = content(beta)
    assert [one.origin for one in vendor(chart)] == ["present", "upstream"]
    assert web.paths() == ["/r/index.yaml", "/r/b.tgz"]
    assert set(tree(chart / "charts")) == {A, B}


@pytest.mark.parametrize("damage", [b"", b"garbage"])
def test_a_damaged_archive_in_charts_is_replaced(chart: Path, mirror: Path, vendor: Vendor, damage: bytes) -> None:
    vendor(chart, mirror=str(mirror))
    good = tree(chart)
    (chart / "charts" / A).write_bytes(damage)
    assert [one.origin for one in vendor(chart, mirror=str(mirror))] == ["mirror", "present"]
    assert tree(chart) == good


def test_an_archive_in_charts_that_is_not_the_pinned_one_is_not_trusted(
    tmp_path: Path, chart: Path, mirror: Path, vendor: Vendor
) -> None:
    pinned = pins(alpha=("1.0.0", (mirror / A).read_bytes()))
    (chart / "charts").mkdir()
    (chart / "charts" / A).write_bytes(make_archive(tmp_path / "published", "alpha", "1.0.0", colour="red"))
    one, _beta = vendor(chart, mirror=str(mirror), pins=pinned)
    assert one.sha256 == sha256((chart / "charts" / A).read_bytes()) == sha256((mirror / A).read_bytes())


def test_a_changed_directory_in_the_mirror_is_packed_anew(chart: Path, mirror: Path, vendor: Vendor) -> None:
    vendor(chart, mirror=str(mirror))
    (mirror / "beta" / "values.yaml").write_text("colour: green\n")
    assert [one.origin for one in vendor(chart, mirror=str(mirror))] == ["present", "mirror"]


def test_other_versions_go_and_foreign_files_stay(chart: Path, mirror: Path, vendor: Vendor) -> None:
    charts = chart / "charts"
    (charts / "own" / "templates").mkdir(parents=True)
    foreign = ("own/Chart.yaml", "own/templates/a.yaml", "README.md", "alpha-extras-1.0.0.tgz", "beta.tgz", ".keep")
    for name in foreign:
        (charts / name).write_text(name)
    (charts / "link").symlink_to("README.md")
    for name in ("alpha-0.9.0.tgz", "alpha-v1.1.0.tgz", "beta-2.0.0-rc.1.tgz"):
        (charts / name).write_text("stale")
    charts.chmod(0o750)
    number = (charts / "beta.tgz").stat().st_ino
    vendor(chart, mirror=str(mirror))
    assert set(tree(charts)) == {A, B, "link", *foreign}
    assert all((charts / name).read_text() == name for name in foreign)
    assert os.readlink(charts / "link") == "README.md"  # noqa: PTH115 - the link itself
    assert charts.stat().st_mode & 0o777 == 0o750
    assert (charts / "beta.tgz").stat().st_ino == number


def test_a_stale_version_goes_even_if_nothing_else_is_to_be_done(chart: Path, mirror: Path, vendor: Vendor) -> None:
    vendor(chart, mirror=str(mirror))
    (chart / "charts" / "alpha-0.9.0.tgz").write_text("stale")
    vendor(chart)
    assert set(tree(chart / "charts")) == {A, B}


def test_a_chart_without_dependencies_needs_nothing(tmp_path: Path, vendor: Vendor) -> None:
    chart = make_umbrella(tmp_path / "c")
    assert vendor(chart) == ()
    assert not (chart / "charts").exists()


def test_every_lacking_chart_is_named_with_what_the_mirror_has(chart: Path, mirror: Path, vendor: Vendor) -> None:
    (mirror / A).rename(mirror / "alpha-0.9.0.tgz")
    (mirror / "beta" / "Chart.yaml").unlink()
    text = refused(vendor, chart, mirror=str(mirror))
    assert f"{mirror}: found no {A} and no alpha/ with a Chart.yaml in the mirror; it has alpha-0.9.0.tgz" in text
    assert f"found no {B} and no beta/" in text
    assert f"(put one of them there; upstream publishes it at {NOWHERE})" in text


@pytest.mark.parametrize(("key", "found"), [("version", "2.0.1"), ("name", "gamma")])
def test_an_unpacked_chart_of_another_version_or_name_is_refused(
    chart: Path, mirror: Path, vendor: Vendor, key: str, found: str
) -> None:
    (mirror / "beta" / "Chart.yaml").write_text(
        "".join(
            f"{name}: {found if name == key else value}\n" for name, value in (("name", "beta"), ("version", "2.0.0"))
        )
    )
    text = refused(vendor, chart, mirror=str(mirror))
    assert f"{mirror / 'beta' / 'Chart.yaml'}: {key}: found '{found}', expected" in text


def test_an_unpacked_chart_without_its_nested_charts_is_refused(
    tmp_path: Path, chart: Path, vendor: Vendor, mirror: Path
) -> None:
    lacking = make_chart(tmp_path / "other" / "beta", "beta", "2.0.0", needs=(("crds", "0.0.0"), ("grafana", "12.*.*")))
    (lacking.parent / A).write_bytes((mirror / A).read_bytes())
    text = refused(vendor, chart, mirror=str(lacking.parent))
    assert f"{lacking}: lacks charts that it depends on: crds 0.0.0, grafana 12.*.*" in text
    assert "helm dependency update" in text
    make_chart(lacking / "charts" / "crds", "crds", "0.0.0")
    make_chart(lacking / "charts" / "grafana", "grafana", "12.11.1")
    vendor(chart, mirror=str(lacking.parent))


def test_an_altered_archive_in_the_mirror_is_refused_with_both_ways_out(
    chart: Path, mirror: Path, vendor: Vendor
) -> None:
    text = refused(vendor, chart, mirror=str(mirror), pins=pins(alpha=("1.0.0", b"another")))
    assert f"{mirror / A}: found the sha256 {sha256((mirror / A).read_bytes())}, expected {sha256(b'another')}" in text
    assert f"or the chart unpacked as {mirror / 'alpha'}" in text


@pytest.mark.parametrize(
    ("mirror", "message"),
    [
        ("/no/such/directory", "--chart-mirror: found nothing at '/no/such/directory', expected a directory"),
        (__file__, "found a file at"),
        ("ftp://charts.example", "found 'ftp://…', expected a directory"),
        ("https://", "found 'https://…'"),
        ("https://[bad", "found an address that is none"),
        ("https://charts.example:port", "found an address that is none"),
        ("https://charts.example/?token=secret", "found an address with '?'"),
        ("oci://me:secret@registry.example/charts", "use 'docker login registry.example' instead"),
    ],
)
def test_a_mirror_that_is_none_is_refused(chart: Path, vendor: Vendor, mirror: str, message: str) -> None:
    text = refused(vendor, chart, mirror=mirror)
    assert message in text
    assert "secret" not in text


def test_a_dependency_without_an_address_that_is_not_in_charts_is_refused(tmp_path: Path, vendor: Vendor) -> None:
    chart = make_umbrella(tmp_path / "c", ("alpha", "1.0.0", ""))
    text = refused(vendor, chart)
    assert f"{chart / 'charts' / 'alpha'}: no chart in it, which is a part of this chart" in text
    assert "(generate the chart again; gen-chart writes it)" in text


def test_an_empty_mirror_is_no_mirror(chart: Path, mirror: Path, vendor: Vendor) -> None:
    vendor(chart, mirror=str(mirror))
    assert [one.origin for one in vendor(chart, mirror="")] == ["present", "present"]


def test_an_unpacked_copy_of_a_dependency_in_charts_is_not_deleted_but_refused(
    chart: Path, mirror: Path, vendor: Vendor
) -> None:
    make_chart(chart / "charts" / "alpha", "alpha", "1.0.0")
    assert "found an unpacked chart; Helm would load it beside the archive" in refused(
        vendor, chart, mirror=str(mirror)
    )


def test_a_charts_that_is_a_link_or_a_file_is_refused(
    tmp_path: Path, chart: Path, mirror: Path, vendor: Vendor
) -> None:
    (tmp_path / "elsewhere").mkdir()
    (chart / "charts").symlink_to(tmp_path / "elsewhere")
    assert "charts: found a link or a file, expected a directory" in refused(vendor, chart, mirror=str(mirror))
    (chart / "charts").unlink()
    (chart / "charts").write_text("")
    assert "found a link or a file" in refused(vendor, chart, mirror=str(mirror))


def test_ctrl_c_at_the_last_of_several_archives_leaves_charts_as_it_was(
    tmp_path: Path, web: Web, vendor: Vendor
) -> None:
    url = f"{web.url}/r"
    chart = make_umbrella(tmp_path / "c", ("alpha", "1.0.0", url), ("beta", "2.0.0", url))
    (chart / "charts").mkdir()
    (chart / "charts" / "alpha-0.9.0.tgz").write_text("older")
    web.routes["/r/index.yaml"] = content(index(("alpha", "1.0.0", A, None), ("beta", "2.0.0", B, None)))
    web.routes[f"/r/{A}"] = ranged(make_archive(tmp_path / "p", "alpha", "1.0.0"))
    web.routes[f"/r/{B}"] = ranged(make_archive(tmp_path / "p", "beta", "2.0.0"))
    before = tree(chart)

    @contextmanager
    def interrupt(label: str, total: int | None) -> Iterator[Callable[[int], object]]:
        if label.startswith("beta"):
            raise KeyboardInterrupt
        yield lambda _count: None

    with pytest.raises(KeyboardInterrupt):
        vendor(chart, progress=interrupt)
    assert tree(chart) == before
    assert not list(chart.glob(".charts*"))
    assert [one.origin for one in vendor(chart)] == ["cache", "upstream"]


def test_a_disk_that_fills_leaves_charts_as_it_was(tmp_path: Path, chart: Path, mirror: Path, vendor: Vendor) -> None:
    """The limit on the size of files makes the same write fail that a full disk does."""
    (mirror / A).write_bytes(make_archive(tmp_path / "published", "alpha", "1.0.0", size=200_000))
    (chart / "charts").mkdir()
    (chart / "charts" / "alpha-0.9.0.tgz").write_text("older")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, hard))
    try:
        text = refused(vendor, chart, mirror=str(mirror))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert f"{os.strerror(errno.EFBIG)}; charts/ is as it was (free some space and run the command again)" in text


@pytest.fixture
def shared_folder() -> Iterator[Path]:
    """A directory that other users may enter, as tmp_path may not."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


@contextmanager
def not_root(*owned: Path) -> Iterator[None]:
    """Takes root's power to write everything away, and leaves it what is ``owned``."""
    if os.geteuid() != 0:
        yield
        return
    for path in owned:
        os.chown(path, 65534, -1)
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_chart_that_cannot_be_written_is_left_as_it_was(shared_folder: Path, tmp_path: Path, vendor: Vendor) -> None:
    mirror = shared_folder / "mirror"
    mirror.mkdir()
    (mirror / A).write_bytes(make_archive(tmp_path / "published", "alpha", "1.0.0"))
    vendor(make_umbrella(tmp_path / "warm", ("alpha", "1.0.0", NOWHERE)), mirror=str(mirror))  # imports, while it can
    chart = make_umbrella(shared_folder / "c", ("alpha", "1.0.0", NOWHERE))
    chart.chmod(0o555)
    with not_root():
        text = refused(vendor, chart, mirror=str(mirror), cache=shared_folder / "cache")
    chart.chmod(0o755)
    assert "Permission denied; charts/ is as it was (make it readable and writable for you" in text


def test_a_failing_exchange_puts_the_old_charts_back(
    chart: Path, mirror: Path, vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    (chart / "charts").mkdir()
    (chart / "charts" / "alpha-0.9.0.tgz").write_text("older")
    rename = Path.rename

    def refuse(path: Path, target: Path) -> Path:
        if path.name == NEW:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", refuse)
    assert "Permission denied; charts/ is as it was" in refused(vendor, chart, mirror=str(mirror))


def test_a_chart_of_the_charts_own_needs_no_archive_and_stays(tmp_path: Path, mirror: Path, vendor: Vendor) -> None:
    """As Helm, which takes a dependency without a repository from charts/NAME."""
    chart = make_umbrella(tmp_path / "c", ("library", "0.1.0", ""), ("alpha", "1.0.0", NOWHERE))
    make_chart(chart / "charts" / "library", "library", "0.1.0")
    before = tree(chart / "charts")
    assert [one.name for one in vendor(chart, mirror=str(mirror))] == ["alpha"]
    assert tree(chart / "charts") == before | {A: (mirror / A).read_bytes()}
    assert [one.origin for one in vendor(chart)] == ["present"]
    (chart / "charts").rename(chart / OLD)  # killed between the two renames
    assert [one.name for one in vendor(chart)] == ["alpha"]


def test_what_a_killed_run_left_is_put_right_by_the_next(chart: Path, mirror: Path, vendor: Vendor) -> None:
    vendor(chart, mirror=str(mirror))
    good = tree(chart)
    (chart / "charts").rename(chart / OLD)  # killed between the two renames
    (chart / NEW).mkdir()
    assert [one.origin for one in vendor(chart)] == ["present", "present"]
    assert tree(chart) == good
    (chart / OLD).mkdir()  # killed before the old one was deleted
    vendor(chart)
    assert tree(chart) == good
    assert not list(chart.glob(".charts*"))


def test_two_runs_do_not_work_on_one_chart_at_once(chart: Path, mirror: Path, vendor: Vendor) -> None:
    with exclusive(chart) as owned:
        assert owned
        assert "another gen-chart run is at work in it" in refused(vendor, chart, mirror=str(mirror))
    vendor(chart, mirror=str(mirror))


def test_two_runs_may_download_the_same_archive_into_one_cache(
    tmp_path: Path, web: Web, cache: Path, vendor: Vendor
) -> None:
    chart = make_umbrella(tmp_path / "c", ("alpha", "1.0.0", f"{web.url}/r"))
    web.routes["/r/index.yaml"] = content(index(("alpha", "1.0.0", A, None)))
    web.routes[f"/r/{A}"] = content(make_archive(tmp_path / "p", "alpha", "1.0.0"))
    vendor(chart)
    (entry,) = cache.rglob(A)
    entry.unlink()
    other_run = entry.with_name(f"{A}.part")
    other_run.write_bytes(b"half of it")
    (chart / "charts" / A).unlink()
    with exclusive(entry.with_name(f"{A}.lock")) as owned:
        assert owned
        vendor(chart)
    assert other_run.read_bytes() == b"half of it"
    assert sorted(path.name for path in entry.parent.iterdir()) == [A, f"{A}.lock", f"{A}.part"]
