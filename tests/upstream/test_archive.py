"""An archive is accepted only if it is the chart that is wanted, whole and harmless."""

from __future__ import annotations

import gzip
import tarfile
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from generator.errors import InputError
from generator.upstream import Dependency, verify
from generator.upstream import archive as archive_module

from .charts import chart_yaml, noise, sha256, tar_of, tgz_of

if TYPE_CHECKING:
    from pathlib import Path

WANTED = Dependency("opensearch", "3.6.0", "https://charts.example")
NEEDS = (
    "dependencies:\n- name: crds\n  version: 0.0.0\n- name: grafana\n  version: 12.*.*\n  condition: grafana.enabled\n"
)


def check(tmp_path: Path, content: bytes, digest: str | None = None) -> str:
    path = tmp_path / "some.tgz"
    path.write_bytes(content)
    return verify(path, WANTED, digest=digest, file="the file", hint="do something")


def entry(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type = kind
    info.linkname = target
    return info


def sized(name: str, size: int) -> bytes:
    """Returns a gzipped tar whose header claims ``size`` bytes that never come."""
    info = tarfile.TarInfo(name)
    info.size = size
    return gzip.compress(info.tobuf(tarfile.GNU_FORMAT), mtime=0)


def test_a_good_archive_gives_its_sha256(tmp_path: Path) -> None:
    content = tgz_of(entry("opensearch", tarfile.DIRTYPE), chart_yaml(), ("opensearch/templates/a.yaml", b"a: b"))
    assert check(tmp_path, content) == sha256(content)
    assert check(tmp_path, content, digest=sha256(content)) == sha256(content)


def test_another_sha256_than_expected_is_refused_with_both(tmp_path: Path) -> None:
    content = tgz_of(chart_yaml())
    with pytest.raises(InputError) as caught:
        check(tmp_path, content, digest="0" * 64)
    assert str(caught.value) == f"the file: found the sha256 {sha256(content)}, expected {'0' * 64} (do something)"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (tgz_of(chart_yaml(), ("opensearch/../../evil", b"")), "holds the path 'opensearch/../../evil'"),
        (tgz_of(chart_yaml(), ("/etc/cron.d/evil", b"")), "holds the path '/etc/cron.d/evil'"),
        (tgz_of(chart_yaml(), ("opensearch//evil", b"")), "holds the path 'opensearch//evil'"),
        (tgz_of(chart_yaml(), ("opensearch\\..\\evil", b"")), "leads out of the chart or is not plain"),
        (tgz_of(chart_yaml(), ("opensearch/\x1b[2Jevil", b"")), "leads out of the chart or is not plain"),
        (tgz_of(chart_yaml(), ("evil/a.yaml", b"")), "expected everything below 'opensearch/'"),
        (tgz_of(("opensearch", b"")), "expected everything below 'opensearch/'"),
        (tgz_of(chart_yaml(), entry("opensearch/a", tarfile.SYMTYPE, "/etc/passwd")), "holds a link, 'opensearch/a'"),
        (tgz_of(chart_yaml(), entry("opensearch/a", tarfile.LNKTYPE, "opensearch/b")), "holds a link"),
        (tgz_of(chart_yaml(), entry("opensearch/a", tarfile.CHRTYPE)), "holds a special file"),
        (tgz_of(chart_yaml(), entry("opensearch/a", tarfile.BLKTYPE)), "holds a special file"),
        (tgz_of(chart_yaml(), entry("opensearch/a", tarfile.FIFOTYPE)), "holds a special file"),
        (tgz_of(chart_yaml("opensearch", "3.5.0")), "its Chart.yaml says opensearch 3.5.0, expected opensearch 3.6.0"),
        (tgz_of(("opensearch/Chart.yaml", b"name: loki\nversion: 3.6.0")), "its Chart.yaml says loki 3.6.0"),
        (tgz_of(("opensearch/Chart.yaml", b"- a list")), "its Chart.yaml says None None"),
        (tgz_of(chart_yaml(), chart_yaml()), "holds 'opensearch/Chart.yaml' twice"),
        (tgz_of(("opensearch/values.yaml", b"")), "has no opensearch/Chart.yaml"),
        (tgz_of(("opensearch/Chart.yaml", b"#" * 2**21)), "holds a 'opensearch/Chart.yaml' of 2097152 bytes"),
        (tgz_of(), "has no opensearch/Chart.yaml"),
        (b"", "not a readable .tgz archive"),
        (b"PK\x03\x04 a zip file", "not a readable .tgz archive: Not a gzipped file"),
        (tar_of(chart_yaml()), "not a readable .tgz archive"),
        (gzip.compress(b"text, no tar " * 99, mtime=0), "not a readable .tgz archive"),
        (tgz_of(chart_yaml())[:-30], "not a readable .tgz archive: it ends too early"),
        (tgz_of(chart_yaml())[:-8] + b"\0" * 8, "not a readable .tgz archive: CRC check failed"),
        (tgz_of(chart_yaml()) + b"and something behind it", "not a readable .tgz archive"),
        (b"<!DOCTYPE html><title>Log in</title>", "found a web page (HTML), expected a chart archive"),
        (b"\xef\xbb\xbf\n <html>", "found a web page (HTML)"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_bad_archive_is_refused_for_what_is_wrong_with_it(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(InputError) as caught:
        check(tmp_path, content)
    assert message in str(caught.value)
    assert str(caught.value).startswith("the file: ")
    assert "(do something)" in str(caught.value)


def test_a_file_with_holes_is_refused(tmp_path: Path) -> None:
    info = tarfile.TarInfo("opensearch/holes")
    info.pax_headers = {
        "GNU.sparse.major": "1",
        "GNU.sparse.minor": "0",
        "GNU.sparse.name": info.name,
        "GNU.sparse.realsize": "5",
    }
    body = b"1\n0\n5\n".ljust(512, b"\0") + b"bytes"
    info.size = len(body)
    tar = info.tobuf(tarfile.PAX_FORMAT) + body.ljust(1024, b"\0") + tar_of(chart_yaml())
    with pytest.raises(InputError, match="holds a special file, 'opensearch/holes'"):
        check(tmp_path, gzip.compress(tar))


def test_a_broken_header_in_mid_archive_is_not_taken_for_the_end(tmp_path: Path) -> None:
    tar = bytearray(tar_of(chart_yaml(), ("opensearch/a", b"1"), ("opensearch/b", b"2")))
    second = tar.index(b"opensearch/a")
    tar[second + 148 : second + 156] = b"broken!!"
    with pytest.raises(InputError, match=r"not a readable \.tgz archive: broken header"):
        check(tmp_path, gzip.compress(bytes(tar)))


def test_a_tar_that_ends_within_a_file_is_refused(tmp_path: Path) -> None:
    cut = tar_of(chart_yaml(), ("opensearch/a", noise(4000)))[:2500]
    with pytest.raises(InputError, match=r"not a readable \.tgz archive"):
        check(tmp_path, gzip.compress(cut))


@pytest.mark.parametrize("size", [2**33, 2**62, 2**86, -(2**40)])
def test_a_file_of_absurd_size_is_refused_at_once(tmp_path: Path, size: int) -> None:
    with pytest.raises(InputError, match=r"unpacks to more than 64 MiB|not a readable \.tgz archive"):
        check(tmp_path, sized("opensearch/values.yaml", size))


def test_a_bomb_is_refused_before_it_unfolds(tmp_path: Path) -> None:
    bomb = gzip.compress(tar_of(chart_yaml()) + bytes(80 * 2**20), 1)
    assert len(bomb) < 2**20
    with pytest.raises(InputError, match="unpacks to more than 64 MiB"):
        check(tmp_path, bomb)


def test_a_bomb_in_an_extended_header_is_refused(tmp_path: Path) -> None:
    header = tarfile.TarInfo("pax")
    header.type = tarfile.XHDTYPE
    header.size = 2**32
    bomb = gzip.compress(header.tobuf(tarfile.USTAR_FORMAT) + bytes(70 * 2**20), 1)
    with pytest.raises(InputError, match="unpacks to more than 64 MiB"):
        check(tmp_path, bomb)


def test_an_archive_with_too_many_entries_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive_module, "MAX_ENTRIES", 2)
    with pytest.raises(InputError, match="has more than 2 entries"):
        check(tmp_path, tgz_of(chart_yaml(), ("opensearch/a", b""), ("opensearch/b", b"")))


def test_nested_charts_may_lie_unpacked_or_packed_in_their_charts_directory(tmp_path: Path) -> None:
    content = tgz_of(
        chart_yaml(more=NEEDS),
        ("opensearch/charts/crds-0.0.0.tgz", b"looked at by Helm"),
        ("opensearch/charts/grafana/Chart.yaml", b"name: grafana\nversion: 12.11.1\n"),
    )
    assert check(tmp_path, content) == sha256(content)


@pytest.mark.parametrize(
    ("more", "missing"),
    [
        ((), "crds 0.0.0, grafana 12.*.*"),
        ((("opensearch/charts/crds/Chart.yaml", b"name: crds\nversion: 0.0.1\n"),), "crds 0.0.0, grafana"),
        ((("opensearch/charts/crds/Chart.yaml", b"name: crds\nversion: 0.0.0\n"),), "on: grafana 12.*.*;"),
        ((("opensearch/charts/grafana-dash-1.0.0.tgz", b""),), "crds 0.0.0, grafana 12.*.*"),
    ],
)
def test_missing_nested_charts_are_named(tmp_path: Path, more: tuple[tuple[str, bytes], ...], missing: str) -> None:
    with pytest.raises(InputError, match="lacks charts that it depends on") as caught:
        check(tmp_path, tgz_of(chart_yaml(more=NEEDS), *more))
    assert missing in str(caught.value)


def test_a_nested_chart_must_bring_its_own_nested_charts(tmp_path: Path) -> None:
    needs = b"name: crds\nversion: 0.0.0\ndependencies: [{name: deep, version: 1.0.0}]\n"
    grafana = ("opensearch/charts/grafana/Chart.yaml", b"name: grafana\nversion: 12.11.1\n")
    content = tgz_of(chart_yaml(more=NEEDS), ("opensearch/charts/crds/Chart.yaml", needs), grafana)
    with pytest.raises(InputError, match=r"lacks charts that it depends on: deep 1\.0\.0"):
        check(tmp_path, content)


def test_a_nested_charts_own_nested_chart_does_not_stand_in_for_ones_own(tmp_path: Path) -> None:
    crds = ("opensearch/charts/crds/Chart.yaml", b"name: crds\nversion: 0.0.0\n")
    deeper = ("opensearch/charts/crds/charts/grafana/Chart.yaml", b"name: grafana\nversion: 12.11.1\n")
    with pytest.raises(InputError, match=r"lacks charts that it depends on: grafana 12"):
        check(tmp_path, tgz_of(chart_yaml(more=NEEDS), crds, deeper))


GOOD = tgz_of(chart_yaml(), ("opensearch/values.yaml", noise(300)))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.integers(0, len(GOOD) - 1), byte=st.integers(0, 255), compressed=st.booleans())
def test_whatever_byte_is_altered_the_outcome_is_acceptance_or_a_message(
    tmp_path: Path, at: int, byte: int, compressed: bool
) -> None:
    content = bytearray(GOOD if compressed else gzip.decompress(GOOD))
    content[at % len(content)] = byte
    try:
        check(tmp_path, bytes(content) if compressed else gzip.compress(bytes(content)))
    except InputError as error:
        assert str(error).startswith("the file: ")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(metadata=st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_whatever_stands_in_chart_yaml_the_outcome_is_a_message(tmp_path: Path, metadata: bytes) -> None:
    with pytest.raises(InputError, match=r"^the file: "):
        check(tmp_path, tgz_of(("opensearch/Chart.yaml", metadata)))


@pytest.mark.parametrize("dependencies", ["[1]", "text", "{a: b}", "[{name: [x]}]", "[null]"])
def test_dependencies_of_another_shape_are_refused(tmp_path: Path, dependencies: str) -> None:
    with pytest.raises(InputError, match=r"is not a list of mappings|lacks charts"):
        check(tmp_path, tgz_of(chart_yaml(more=f"dependencies: {dependencies}\n")))
