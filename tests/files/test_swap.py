"""A folder is exchanged whole or not at all, at whatever line a signal comes; the next run mends a killed one."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from generator.errors import InputError
from generator.files import swap, writer
from generator.files.locking import exclusive
from generator.upstream import Upstream, vendor_chart
from tests.conftest import ROOT
from tests.stopper import files
from tests.upstream.charts import make_archive, make_umbrella, pins

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

Tree = dict[str, bytes]

FOREIGN = {"notes.txt": b"mine\xff", "charts/up-1.0.0.tgz": b"vendored", "charts/.keep": b""}


def tree(folder: Path) -> Tree:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def chart(text: str) -> Tree:
    return {path: content.encode() for path, content in files(text).items()} | FOREIGN


def fill(folder: Path, content: Tree) -> Path:
    for path, data in content.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    return folder


@pytest.fixture
def stop() -> Iterator[Callable[[str, Path, int, int], str]]:
    """Provides a function that works in a folder, sends a signal at a line, and says how that ended; see stopper.py."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.stopper"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None

        def ask(work: str, folder: Path, signum: int, step: int) -> str:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(f"{work} {folder} {signum} {step}\n")
            process.stdin.flush()
            return process.stdout.readline().strip()

        yield ask
        process.stdin.close()


def at_every_line(
    stop: Callable[[str, Path, int, int], str],
    where: Path,
    signum: signal.Signals,
    before: Tree,
    work: str = "write",
) -> Iterator[tuple[str, Path]]:
    """Yields, for each line of a write, how it ended and the folder; each time the folder begins as ``before``."""
    for step in range(1, 5000):
        parent = where / str(step)
        parent.mkdir()
        folder = fill(parent / "chart", before) if before else parent / "chart"
        ended = stop(work, folder, signum, step)
        yield ended, folder
        shutil.rmtree(parent)
        if ended == "done":
            assert step > 50, "the work was hardly watched"
            return
    pytest.fail("the work never came to its end")


@pytest.mark.sample(2)
@pytest.mark.slow
@pytest.mark.parametrize("before", [chart("old"), {}], ids=["over a chart", "into nothing"])
def test_ctrl_c_at_any_line_leaves_the_old_chart_or_the_new_one_and_nothing_beside_it(
    stop: Callable[[str, Path, int, int], str], tmp_path: Path, before: Tree
) -> None:
    new = {path: data for path, data in chart("new").items() if before or path not in FOREIGN}
    outcomes = set()
    for ended, folder in at_every_line(stop, tmp_path, signal.SIGINT, before):
        found = tree(folder)
        assert ended in ("interrupted", "done")
        assert found in (before, new)
        assert [path.name for path in folder.parent.iterdir()] in (["chart"], [])
        outcomes.add((ended, found == new))
    assert outcomes == {("interrupted", False), ("interrupted", True), ("done", True)}


@pytest.mark.sample(2)
@pytest.mark.slow
@pytest.mark.parametrize("text", ["new", "old"], ids=["and writes the new one", "and finds the old one up to date"])
def test_after_a_kill_at_any_line_the_next_run_finds_everything_again(
    stop: Callable[[str, Path, int, int], str], tmp_path: Path, text: str
) -> None:
    set_aside = 0
    for ended, folder in at_every_line(stop, tmp_path, signal.SIGKILL, chart("old")):
        assert ended in ("killed", "done")
        set_aside += not folder.exists()
        writer.write(writer.plan(folder, files(text)))
        assert tree(folder) == chart(text)
        assert [path.name for path in folder.parent.iterdir()] == ["chart"]
    assert set_aside > 0, "no kill came between the two renames"


@pytest.fixture
def vendored(tmp_path: Path) -> tuple[Tree, Tree]:
    """Makes a mirror; gives a chart that depends on a chart in it, and the same with the archive in its charts/."""
    archive = make_archive(tmp_path / "published", "alpha", "1.0.0")
    fill(tmp_path / "mirror", {"alpha-1.0.0.tgz": archive})
    umbrella = tree(make_umbrella(tmp_path / "umbrella", ("alpha", "1.0.0", "https://charts.invalid")))
    own = umbrella | FOREIGN | {"charts/library/Chart.yaml": b"name: library\n"}
    return own | {"charts/alpha-0.9.0.tgz": b"older"}, own | {"charts/alpha-1.0.0.tgz": archive}


@pytest.mark.thorough
@pytest.mark.slow
def test_ctrl_c_at_any_line_leaves_the_old_archives_or_the_new_ones_and_nothing_beside_them(
    stop: Callable[[str, Path, int, int], str], tmp_path: Path, vendored: tuple[Tree, Tree]
) -> None:
    before, after = vendored
    outcomes = set()
    for ended, folder in at_every_line(stop, tmp_path, signal.SIGINT, before, "vendor"):
        found = tree(folder)
        assert ended in ("interrupted", "done")
        assert found in (before, after)
        outcomes.add((ended, found == after))
    assert outcomes == {("interrupted", False), ("interrupted", True), ("done", True)}


