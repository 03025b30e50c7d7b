"""The chart that is judged, the runs that are kept, and a Prometheus."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.live.shipped import shipped
from tests.truth.scenario import read_scenarios

if TYPE_CHECKING:
    from generator.build.sources import Sources
    from tests.live.shipped import Shipped
    from tests.truth.scenario import Scenario


@pytest.fixture(scope="session")
def chart_shipped(sources: Sources) -> Shipped:
    from generator.build.build import fit
    from generator.build.profile import load_profile

    return shipped(fit(load_profile("standalone", sources, []), sources))


@pytest.fixture(scope="session")
def scenarios() -> dict[str, Scenario]:
    return read_scenarios()
