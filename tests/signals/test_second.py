"""Nothing counts twice where the monitors of somebody else scrape the same pods."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.signals.scrapes import ROOT
from tests.signals.second import differences

if TYPE_CHECKING:
    from tests.signals.binaries import Binaries

pytestmark = pytest.mark.slow

ABOUT_TARGETS = {
    ("observability-health", "target"): "They show Prometheus' targets, of which there are three times as many.",
    ("rules/observability.yaml", "alert"): "They are about targets, and a second one may be down.",
    ("jark-platform", "target", "Every target A"): "It lists the targets.",
}
"""What may answer otherwise, and why."""


@pytest.mark.thorough
def test_the_same_pods_scraped_twice_more_change_no_answer(binaries: Binaries) -> None:
    every = {path.stem for folder in ("dashboards", "rules") for path in (ROOT / folder).glob("*.yaml")}
    found = differences(binaries, ROOT, every)
    assert [each for each in found if each.place[:2] not in ABOUT_TARGETS and each.place not in ABOUT_TARGETS] == []
