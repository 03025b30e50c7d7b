"""A stack of Data on EKS: its Prometheus is there, its Ray is `enable_raydata`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from generator.build.build import fit
from generator.build.findings import findings
from generator.build.profile import load_profile, resolve_request, switches
from generator.choices.request import Request
from generator.choices.tfvars import blueprint_layer, blueprint_notices, read_blueprints
from generator.choices.tfvars.reader import parse_settings
from generator.errors import InputError
from tests.conftest import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from generator.build.sources import Sources
    from generator.choices.profiles import Profile

(BLUEPRINT,) = [one for one in read_blueprints(ROOT) if one.title == "Data on EKS"]


def profile_of(text: str, sources: Sources, profile: str = BLUEPRINT.profile) -> tuple[Profile, list[str]]:
    """Returns the fitted profile and what is said about the file."""
    settings = parse_settings(text, file="data-stack.tfvars")
    layer = blueprint_layer(BLUEPRINT, settings, load_profile(profile, sources), switches(sources))
    loaded = load_profile(profile, sources, [layer])
    return loaded, [str(one) for one in blueprint_notices(BLUEPRINT, settings, loaded)]


def test_raydata_is_ray(sources: Sources) -> None:
    on, _ = profile_of("enable_raydata = true\n", sources)
    off, _ = profile_of("", sources)
    for workload in ("kuberay-operator", "ray", "ray-serve-vllm"):
        assert on.choices["monitors"].get(workload, {}).get("enabled", True)
        assert off.choices["monitors"][workload]["enabled"] is False
    assert on.choices["cluster"]["absent"].get("ray") is None
    assert (
        off.choices["cluster"]["absent"]["ray"] == "enable_raydata is missing (false by default) in data-stack.tfvars"
    )


def test_the_command_takes_the_file_for_what_it_is(sources: Sources, tmp_path: Path) -> None:
    file = tmp_path / "ray.tfvars"
    file.write_text('name = "ray-on-eks"\nenable_raydata = true\n', encoding="utf-8")
    loaded, said = resolve_request(Request(tfvars=file), sources)
    assert [problem.path for problem in said] == ["", "enable_raydata"]
    assert not loaded.choices["components"]["kube-prometheus-stack"]["enabled"]
    assert loaded.choices["cluster"]["absent"].get("ray") is None


def test_the_stacks_own_prometheus_selects_everything_and_no_second_one_comes(sources: Sources) -> None:
    choices = profile_of("enable_raydata = true\n", sources)[0].choices
    assert not choices["components"]["kube-prometheus-stack"]["enabled"]
    assert "labels" not in choices["monitors"]
    with pytest.raises(InputError, match="Data on EKS installs a kube-prometheus-stack of its own"):
        profile_of("enable_raydata = true\n", sources, "jark")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "enable_raydata = true\nenable_nvidia_gpu_operator = true\n",
        "enable_jupyterhub = false\nenable_cluster_addons = {}\n",
    ],
)
def test_whatever_is_switched_no_query_is_left_that_nothing_answers(sources: Sources, text: str) -> None:
    loaded, _ = profile_of(text, sources)
    assert findings(fit(loaded, sources)) == ()


def test_its_gpus_are_scraped_by_the_gpu_operators_monitor(sources: Sources) -> None:
    on: Any = profile_of("enable_nvidia_gpu_operator = true\n", sources)[0].choices
    off: Any = profile_of("", sources)[0].choices
    assert on["monitors"]["dcgm"]["enabled"] is False
    assert on["cluster"]["scrapes"]["dcgm-exporter"]
    assert off["cluster"]["absent"]["dcgm"]
    assert off["rules"]["gpu"]["enabled"] is False


def test_what_the_stack_scrapes_by_itself_is_said_with_the_switch(sources: Sources) -> None:
    (karpenter,) = profile_of("", sources)[1]
    assert "the stack's Prometheus scrapes Karpenter by itself" in karpenter
    assert "--set monitors.karpenter.enabled=false" in karpenter
    _, kuberay = profile_of("enable_raydata = true\n", sources)[1]
    assert kuberay.startswith("data-stack.tfvars:1: enable_raydata: the variable is true, and KubeRay then has")


def test_switches_of_other_stacks_need_no_warning_and_unknown_ones_do(sources: Sources) -> None:
    karpenter, *more = profile_of("".join(f"{name} = true\n" for name in sorted(BLUEPRINT.others)), sources)[1]
    assert "Karpenter" in karpenter
    assert more == []
    _, unknown = profile_of("enable_warp_drive = true\n", sources)[1]
    assert "unknown variable 'enable_warp_drive', which changes nothing (Data on EKS has no such switch" in unknown
    _, adot = profile_of("enable_adot = true\n", sources)[1]
    assert "enable_adot: the variable is true" in adot
