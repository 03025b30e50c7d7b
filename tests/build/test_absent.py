"""Which workloads the cluster does not have, and which choices contradict that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from generator.build.absent import absent_workloads
from generator.build.build import fit
from generator.build.profile import load_profile
from generator.choices.profiles import Layer, parse_set
from generator.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from generator.build.build import Build
    from generator.build.sources import Sources

REASON = "a test has none of it"


def overlay(data: dict[str, Any], file: str = "mine.yaml") -> Layer:
    return Layer(file, data, f"-f {file}")


def absent(*names: str, file: str = "mine.yaml") -> Layer:
    return overlay({"cluster": {"absent": dict.fromkeys(names, REASON)}}, file)


def built(sources: Sources, *layers: Layer, profile: str = "jark") -> Build:
    return fit(load_profile(profile, sources, layers), sources)


def test_a_profile_that_says_nothing_keeps_the_sources_as_they_are(sources: Sources) -> None:
    assert built(sources).sources is sources


def test_a_reason_alone_switches_the_monitor_off_and_no_other(sources: Sources) -> None:
    monitors = built(sources, parse_set("cluster.absent.vllm=No vLLM here.")).values["monitors"]
    before = built(sources).values["monitors"]
    changed = {name for name, block in monitors.items() if block != before[name]}
    assert changed == {"vllm"}
    assert monitors["vllm"]["enabled"] is False


def test_null_takes_back_what_a_profile_below_says(sources: Sources) -> None:
    back = overlay({"cluster": {"absent": {"argocd": None}}})
    assert built(sources, absent("argocd", file="below.yaml"), back).sources is sources


def test_an_unknown_workload_is_named_with_the_nearest_one_and_its_file(sources: Sources) -> None:
    message = r"^mine.yaml: cluster.absent.jupyter-hub: unknown monitor 'jupyter-hub' .*did you mean 'jupyterhub'"
    with pytest.raises(InputError, match=message):
        built(sources, absent("jupyter-hub"))


@pytest.mark.parametrize("path", ["monitors.vllm.enabled", "values.monitors.vllm.enabled"])
def test_a_monitor_that_is_on_and_whose_workload_is_absent_is_refused_with_both_files(
    sources: Sources, path: str
) -> None:
    message = rf"^--set {path}: found true, but cluster.absent.vllm in mine.yaml says .*cluster.absent.vllm=null"
    with pytest.raises(InputError, match=message):
        built(sources, absent("vllm"), parse_set(f"{path}=true"))


def test_what_a_blueprint_says_gives_way_to_a_monitor_that_is_switched_on(sources: Sources) -> None:
    blueprint = Layer("x.tfvars", {"cluster": {"absent": {"ray": REASON}}}, "--tfvars x.tfvars")
    build = built(sources, blueprint, parse_set("monitors.ray.enabled=true"))
    assert build.values["monitors"]["ray"]["enabled"] is True
    assert build.sources is sources


def test_a_scrape_of_the_clusters_own_gives_way_in_a_built_in_profile_alone(sources: Sources) -> None:
    said = {"cluster": {"scrapes": {"dcgm-exporter": "Ours has a ServiceMonitor."}}}
    assert not built(sources, absent("dcgm")).sources.rules["gpu"].alerts
    message = r"^theirs.yaml: cluster.scrapes.dcgm-exporter: found 'Ours .* cluster.absent.dcgm in mine.yaml"
    with pytest.raises(InputError, match=message):
        built(sources, overlay(said, "theirs.yaml"), absent("dcgm"))


@pytest.mark.parametrize("path", ["dashboards.triton.enabled", "rules.kueue.enabled"])
def test_switching_on_what_is_left_out_as_a_whole_is_refused(sources: Sources, path: str) -> None:
    message = rf"^--set {path}: found true, but nothing of it is left: cluster.absent"
    with pytest.raises(InputError, match=message):
        built(sources, absent("triton", "kueue"), parse_set(f"{path}=true"))


@pytest.mark.parametrize("name", ["opensearch", "fluent-bit"])
def test_a_component_that_is_off_is_absent_unless_its_monitor_is_switched_on(sources: Sources, name: str) -> None:
    off = overlay({"components": {"opensearch": {"enabled": False}, "fluent-bit": {"enabled": False}}})
    build = built(sources, off)
    assert build.values["monitors"][name]["enabled"] is False
    assert [build.values["rules"][file]["enabled"] for file in ("opensearch", "logs")] == [False, False]
    kept = parse_set(f"monitors.{name}.enabled=true")
    assert name not in absent_workloads(load_profile("jark", sources, [off, kept]), sources)


def test_choices_about_what_is_left_out_are_passed_over(sources: Sources) -> None:
    tuned = overlay(
        {
            "rules": {
                "vllm": {"slos": {"errors": {"objective": 0.9}, "ttft": {"objective": 0.9}}},
                "alerts": {"VllmErrorBudgetBurnFast": {"severity": "info"}},
            }
        }
    )
    rules = built(sources, tuned, absent("vllm")).values["rules"]
    assert rules["vllm"]["slos"]["ttft"]["objective"] == 0.9
    assert "errors" not in rules["vllm"]["slos"]
    assert rules["alerts"] == {}


@pytest.mark.sample(3)
@pytest.mark.parametrize("name", ["argocd", "vllm", "ray"])
def test_a_monitor_that_is_off_without_a_reason_is_refused_with_the_way_out(
    run: Callable[..., tuple[int, str, str]], name: str
) -> None:
    code, _, err = run("--profile", "jark", "--set", f"monitors.{name}.enabled=false")
    assert code == 2
    assert f"say why in 'cluster.absent.{name}'" in err
