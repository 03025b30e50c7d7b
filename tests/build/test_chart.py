"""The pure core: one profile and the sources in, one chart out, always the same bytes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.build.build import fit
from generator.build.chart import chart, command_header
from generator.build.library import FOLDER
from generator.build.profile import load_profile
from generator.choices.profiles import Layer, parse_set
from generator.docs.values_page import pages
from generator.errors import InputError
from generator.files.tree import MARKER, difference
from generator.files.writer import plan
from tests import libyaml
from tests.conftest import PROFILES, ROOT

if TYPE_CHECKING:
    from generator.build.sources import Sources

COMMITTED = ROOT / "charts" / "ai-ml-observability"


def test_the_committed_chart_is_what_the_jark_profile_gives(sources: Sources) -> None:
    planned = plan(COMMITTED, chart(fit(load_profile("jark", sources), sources)))
    assert (planned.added, planned.changed, planned.removed) == ([], [], []), "run `make` and commit the chart"
    assert [path for path in planned.foreign if not path.startswith("charts/")] == []


def test_the_committed_pages_about_values_are_what_the_schemas_give() -> None:
    for name, text in pages().items():
        assert (ROOT / "docs" / name).read_text(encoding="utf-8") == text, f"run `make docs` and commit docs/{name}"


@pytest.mark.parametrize("profile", PROFILES)
def test_every_generated_file_says_so_and_chart_yaml_says_how(sources: Sources, profile: str) -> None:
    for path, text in chart(fit(load_profile(profile, sources), sources)).items():
        first = "\n".join(text.splitlines()[:2])
        command = f": --profile {profile}." if path == "Chart.yaml" else ". Chart.yaml has the command."
        assert f"{MARKER}{command}" in first, path


def test_the_change_of_one_value_changes_no_file_but_those_that_hold_it(sources: Sources) -> None:
    volume = parse_set("components.opensearch.volume=60Gi")
    before, after = (chart(fit(load_profile("jark", sources, layers), sources)) for layers in ([], [volume]))
    _, changed, _ = difference(before, after)
    assert set(changed) <= {"Chart.yaml", "README.md", f"{FOLDER}/templates/opensearch/_setup.tpl", "values.yaml"}
    assert len(before["Chart.yaml"].splitlines()) == len(after["Chart.yaml"].splitlines())


@pytest.mark.parametrize("profile", PROFILES)
def test_every_yaml_file_that_is_no_template_parses_and_every_json_too(sources: Sources, profile: str) -> None:
    for path, text in chart(fit(load_profile(profile, sources), sources)).items():
        if path.endswith(".json"):
            json.loads(text)
        elif path.endswith((".yaml", ".lock")) and "templates/" not in path:
            libyaml.load(text)


def test_every_dependency_has_a_condition_and_an_equal_lock_entry(sources: Sources) -> None:
    files = chart(fit(load_profile("jark", sources), sources))
    (library, *asked), locked = (libyaml.load(files[name])["dependencies"] for name in ("Chart.yaml", "Chart.lock"))
    assert library == locked.pop(0)
    assert [each["condition"] for each in asked] == [
        f"{each['name']}.rendered,{each['name']}.enabled" for each in asked
    ]
    assert [{**each, "condition": ""} for each in asked] == [{**each, "condition": ""} for each in locked]
    assert {each["name"] for each in asked} == set(sources.pins.charts)


@pytest.mark.thorough
@pytest.mark.parametrize("seed", ["0", "1", "random"])
def test_the_hash_seed_changes_no_byte(sources: Sources, seed: str) -> None:
    program = (
        "import json, sys; from generator.build.sources import read_sources; from generator.build.chart import chart;"
        "from generator.files.location import sources_root;"
        "from generator.build.build import make_build; from generator.choices.request import Request;"
        "build = make_build(Request('jark'), read_sources(sources_root())); json.dump(chart(build), sys.stdout)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONHASHSEED": seed},
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    assert json.loads(done.stdout) == chart(fit(load_profile("jark", sources), sources))


def test_values_in_a_profile_win_over_every_choice(sources: Sources) -> None:
    change = Layer("mine.yaml", {"values": {"opensearch": {"replicas": 7}}}, "-f mine.yaml")
    values = libyaml.load(chart(fit(load_profile("jark", sources, [change]), sources))["values.yaml"])
    assert values["opensearch"]["replicas"] == 7


def test_an_unknown_value_is_an_error_that_names_the_nearest(sources: Sources) -> None:
    change = Layer("mine.yaml", {"values": {"networkPolicy": {"enabled": True}}})
    with pytest.raises(InputError, match="did you mean 'networkPolicies'"):
        chart(fit(load_profile("jark", sources, [change]), sources))


def test_monitors_in_a_profile_are_the_charts_monitors(sources: Sources) -> None:
    change = Layer("--set", {"monitors": {"labels": {"release": "mine"}, "triton": {"enabled": False}}})
    values = libyaml.load(chart(fit(load_profile("jark", sources, [change]), sources))["values.yaml"])
    assert values["monitors"]["labels"] == {"release": "mine"}
    assert values["monitors"]["triton"]["enabled"] is False
    assert values["monitors"]["dcgm"]["enabled"] is False


def test_the_header_hides_what_set_was_given_and_cannot_leave_its_line(sources: Sources) -> None:
    layers = [
        Layer("--set", {}, "--set components.kube-prometheus-stack.grafana.adminPassword=…"),
        Layer("evil", {}, "-f */}}\n{{ evil.yaml"),
    ]
    text = command_header(load_profile("jark", sources, layers))
    assert "adminPassword=…" in text
    assert "\n" not in text


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
PATHS = st.sampled_from(
    [
        ("components", "opensearch", "nodes"),
        ("components", "opensearch", "heap"),
        ("components", "fluent-bit", "host"),
        ("components", "kube-prometheus-stack", "prometheus", "volume"),
        ("components", "kube-prometheus-stack", "grafana", "adminPassword"),
        ("components", "kube-state-metrics", "labels"),
        ("storage", "className"),
        ("storage",),
        ("monitors", "ray", "interval"),
        ("monitors", "labels"),
        ("dashboards", "folder"),
        ("values",),
        ("values", "opensearch"),
        ("cluster",),
        ("extends",),
    ]
)


@pytest.mark.slow
@given(path=PATHS, value=JSON_VALUES)
def test_every_overlay_gives_a_chart_or_a_message(sources: Sources, path: tuple[str, ...], value: object) -> None:
    data: object = value
    for key in reversed(path):
        data = {key: data}
    try:
        files = chart(fit(load_profile("jark", sources, [Layer("mine.yaml", data)]), sources))  # type: ignore[arg-type]
    except InputError as error:
        assert all(problem.message and problem.file for problem in error.problems)
    else:
        values = libyaml.load(files["values.yaml"])
        assert values["opensearch"] is not None or path[0] == "values"


def test_a_profile_of_ones_own_may_extend_a_built_in_one(sources: Sources) -> None:
    own = Layer("mine/jark.yaml", {"extends": "jark", "description": "Ours.", "networkPolicies": False}, "")
    profile = load_profile("jark.yaml", sources, own=own)
    assert profile.lineage == ("jark.yaml", "jark", "standalone")
    assert profile.choices["networkPolicies"] is False


def test_sources_lie_beside_the_package_or_inside_it() -> None:
    from generator.files.location import sources_root

    assert sources_root() == Path(ROOT)
