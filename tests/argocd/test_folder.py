"""The folder of Applications: swapped whole, and never at the cost of what somebody else put there."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from generator.argocd import SIGNATURE
from generator.errors import InputError
from generator.files import swap, writer
from generator.files.tree import MARKER
from generator.files.writer import write

if TYPE_CHECKING:
    from collections.abc import Mapping

    from generator.files.writer import Plan

MARK = f"# {MARKER}: argocd --profile test. Change the sources, not this file.\n"
OTHER = f"# {MARKER}: argocd. parent.yaml has the command. Change the sources, not this file.\n"
# Version 0.1.0 wrote the command into every file.
OLD = {"parent.yaml": f"{MARK}a: 1\n", "apps/gone.yaml": MARK}
NEW = {"parent.yaml": f"{MARK}a: 2\n", "apps/new.yaml": OTHER}


def plan(target: Path, files: Mapping[str, str]) -> Plan:
    return writer.plan(target, files, SIGNATURE)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Returns a folder that holds the old manifests."""
    write(plan(tmp_path / "argocd", OLD))
    return tmp_path / "argocd"


def tree(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}


def refused(folder: Path, files: Mapping[str, str] = NEW) -> str:
    """Returns the message of a write that must fail and change nothing."""
    before = tree(folder)
    with pytest.raises(InputError) as error:
        write(plan(folder, files))
    assert tree(folder) == before
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]
    return str(error.value)


def test_new_manifests_take_the_place_of_the_old_ones(folder: Path) -> None:
    planned = plan(folder, NEW)
    assert (planned.added, planned.changed, planned.removed) == (["apps/new.yaml"], ["parent.yaml"], ["apps/gone.yaml"])
    write(planned)
    assert tree(folder) == NEW
    assert plan(folder, NEW).clean


def test_what_is_as_it_should_be_is_not_touched(folder: Path) -> None:
    before = (folder / "parent.yaml").stat().st_mtime_ns
    write(plan(folder, OLD))
    assert (folder / "parent.yaml").stat().st_mtime_ns == before


def test_a_persons_own_files_stay(folder: Path) -> None:
    (folder / "apps" / "ours.yaml").write_text("kind: Application\n")
    (folder / "README.md").symlink_to("elsewhere")
    write(plan(folder, NEW))
    assert tree(folder) == {**NEW, "apps/ours.yaml": "kind: Application\n"}
    assert (folder / "README.md").is_symlink()


def test_a_chart_that_lies_in_the_folder_stays(folder: Path) -> None:
    (folder / "lab").mkdir()
    (folder / "lab" / "Chart.yaml").write_text(f"# {MARKER}: --profile test.\nname: x\n")
    write(plan(folder, NEW))
    assert tree(folder).keys() == {*NEW, "lab/Chart.yaml"}


def test_a_folder_that_somebody_else_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "argocd").mkdir()
    (tmp_path / "argocd" / "values.yaml").write_text("a: 1\n")
    assert "did not make" in refused(tmp_path / "argocd")


def test_the_folder_of_a_chart_is_refused(tmp_path: Path) -> None:
    (tmp_path / "chart").mkdir()
    (tmp_path / "chart" / "Chart.yaml").write_text(f"# {MARKER}: --profile test.\nname: x\n")
    assert "did not make" in refused(tmp_path / "chart")


@pytest.mark.parametrize("path", ["apps/new.yaml", "apps/new.yaml/below"])
def test_a_persons_file_where_a_new_one_belongs_is_refused(folder: Path, path: str) -> None:
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    (folder / path).write_text("mine\n")
    assert "not made by gen-chart" in refused(folder)


def test_a_file_in_the_folders_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "argocd").write_text("mine\n")
    with pytest.raises(InputError, match="found a file, expected a folder"):
        plan(tmp_path / "argocd", NEW)


def test_a_full_disk_leaves_the_old_manifests(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Path, data: bytes) -> int:
        raise OSError(28, "No space left on device", str(self))

    monkeypatch.setattr(Path, "write_bytes", full)
    assert "No space left on device; what was there is as it was" in refused(folder)


def test_a_killed_run_is_mended(folder: Path) -> None:
    with swap.staging(folder) as fresh:
        (fresh / "parent.yaml").write_text("half")
        folder.rename(folder.with_name(f".{folder.name}.gen-chart-old"))
    assert not folder.exists()
    write(plan(folder, NEW))
    assert tree(folder) == NEW
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]
