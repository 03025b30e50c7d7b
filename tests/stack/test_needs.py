"""OpenCost and MCP servers that ask for what is not there are refused, and the error says which choice is at fault."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from generator.build.build import fit
from generator.build.profile import load_profile
from generator.choices.profiles import parse_set
from generator.errors import InputError

if TYPE_CHECKING:
    from generator.build.sources import Sources
    from generator.errors import Problem

STACK = "components.kube-prometheus-stack.enabled"


def problems(sources: Sources, profile: str, *sets: str) -> tuple[Problem, ...]:
    try:
        fit(load_profile(profile, sources, list(map(parse_set, sets))), sources)
    except InputError as error:
        return error.problems
    return ()


@pytest.mark.parametrize("path", ["components.opencost", "components.mcp.prometheus", "values.opencost"])
def test_a_prometheus_that_is_off_cannot_be_asked_unless_another_one_is_named(sources: Sources, path: str) -> None:
    profile = "bring-your-own-prometheus"
    (problem,) = problems(sources, profile, f"{path}.enabled=true")
    assert (problem.file, problem.path) == (f"--set {path}.enabled", f"{path}.enabled")
    assert problem.message.startswith(f"found true, but this chart's Prometheus is off: {STACK} is false in profiles/")
    assert problem.message.endswith(f"{profile}.yaml")
    named = f"{path}.prometheusUrl=http://prometheus.example"
    assert problem.hint.startswith(f"name the Prometheus that is there in {path.replace('values', 'components')}.")
    assert problems(sources, profile, f"{path}.enabled=true", named) == ()
    assert problems(sources, "standalone", f"{path}.enabled=true") == ()


def test_a_prometheus_that_values_switch_off_is_off_too(sources: Sources) -> None:
    off = "values.kube-prometheus-stack.prometheus.enabled"
    (problem,) = problems(sources, "standalone", "components.opencost.enabled=true", f"{off}=false")
    assert problem.message.endswith(f"{off} is false in --set {off}")


def test_the_server_of_the_logs_needs_an_image_and_this_charts_opensearch(sources: Sources) -> None:
    path = "components.mcp.opensearch"
    (problem,) = problems(sources, "standalone", f"{path}.enabled=true")
    assert (problem.path, problem.hint[:10]) == (f"{path}.enabled", "build one ")
    sets = [f"{path}.enabled=true", f"{path}.image=registry.example/mcp:0.12.0"]
    assert problems(sources, "standalone", *sets) == ()
    off = ["components.opensearch.enabled=false", "components.fluent-bit.enabled=false"]
    (problem,) = problems(sources, "standalone", *sets, *off)
    assert problem.path == "components.opensearch.enabled"
    assert "the MCP server of the logs still asks this chart's OpenSearch" in problem.message
