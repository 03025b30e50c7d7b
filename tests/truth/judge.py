"""From what a run has left to what panels and alerts said, on a Prometheus that holds its samples."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.truth.compare import alert_verdicts, verdicts
from tests.truth.replay import replayed
from tests.truth.report import Outcome

if TYPE_CHECKING:
    from tests.live.shipped import Shipped
    from tests.signals.binaries import Binaries
    from tests.signals.server import Api
    from tests.truth.kept import Kept
    from tests.truth.scenario import Scenario


def judge(scenario: Scenario, kept: Kept, shipped: Shipped, binaries: Binaries) -> Outcome:
    """Replays a run and compares everything that its scenario names.

    Raises:
        KeyError: a dashboard, panel, alert or mark that is not there.
        QueryError: a record or an alert cannot be evaluated.
        RuntimeError: Prometheus does not start.
    """
    with replayed(binaries, kept.recording, shipped.records) as api:
        return judge_on(api, scenario, kept, shipped)


def judge_on(api: Api, scenario: Scenario, kept: Kept, shipped: Shipped) -> Outcome:
    """Does what judge does on a Prometheus that holds the run already, and what the records make of it.

    Raises:
        KeyError: a dashboard, panel, alert or mark that is not there.
        QueryError: an alert cannot be evaluated.
    """
    return Outcome(
        scenario,
        tuple(verdicts(scenario, api, shipped, kept.events, kept.recording)),
        tuple(alert_verdicts(scenario.alerts, api, shipped.alerts, kept.recording.seconds)),
    )
