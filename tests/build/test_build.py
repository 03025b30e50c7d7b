"""A Build is made once from a request, and everything else is a function of it."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from generator.build.build import fit, make_build
from generator.build.chart import chart
from generator.build.findings import findings
from generator.build.profile import load_profile
from generator.choices.profiles import Layer
from generator.choices.request import Request
from generator.errors import InputError
from generator.files import yamlfile
from generator.files.positions import document_reader
from generator.verify.locate import located
from tests.conftest import PROFILES, ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from generator.build.sources import Sources

NO_HUB = Layer(
    "mine.yaml",
    {
        "cluster": {"absent": {"jupyterhub": "Nobody has notebooks here."}},
        "monitors": {"jupyterhub": {"enabled": False}},
    },
)


@pytest.mark.parametrize("profile", PROFILES)
def test_equal_requests_make_equal_charts(sources: Sources, profile: str) -> None:
    first, second = (make_build(Request(profile), sources) for _ in range(2))
    assert chart(first) == chart(second)


def test_a_build_cannot_be_changed(sources: Sources) -> None:
    build = make_build(Request("jark"), sources)
    with pytest.raises(dataclasses.FrozenInstanceError):
        build.profile = build.profile  # type: ignore[misc]


def test_a_request_reads_files_and_arguments_in_the_order_in_which_they_lie_over_each_other(
    sources: Sources, tmp_path: Path
) -> None:
    (tmp_path / "one.yaml").write_text("monitors: {interval: 10s, sampleLimit: 1}\n")
    (tmp_path / "two.yaml").write_text("monitors: {interval: 20s}\n")
    overlays = (tmp_path / "one.yaml", tmp_path / "two.yaml")
    build = make_build(Request("jark", overlays, ("monitors.scrapeTimeout=5s",)), sources)
    monitors = build.values["monitors"]
    assert (monitors["interval"], monitors["sampleLimit"], monitors["scrapeTimeout"]) == ("20s", 1, "5s")


def test_a_profile_of_ones_own_is_a_file(sources: Sources, tmp_path: Path) -> None:
    (tmp_path / "ours.yaml").write_text("extends: kind\ndescription: Ours.\nmonitors: {interval: 10s}\n")
    build = make_build(Request(str(tmp_path / "ours.yaml")), sources)
    assert build.profile.lineage == ("ours.yaml", "kind", "standalone")
    assert build.values["monitors"]["interval"] == "10s"


def test_a_blueprints_warnings_come_with_the_build(sources: Sources, tmp_path: Path) -> None:
    (tmp_path / "blueprint.tfvars").write_text("enable_jupyterhubb = true\n")
    build = make_build(Request(tfvars=tmp_path / "blueprint.tfvars"), sources)
    assert any("did you mean 'enable_jupyterhub'" in str(warning) for warning in build.warnings)


def test_where_workloads_are_absent_the_check_has_run_and_is_not_run_again(sources: Sources) -> None:
    build = fit(load_profile("jark", sources, [NO_HUB]), sources)
    assert build.checked == ()
    assert findings(build) is build.checked
    assert fit(load_profile("jark", sources), sources).checked is None


def test_findings_beside_what_was_left_out_name_the_places_of_the_file(sources: Sources) -> None:
    file = "dashboards/jark-platform.yaml"
    platform = sources.dashboards["jark-platform"]
    last = platform.rows[-1].panels[-1]
    target = dataclasses.replace(last.targets[0], query="sum(nothing_emits_this)")
    panels = (*platform.rows[-1].panels[:-1], dataclasses.replace(last, targets=(target, *last.targets[1:])))
    rows = (*platform.rows[:-1], dataclasses.replace(platform.rows[-1], panels=panels))
    broken = dataclasses.replace(
        sources,
        dashboards={**sources.dashboards, "jark-platform": dataclasses.replace(platform, rows=rows)},
    )
    build = fit(load_profile("jark", broken, [NO_HUB]), broken)
    assert len(build.sources.dashboards["jark-platform"].rows) < len(rows)
    (finding,) = (finding for finding in findings(build) if finding.check == "name")
    assert finding.place == f"rows[{len(rows) - 1}].panels[{len(panels) - 1}].targets[0]"
    (seen,) = located([finding], document_reader(ROOT, ROOT))
    lines = yamlfile.read_text(ROOT / file).splitlines()
    titles = [number for number, line in enumerate(lines, 1) if f"title: {last.title}" in line]
    assert any(number < seen.line for number in titles)


def test_choices_that_contradict_each_other_make_no_build(sources: Sources) -> None:
    with pytest.raises(InputError, match="the logs have nowhere to go"):
        make_build(Request("jark", sets=("components.opensearch.enabled=false",)), sources)
