"""Writing a chart: what changes is shown, what a person put there is kept, and the disk's refusal loses nothing."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from generator.errors import InputError
from generator.files import swap
from generator.files.tree import MARKER
from generator.files.writer import plan, unified_diff, write
from tests.conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

MARK = f"# {MARKER}: --profile test.\n"  # in every file of version 0.1.0, since then in Chart.yaml alone
OLD = {
    "Chart.yaml": f"{MARK}name: old\n",
    "charts/library/Chart.yaml": f"{MARK}type: library\n",
    "charts/library/templates/_cpu.tpl": f'{MARK}{{"title":"CPU"}}\n',
    "templates/gone.yaml": MARK,
    "values.schema.json": f'{{\n "$comment": "{MARKER}: --profile test.",\n "type": "object"\n}}\n',
    "values.yaml": f"{MARK}replicas: 3\n",
}
NEW = {path: text for path, text in OLD.items() if path != "templates/gone.yaml"} | {
    "templates/new.yaml": f"# {MARKER}. Chart.yaml has the command. Change the sources, not this file.\n",
    "values.yaml": f"{MARK}replicas: 5\n",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Returns a folder that holds the old chart."""
    target = tmp_path / "chart"
    write(plan(target, OLD))
    return target


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def encoded(files: dict[str, str]) -> dict[str, bytes]:
    return {path: text.encode() for path, text in files.items()}


def refused(target: Path, files: dict[str, str] = NEW) -> str:
    """Returns the message of a write that must fail; nothing on disk may differ afterwards."""
    beside = sorted(target.parent.iterdir())
    before = tree(target) if target.is_dir() else None
    with pytest.raises(InputError) as error:
        write(plan(target, files))
    assert sorted(target.parent.iterdir()) == beside
    assert before is None or tree(target) == before
    return str(error.value)


def test_a_new_chart_is_written_with_the_folders_above_it(tmp_path: Path) -> None:
    write(plan(tmp_path / "deep/er/chart", OLD))
    assert tree(tmp_path / "deep/er/chart") == encoded(OLD)
    assert [path.name for path in (tmp_path / "deep/er").iterdir()] == ["chart"]


def test_an_empty_folder_is_filled(tmp_path: Path) -> None:
    (tmp_path / "chart").mkdir()
    write(plan(tmp_path / "chart", OLD))
    assert tree(tmp_path / "chart") == encoded(OLD)


def test_the_plan_says_what_comes_what_changes_and_what_goes(folder: Path) -> None:
    planned = plan(folder, NEW)
    assert planned.added == ["templates/new.yaml"]
    assert planned.changed == ["values.yaml"]
    assert planned.removed == ["templates/gone.yaml"]
    assert not planned.clean


