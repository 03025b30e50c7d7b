"""Choices that contradict each other are refused, and the error names both sides and the way out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from generator.build.build import fit
from generator.build.contradictions import refuse_contradictions
from generator.build.profile import load_profile
from generator.choices.profiles import Layer, parse_set
from generator.errors import InputError, Problem
from tests.conftest import PROFILES

if TYPE_CHECKING:
    from collections.abc import Callable

    from generator.build.sources import Sources


def layer(data: dict[str, Any], file: str = "mine.yaml") -> Layer:
    return Layer(file, data, f"-f {file}")


def problems(sources: Sources, *layers: Layer, profile: str = "standalone") -> tuple[Problem, ...]:
    build = fit(load_profile(profile, sources, layers), sources)
    try:
        refuse_contradictions(build.profile, sources, build.values)
    except InputError as error:
        return error.problems
    return ()


@pytest.mark.parametrize("profile", PROFILES)
def test_no_profile_contradicts_itself(sources: Sources, profile: str) -> None:
    assert problems(sources, profile=profile) == ()


RESOURCES = [
    "components.kube-prometheus-stack.prometheus.resources",
    "components.kube-prometheus-stack.alertmanager.resources",
    "components.kube-prometheus-stack.grafana.resources",
    "components.kube-state-metrics.resources",
    "components.opensearch.resources",
    "components.fluent-bit.resources",
    "values.opensearchExporter.resources",
    "values.secrets.job.resources",
    "values.metrics-server.resources",
    "values.kube-prometheus-stack.prometheus-node-exporter.resources",
]


@pytest.mark.parametrize("path", RESOURCES)
def test_a_request_above_its_limit_is_refused_with_both_files(sources: Sources, path: str) -> None:
    request = parse_set(f"{path}.requests.cpu=2")
    limit = parse_set(f"{path}.limits.cpu=1900m")
    (problem,) = problems(sources, request, limit)
    assert (problem.file, problem.path) == (f"--set {path}.requests.cpu", f"{path}.requests.cpu")
    message = f"found '2', expected at most the limit, which is '1900m' in --set {path}.limits.cpu: {path}.limits.cpu"
    assert problem.message == message
    assert problem.hint == f"lower it, or raise {path}.limits.cpu"
    assert problems(sources, request, parse_set(f"{path}.limits.cpu=2000m")) == ()


def test_a_limit_below_what_the_profile_asks_for_is_at_fault_itself(sources: Sources) -> None:
    (problem,) = problems(sources, parse_set("components.fluent-bit.resources.limits.memory=64Mi"))
    assert problem.path == "components.fluent-bit.resources.limits.memory"
    assert "expected at least the request, which is '96Mi' in profiles/standalone.yaml" in problem.message


def test_a_choice_and_raw_values_are_held_against_each_other(sources: Sources) -> None:
    limit = "values.kube-prometheus-stack.prometheus.prometheusSpec.resources.limits.memory"
    (problem,) = problems(
        sources,
        parse_set("components.kube-prometheus-stack.prometheus.resources.requests.memory=4Gi"),
        parse_set(f"{limit}=3Gi"),
    )
    assert problem.path == "components.kube-prometheus-stack.prometheus.resources.requests.memory"
    assert problem.message.endswith(f"in --set {limit}: {limit}")


@pytest.mark.parametrize("value", ["abc", "1K", "Mi", "-1"])
def test_an_amount_in_raw_values_that_is_none_is_refused(sources: Sources, value: str) -> None:
    path = "values.metrics-server.resources.limits.memory"
    (problem,) = problems(sources, parse_set(f"{path}={value}"))
    assert (problem.path, problem.message) == (path, f"found '{value}', expected an amount such as 500m, 2 or 1Gi")


@pytest.mark.parametrize(
    ("heap", "limit", "fits"),
    [("1g", "1536Mi", True), ("1g", "1535Mi", False), ("2g", "2Gi", False), ("31g", "62Gi", True), ("1g", "1G", False)],
)
def test_a_heap_leaves_room_for_half_as_much_outside_of_it(sources: Sources, heap: str, limit: str, fits: bool) -> None:
    resources = {"requests": {"memory": "1Gi" if fits else "1M"}, "limits": {"memory": limit}}
    found = problems(sources, layer({"components": {"opensearch": {"heap": heap, "resources": resources}}}))
    assert [problem.path for problem in found] == ([] if fits else ["components.opensearch.heap"])
    if not fits:
        assert "expected at most two thirds of the memory limit" in found[0].message
        assert found[0].message.endswith("in mine.yaml: components.opensearch.resources.limits.memory")


def test_a_heap_in_raw_values_counts_and_one_with_a_bound_outside_does_not_need_the_half(sources: Sources) -> None:
    def options(text: str) -> Layer:
        return layer({"values": {"opensearch": {"opensearchJavaOpts": text}}})

    (problem,) = problems(sources, options("-Xms2g -Xmx2g"))
    assert problem.path == "values.opensearch.opensearchJavaOpts"
    assert problems(sources, options("-Xmx1800m -XX:MaxDirectMemorySize=200m")) == ()
    off = layer({"components": {"opensearch": {"enabled": False}, "fluent-bit": {"enabled": False}}})
    assert problems(sources, options("-Xmx2g"), off) == ()


@pytest.mark.parametrize(
    ("layers", "path", "other"),
    [
        (["monitors.ray.scrapeTimeout=10m"], "monitors.ray.scrapeTimeout", "profile standalone: monitors.interval"),
        (
            ["monitors.interval=10s", "values.monitors.scrapeTimeout=11s"],
            "values.monitors.scrapeTimeout",
            "--set monitors.interval: monitors.interval",
        ),
        (
            ["monitors.ray.interval=", "monitors.ray.scrapeTimeout=1m"],
            "monitors.ray.scrapeTimeout",
            "--set monitors.ray.interval: monitors.ray.interval",
        ),
        (
            ["monitors.scrapeTimeout=20s", "values.monitors.ray.interval=15s"],
            "values.monitors.ray.interval",
            "--set monitors.scrapeTimeout: monitors.scrapeTimeout",
        ),
        (
            ["values.kube-prometheus-stack.prometheus.prometheusSpec.scrapeTimeout=45s"],
            "values.kube-prometheus-stack.prometheus.prometheusSpec.scrapeTimeout",
            "kube-prometheus-stack.prometheus.prometheusSpec.scrapeInterval",
        ),
    ],
)
def test_a_scrape_that_outlasts_its_interval_is_refused_with_both_places(
    sources: Sources, layers: list[str], path: str, other: str
) -> None:
    sets = [parse_set(text if not text.endswith("=") else f'{text}""') for text in layers]
    (problem,) = problems(sources, *sets)
    assert problem.path == path
    assert problem.message.endswith(other)


def test_another_prometheus_interval_is_not_known(sources: Sources) -> None:
    sets = [parse_set('monitors.interval=""'), parse_set("monitors.scrapeTimeout=5m")]
    assert problems(sources, *sets, profile="bring-your-own-prometheus") == ()


def test_a_run_names_the_line(run: Callable[..., tuple[int, str, str]], tmp_path: Any) -> None:
    (tmp_path / "mine.yaml").write_text("components:\n  opensearch:\n    heap: 2g\n", encoding="utf-8")
    code, _, err = run("--profile", "jark", "-f", "mine.yaml", "-o", "chart")
    assert code == 2
    assert "mine.yaml:3: components.opensearch.heap: found '2g', expected at most two thirds of the memory limit" in err
