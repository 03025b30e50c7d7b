"""A new workload is YAML files and no Python: with one added to a copy of the project, what a contributor runs passes.

Its files, and those of a new profile, lie in tests/new_workload as CONTRIBUTING.md tells to write them.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from generator.files import yamlfile
from tests.conftest import ROOT

if TYPE_CHECKING:
    from pathlib import Path

FILES = ROOT / "tests" / "new_workload"
STRUCTURE = (
    "tests/build/test_findings.py::test_everything_that_is_queried_is_emitted",
    "tests/catalogue/test_shipped.py",
    "tests/cli/test_cli.py::test_profiles_lists_every_profile",
    "tests/cli/test_listing.py",
    "tests/dashboards/test_shipped.py",
    "tests/monitors/test_discovery.py",
    "tests/monitors/test_specs.py",
    "tests/monitors/test_targets.py",
    "tests/monitors/test_templates.py",
    "tests/monitors/test_workloads_page.py",
    "tests/rules/test_runbooks.py",
    "tests/rules/test_shipped.py",
    "tests/signals/test_world.py",
    "tests/stack/test_components.py",
    "tests/stack/test_kube_prometheus_stack.py",
    "tests/stack/test_secret_templates.py::test_each_profile_makes_the_secrets_that_it_uses",
    "tests/test_project_files.py",
)
"""The tests that look at all files of a kind, or at all profiles."""


def run(copy: Path, module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs a module of the copy as a contributor would in it."""
    environment = {
        key: value for key, value in os.environ.items() if not key.startswith(("COV_CORE", "PYTEST", "PYTHON"))
    }
    command = [sys.executable, "-m", module, *arguments]
    return subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project with the files of tests/new_workload, its chart and its pages written again."""
    folder = tmp_path_factory.mktemp("project") / "project"
    left_out = shutil.ignore_patterns(".git", ".venv", "__pycache__", ".*_cache", ".hypothesis", "charts", ".coverage*")
    shutil.copytree(ROOT, folder, ignore=left_out)
    shutil.copytree(FILES, folder, dirs_exist_ok=True)
    with (folder / "docs" / "runbooks" / "README.md").open("a", encoding="utf-8") as index:
        index.write(
            "\n## throwaway\n\n- [ThrowawayQueueGrowing](ThrowawayQueueGrowing.md): Requests wait at a server\n"
        )
    readme = folder / "README.md"
    counted = re.sub(r"(\d+) (?=dashboards|alerts)", lambda number: f"{int(number[1]) + 1} ", readme.read_text("utf-8"))
    readme.write_text(counted, "utf-8")
    for module, *arguments in (("generator", "--profile", "jark"), ("generator.docs",)):
        done = run(folder, module, *arguments)
        assert done.returncode == 0, done.stderr
    return folder


def test_no_file_of_a_new_workload_or_profile_is_python() -> None:
    written = [path for path in FILES.rglob("*") if path.is_file()]
    assert {path.suffix for path in written} == {".yaml", ".md"}
    assert len(written) == 7


def test_the_chart_has_its_parts_and_its_switches(copy: Path) -> None:
    chart = copy / "charts" / "ai-ml-observability"
    for room in ("dashboards", "monitors", "rules"):
        assert (chart / "templates" / room / "throwaway.yaml").is_file()
    values = yamlfile.load_mapping(chart / "values.yaml")
    assert values["monitors"]["throwaway"] == {"enabled": True}
    # The alert on targets that are down knows its job, in whichever file of the chart the expression is.
    assert any("|throwaway|" in path.read_text("utf-8") for path in chart.rglob("*observability*") if path.is_file())
    assert "| `rules.throwaway` |" in (copy / "docs" / "values.md").read_text("utf-8")


def test_the_check_on_queries_knows_its_names(copy: Path) -> None:
    dashboard = copy / "dashboards" / "throwaway.yaml"
    text = dashboard.read_text("utf-8")
    dashboard.write_text(text.replace("(throwaway_queue_size{", "(throwaway_queue_length{"), "utf-8")
    done = run(copy, "generator", "verify", "--profile", "throwaway")
    dashboard.write_text(text, "utf-8")
    assert done.returncode == 1
    assert "throwaway_queue_length" in done.stdout


def test_a_profile_makes_a_chart(copy: Path, tmp_path: Path) -> None:
    done = run(copy, "generator", "--profile", "throwaway", "--output-dir", str(tmp_path / "throwaway"))
    assert done.returncode == 0, done.stderr
    values = yamlfile.load_mapping(tmp_path / "throwaway" / "values.yaml")
    assert values["kube-prometheus-stack"]["prometheus"]["prometheusSpec"]["retention"] == "7d"


@pytest.mark.thorough
@pytest.mark.slow
def test_the_tests_that_a_contributor_runs_pass(copy: Path) -> None:
    done = run(
        copy,
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:randomly",
        "-m",
        "not slow",
        "-k",
        "not whatever",
        *STRUCTURE,
    )
    assert done.returncode == 0, done.stdout[-6000:]
    assert " passed" in done.stdout
