"""The command as a person types it: a process of its own, its output and exit code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from generator import __version__, cli
from generator.build.library import FOLDER
from tests import libyaml
from tests.conftest import PROFILES, ROOT

Run = "Callable[..., subprocess.CompletedProcess[str]]"


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_it_writes_the_chart_and_says_what_to_do_next(run: Any, tmp_path: Path) -> None:
    code, out, err = run("--profile", "jark")
    assert code == 0
    assert out.startswith("charts/ai-ml-observability: ")
    assert "gen-chart vendor charts/ai-ml-observability" in err
    assert "helm upgrade --install observability" in err
    assert (tmp_path / "charts/ai-ml-observability/Chart.yaml").is_file()


def test_a_second_run_changes_no_byte_and_writes_nothing(run: Any, tmp_path: Path) -> None:
    run("--profile", "jark", "-o", "chart")
    before, times = tree(tmp_path / "chart"), [path.stat().st_mtime_ns for path in (tmp_path / "chart").rglob("*")]
    code, out, err = run("--profile", "jark", "-o", "chart")
    assert (code, err) == (0, "")
    assert "up to date" in out
    assert tree(tmp_path / "chart") == before
    assert [path.stat().st_mtime_ns for path in (tmp_path / "chart").rglob("*")] == times


def test_check_is_silent_when_the_chart_is_up_to_date(run: Any) -> None:
    run("--profile", "jark")
    assert run("--profile", "jark", "--check") == (0, "", "")


def test_check_prints_a_diff_writes_nothing_and_fails(run: Any, tmp_path: Path) -> None:
    run("--profile", "jark")
    before = tree(tmp_path)
    code, out, err = run("--profile", "jark", "--set", "components.opensearch.nodes=5", "--check")
    assert code == 1
    assert "--- a/values.yaml\n+++ b/values.yaml\n" in out
    assert "-  replicas: 3\n+  replicas: 5\n" in out
    assert "not what gen-chart would write" in err
    assert tree(tmp_path) == before


def test_check_after_the_change_of_one_value_names_only_the_files_that_it_changes(run: Any) -> None:
    run("--profile", "jark")
    _, out, _ = run("--profile", "jark", "--set", "components.opensearch.volume=60Gi", "--check")
    files = {line.removeprefix("+++ b/") for line in out.splitlines() if line.startswith("+++ ")}
    assert {"Chart.yaml", "README.md", "values.yaml"} <= files
    assert files <= {"Chart.yaml", "README.md", f"{FOLDER}/templates/opensearch/_setup.tpl", "values.yaml"}


def test_check_of_a_missing_chart_fails(run: Any, tmp_path: Path) -> None:
    code, out, _ = run("--profile", "jark", "--check")
    assert code == 1
    assert "+++ b/Chart.yaml" in out
    assert list(tmp_path.iterdir()) == []


def test_dry_run_lists_the_files_and_writes_nothing(run: Any, tmp_path: Path) -> None:
    code, out, _ = run("--profile", "jark", "--dry-run")
    assert code == 0
    assert "added    charts/ai-ml-observability/Chart.yaml\n" in out
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("inside", ["", "notes"], ids=["the folder itself", "a folder in it"])
def test_the_folder_that_a_person_works_in_is_not_exchanged(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, inside: str
) -> None:
    chart = tmp_path / "chart"
    run("--profile", "kind", "-o", "chart")
    (chart / "notes").mkdir()
    monkeypatch.chdir(chart / inside)
    here = ".." if inside else "."
    assert run("--profile", "kind", "-o", here, "--check")[0] == 0
    assert "up to date" in run("--profile", "kind", "-o", here)[1]
    before, changed = tree(chart), ("--profile", "kind", "--set", "monitors.interval=17s", "-o", here)
    assert run(*changed, "--check")[0] == 1
    code, _, err = run(*changed)
    assert code == 2
    assert f"cd {tmp_path}" in err
    assert "chart" in err
    assert Path.cwd() == chart / inside
    assert tree(chart) == before


def test_an_empty_folder_that_a_person_works_in_is_not_exchanged_either(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "chart").mkdir()
    monkeypatch.chdir(tmp_path / "chart")
    code, _, err = run("--profile", "kind", "-o", ".")
    assert (code, list(Path().iterdir())) == (2, [])
    assert f"cd {tmp_path}" in err


def test_an_overlay_file_and_a_set_value_are_laid_over_the_profile_in_order(run: Any, tmp_path: Path) -> None:
    (tmp_path / "one.yaml").write_text("components: {opensearch: {nodes: 5, heap: 700m}}")
    (tmp_path / "two.yaml").write_text("components: {opensearch: {nodes: 7}}")
    code, _, _ = run(
        "--profile", "jark", "-f", "one.yaml", "-f", "two.yaml", "--set", "storage.className=gp3", "-o", "c"
    )
    assert code == 0
    text = (tmp_path / "c/values.yaml").read_text()
    values = libyaml.load(text)["opensearch"]
    assert (values["replicas"], values["opensearchJavaOpts"]) == (7, "-Xms700m -Xmx700m")
    assert values["persistence"]["storageClass"] == "gp3"
    assert "--profile jark -f one.yaml -f two.yaml --set storage.className=…" in (tmp_path / "c/Chart.yaml").read_text()


def test_a_profile_file_of_ones_own(run: Any, tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("extends: kind\ncomponents: {fluent-bit: {enabled: false}}\n")
    code, _, _ = run("--profile", "./mine.yaml", "-o", "c")
    assert code == 0
    assert libyaml.load((tmp_path / "c/values.yaml").read_text())["fluent-bit"]["enabled"] is False


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--profile", "jrak"], "unknown profile 'jrak' (did you mean 'jark'?)"),
        (["--profile", "jark", "--set", "components.opensearch.node=1"], "did you mean 'nodes'?"),
        (["--profile", "jark", "--set", "components.opensearch.nodes=many"], "found 'many', expected a whole number"),
        (["--profile", "jark", "--set", "components.opensearch.nodes"], "write path=value"),
        (
            ["--profile", "jark", "--set", "components.opensearch.node=1"],
            "error: --set components.opensearch.node: unknown",
        ),
        (
            ["--profile", "jark", "--set", "components.opensearch={node: 1}"],
            "--set components.opensearch.node: unknown",
        ),
        (["--profile", "jark", "--set", r"images.digests.a\.b=1"], "error: --set images.digests.a.b: found"),
        (
            ["images", "--profile", "jrak", "--registry", "https://x/"],
            "error: --registry: found 'https://x/', expected HOST",
        ),
        (["images", "--profile", "jrak", "--registry", ""], "expected HOST[/PATH] without a scheme"),
        (["--profile", "jark", "--set", "monitors.rya.enabled=false"], "did you mean 'ray'?"),
        (["--profile", "jark", "--set", "a=[1"], "--set a:2:1: while parsing a flow sequence"),
        (["--profile", "jark", "-f", "missing.yaml"], "missing.yaml: cannot be read: No such file or directory"),
        (["--profile", "jark", "-f", "."], "cannot be read: Is a directory"),
        (["--profile", "jark", "-f", "broken.yaml"], "broken.yaml:2:"),
        (["--profile", "jark", "-f", "list.yaml"], "list.yaml: found a list, expected a mapping"),
        (["--profile", "jark", "-f", "empty.yaml"], "empty.yaml: found an empty file, expected a mapping"),
        (["--profile", "jark", "-f", "latin.yaml"], "latin.yaml:1: found the byte 0xe9, expected UTF-8 text"),
        (["--profile", "jark", "-f", "unknown.yaml"], "unknown.yaml:1: component: unknown key 'component'"),
        (["--profile", "./circle.yaml"], "extends itself in a circle"),
        (["--profile", "jark", "-o", "list.yaml"], "list.yaml: found a file, expected a folder"),
        (["--profile", "jark", "-o", "."], "holds files that gen-chart did not make"),
        (["--profile", "jark", "--check", "--dry-run"], "exclude each other"),
        ([], "--profile NAME"),
        (["vendor", "nowhere"], "nowhere: not a directory"),
        (["show", "nothing"], "unknown profile 'nothing'"),
    ],
)
def test_bad_input_gets_a_message_exit_2_and_writes_nothing(
    run: Any, tmp_path: Path, arguments: list[str], says: str
) -> None:
    (tmp_path / "broken.yaml").write_text("a: b\n c: d\n")
    (tmp_path / "list.yaml").write_text("- a\n")
    (tmp_path / "empty.yaml").write_text("")
    (tmp_path / "latin.yaml").write_bytes(b"a: \xe9\n")
    (tmp_path / "unknown.yaml").write_text("component: {}\n")
    (tmp_path / "circle.yaml").write_text("extends: circle.yaml\n")
    before = tree(tmp_path)
    code, out, err = run(*arguments)
    assert code == 2
    assert out == ""
    assert says in err
    assert "Traceback" not in err
    assert tree(tmp_path) == before


def test_all_mistakes_are_named_at_once(run: Any, tmp_path: Path) -> None:
    (tmp_path / "m.yaml").write_text("storage: {persistant: true}\ncomponents: {opensearch: {nodes: 0, heap: big}}\n")
    _, _, err = run("--profile", "jark", "-f", "m.yaml")
    assert [line.split(": ")[2] for line in err.splitlines()] == [
        "components.opensearch.heap",
        "components.opensearch.nodes",
        "storage.persistant",
    ]


def test_profiles_lists_every_profile(run: Any) -> None:
    _, out, _ = run("profiles")
    assert [line.split()[0] for line in out.splitlines()[1:]] == list(PROFILES)
    _, text, _ = run("profiles", "--output", "json")
    assert [row["profile"] for row in json.loads(text)] == list(PROFILES)


def test_components_lists_versions_and_where_each_is_on(run: Any) -> None:
    _, text, _ = run("components", "--output", "json")
    rows = {row["component"]: row for row in json.loads(text)}
    assert rows["metrics-server"]["profiles"] == "kind, standalone"
    assert rows["opensearch-dashboards"]["profiles"] == "none"
    assert rows["kube-prometheus-stack"]["chart"] == "88.5.3"


def test_show_prints_every_choice_and_each_can_be_an_overlay(run: Any, tmp_path: Path) -> None:
    _, out, _ = run("show", "jark")
    assert out.startswith("# jark → standalone: ")
    (tmp_path / "all.yaml").write_text(out)
    run("--profile", "jark", "-o", "c")
    before = dict(tree(tmp_path / "c").items())
    run("--profile", "jark", "-f", "all.yaml", "-o", "d")
    after = {path: text.replace(b" -f all.yaml", b"") for path, text in tree(tmp_path / "d").items()}
    assert after == before


def test_show_can_print_the_helm_values(run: Any) -> None:
    _, out, _ = run("show", "kind", "--helm", "--output", "json")
    assert json.loads(out)["opensearch"]["singleNode"] is True


def test_help_has_examples_and_version_is_the_packages() -> None:
    shown = CliRunner().invoke(cli.cli, ["--help"], prog_name="gen-chart").output
    assert "gen-chart --profile jark " in shown
    assert CliRunner().invoke(cli.cli, ["--version"], prog_name="gen-chart").output.strip().endswith(__version__)


def test_the_shell_completes_commands_options_and_profiles() -> None:
    def complete(words: str, index: int) -> list[str]:
        done = subprocess.run(
            [sys.executable, "-m", "generator"],
            env={
                **os.environ,
                "_GEN_CHART_COMPLETE": "bash_complete",
                "COMP_WORDS": words,
                "COMP_CWORD": str(index),
            },
            capture_output=True,
            text=True,
            check=False,
            cwd=ROOT,
        )
        return [line.split(",")[1] for line in done.stdout.splitlines()]

    assert "vendor" in complete("gen-chart v", 1)
    assert complete("gen-chart --profile ja", 2) == ["jark"]


def test_help_imports_nothing_slow() -> None:
    slow = {"jsonschema", "jinja2", "yaml", "requests", "grafana_foundation_sdk", "ruamel"}
    program = "import sys; from generator import cli; cli.cli(['--help'], standalone_mode=False); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    assert not slow & set(done.stdout.splitlines()[-1].split())


def test_a_bug_ends_in_a_message_not_a_traceback(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GEN_CHART_DEBUG")
    monkeypatch.setattr("generator.build.sources.read_sources", lambda _root: 1 / 0)
    code, _, err = run("--profile", "jark", "--no-cache")
    assert code == 70
    assert err == "internal error: ZeroDivisionError: division by zero (GEN_CHART_DEBUG=1 shows where)\n"


MANIFEST = """\
apiVersion: ray.io/v1
kind: RayCluster
metadata:
  name: c  # ours
