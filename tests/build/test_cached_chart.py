"""A run with a cache writes the same bytes, says the same and ends alike as one without."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from generator.build import cached_chart
from generator.files import cache, location
from generator.files.checkedlines import write_lines
from tests.conftest import PROFILES, ROOT
from tests.thorough import examples

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

Run = tuple[int, str, str, dict[str, bytes]]

OVERLAYS = (
    "storage: {className: gp3}\n",
    "components: {opensearch: {nodes: 5}}\nmonitors: {interval: 15s}\n",
    "monitors: {ray: {enabled: false}}\n",  # panels and rules ask for what nothing scrapes: an error
    "cluster: {absent: {jupyterhub: No notebooks here.}}\nmonitors: {jupyterhub: {enabled: false}}\n",
    "dashboards: {extra: [board.yaml]}\n",
    "dashboards: {logs: false}\nvalues: {grafana: {nonsense: 1}}\n",
    "monitors: [broken\n",
)
BOARD = """\
title: Team
uid: team-board
description: The team's queue.
variables: []
rows:
  - title: Queue
    panels:
      - title: Waiting
        type: stat
        description: Requests that wait for their turn.
        unit: short
        targets: [{expr: sum(METRIC)}]
"""
EDITS = (
    ("dashboards/triton.yaml", "description: ", "description: Now. "),
    ("dashboards/inference.yaml", "num_requests_waiting", "num_requests_waitin"),
    ("rules/vllm.yaml", "default: 0.9", "default: 0.8"),
    ("metrics/vllm.yaml", "gauge", "counter"),
    ("metrics/karpenter.yaml", "[nodepool", "[nodepul"),
    ("monitors/triton.yaml", "description: ", "description: Now. "),
    ("pins.yaml", "4.0.0", "4.0.1"),
    ("exemptions.yaml", "exemptions:\n", "exemptions:\n# changed\n"),
    ("profiles/standalone.yaml", "retention: 15d", "retention: 16d"),
    ("values-schemas/profile.schema.yaml", "title: ", "title: The "),
    ("logs/fields.yaml", "description: ", "description: Now. "),
)

STEP = st.one_of(
    st.tuples(st.just("edit"), st.sampled_from(EDITS)),
    st.tuples(st.just("overlay"), st.sampled_from(OVERLAYS)),
    st.tuples(st.just("board"), st.sampled_from(("vllm:num_requests_waiting", "vllm:num_requests_waitin"))),
    st.tuples(st.just("profile"), st.sampled_from(PROFILES)),
    st.tuples(st.just("set"), st.sampled_from(("monitors.interval=10s", "components.opensearch.volume=60Gi"))),
    st.tuples(st.just("damage"), st.integers(0, 2**16)),
)


def tree(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def damaged(folder: Path, number: int) -> None:
    """Spoils one file of the cache: cut off, or with a byte changed."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    if files:
        path = files[number % len(files)]
        raw = bytearray(path.read_bytes())
        if number % 3 and raw:
            raw[number % len(raw)] ^= 1
        else:
            del raw[number % (len(raw) + 1) :]
        path.write_bytes(raw)


