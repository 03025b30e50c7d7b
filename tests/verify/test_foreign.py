"""The dashboards of kube-prometheus-stack and of Ray: what the check says of them is true, with a reason each."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from generator.build.build import fit
from generator.build.findings import dashboard_findings
from generator.build.profile import load_profile
from generator.choices.profiles import Layer
from tests import helm, libyaml
from tests.catalogue import upstream_rules
from tests.live.environment import PYTHON

if TYPE_CHECKING:
    from generator.build.build import Build
    from generator.build.sources import Sources

LISTS = Path(__file__).parent / "foreign"
RAY = "2.60.0"

WRITE_RAYS = """\
import pathlib, sys
import ray
from ray.dashboard.modules.metrics import grafana_dashboard_factory as factory

print(ray.__version__)
for name in dir(factory):
    if name.startswith("generate_"):
        board = name.removeprefix("generate_").removesuffix("_grafana_dashboard")
        pathlib.Path(sys.argv[1], f"{board}.json").write_text(getattr(factory, name)()[0])
"""

Said = set[tuple[str, str, str, str]]


def listed(name: str) -> Said:
    """Returns a list's findings: board, check, severity, subject; each once."""
    found: Said = set()
    for entry in libyaml.load((LISTS / f"{name}.yaml").read_text(encoding="utf-8"))["findings"]:
        assert len(entry["reason"]) > 30
        for board, subjects in entry["boards"].items():
            for subject in subjects:
                one = (board, entry["check"], entry["severity"], subject)
                assert one not in found
                found.add(one)
    return found


def said(folder: Path, build: Build) -> Said:
    """Returns what the check says of each dashboard of a folder."""
    found: Said = set()
    for path in folder.glob("*.json"):
        result = dashboard_findings(path, build)
        assert result.checked, path.name
        for finding in result.findings:
            found.update((path.stem, finding.check, finding.severity, subject) for subject in finding.subjects)
    return found


@pytest.fixture(scope="module")
def build(sources: Sources) -> Build:
    # The control plane's dashboards are asked of a cluster whose Prometheus reaches it.
    reached = dict.fromkeys(("controllerManager", "etcd", "proxy", "scheduler"), True)
    overlay = Layer("test", {"cluster": {"controlPlane": reached}})
    return fit(load_profile("standalone", sources, [overlay]), sources)


def test_all_that_is_said_of_the_dashboards_that_the_chart_installs_is_true(
    build: Build, upstream_charts: Path, tmp_path: Path
) -> None:
    binary = helm.any_binary()
    if binary is None:
        pytest.skip("no helm: install tests/helm-binaries.txt or put it on PATH")
    for found in upstream_rules.render(binary, next(upstream_charts.glob("kube-prometheus-stack-*.tgz"))):
        if "grafana_dashboard" in (found["metadata"].get("labels") or {}):
            for name, text in found["data"].items():
                (tmp_path / name).write_text(text, encoding="utf-8")
    assert len(list(tmp_path.iterdir())) == 29
    assert said(tmp_path, build) == listed("kube-prometheus-stack")


def test_all_that_is_said_of_rays_own_dashboards_is_true(build: Build, tmp_path: Path) -> None:
    given = os.environ.get(PYTHON)
    if not given:
        pytest.skip(f"no Ray: name an interpreter that has it in {PYTHON}")
    done = subprocess.run([given, "-c", WRITE_RAYS, tmp_path], capture_output=True, text=True, check=True)
    version = done.stdout.split()[-1]
    if version != RAY:
        pytest.skip(f"no Ray {RAY}: {given} has {version}")
    assert len(list(tmp_path.iterdir())) == 8
    assert said(tmp_path, build) == listed("ray")
