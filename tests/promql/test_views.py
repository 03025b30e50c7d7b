"""Which records an expression reads, and when it must not."""

from __future__ import annotations

import pytest

from generator.promql.reading import Recorded
from generator.promql.shorthands import Shared, expand
from generator.promql.views import rewritten
from generator.rules.counts import count_expression, evaluations
from generator.rules.spec import Count

GPU = {
    "by_model:sum": "sum by (model) (power)",
    "by_model:max": "max by (model) (heat)",
    "by_model:count": "count by (model) (busy)",
    "by_model_busy:sum": "sum by (model) (busy)",
    "by_model:avg": "avg by (model) (heat)",
    "by_model:p90": "quantile by (model) (0.9, busy)",
    "by_pod_model:sum": 'sum by (pod, model) (used{job="gpu"})',
    "of_pods:sum": "sum by (pod, model) ((used or on (gpu, model) old / 100) and on (pod) (phase == 1))",
    "twice:sum": "sum by (model) (max by (model, gpu) (power))",
    "once:sum": "sum by (model) (max by (gpu) (power))",
    "renamed:sum": 'sum by (pod, model) (label_replace(used, "pod", "$1", "exported_pod", "(.*)"))',
    "shifted:sum": "sum by (model) (power offset 5m)",
    "fixed:sum": "sum by (model) (rate(energy[5m]))",
    "by_queue:sum": "sum by (cluster, job) (waiting)",
}
RECORDS = [Recorded(name, expr, "gpu") for name, expr in GPU.items()]


def counted(record: str, selector: str, *by: str) -> Recorded:
    count = Count(record, selector, by, "Events.")
    return Recorded(
        record, expand(count_expression(count, "serve"), Shared({}, {})).text, "serve", evaluations("serve")
    )


COUNTS = [
    counted("done:increase1m", 'requests_total{job="a"}', "app", "code"),
    counted("time:increase1m", "time_bucket", "le"),
]


def shipped(text: str) -> str:
    return rewritten(text, [*RECORDS, *COUNTS]).text


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("sum(power)", "sum(by_model:sum)"),
        ('sum(power{model=~"$model"})', 'sum(by_model:sum{model=~"$model"})'),
        ('sum by (model) (power{model="a\\"b"})', 'sum by (model) (by_model:sum{model="a\\"b"})'),
        ("max(heat) > 80", "max(by_model:max) > 80"),
        ("count(busy)", "sum(by_model:count)"),
        ("group by (model) (busy)", "group by (model) (by_model:count)"),
        ("avg by (model) (heat)", "max by (model) (by_model:avg)"),
        ('avg(heat{model="x"})', 'max(by_model:avg{model="x"})'),
        ("avg(busy)", "(sum(by_model_busy:sum) / sum(by_model:count))"),
        ("quantile by (model) (0.9, busy)", "max by (model) (by_model:p90)"),
        ('sum by (pod) (used{job="gpu",pod!=""})', 'sum by (pod) (by_pod_model:sum{pod!=""})'),
        ("sum(max by (gpu, model) (power{model=~'$m'}))", 'sum(twice:sum{model=~"$m"})'),
        (
            "sum by (pod) ((used{model=~\"$m\"} or on (gpu, model) old{model=~\"$m\"} / 100)"
            ' and on (pod) (phase{pod=~"$pod"} == 1))',
            'sum by (pod) (of_pods:sum{model=~"$m",pod=~"$pod"})',
        ),
        (
            'sum(label_replace(used{model="a"}, "pod", "$1", "exported_pod", "(.*)"))',
            'sum(renamed:sum{model="a"})',
        ),
        ("topk(10, sum by (model) (power)) or vector(0)", "topk(10, sum by (model) (by_model:sum)) or vector(0)"),
        ("sum(rate(energy[5m]))", "sum(fixed:sum)"),
        (
            'sum(waiting{job=~"a|b"} unless on (cluster, job) twice)',
            'sum(sum by (cluster, job) (by_queue:sum{job=~"a|b"})\nunless on (cluster, job) twice)',
        ),
    ],
)  # fmt: skip
def test_an_aggregation_reads_the_record_that_holds_it(written: str, expected: str) -> None:
    assert shipped(written) == expected


