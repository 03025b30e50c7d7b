"""What must stay of the values of upstream charts: each entry is about a value that the real chart reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from generator.docs.overlays_page import FILE, page
from generator.stack import NAMES
from generator.stack.overrides import read_overrides
from generator.upgrades.charts import read_chart
from generator.upgrades.compare import missing_at
from tests.conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from generator.build.sources import Sources
    from generator.stack.component import Component


@pytest.mark.parametrize("name", NAMES)
def test_a_value_is_named_once(name: str) -> None:
    overrides = read_overrides(name)
    paths = [override.path for override in overrides.undone]
    assert len(set(paths)) == len(paths) > 2
    assert not set(paths) & overrides.lists.keys()


@pytest.mark.upstream
@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_the_upstream_chart_has_the_value_or_names_it(name: str, sources: Sources, upstream_charts: Path) -> None:
    chart = read_chart(upstream_charts / f"{name}-{sources.pins.charts[name].version}.tgz")
    for override in read_overrides(name).undone:
        missing = missing_at(chart.values, override.path)
        taken_whole = missing is not None and missing[-2:-1] in {("grafana.ini",), ("podSecurityContext",)}
        assert missing is None or missing[-1] in chart.templates or taken_whole, override.path


@pytest.mark.upstream
@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_what_costs_nothing_is_what_the_chart_has_without_it_or_what_this_chart_sets(
    name: str, sources: Sources, upstream_charts: Path, made: Callable[..., dict[str, Component]]
) -> None:
    chart = read_chart(upstream_charts / f"{name}-{sources.pins.charts[name].version}.tgz")
    own = made()[name].values
    for override in read_overrides(name).undone:
        if override.admits is not None and missing_at(chart.values, override.path) is None:
            default, ours = chart.values, own
            for key in override.path:
                default, ours = default.get(key, {}), ours.get(key, {})
            assert default in override.admits or ours in override.admits, override.path


def test_the_page_is_what_the_entries_say() -> None:
    assert (ROOT / FILE).read_text(encoding="utf-8") == page(), "run `make docs` and commit the page"
