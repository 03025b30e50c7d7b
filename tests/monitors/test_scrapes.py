"""What the operator or Prometheus would refuse in the cluster is refused before: long timeouts and what is no RE2."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from helm_python import HelmError

from generator.build.build import fit
from generator.build.chart import chart
from generator.build.profile import load_profile
from generator.choices.profiles import Layer
from generator.errors import InputError, Problem
from generator.monitors.scrapes import is_re2
from generator.promql.durations import milliseconds

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from generator.build.sources import Sources

LONG = [
    ({"interval": "30s", "scrapeTimeout": "1m"}, "scrapeTimeout"),
    ({"interval": "30s", "scrapeTimeout": "30001ms"}, "scrapeTimeout"),
    ({"interval": "30s", "ray": {"scrapeTimeout": "31s"}}, "ray.scrapeTimeout"),
    ({"ray": {"interval": "10s"}, "scrapeTimeout": "20s"}, "ray.interval"),
    ({"interval": "1h", "ray": {"interval": "1m30s", "scrapeTimeout": "1h"}}, "ray.scrapeTimeout"),
]
"""Values of monitors → the path of the fault."""

FITTING: list[dict[str, Any]] = [
    {"interval": "30s", "scrapeTimeout": "30s"},
    {"interval": "30s", "scrapeTimeout": "30000ms"},
    {"interval": "", "scrapeTimeout": "30s"},
    {"interval": "1h1m", "scrapeTimeout": "60m"},
    {"ray": {"interval": "2m"}, "kueue": {"enabled": False, "scrapeTimeout": "1h"}},
    {"scrapeTimeout": "20s", "ray": {"interval": "10s", "scrapeTimeout": ""}},
    {"dropMetrics": [r"\pL+", r"a\Q(\E", "[[:alpha:]]+", "(?i)a|b{2}", "é.*"]},
]


def problems(sources: Sources, choices: dict[str, Any]) -> tuple[Problem, ...]:
    build = fit(load_profile("standalone", sources, [Layer("mine.yaml", choices)]), sources)
    with pytest.raises(InputError) as error:
        chart(build)
    return error.value.problems


@pytest.mark.parametrize("key", ["", "values"])
@pytest.mark.parametrize(("values", "path"), LONG)
def test_a_scrape_that_may_outlast_its_interval_is_refused_at_its_place(
    sources: Sources, values: dict[str, Any], path: str, key: str
) -> None:
    (problem,) = problems(sources, {key: {"monitors": values}} if key else {"monitors": values})
    assert (problem.file, problem.path) == ("mine.yaml", f"{key}.monitors.{path}".lstrip("."))
    assert "found '" in problem.message
    assert "expected at" in problem.message


@pytest.mark.parametrize(("values", "path"), LONG)
def test_it_is_refused_at_install_time_too(render: Callable[..., Any], values: dict[str, Any], path: str) -> None:
    with pytest.raises(HelmError, match=r"scrapeTimeout: found '.*', expected at most the interval"):
        render(values)


@pytest.mark.parametrize("values", FITTING)
def test_what_prometheus_takes_is_taken(sources: Sources, render: Callable[..., Any], values: dict[str, Any]) -> None:
    chart(fit(load_profile("standalone", sources, [Layer("mine.yaml", {"monitors": values})]), sources))
    render(values)


@pytest.mark.parametrize("expression", ["(", "a(?=b)", r"(a)\1", "[z-a]", ")"])
@pytest.mark.parametrize("path", ["dropMetrics[1]", "ray.dropMetrics[1]"])
def test_an_expression_that_is_no_re2_is_refused_at_its_place(sources: Sources, expression: str, path: str) -> None:
    block = {"dropMetrics": [".+_created", expression]}
    (problem,) = problems(sources, {"monitors": {"ray": block} if path.startswith("ray") else block})
    assert (problem.file, problem.path) == ("mine.yaml", f"monitors.{path}")
    assert problem.message == f"found '{expression}', expected an RE2 expression"


def test_a_run_names_the_line(run: Callable[..., tuple[int, str, str]], tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text('monitors:\n  dropMetrics:\n  - "a"\n  - "("\n', encoding="utf-8")
    code, _, err = run("--profile", "kind", "-f", "mine.yaml", "-o", "chart")
    assert code == 2
    assert "mine.yaml:4: monitors.dropMetrics[1]: found '(', expected an RE2 expression" in err


def test_durations_and_expressions_are_read_as_prometheus_reads_them() -> None:
    assert [milliseconds(text) for text in ("1h1m1s1ms", "90s", "5ms")] == [3_661_001, 90_000, 5]
    assert [is_re2(text) for text in ("go_.*", ".+_created", "a|b", "a{2}", 'a"b')] == [True] * 5


@pytest.mark.parametrize(
    ("values", "path", "said"),
    [
        ({"ray": {"endpoints": {"metric": {}}}}, "ray.endpoints.metric", "did you mean 'metrics'?"),
        ({"ray": {"endpoints": {"autoscaler": {"enabled": False}}}}, "ray.endpoints.autoscaler", "valid: as-metrics"),
        ({"vllm": {"endpoints": {"api": {"find": {"a": {"image": "("}}}}}}, "vllm.endpoints.api.find.a.image", "RE2"),
        (
            {"vllm": {"endpoints": {"api": {"except": {"a": {"labels": {"b": "("}}}}}}},
            "vllm.endpoints.api.except.a.labels.b",
            "RE2",
        ),
    ],
)
def test_an_endpoint_that_finds_nothing_is_refused_at_its_place(
    sources: Sources, render: Callable[..., Any], values: dict[str, Any], path: str, said: str
) -> None:
    (problem,) = problems(sources, {"monitors": values})
    assert (problem.file, problem.path) == ("mine.yaml", f"monitors.{path}")
    assert said in str(problem)
    with pytest.raises(HelmError):
        render(values)
