"""Records of counts say what an exact log of events says, and the ways of counting that seem natural do not.

``python -m tests.counts`` does the same with 1,000 histories of 26 hours.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.counts.engine import evaluate
from tests.counts.forms import ALL, COUNTS, REQUESTS, UNGUARDED, WRONG
from tests.counts.history import SCRAPE, Habits, history, input_series
from tests.counts.proof import verdict
from tests.signals.binaries import NotFoundError, find

if TYPE_CHECKING:
    from tests.counts.forms import Form
    from tests.counts.history import History

SHORT = Habits(length=8 * 3600)
SEEDS = range(12)
CALM = Habits(length=3 * 3600, life=0, restarts=0, failed=0, down=False, bursts=1200)


@pytest.fixture(scope="module")
def promtool() -> str:
    try:
        return str(find().promtool)
    except NotFoundError as error:
        pytest.skip(str(error))


@pytest.mark.slow
def test_counts_are_within_what_the_log_allows_and_shares_over_six_hours_within_one_percent(promtool: str) -> None:
    found = verdict(promtool, COUNTS, SEEDS, SHORT, moments=6)
    assert found.instants == 2 * 6 * len(SEEDS)
    assert not found.outside
    assert len(found.errors["6h"]) > 20
    assert found.worst("6h") <= 0.01


@pytest.mark.thorough
@pytest.mark.slow
def test_over_a_day_they_are_so_too_where_pods_of_two_histories_share_a_name_and_came_while_prometheus_was_down(
    promtool: str,
) -> None:
    found = verdict(promtool, COUNTS, range(2), Habits(), moments=6)
    assert not found.outside
    assert found.worst("1d") <= 0.01


@pytest.mark.sample(2)
@pytest.mark.slow
@pytest.mark.parametrize("form", WRONG, ids=lambda form: form.name)
def test_a_form_that_seems_natural_is_caught(promtool: str, form: Form) -> None:
    found = verdict(promtool, form, SEEDS, SHORT, moments=6)
    assert len(found.outside) > found.instants / 2
    assert found.worst("6h") > 0.1


def watched_from(made: History, instance: str, step: int, *, refused: bool) -> None:
    """Takes away what Prometheus has of a pod before a scrape: it did not know the pod, or was refused."""
    for series in made.series:
        if series.instance == instance:
            series.samples[:step] = ["0" if refused and not series.code else "_"] * step


def said(promtool: str, made: History, *, window: str = "2h", form: Form = COUNTS) -> float:
    question = form.of(ALL, window), float(CALM.length)
    series = input_series([("x", made)], REQUESTS)
    return evaluate(promtool, series, form.groups(), [question], scrape=SCRAPE)[question].get("x", 0.0)


@pytest.mark.parametrize("refused", [False, True], ids=["not known", "refused"])
def test_the_life_of_a_counter_before_prometheus_saw_it_is_not_counted(promtool: str, refused: bool) -> None:
    made = history(1, CALM)
    watched_from(made, "0-0", 6000 // SCRAPE, refused=refused)
    true = made.happened("", CALM.length - 7200, CALM.length)
    assert 0.7 * true < said(promtool, made) < true
    assert said(promtool, made, form=UNGUARDED) > 1.5 * true


def test_an_installation_beside_old_counters_counts_from_then_on(promtool: str) -> None:
    made = history(2, CALM)
    for instance in {series.instance for series in made.series}:
        watched_from(made, instance, 3600 // SCRAPE, refused=False)
    true = made.happened("", 3600 + 60, CALM.length)
    assert said(promtool, made, window="3h") == pytest.approx(true, rel=0.02)
    assert said(promtool, made, window="3h", form=UNGUARDED) > 2 * true


@pytest.mark.parametrize("boot", [(0, 0), (60, 120), (120, 360)])
def test_a_pod_that_is_added_loses_no_more_than_its_first_minute(promtool: str, boot: tuple[int, int]) -> None:
    made = history(3, replace(CALM, life=1200.0, boot=boot))
    low, high = made.bounds("", CALM.length - 7200, CALM.length)
    assert low * (0.95 if boot == (0, 0) else 1.0) <= said(promtool, made) <= high


def test_what_is_born_on_a_target_that_refused_while_it_loaded_is_counted(promtool: str) -> None:
    made = history(4, replace(CALM, old=False, boot=(2400, 3000)))
    low, high = made.bounds("", CALM.length - 7200, CALM.length)
    assert low <= said(promtool, made) <= high


def test_a_target_that_refused_is_not_believed_where_prometheus_was_down_meanwhile_either(promtool: str) -> None:
    made = history(1, CALM)
    watched_from(made, "0-0", 6000 // SCRAPE, refused=True)
    for series in made.series:
        series.samples[4200 // SCRAPE : 5100 // SCRAPE] = ["_"] * (900 // SCRAPE)
    true = made.happened("", CALM.length - 7200, CALM.length)
    assert 0.7 * true < said(promtool, made) < true