spec:
  headGroupSpec:
    rayStartParams: {}
    template:
      spec:
        containers:
          - name: ray-head
            image: rayproject/ray:2.60.0
"""


def test_instrument_adds_lines_and_nothing_else(run: Any, tmp_path: Path) -> None:
    (tmp_path / "ray.yaml").write_text(MANIFEST)
    code, out, _ = run("instrument", "ray.yaml", "--diff")
    assert code == 0
    body = out.splitlines()[2:]
    assert any(line.startswith("+") and "fluent-bit:5.1.1" in line for line in body)
    assert [line for line in body if line.startswith("-")] == []
    assert (tmp_path / "ray.yaml").read_text() == MANIFEST


def test_instrument_says_where_there_is_no_ray(run: Any, tmp_path: Path) -> None:
    (tmp_path / "web.yaml").write_text("apiVersion: apps/v1\nkind: Deployment\n")
    code, out, err = run("instrument", "web.yaml", "--check")
    assert (code, out, err) == (1, "", "web.yaml: no Ray manifest in it\n")
    code, out, err = run("instrument", "web.yaml")
    assert code == 0
    assert out == (tmp_path / "web.yaml").read_text()
    assert err == "web.yaml: no Ray manifest in it\n"


def test_instrument_in_place_is_idempotent_and_check_tells(run: Any, tmp_path: Path) -> None:
    (tmp_path / "ray.yaml").write_text(MANIFEST)
    assert run("instrument", "ray.yaml", "--check")[0] == 1
    assert run("instrument", "ray.yaml", "--in-place")[0] == 0
    written = (tmp_path / "ray.yaml").read_text()
    assert run("instrument", "ray.yaml", "--check")[:2] == (0, "")
    assert run("instrument", "ray.yaml")[1] == written
    assert "# ours" in written