@pytest.fixture
def checkout(compiled_program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the compiled program, which the program takes for its own."""
    folder = tmp_path / "checkout"
    shutil.copytree(compiled_program, folder)
    monkeypatch.setattr(location, "__file__", str(folder / "generator" / "files" / "location.py"))
    return folder


@pytest.mark.slow
@settings(max_examples=examples(1, thorough=24), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEP, min_size=1, max_size=5))
def test_whatever_changes_between_runs_the_bytes_are_those_of_a_run_without(
    checkout: Path, tmp_path: Path, run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, steps: list[Any]
) -> None:
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path / "cache"))
    shutil.rmtree(tmp_path / "cache", ignore_errors=True)
    for name, *_ in EDITS:
        shutil.copy(ROOT / name, checkout / name)
    overlay, board = tmp_path / "mine.yaml", tmp_path / "board.yaml"
    overlay.write_text(OVERLAYS[0])
    board.write_text(BOARD.replace("METRIC", "vllm:num_requests_waiting"))
    profile, sets = "jark", ["monitors.interval=20s"]

    def done(*more: str) -> Run:
        target = tmp_path / "chart"
        shutil.rmtree(target, ignore_errors=True)
        arguments = ["--profile", profile, "-f", str(overlay), *(word for each in sets for word in ("--set", each))]
        code, out, err = run(*arguments, "-o", str(target), *more)
        return code, out, err, tree(target)

    done()
    for kind, value in steps:
        if kind == "edit":
            file, before, after = value
            (checkout / file).write_text((checkout / file).read_text().replace(before, after))
        elif kind == "overlay":
            overlay.write_text(value)
        elif kind == "board":
            board.write_text(BOARD.replace("METRIC", value))
        elif kind == "profile":
            profile = value
        elif kind == "set":
            sets = [value]
        else:
            damaged(tmp_path / "cache", value)
        assert done() == done("--no-cache"), (kind, value)


def test_an_equal_request_reads_no_source(
    run: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = run("--profile", "kind", "-o", str(tmp_path / "chart"))
    monkeypatch.setattr("generator.build.sources.read_sources", lambda _root: 1 / 0)
    code, out, _ = run("--profile", "kind", "-o", str(tmp_path / "chart"))
    assert (first[0], code) == (0, 0)
    assert "up to date" in out
    with pytest.raises(ZeroDivisionError):
        run("--profile", "kind", "-o", str(tmp_path / "chart"), "--no-cache")


def test_what_a_blueprint_warns_of_is_said_in_every_run(run: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "blueprint.tfvars").write_text("enable_jupyterhubb = true\n")
    runs = [run("--tfvars", "blueprint.tfvars", "-o", str(tmp_path / "chart")) for _ in range(2)]
    assert "warning: " in runs[0][2]
    assert "did you mean 'enable_jupyterhub'" in runs[1][2]


def test_a_chart_with_an_error_is_not_cached(run: Callable[..., Any], tmp_path: Path) -> None:
    arguments = ("--profile", "kind", "--set", "monitors.ray.enabled=false", "-o", str(tmp_path / "chart"))
    runs = [run(*arguments) for _ in range(2)]
    assert runs[0] == runs[1]
    assert runs[0][0] == 2


@pytest.mark.thorough
def test_a_file_that_changes_while_the_chart_is_made_is_no_key(
    run: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from generator.build import chart as making

    overlay, make = tmp_path / "mine.yaml", making.chart
    overlay.write_text("monitors: {interval: 17s}\n")

    def making_slowly(build: Any) -> Any:
        overlay.write_text("monitors: {interval: 19s}\n")
        return make(build)

    monkeypatch.setenv(cache.VARIABLE, str(tmp_path / "own"))
    monkeypatch.setattr(making, "chart", making_slowly)
    arguments = ("--profile", "kind", "-f", "mine.yaml", "-o", "chart")
    assert run(*arguments)[0] == 0
    assert run(*arguments)[0] == 0
    with_cache = tree(tmp_path / "chart")
    assert run(*arguments, "--no-cache")[0] == 0
    assert with_cache == tree(tmp_path / "chart")


def test_a_chart_is_not_kept_if_a_file_of_its_request_was_changed_and_changed_back(
    run: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from generator.build import build as building

    overlay, make, text = tmp_path / "mine.yaml", building.make_build, "monitors: {interval: 17s}\n"
    overlay.write_text(text)
    time.sleep(0.05)

    def made_of_another(*arguments: Any) -> Any:
        overlay.write_text(text.replace("17s", "19s"))
        build = make(*arguments)
        overlay.write_text(text)
        return build

    monkeypatch.setenv(cache.VARIABLE, str(tmp_path / "own"))
    arguments = ("--profile", "kind", "-f", "mine.yaml", "-o", "chart")
    with monkeypatch.context() as patch:
        patch.setattr(building, "make_build", made_of_another)
        assert run(*arguments)[0] == 0
    assert "19s" in (tmp_path / "chart" / "values.yaml").read_text()
    assert run(*arguments)[0] == 0
    assert "17s" in (tmp_path / "chart" / "values.yaml").read_text()


def test_a_file_that_cannot_be_read_is_no_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from generator.choices.request import Request

    monkeypatch.setenv(cache.VARIABLE, str(tmp_path / "cache"))
    with cache.opened():
        assert cached_chart.chart_key(Request("jark", overlays=(tmp_path / "none.yaml",)), tmp_path) == ""
        assert cached_chart.chart_key(Request("jark", overlays=(tmp_path,)), tmp_path) == ""


@pytest.mark.thorough
@pytest.mark.slow
def test_runs_at_the_same_time_do_not_disturb_each_other(tmp_path: Path) -> None:
    environment = {**os.environ, cache.VARIABLE: str(tmp_path / "cache")}
    command = [sys.executable, "-m", "generator", "--profile", "kind"]
    started = [
        subprocess.Popen([*command, "-o", str(tmp_path / f"chart-{number}")], env=environment, cwd=ROOT)
        for number in range(3)
    ]
    assert [process.wait() for process in started] == [0, 0, 0]
    trees = [tree(tmp_path / f"chart-{number}") for number in range(3)]
    assert all(each == trees[0] for each in trees)


@pytest.mark.parametrize("on_its_own", [True, False])
def test_the_check_finds_the_same_in_a_process_of_its_own(
    run: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, on_its_own: bool
) -> None:
    from generator.build import beside

    monkeypatch.setattr(beside, "_worth_a_process", lambda _build: on_its_own)
    sound = run("--profile", "kind", "-o", str(tmp_path / "chart"))
    broken = run("--profile", "kind", "--set", "monitors.ray.enabled=false", "-o", str(tmp_path / "other"))
    assert (sound[0], broken[0]) == (0, 2)
    assert "what scrapes 'ray' is off" in broken[2]
    assert not (tmp_path / "other").exists()


def piped(folder: Path, text: str, *arguments: str, cwd: Path) -> tuple[int, str]:
    """Runs gen-chart with a text in a pipe on stdin; returns its exit code and what it said."""
    environment = {**os.environ, cache.VARIABLE: str(folder), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "generator", *arguments]
    process = subprocess.run(
        command, input=text, capture_output=True, text=True, env=environment, cwd=cwd, timeout=120, check=False
    )
    return process.returncode, process.stdout + process.stderr


@pytest.mark.thorough
@pytest.mark.skipif(not os.path.exists("/dev/stdin"), reason="no /dev/stdin here")  # noqa: PTH110 - as the shell has it
@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        pytest.param(("--profile", "kind", "-f", "/dev/stdin"), "monitors: {interval: 17s}\n", id="overlay"),
        pytest.param(
            ("--profile", "/dev/stdin"),
            "extends: kind\ndescription: d\nmonitors: {interval: 17s}\n",
            id="profile",
        ),
        pytest.param(("--tfvars", "/dev/stdin"), "enable_jupyterhub = true\n", id="tfvars"),
    ],
)
def test_what_comes_through_a_pipe_is_read_once(tmp_path: Path, arguments: tuple[str, ...], text: str) -> None:
    for name in ("first", "second"):
        code, said = piped(tmp_path / "cache", text, *arguments, "-o", name, cwd=tmp_path)
        assert code == 0, said
    (tmp_path / "input.yaml").write_text(text)
    plain = tuple("./input.yaml" if argument == "/dev/stdin" else argument for argument in arguments)
    assert piped(tmp_path / "cache", "", *plain, "-o", "third", cwd=tmp_path)[0] == 0
    assert tree(tmp_path / "first") == tree(tmp_path / "second")
    differing = {
        path for path, content in tree(tmp_path / "third").items() if tree(tmp_path / "first")[path] != content
    }
    assert differing <= {"Chart.yaml", "README.md"}  # which name the command
    assert len(list((tmp_path / "cache").rglob("charts/*.json"))) == 1  # of the file alone


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with a name here")
def test_a_dashboard_of_ones_own_that_comes_through_a_pipe_is_read_once(tmp_path: Path) -> None:
    import threading

    os.mkfifo(tmp_path / "board.yaml")
    (tmp_path / "mine.yaml").write_text("dashboards: {extra: [board.yaml]}\n")
    board = BOARD.replace("METRIC", "vllm:num_requests_waiting")
    writing = threading.Thread(target=(tmp_path / "board.yaml").write_text, args=(board,), daemon=True)
    writing.start()
    code, said = piped(tmp_path / "cache", "", "--profile", "kind", "-f", "mine.yaml", "-o", "chart", cwd=tmp_path)
    assert code == 0, said
    assert not list((tmp_path / "cache").rglob("charts/*.json"))


def kept_in(path: Path) -> dict[str, Any]:
    """Returns the values of a memo's file."""
    lines = path.read_bytes().splitlines()
    return {key: value for line in lines for key, value in json.loads(line[65:]).items()}


def rewritten(path: Path, value: Any) -> None:
    """Puts a value into a file of the cache, behind a checksum that is right."""
    path.unlink()
    write_lines(path, value if isinstance(value, list) else [value])


HEAD = {"extra": {}, "warnings": [], "notices": [], "paths": ["Chart.yaml"]}
FILE = ["Chart.yaml", "text"]


@pytest.mark.sample(9)
@pytest.mark.parametrize(
    "value",
    [
        None,
        5,
        [],
        {},
        [HEAD],
        [FILE],
        [HEAD, FILE, ["another", "text"]],
        [HEAD, 5],
        [HEAD, ["Chart.yaml", 5]],
        [{**HEAD, "extra": []}, FILE],
        [{**HEAD, "extra": {"a\0b": 5}}, FILE],
        [{**HEAD, "warnings": 5}, FILE],
        [{**HEAD, "notices": 5}, FILE],
        [{**HEAD, "warnings": [5]}, FILE],
        [{**HEAD, "warnings": [{"message": 5}]}, FILE],
        [{**HEAD, "warnings": [{"nonsense": "a"}]}, FILE],
        [{**HEAD, "paths": None}, FILE],
        [{**HEAD, "paths": ["Chart.yaml", "values.yaml"]}, FILE],
    ],
    ids=repr,
)
def test_a_cached_chart_of_another_shape_is_passed_over(
    run: Callable[..., Any], tmp_path: Path, value: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = ("--profile", "kind", "-o", str(tmp_path / "chart"))
    folder = tmp_path / "own"
    monkeypatch.setenv(cache.VARIABLE, str(folder))
    assert run(*arguments)[0] == 0
    (path,) = folder.rglob("charts/*.json")
    rewritten(path, value)
    code, out, err = run(*arguments)
    assert (code, err) == (0, "")
    assert "up to date" in out


@pytest.mark.thorough
def test_values_of_another_shape_are_passed_over(
    run: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "compiled_memos", lambda _code: None)  # so that this run makes all values
    arguments = ("--profile", "kind", "-o", str(tmp_path / "chart"))
    folder = tmp_path / "own"
    monkeypatch.setenv(cache.VARIABLE, str(folder))
    assert run(*arguments)[0] == 0
    paths = sorted(folder.rglob("*.json"))
    memos = {path: kept_in(path) for path in paths if path.parent.name != "charts"}
    assert {path.stem for path in memos} >= {"dashboards", "expressions", "names", "rules", "templates", "yaml"}
    for path in folder.rglob("charts/*.json"):
        path.unlink()
    times = {path: path.stat().st_mtime_ns for path in memos}
    assert run(*arguments)[0] == 0
    assert {path: path.stat().st_mtime_ns for path in memos} == times, "what a run keeps fits for the next one"
    for value in (5, [], [5], [[5, 5], [5, 5]], [{"file": 5}], None):
        for path in folder.rglob("charts/*.json"):
            path.unlink()
        for path, kept in memos.items():
            rewritten(path, dict.fromkeys(kept, value))
        code, out, err = run(*arguments)
        assert (code, err) == (0, ""), value
        assert "up to date" in out


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with a name here")
def test_a_pipe_in_the_cache_is_passed_over(tmp_path: Path) -> None:
    for _ in range(2):
        code, said = piped(tmp_path / "cache", "", "--profile", "kind", "-o", "chart", cwd=tmp_path)
        assert code == 0, said
        for path in (tmp_path / "cache").rglob("*.json"):
            path.unlink()
            os.mkfifo(path)
    assert piped(tmp_path / "cache", "", "--profile", "kind", "-o", "chart", cwd=tmp_path)[0] == 0