def test_planning_touches_nothing(folder: Path, tmp_path: Path) -> None:
    before = {path: path.lstat().st_mtime_ns for path in tmp_path.rglob("*")}
    plan(folder, NEW)
    assert {path: path.lstat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_generated_files_that_are_no_longer_made_go_in_the_library_too(folder: Path) -> None:
    less = {path: text for path, text in NEW.items() if "cpu" not in path}
    write(plan(folder, less))
    assert tree(folder) == encoded(less)
    assert not (folder / "charts/library/templates").exists()


def test_a_chart_of_version_0_1_becomes_one_of_this_version(tmp_path: Path) -> None:
    """It had no library, programs in files/, and the JSON of dashboards in files that cannot say who made them."""
    reads = '{{- .Files.Get "files/dashboards/cpu.json" | nindent 4 }}\n'
    before = {path: text for path, text in OLD.items() if not path.startswith("charts/")} | {
        "files/cluster/program.py": MARK,
        "files/dashboards/cpu.json": '{"title":"CPU"}\n',
        "templates/dashboards/cpu.yaml": f"{MARK}{reads}",
    }
    target = tmp_path / "chart"
    for path, text in before.items():
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        (target / path).write_text(text)
    own = {"files/dashboards/own.json": b"{}", "charts/up-1.0.0.tgz": b"x"}
    for path, content in own.items():
        (target / path).parent.mkdir(exist_ok=True)
        (target / path).write_bytes(content)
    planned = plan(target, NEW)
    assert planned.removed == [
        "files/cluster/program.py",
        "files/dashboards/cpu.json",
        "templates/dashboards/cpu.yaml",
        "templates/gone.yaml",
    ]
    write(planned)
    assert tree(target) == encoded(NEW) | own
    (target / "files/dashboards/cpu.json").write_text("{}")
    assert "files/dashboards/cpu.json" in plan(target, NEW).foreign


def test_a_second_run_writes_nothing(folder: Path) -> None:
    before = {path: (path.stat().st_mtime_ns, path.stat().st_ino) for path in folder.rglob("*")}
    planned = plan(folder, OLD)
    assert planned.clean
    write(planned)
    assert {path: (path.stat().st_mtime_ns, path.stat().st_ino) for path in folder.rglob("*")} == before


def test_what_was_edited_by_hand_is_generated_again(folder: Path) -> None:
    (folder / "values.yaml").write_text(f"{MARK}replicas: 99\n")
    (folder / "charts/library/templates/_cpu.tpl").write_text(f"{MARK}{{}}\n")
    (folder / "templates/gone.yaml").write_bytes(MARK.encode() + b"\xff")
    planned = plan(folder, OLD)
    assert planned.changed == ["charts/library/templates/_cpu.tpl", "templates/gone.yaml", "values.yaml"]
    write(planned)
    assert tree(folder) == encoded(OLD)


def test_a_lock_that_helm_wrote_anew_is_generated_again_not_taken_for_a_persons(folder: Path) -> None:
    (folder / "Chart.lock").write_text("dependencies: []\ndigest: sha256:0\n")
    planned = plan(folder, {**OLD, "Chart.lock": f"{MARK}digest: sha256:1\n"})
    assert planned.changed == ["Chart.lock"]
    assert planned.foreign == ()


def test_a_persons_own_files_links_and_empty_folders_are_kept(folder: Path) -> None:
    own = {
        "notes.txt": b"mine",
        "templates/own.yaml": b"kind: ConfigMap\n",
        "charts/library/templates/own.tpl": b"{{/* mine */}}",
        "binary": b"\xff\x00",
        ".git/HEAD": b"ref: refs/heads/main\n",
    }
    for path, content in own.items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_bytes(content)
    (folder / ".git/refs").mkdir()
    (folder / "notes.txt").chmod(0o600)
    os.utime(folder / "notes.txt", (1, 1))
    (folder / "link").symlink_to("notes.txt")
    (folder / "linked").symlink_to("templates", target_is_directory=True)
    (folder / "dangling").symlink_to("nowhere")
    write(plan(folder, NEW))
    assert {path: data for path, data in tree(folder).items() if path in own} == own
    assert ((folder / "notes.txt").stat().st_mode & 0o777, (folder / "notes.txt").stat().st_mtime) == (0o600, 1)
    assert (folder / ".git/refs").is_dir()
    assert [(folder / name).readlink().name for name in ("link", "linked", "dangling")] == [
        "notes.txt",
        "templates",
        "nowhere",
    ]


def test_what_others_put_into_charts_is_linked_not_read_whatever_its_first_line_says(folder: Path) -> None:
    own = {
        "charts/up-1.0.0.tgz": b"x",
        "charts/marked.yaml": MARK.encode(),
        "charts/unpacked/Chart.yaml": MARK.encode(),
        "charts/unpacked/templates/a.yaml": MARK.encode(),
    }
    for path, content in own.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    (folder / "charts/unpacked/empty").mkdir()
    (folder / "charts/link").symlink_to("up-1.0.0.tgz")
    (folder / "charts").chmod(0o750)
    before = {path: (folder / path).stat() for path in own}
    planned = plan(folder, NEW)
    assert planned.foreign == ("charts/link", "charts/marked.yaml", "charts/unpacked", "charts/up-1.0.0.tgz")
    write(planned)
    after = {path: (folder / path).stat() for path in own}
    assert {path: (stat.st_ino, stat.st_mtime_ns) for path, stat in after.items()} == {
        path: (stat.st_ino, stat.st_mtime_ns) for path, stat in before.items()
    }
    assert {path: data for path, data in tree(folder).items() if path in own} == own
    assert (folder / "charts/unpacked/empty").is_dir()
    assert (folder / "charts/link").readlink() == Path("up-1.0.0.tgz")
    assert (folder / "charts").stat().st_mode & 0o777 == 0o750


def test_where_a_file_cannot_have_a_second_name_it_is_copied(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: object, **_options: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    (folder / "charts/up-1.0.0.tgz").write_bytes(b"x")
    before = (folder / "charts/up-1.0.0.tgz").stat()
    monkeypatch.setattr(os, "link", refuse)
    write(plan(folder, NEW))
    after = (folder / "charts/up-1.0.0.tgz").stat()
    assert (after.st_mtime_ns, after.st_mode) == (before.st_mtime_ns, before.st_mode)
    assert after.st_ino != before.st_ino
    assert (folder / "charts/up-1.0.0.tgz").read_bytes() == b"x"


def test_a_charts_folder_that_is_a_link_is_refused_since_the_library_belongs_there(
    folder: Path, tmp_path: Path
) -> None:
    (folder / "charts").rename(tmp_path / "shared")
    (folder / "charts").symlink_to(tmp_path / "shared")
    assert "chart/charts: was not made by gen-chart, so it is not overwritten (move it away)" in refused(folder)
    assert (folder / "charts").readlink() == tmp_path / "shared"


def test_what_a_killed_gen_chart_vendor_has_set_aside_is_put_back_first(folder: Path) -> None:
    (folder / "charts/up-1.0.0.tgz").write_bytes(b"x")
    (folder / "charts").rename(folder / ".charts.gen-chart-old")
    (folder / ".charts.gen-chart-new").mkdir()
    planned = plan(folder, OLD)
    assert planned.foreign == ()
    write(planned)
    assert tree(folder) == encoded(OLD) | {"charts/up-1.0.0.tgz": b"x"}
    assert not list(folder.glob(".charts*"))


def test_the_folder_keeps_its_mode(folder: Path) -> None:
    folder.chmod(0o750)
    write(plan(folder, NEW))
    assert folder.stat().st_mode & 0o777 == 0o750


def test_what_a_person_has_set_of_modes_stays(folder: Path) -> None:
    (folder / "private").mkdir(mode=0o700)
    (folder / "private/key").write_text("secret")
    (folder / "values.yaml").chmod(0o600)
    (folder / "templates").chmod(0o750)
    planned = plan(folder, NEW)
    assert "values.yaml" in planned.changed
    write(planned)
    modes = {name: (folder / name).stat().st_mode & 0o777 for name in ("private", "values.yaml", "templates")}
    assert modes == {"private": 0o700, "values.yaml": 0o600, "templates": 0o750}


def test_a_file_that_does_not_change_is_not_written_anew(folder: Path) -> None:
    same = next(path for path, text in NEW.items() if OLD.get(path) == text)
    before = (folder / same).stat()
    backup = folder.with_name("backup")
    shutil.copytree(folder, backup, copy_function=os.link)
    kept = tree(backup)
    write(plan(folder, NEW))
    after = (folder / same).stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert tree(backup) == kept, "what a person has linked elsewhere is as it was"


def test_what_is_mounted_in_it_is_not_emptied(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mounted = folder / "with blank"
    mounted.mkdir()
    (mounted / "data").write_text("years of work")
    listed = f"36 35 98:0 / {mounted} rw - ext4 /dev/x rw\n".replace("with blank", "with\\040blank")
    (tmp_path / "mountinfo").write_text(f"35 1 98:0 / / rw - ext4 /dev/x rw\n{listed}")
    monkeypatch.setattr(swap, "_MOUNTS", tmp_path / "mountinfo")
    assert f"{mounted}: is mounted in a folder that is exchanged for a new one as a whole (unmount it first)" in (
        refused(folder)
    )
    assert tree(folder) == encoded(OLD) | {"with blank/data": b"years of work"}


def test_a_link_to_the_folder_stays_a_link(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    link = tmp_path / "here/link"
    link.symlink_to(folder)
    write(plan(link, NEW))
    assert link.is_symlink()
    assert tree(folder) == encoded(NEW)
    assert [path.name for path in (tmp_path / "here").iterdir()] == ["link"]


def test_a_link_to_a_folder_that_is_not_there_makes_the_folder(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "chart")
    write(plan(tmp_path / "link", OLD))
    assert tree(tmp_path / "chart") == encoded(OLD)


def test_a_link_to_itself_is_refused(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("link")
    assert "what was there is as it was" in refused(tmp_path / "link")


def test_a_file_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "chart").write_text("mine")
    assert refused(tmp_path / "chart").endswith("chart: found a file, expected a folder (name another with -o)")
    assert (tmp_path / "chart").read_text() == "mine"


def test_a_file_above_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(InputError, match="what was there is as it was"):
        write(plan(tmp_path / "file/chart", OLD))
    assert (tmp_path / "file").read_text() == "mine"


def test_a_folder_that_gen_chart_did_not_make_is_refused(tmp_path: Path) -> None:
    (tmp_path / "chart").mkdir()
    (tmp_path / "chart/Chart.yaml").write_text("name: mine\n")
    (tmp_path / "chart/values.yaml").write_text(OLD["values.yaml"])
    assert "holds files that gen-chart did not make, so it is not overwritten" in refused(tmp_path / "chart")


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("templates/new.yaml", "kind: Mine\n"),
        ("templates/new.yaml/inside", "mine"),
        ("charts/library/templates/_disk.tpl", "mine"),
        ("docs", "mine"),
    ],
)
def test_a_persons_file_where_a_new_one_must_go_is_refused(folder: Path, path: str, content: str) -> None:
    (folder / path).parent.mkdir(exist_ok=True)
    (folder / path).write_text(content)
    more = {**NEW, "charts/library/templates/_disk.tpl": MARK, "docs/a.md": MARK}
    assert f"{path}: was not made by gen-chart, so it is not overwritten (move it away)" in refused(folder, more)


def test_a_link_where_a_generated_folder_must_go_is_refused(folder: Path, tmp_path: Path) -> None:
    (folder / "docs").symlink_to(tmp_path)
    assert "docs: was not made by gen-chart" in refused(folder, {**NEW, "docs/a.md": MARK})


def test_an_empty_folder_where_files_go_is_in_no_ones_way(folder: Path) -> None:
    (folder / "docs").mkdir()
    write(plan(folder, {**NEW, "docs/a.md": MARK}))
    assert (folder / "docs/a.md").read_text() == MARK


def test_a_pipe_is_not_read_and_stays(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    assert plan(folder, OLD).foreign == ("pipe",)
    write(plan(folder, NEW))
    assert (folder / "pipe").is_fifo()


def test_a_pipe_that_cannot_be_kept_makes_its_folder_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: object, **_options: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    os.mkfifo(folder / "pipe")
    monkeypatch.setattr(os, "link", refuse)
    assert "named pipe" in refused(folder)


@contextlib.contextmanager
def powerless() -> Iterator[Path]:
    """Provides a folder in which this process has no more rights than any user, even where root runs the tests."""
    where = Path(tempfile.mkdtemp())
    root = os.geteuid() == 0
    try:
        if root:
            os.chown(where, 65534, 65534)
            os.setresuid(65534, 65534, 0)
        yield where
    finally:
        if root:
            os.setresuid(0, 0, 0)
        for path in (where, *where.rglob("*")):
            path.chmod(0o700)
        shutil.rmtree(where)


@pytest.mark.parametrize("locked", ["chart", "chart/templates", "."], ids=["the folder", "one in it", "the one above"])
def test_a_folder_that_may_not_be_written_is_refused_and_says_what_to_do(locked: str) -> None:
    with powerless() as where:
        write(plan(where / "chart", OLD))
        (where / locked).chmod(0o500)
        assert "Permission denied; what was there is as it was (choose a folder that you may write, with -o)" in (
            refused(where / "chart")
        )


@pytest.mark.parametrize("hidden", ["templates", "values.yaml"])
def test_what_may_not_be_read_is_refused_not_taken_for_absent(hidden: str) -> None:
    with powerless() as where:
        write(plan(where / "chart", OLD))
        (where / "chart" / hidden).chmod(0)
        with pytest.raises(InputError, match=rf"{hidden}: Permission denied; what was there is as it was"):
            plan(where / "chart", NEW)


SMALL_FILES = """
import resource, sys
from pathlib import Path
from generator.errors import InputError
from generator.files.writer import plan, write
from tests.files.test_writer import NEW
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
try:
    write(plan(Path(sys.argv[1]), {**NEW, "values.yaml": NEW["values.yaml"] + "#" * 30_000}))
except InputError as error:
    sys.exit(str(error))
"""


def test_where_the_system_takes_no_more_bytes_the_previous_chart_is_whole(folder: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SMALL_FILES, folder], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert done.returncode == 1
    assert done.stderr == f"{folder}: File too large; what was there is as it was\n"
    assert tree(folder) == encoded(OLD)
    assert [path.name for path in tmp_path.iterdir()] == ["chart"]


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """Provides a file system of 64 KiB."""
    where = tmp_path / "disk"
    where.mkdir()
    options = ["-t", "tmpfs", "-o", "size=64k", "none", str(where)]
    if os.geteuid() or shutil.which("mount") is None or subprocess.run(["mount", *options], check=False).returncode:
        pytest.skip("no file system can be mounted here: it takes root and the right to mount")
    yield where
    subprocess.run(["umount", where], check=True)


def test_on_a_full_disk_the_previous_chart_is_whole_and_the_space_is_given_back(tiny_disk: Path) -> None:
    write(plan(tiny_disk / "chart", OLD))
    message = refused(tiny_disk / "chart", {**NEW, "values.yaml": NEW["values.yaml"] + "#" * 60_000})
    assert message.endswith("No space left on device; what was there is as it was (free some space)")
    write(plan(tiny_disk / "chart", NEW))
    assert tree(tiny_disk / "chart") == encoded(NEW)


def test_a_mount_point_cannot_be_exchanged_and_the_message_says_so(tiny_disk: Path) -> None:
    assert "it may be a mount point; name a folder inside it with -o" in refused(tiny_disk)


def test_the_diff_shows_what_write_would_do(folder: Path) -> None:
    assert unified_diff(plan(folder, NEW)) == (
        "--- a/templates/gone.yaml\n"
        "+++ /dev/null\n"
        "@@ -1 +0,0 @@\n"
        f"-{MARK}"
        "--- /dev/null\n"
        "+++ b/templates/new.yaml\n"
        "@@ -0,0 +1 @@\n"
        f"+{NEW['templates/new.yaml']}"
        "--- a/values.yaml\n"
        "+++ b/values.yaml\n"
        "@@ -1,2 +1,2 @@\n"
        f" {MARK}"
        "-replicas: 3\n"
        "+replicas: 5\n"
    )


def test_the_diff_of_minified_json_is_spread_out(folder: Path) -> None:
    more = {**OLD, "charts/library/templates/_cpu.tpl": f'{MARK}{{"title":"CPU","uid":"x"}}\n'}
    assert unified_diff(plan(folder, more)).splitlines()[3:] == [
        f" {MARK.rstrip()}",
        " {",
        '- "title": "CPU"',
        '+ "title": "CPU",',
        '+ "uid": "x"',
        " }",
    ]
    schema = {**OLD, "values.schema.json": OLD["values.schema.json"].replace("object", "array")}
    assert '+ "type": "array"\n' in unified_diff(plan(folder, schema))


@pytest.mark.parametrize(
    ("path", "text", "shown"),
    [
        ("values.yaml", OLD["values.yaml"].rstrip("\n"), "-replicas: 3\n\\ No newline at end of file\n+replicas: 3\n"),
        ("values.yaml", OLD["values.yaml"].replace("\n", "\r\n"), "-replicas: 3\r\n"),
        (
            "charts/library/templates/_cpu.tpl",
            f'{MARK}{{"title": "CPU"}}\n',
            '-{"title": "CPU"}\n+{"title":"CPU"}\n',
        ),
        ("charts/library/templates/_cpu.tpl", f"{MARK}{{", "-{\n"),
    ],
)
def test_no_difference_is_invisible(folder: Path, path: str, text: str, shown: str) -> None:
    (folder / path).write_bytes(text.encode())
    assert shown in unified_diff(plan(folder, OLD))


def test_of_a_chart_that_is_up_to_date_there_is_no_diff(folder: Path) -> None:
    assert unified_diff(plan(folder, OLD)) == ""


def test_the_diff_can_be_applied_by_patch(folder: Path) -> None:
    if shutil.which("patch") is None:
        pytest.skip("no patch on PATH")
    (folder / "values.yaml").write_text(OLD["values.yaml"].rstrip("\n"))
    text = unified_diff(plan(folder, NEW))
    subprocess.run(["patch", "-p1", "--quiet"], input=text, text=True, check=True, cwd=folder)
    assert tree(folder) == encoded(NEW)