@pytest.mark.thorough
@pytest.mark.slow
def test_after_a_kill_of_vendor_at_any_line_its_next_run_and_a_writing_one_find_everything_again(
    stop: Callable[[str, Path, int, int], str], tmp_path: Path, vendored: tuple[Tree, Tree]
) -> None:
    before, after = vendored
    set_aside = 0
    for ended, folder in at_every_line(stop, tmp_path, signal.SIGKILL, before, "vendor"):
        assert ended in ("killed", "done")
        set_aside += not (folder / "charts").exists()
        copy = folder.with_name("copy")
        shutil.copytree(folder, copy)
        vendor_chart(folder, pins(), Upstream(mirror=str(tmp_path / "mirror"), cache=tmp_path / "cache"))
        assert tree(folder) == after
        # The writer mends charts/ too, before it compares.
        (copy / "Chart.yaml").write_text(files("old")["Chart.yaml"])
        writer.write(writer.plan(copy, files("new")))
        found = tree(copy)
        assert not [path for path in found if ".gen-chart-" in path]
        assert {path: found.get(path) for path in FOREIGN} == FOREIGN
    assert set_aside > 0, "no kill came between the two renames"


NEW, OLD = ".chart.gen-chart-new", ".chart.gen-chart-old"


def test_what_a_person_made_anew_after_a_kill_is_not_touched(tmp_path: Path) -> None:
    folder = fill(tmp_path / "chart", chart("mine"))
    fill(tmp_path / NEW, chart("half"))
    fill(tmp_path / OLD, chart("old"))
    before = tree(tmp_path)
    with pytest.raises(InputError) as error:
        writer.write(writer.plan(folder, files("new")))
    assert str(error.value) == (
        f"{tmp_path / OLD}: holds what was in the folder before a run was killed, and the folder has been made anew "
        f"since (take from it and from {tmp_path / NEW} what you need, and delete both)"
    )
    assert tree(tmp_path) == before


def test_waste_beside_a_chart_that_is_up_to_date_goes_and_the_chart_stays_untouched(tmp_path: Path) -> None:
    folder = fill(tmp_path / "chart", chart("old"))
    fill(tmp_path / OLD, {"values.yaml": b"half deleted"})
    times = [path.stat().st_mtime_ns for path in folder.rglob("*")]
    writer.write(writer.plan(folder, files("old")))
    assert [path.name for path in tmp_path.iterdir()] == ["chart"]
    assert [path.stat().st_mtime_ns for path in folder.rglob("*")] == times


def test_a_folder_of_a_similar_name_is_no_waste(tmp_path: Path) -> None:
    fill(tmp_path / ".chart.old", {"a": b"mine"})
    fill(tmp_path / ".chart.new", {"a": b"mine"})
    folder = fill(tmp_path / "chart", chart("old"))
    writer.write(writer.plan(folder, files("new")))
    assert (tmp_path / ".chart.old/a").exists()
    assert (tmp_path / ".chart.new/a").exists()


def test_an_exchange_that_the_disk_refuses_is_undone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = fill(tmp_path / "chart", chart("old"))
    rename = type(folder).rename

    def refuse(path: Path, target: Path) -> Path:
        if path.name == NEW:
            raise OSError(5, "Input/output error", str(path))
        return rename(path, target)

    monkeypatch.setattr(type(folder), "rename", refuse)
    with pytest.raises(InputError, match="Input/output error; what was there is as it was"):
        writer.write(writer.plan(folder, files("new")))
    assert tree(tmp_path / "chart") == chart("old")
    assert [path.name for path in tmp_path.iterdir()] == ["chart"]


def test_where_even_the_undoing_fails_nothing_is_deleted_and_the_next_run_mends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = fill(tmp_path / "chart", chart("old"))
    rename = type(folder).rename

    def refuse(path: Path, target: Path) -> Path:
        if path.name in (NEW, OLD):
            raise OSError(5, "Input/output error", str(path))
        return rename(path, target)

    with monkeypatch.context() as broken:
        broken.setattr(type(folder), "rename", refuse)
        with pytest.raises(InputError):
            writer.write(writer.plan(folder, files("new")))
    assert not folder.exists()
    writer.write(writer.plan(folder, files("new")))
    assert tree(tmp_path / "chart") == chart("new")
    assert [path.name for path in tmp_path.iterdir()] == ["chart"]


def test_a_run_waits_for_another_that_writes_beside_the_folder(tmp_path: Path) -> None:
    folder = fill(tmp_path / "chart", chart("old"))
    planned = writer.plan(folder, files("new"))
    run = threading.Thread(target=writer.write, args=(planned,), daemon=True)
    with exclusive(tmp_path) as owned:
        assert owned
        run.start()
        run.join(0.1)
        assert run.is_alive()
        assert tree(folder) == chart("old")
    run.join(60)
    assert tree(folder) == chart("new")


def test_what_another_run_wrote_while_this_one_waited_is_seen(tmp_path: Path) -> None:
    folder = fill(tmp_path / "chart", chart("old"))
    planned = writer.plan(folder, files("new"))
    (folder / "late.txt").write_text("written since the plan was made")
    writer.write(planned)
    assert (folder / "late.txt").exists()


def test_a_folder_in_which_another_run_is_at_work_is_left_alone(tmp_path: Path) -> None:
    folder = fill(tmp_path / "chart", chart("old"))
    with exclusive(folder), pytest.raises(InputError, match="another gen-chart run is at work in it"):
        writer.write(writer.plan(folder, files("new")))
    assert tree(folder) == chart("old")


def test_signals_are_held_back_and_then_delivered() -> None:
    came: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda signum, _frame: came.append(signum))
    try:
        with swap.signals_held():
            os.kill(os.getpid(), signal.SIGTERM)
            assert came == []
        assert came == [signal.SIGTERM]
    finally:
        signal.signal(signal.SIGTERM, before)


def test_in_another_thread_there_is_nothing_to_hold_and_the_work_is_done() -> None:
    done: list[bool] = []

    def work() -> None:
        with swap.signals_held():
            done.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done == [True]
