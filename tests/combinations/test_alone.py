"""Each choice of a profile changed alone: a chart that Helm lints and renders to valid objects, or a refusal by name.

`make test` takes one change of one profile; GEN_CHART_THOROUGH=1 takes all 2,300. They are cheap enough for that: Helm
does not run for a chart that is byte for byte the profile's own, it looks at up to 40 changes at once where they change
different parts of the chart, it leaves out the upstream charts whose values are the profile's own, and expressions that
were found clean for the profile are not looked at again.
"""

from __future__ import annotations

import gc
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from generator.build.profile import load_profile
from generator.files.cache import Cache, used
from generator.files.fingerprints import code_fingerprint
from tests.combinations.choices import alone
from tests.combinations.outcome import Refusal, outcome
from tests.combinations.rendering import Helms
from tests.combinations.together import Before, Change, culprits, grouped
from tests.conftest import PROFILES
from tests.thorough import THOROUGH, some

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from generator.build.sources import Sources
    from generator.files.tree import Chart
    from tests.combinations.choices import Choice

pytestmark = [pytest.mark.slow, pytest.mark.upstream]


def changes(every: tuple[Choice, ...], sources: Sources, profile: str) -> list[tuple[str, Any]]:
    """Returns each change of one choice, path and value, or one of them where the tests are not thorough."""
    found = list(alone(every, load_profile(profile, sources).choices))
    return found if THOROUGH else found[:1]


@pytest.fixture
def seldom_collected() -> Iterator[None]:
    """What Python looks through for garbage again and again is left out: the sources stay until the end anyway."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.mark.thorough
@pytest.mark.usefixtures("seldom_collected")
@pytest.mark.parametrize("profile", some(PROFILES[::-1], len(PROFILES)))
def test_a_choice_that_is_changed_alone_makes_a_chart_that_helm_takes_or_is_refused_by_name(
    sources: Sources,
    every: tuple[Choice, ...],
    upstream_charts: Path,
    binaries_of_helm: tuple[Path, Path],
    tmp_path: Path,
    profile: str,
    record_property: Any,
) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    with used(cache := Cache(kept, code=code_fingerprint())):
        own = outcome(sources, profile, {})
    cache.save()
    assert not isinstance(own, Refusal)
    before, helms = Before(own), Helms(upstream_charts, binaries_of_helm, tmp_path)

    def made(said: Mapping[str, Any]) -> Chart | Refusal:
        with used(Cache(kept, code=code_fingerprint())):  # another for each: all in one memory would be gigabytes
            return outcome(sources, profile, said)

    counted, wrong, found = Counter[str](), list[str](), list[Change]()

    def fault(group: Sequence[Change]) -> str | None:
        """Returns what Helm says of some changes at once, "" if nothing; None if no chart stands for all of them."""
        chart = made({change.path: change.value for change in group})
        if isinstance(chart, Refusal) or not before.united(group, chart):
            return None
        counted["rendered"] += 1
        return helms.refuse(before, chart)

    for path, value in changes(every, sources, profile):
        chart = made({path: value})
        counted["changed"] += 1
        if isinstance(chart, Refusal):
            wrong += [f"{path}: {value}: {text}" for text in chart.strange]
            counted["refused"] += 1
        elif (change := before.change(path, value, chart)).parts:
            found.append(change)
    for group in grouped(found):
        wrong += [f"{change.path}: {change.value}: {said}" for change, said in culprits(group, fault)]
    record_property(f"choices of {profile} changed alone", str(dict(counted)))
    assert wrong == []
