"""What is left out of the dashboards where the cluster has no such workload."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from generator.build.build import fit
from generator.build.findings import findings
from generator.build.profile import load_profile
from generator.choices.profiles import Layer
from generator.errors import InputError

if TYPE_CHECKING:
    from generator.build.sources import Sources
    from generator.choices.profiles import Profile

REASON = "a test has none of it"


def without(sources: Sources, *absent: str, off: bool = True) -> Profile:
    monitors = {name: {"enabled": not off} for name in absent}
    choices = {"cluster": {"absent": dict.fromkeys(absent, REASON)}, "monitors": monitors}
    return load_profile("jark", sources, [Layer("-f", choices)])


def titles(sources: Sources, dashboard: str) -> list[str]:
    return [panel.title for _, panel in sources.dashboards[dashboard].panels()]


def test_a_profile_that_says_nothing_keeps_the_sources_as_they_are(sources: Sources) -> None:
    assert fit(load_profile("jark", sources), sources).sources is sources


def test_a_row_of_an_absent_workload_goes_and_the_others_stay(sources: Sources) -> None:
    trimmed = fit(without(sources, "argocd"), sources).sources
    rows = [row.title for row in trimmed.dashboards["jark-platform"].rows]
    assert "Argo CD" not in rows
    assert {"At a glance", "JupyterHub", "Targets"} <= set(rows)
    assert "Applications out of step" not in titles(trimmed, "jark-platform")
    assert trimmed.dashboards["inference"] == sources.dashboards["inference"]


def test_nothing_goes_while_the_monitor_is_on(sources: Sources) -> None:
    profile = without(sources, "argocd", off=False)
    assert fit(profile, sources).sources.dashboards == sources.dashboards


def test_a_monitor_that_is_off_without_being_absent_is_still_refused(sources: Sources) -> None:
    profile = load_profile("jark", sources, [Layer("-f", {"monitors": {"argocd": {"enabled": False}}})])
    assert any(one.severity == "error" for one in findings(fit(profile, sources)))


def test_a_panel_that_something_else_feeds_too_keeps_that_query(sources: Sources) -> None:
    layer = {"cluster": {"absent": {"dcgm": REASON}, "scrapes": {"dcgm-exporter": None}}}
    switches = {"rules": {"gpu": {"enabled": False}}, "dashboards": {"gpu-fleet": {"enabled": False}}}
    profile = load_profile("jark", sources, [Layer("-f", {**layer, **switches})])
    trimmed = fit(profile, sources).sources
    panels = {panel.title: panel for _, panel in trimmed.dashboards["inference"].panels()}
    before = {panel.title: panel for _, panel in sources.dashboards["inference"].panels()}
    assert 0 < len(panels["GPU utilisation"].targets) < len(before["GPU utilisation"].targets)
    assert findings(fit(profile, trimmed)) == ()


def test_null_takes_back_what_a_profile_below_says(sources: Sources) -> None:
    said = Layer("-f one", {"cluster": {"absent": {"argocd": REASON}}})
    back = Layer("-f two", {"cluster": {"absent": {"argocd": None}}})
    assert fit(load_profile("jark", sources, [said, back]), sources).sources is sources


def test_an_unknown_workload_is_named_with_the_nearest_one(sources: Sources) -> None:
    layer = Layer("-f", {"cluster": {"absent": {"jupyter-hub": REASON}}})
    with pytest.raises(InputError, match=r"unknown monitor 'jupyter-hub' .*did you mean 'jupyterhub'"):
        fit(load_profile("jark", sources, [layer]), sources)