@pytest.mark.parametrize(
    "written",
    [
        "avg(heat)",  # a mean of means
        "min(heat)",
        "sum(heat)",
        "quantile(0.9, busy)",
        "quantile by (model) (0.5, busy)",
        "sum by (gpu) (power)",
        'sum(power{gpu="1"})',
        "sum without (gpu) (power)",
        'sum(used{pod="a"})',  # of all jobs, where one is recorded
        "sum(power offset 5m)",
        "sum(power offset 1h)",
        # the matcher is lost below the record's labels
        'sum(max by (gpu) (power{model="a"}))',
        # what it matches is written by the function
        'sum(label_replace(used{pod="a"}, "pod", "$1", "exported_pod", "(.*)"))',
        # one side is narrowed down, the other answers for what it leaves out
        'sum((used{model="a"} or on (gpu, model) old / 100) and on (pod) (phase == 1))',
        'sum((used or on (gpu, model) old / 100) and on (pod) (phase{model="a"} == 1))',
        "sum(rate(energy[10m]))",
        "sum(rate(energy[$__rate_interval]))",
        'sum(waiting unless on (pod) gone)',
        'sum(waiting unless gone)',
        "sum(waiting or gone)",
        "sum(waiting and on (job) a or b)",
        "label_replace(power, 'a', 'sum(power)', 'b', '')",
        "sum(power",
    ],
)  # fmt: skip
def test_nothing_is_read_that_does_not_hold_what_is_asked(written: str) -> None:
    assert rewritten(written, [*RECORDS, *COUNTS]) == (written, frozenset(), frozenset())


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (
            'sum by (app) (rate(requests_total{job="a",code="500"}[$__rate_interval]))',
            '(sum by (app) (sum_over_time(done:increase1m{code="500"}[$__rate_interval]))'
            " / scalar(max(count_over_time(group:evaluations_by_serve:count[$__rate_interval]))) / 60)",
        ),
        ('sum(increase(requests_total{job="a"}[1h]))', "sum(sum_over_time(done:increase1m[60m]))"),
        ('sum(rate(requests_total{job="a"}[5m])) * 60', "(sum(sum_over_time(done:increase1m[5m])) / 300) * 60"),
    ],
)
def test_a_record_of_counts_gives_the_rates_and_increases_of_its_counter(written: str, expected: str) -> None:
    assert shipped(written) == expected


def test_a_record_of_counts_gives_the_exact_increase() -> None:
    written = expand('sum by (code) ($increase:requests_total{job="a",app=~"$app"}[5m])', Shared({}, {})).text
    assert shipped(written) == 'sum by (code) (sum_over_time(done:increase1m{app=~"$app"}[5m]))'


def test_a_label_that_is_made_of_another_is_made_of_what_was_counted() -> None:
    renamed = 'sum by (team) (label_replace({}, "team", "$1", "app", "(.*?)(?:_-?[0-9]+)?"))'
    written = renamed.format('$increase:requests_total{job="a",code=~"$code"}[5m]')
    inner = 'sum by (app) (sum_over_time(done:increase1m{code=~"$code"}[5m]))'
    assert shipped(expand(written, Shared({}, {})).text) == renamed.format(inner)


@pytest.mark.parametrize(
    "written",
    [
        # The record does not tell pods apart, so that no label can be made of theirs.
        'sum by (team) (label_replace(increase(requests_total{job="a"}[5m]), "team", "$1", "pod", "(.*)"))',
        'max by (team) (label_replace(increase(requests_total{job="a"}[5m]), "team", "$1", "app", "(.*)"))',
        'avg(rate(requests_total{job="a"}[5m]))',
        'sum(rate(requests_total{job="a"}[90s]))',
        'sum(increase(requests_total{job="a"}[$__rate_interval]))',
        'sum(rate(requests_total{job="a"}[$__interval]))',
        'sum(rate(requests_total{job="a"}[5m] offset 1h))',
        'sum(irate(requests_total{job="a"}[5m]))',
        'sum(requests_total{job="a"})',
        "sum(rate(requests_total[5m]))",
    ],
)
def test_a_record_of_counts_stands_for_nothing_else(written: str) -> None:
    assert shipped(written) == written


@pytest.mark.parametrize(
    "written",
    [
        'sum(rate(requests_total{job="a"}[5m])) / sum(rate(batches_total[5m]))',
        'sum(rate(requests_total{job="a"}[5m])) / sum(increase(time_bucket[5m])) / sum(rate(batches_total[5m]))',
    ],
)
def test_a_ratio_of_what_is_counted_and_what_is_not_stays_as_it_was(written: str) -> None:
    assert shipped(written) == written


def test_a_ratio_of_what_is_counted_reads_both_records() -> None:
    written = 'sum(rate(requests_total{job="a",code="500"}[5m])) / sum(rate(requests_total{job="a"}[5m]))'
    assert shipped(written).count("done:increase1m") == 2


def test_percentiles_read_the_buckets_that_are_counted() -> None:
    written = "histogram_quantile(0.95, sum by (le) (rate(time_bucket[$__rate_interval]))) >= 0"
    one = rewritten(written, COUNTS)
    assert one.text == "histogram_quantile(0.95, (sum by (le) (sum_over_time(time:increase1m[$__rate_interval])))) >= 0"
    assert one.records == {"time:increase1m"}
    assert one.rules == {"serve"}
