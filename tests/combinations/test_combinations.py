"""Choices laid over a profile at random: a chart that both helms take, or a refusal that names them.

`make test` takes one combination of each profile; GEN_CHART_THOROUGH=1 tries 60.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from generator.files.cache import Cache, used
from generator.files.fingerprints import code_fingerprint
from tests import objects
from tests.combinations.choices import combination
from tests.combinations.outcome import settled
from tests.combinations.rendering import linted, rendered, write
from tests.conftest import PROFILES
from tests.thorough import THOROUGH, examples

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from generator.build.sources import Sources
    from tests.combinations.choices import Choice

pytestmark = [pytest.mark.slow, pytest.mark.upstream]

COMBINATIONS = examples(1, 60)
"""How many combinations of each profile."""


@pytest.fixture
def forgetful(tmp_path: Path) -> Iterator[None]:
    """What is made of equal arguments is kept for one combination only: all of them would take gigabytes."""
    with used(Cache(tmp_path, code=code_fingerprint())):
        yield


@pytest.mark.sample(2)
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
