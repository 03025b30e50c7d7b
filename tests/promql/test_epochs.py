"""How much a total of Ray Data's grew is right for both kinds of iterators, in Prometheus' own engine."""

from __future__ import annotations

import pytest

from generator.promql.epochs import epoch_increase
from generator.promql.parser import parse
from generator.promql.shorthands import Shared, ShorthandError, expand
from tests.counts.engine import evaluate
from tests.signals.binaries import NotFoundError, find

NAME = "ray_data_iter_rows_total"
SHARED = Shared({"data": 'namespace="n"'}, {})


def test_the_shorthand_stands_for_the_growth_with_its_matchers() -> None:
    text = expand(f"sum by (base) ($epochs:{NAME}{{@data}}[5m]) / 300", SHARED).text
    grown = epoch_increase(NAME, 'namespace="n"', "5m")
    assert text == f"sum by (base) ({grown}) / 300"
    parse(text)


def test_a_window_is_asked_for() -> None:
    with pytest.raises(ShorthandError, match=r"found no range behind '\$epochs:x'"):
        expand("$epochs:x", SHARED)


def epochs(*, counts_on: bool) -> list[dict[str, str]]:
    """Epochs of 30 s with 30 rows each, each under a name of its own: one scrape sees it before it ends."""
    series = []
    for epoch in range(40):
        split = "0" if counts_on else "no_split"
        labels = f'namespace="n",ray_io_cluster="c",dataset="train_ID_{epoch - 1}",split="{split}"'
        rows = 30 * (epoch + 1) if counts_on else 30
        series.append({"series": f"{NAME}{{{labels}}}", "values": f"{f'_x{epoch} ' if epoch else ''}{rows} stale"})
    return series


@pytest.mark.parametrize("counts_on", [True, False], ids=["splits count on", "plain iterators start at 0"])
def test_rows_of_short_epochs_are_added_up_where_delta_sees_none(counts_on: bool) -> None:
    try:
        promtool = str(find().promtool)
    except NotFoundError as error:
        pytest.skip(str(error))
    grown, naive = f"sum({epoch_increase(NAME, '', '5m')})", f"sum(delta({NAME}[5m]))"
    questions = [(expr, float(at)) for expr in (grown, naive) for at in (600, 615, 1020)]
    answers = evaluate(promtool, epochs(counts_on=counts_on), [], questions, scrape=30)
    for at in (600.0, 615.0, 1020.0):
        assert answers[grown, at][""] == pytest.approx(300, rel=0.12)
        assert not answers[naive, at]
