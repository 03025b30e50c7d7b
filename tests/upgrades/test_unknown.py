"""A key that an upstream chart does not have is said, where the chart is at hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from generator.build.build import fit
from generator.build.profile import load_profile
from generator.choices.profiles import Layer
from generator.files import yamlfile
from generator.upgrades.unknown import unknown_values
from generator.upstream import pack_chart

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from generator.build.sources import Sources
    from generator.errors import Problem

DEFAULTS = {
    "securityContext": {"runAsUser": 1000},
    "replicas": 1,
    "resources": {},
    "persistence": {"enabled": True, "size": "8Gi"},
    "nodeSelector": None,
}
TEMPLATE = """{{ .Values.hidden.switch }} {{ index .Values "dashed-key" }} {{ toYaml .Values.securityContext }}
{{ .Values.persistence.size }} {{ .Values.persistence.enabled }}"""


@pytest.fixture
def archives(tmp_path: Path, sources: Sources) -> dict[str, Path]:
    """An OpenSearch chart of the pinned version, with few values."""
    version = sources.pins.charts["opensearch"].version
    folder = tmp_path / "opensearch"
    (folder / "templates").mkdir(parents=True)
    (folder / "Chart.yaml").write_text(f"apiVersion: v2\nname: opensearch\nversion: {version}\n")
    (folder / "values.yaml").write_text(yamlfile.dump(DEFAULTS))
    (folder / "templates" / "all.yaml").write_text(TEMPLATE)
    archive = tmp_path / f"opensearch-{version}.tgz"
    pack_chart(folder, archive, name="opensearch")
    return {archive.name: archive}


@pytest.fixture
def unknown(sources: Sources, archives: dict[str, Path]) -> Callable[[dict[str, Any]], list[Problem]]:
    def find(values: dict[str, Any]) -> list[Problem]:
        profile = load_profile("kind", sources, [Layer("mine.yaml", {"values": {"opensearch": values}})])
        return list(unknown_values(fit(profile, sources), archives))

    return find


@pytest.mark.parametrize(
    ("values", "path", "hint"),
    [
        ({"replica": 2}, "replica", "did you mean 'replicas'?"),
        ({"persistence": {"sise": "1Gi", "enabled": True}}, "persistence.sise", "did you mean 'size'?"),
        ({"presistence": {"size": "1Gi", "enabled": True}}, "presistence", "did you mean 'persistence'?"),
    ],
)
def test_the_first_key_that_is_not_there_is_named_once_with_the_nearest(
    unknown: Callable[[dict[str, Any]], list[Problem]], values: dict[str, Any], path: str, hint: str
) -> None:
    (problem,) = unknown(values)
    assert (problem.file, problem.path, problem.hint) == ("mine.yaml", f"values.opensearch.{path}", hint)
    assert "does not have" in problem.message


@pytest.mark.parametrize(
    "values",
    [
        {"replicas": 5},
        {"resources": {"limits": {"memory": "4Gi"}}},
        {"nodeSelector": {"pool": "logs"}},
        {"hidden": {"switch": True}},
        {"dashed-key": 1},
        {"securityContext": {"runAsNonRoot": True}},
    ],
    ids=[
        "a default",
        "below an open map",
        "below an empty key",
        "in a template",
        "in an index",
        "in a map taken whole",
    ],
)
def test_what_the_chart_may_read_is_known(
    unknown: Callable[[dict[str, Any]], list[Problem]], values: dict[str, Any]
) -> None:
    assert unknown(values) == []


def test_of_a_chart_that_is_not_at_hand_nothing_is_said(sources: Sources) -> None:
    profile = load_profile("kind", sources, [Layer("mine.yaml", {"values": {"opensearch": {"replica": 2}}})])
    assert list(unknown_values(fit(profile, sources), {})) == []


def test_the_command_says_it_for_the_charts_in_its_folder_and_again_when_nothing_changed(
    run: Callable[..., Any], tmp_path: Path, archives: dict[str, Path]
) -> None:
    (tmp_path / "mine.yaml").write_text("values:\n  opensearch:\n    replica: 2\n")
    arguments = ("--profile", "kind", "-f", "mine.yaml", "-o", "chart")
    assert "opensearch.replica" not in run(*arguments)[2]
    (name,) = archives
    archives[name].rename(tmp_path / "chart" / "charts" / name)
    for _ in range(2):
        code, _, said = run(*arguments)
        assert code == 0
        assert said.startswith("warning: mine.yaml:3: values.opensearch.replica: found 'replica'")


@pytest.mark.upstream
@pytest.mark.slow
def test_this_charts_own_values_are_known_to_the_real_charts(sources: Sources, upstream_charts: Path) -> None:
    """What this chart sets is known to work: a warning about it would be a false one."""
    build = fit(load_profile("standalone", sources), sources)
    own = {component.name: dict(component.values) for component in build.components}
    for values in own.values():
        del values["enabled"]
    profile = load_profile("standalone", sources, [Layer("mine.yaml", {"values": own})])
    at_hand = {path.name: path for path in upstream_charts.glob("*.tgz")}
    assert [str(problem) for problem in unknown_values(fit(profile, sources), at_hand)] == []
