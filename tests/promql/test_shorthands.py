"""What shorthands stand for."""

from __future__ import annotations

from typing import Any

import promql_parser
import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.promql.increase import exact_increase
from generator.promql.shorthands import Percentiles, Ratio, Shared, ShorthandError, expand, percentiles, ratio

NONE = Shared({}, {})
SHARED = Shared(
    {"job": 'namespace="n",job=~"$job.*"', "open": 'a="{"'},
    {"pods": "group by (pod) (up{@job})", "deep": "$part:pods * 2", "loop": "1 + $part:pool", "pool": "$part:loop"},
)
THREE = '__name__=~"vllm:x|ray_vllm:x|ray_vllm_x"'


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("$vllm:x", f"{{{THREE}}}"),
        ("$vllm:x{}", f"{{{THREE}}}"),
        ('$vllm:x{a="b"}', f'{{{THREE},a="b"}}'),
        ('$vllm:x {a="b",}', f'{{{THREE},a="b"}}'),
        ("rate($vllm:x[5m])", f"rate({{{THREE}}}[5m])"),
        ("$vllm:x / $vllm:x", f"{{{THREE}}} / {{{THREE}}}"),
        ('$vllm:x{model="a}b"}', f'{{{THREE},model="a}}b"}}'),
        ("$vllm:x{@job}", f'{{{THREE},namespace="n",job=~"$job.*"}}'),
        ("label_values($vllm:x, namespace)", f"label_values({{{THREE}}}, namespace)"),
        ("$sglang:x", '{__name__=~"sglang:x|ray_sglang_x"}'),
        ('rate($sglang:x{a="b"}[5m])', 'rate({__name__=~"sglang:x|ray_sglang_x",a="b"}[5m])'),
    ],
)
def test_a_metric_of_an_engine_is_asked_for_under_each_of_its_names(written: str, expected: str) -> None:
    assert expand(written, SHARED).text == expected


def test_a_suffix_belongs_to_each_of_the_three_names() -> None:
    text = expand("$vllm:ttft_bucket", NONE).text
    assert text == '{__name__=~"vllm:ttft_bucket|ray_vllm:ttft_bucket|ray_vllm_ttft_bucket"}'


def test_a_device_metric_is_read_whether_or_not_its_monitor_honours_labels() -> None:
    text = expand('$pod:DCGM_UTIL{namespace="n", pod=~"p.*", gpu="0"}', NONE).text
    assert text == (
        "(max by (GPU_I_ID,GPU_I_PROFILE,UUID,gpu,modelName,namespace,pod) "
        '(label_replace(label_replace(DCGM_UTIL{exported_namespace="n",exported_pod=~"p.*",gpu="0",exported_pod!=""},'
        '"namespace","$1","exported_namespace","(.*)"),"pod","$1","exported_pod","(.*)")'
        ' or DCGM_UTIL{namespace="n", pod=~"p.*", gpu="0",exported_pod=""}))'
    )
    promql_parser.parse(text)


def test_a_device_metric_needs_no_matchers_and_may_have_a_subquery() -> None:
    promql_parser.parse(expand("max_over_time($pod:DCGM_UTIL[5m:])", NONE).text)


@pytest.mark.parametrize(
    ("written", "selector", "window"),
    [
        ("$increase:x_total[5m]", "x_total", "5m"),
        ("$increase:ns:x_total{} [10m]", "ns:x_total", "10m"),
        ('$increase:x_total{a="]"}[ 1m30s ]', 'x_total{a="]"}', "1m30s"),
        ("$increase:x_total{@job}[5m]", 'x_total{namespace="n",job=~"$job.*"}', "5m"),
        ("$increase:$vllm:x[5m]", f"{{{THREE}}}", "5m"),
        ('$increase:$vllm:x{a="b"}[5m]', f'{{{THREE},a="b"}}', "5m"),
        ("$increase:$sglang:x[5m]", '{__name__=~"sglang:x|ray_sglang_x"}', "5m"),
    ],
)
def test_the_exact_number_of_new_events_is_the_difference_of_last_samples(
    written: str, selector: str, window: str
) -> None:
    text = expand(f"1 + sum({written}) / 2", SHARED).text
    assert text == f"1 + sum({exact_increase(selector, window)}) / 2"
    promql_parser.parse(text.replace("$job", "job"))


def test_matchers_are_put_in_their_place() -> None:
    assert expand('up{@job,x="y"}', SHARED).text == 'up{namespace="n",job=~"$job.*",x="y"}'


def test_an_at_sign_outside_braces_is_promqls_own() -> None:
    assert expand("up @ end()", SHARED).text == "up @ end()"
    assert expand("up @1609746000", SHARED).text == "up @1609746000"


def test_a_part_is_put_in_parentheses_and_may_use_other_parts() -> None:
    assert expand("2 * $part:deep", SHARED).text == ('2 * ((group by (pod) (up{namespace="n",job=~"$job.*"})) * 2)')


def test_an_expansion_says_what_it_used() -> None:
    assert expand("$part:deep", SHARED).used == {"$part:deep", "$part:pods", "@job"}


@pytest.mark.parametrize("text", ['"$vllm:x"', "'@job'", "`$part:deep`", "up # $vllm:x {", '${job:regex} + "}"'])
def test_strings_comments_and_grafanas_own_variables_are_left_alone(text: str) -> None:
    assert expand(text, SHARED).text == text


@pytest.mark.parametrize(
    ("written", "message", "hint"),
    [
        ("$vlm:x", "unknown shorthand '$vlm:'", "did you mean 'vllm'?"),
        ("$vllm:{}", "found '$vllm:', expected a name right behind it", ""),
        ("up{@jub}", "unknown matcher '@jub'", "did you mean 'job'?"),
        ("$part:pots", "unknown part '$part:pots'", "did you mean 'pods'?"),
        ("$part:loop", "found the part 'loop' inside itself", "loop > pool > loop"),
        ('up{a="b"', "found '{' without a '}' behind it", ""),
        ("up}", "found '}' without a '{' before it", ""),
        ("up{{}}", "found '{' inside braces, expected label matchers", ""),
        ("up{$vllm:x}", "found '$vllm:x' inside braces, expected label matchers", ""),
        ('up{a="b}', 'found a string that is not closed by "', ""),
        (
            "rate($pod:X[5m])",
            "found a range behind '$pod:X', which gives an instant vector",
            "ask for a subquery, as [5m:]",
        ),
        ("$increase:", "found '$increase:', expected a name right behind it", ""),
        ("rate($increase:X)", "found no range behind '$increase:X'", "write one, as [5m]"),
        (
            "$increase:X{@open}[$__range]",
            "found the window '[$__range]' behind '$increase:X', expected a duration up to 10m",
            "read a record of counts: sum_over_time(NAME:increase1m[1h])",
        ),
        (
            "$increase:$vllm:X[601s]",
            "found the window '[601s]' behind '$increase:X', expected a duration up to 10m",
            "read a record of counts: sum_over_time(NAME:increase1m[1h])",
        ),
        ("$pod:X{a}", "found 'a', expected label matchers such as pod=\"x\"", ""),
    ],
)
def test_what_cannot_be_written_out_is_named(written: str, message: str, hint: str) -> None:
    with pytest.raises(ShorthandError) as caught:
        expand(written, SHARED)
    assert str(caught.value) == message
    assert caught.value.hint == hint


def test_percentiles_of_a_histogram_come_with_their_mean() -> None:
    asked = percentiles(Percentiles('latency_seconds{job="a"}', (0.5, 0.999), mean=True))
    assert asked == [
        ("p50", 'histogram_quantile(0.5, sum by (le) (rate(latency_seconds_bucket{job="a"}[$__rate_interval]))) >= 0'),
        (
            "p99.9",
            'histogram_quantile(0.999, sum by (le) (rate(latency_seconds_bucket{job="a"}[$__rate_interval]))) >= 0',
        ),
        (
            "mean",
            'sum(rate(latency_seconds_sum{job="a"}[$__rate_interval]))'
            ' / (sum(rate(latency_seconds_count{job="a"}[$__rate_interval])) > 0)',
        ),
    ]


def test_percentiles_keep_the_labels_to_tell_apart() -> None:
    (_, text), (_, mean) = percentiles(Percentiles("$vllm:ttft", (0.95,), ("pod", "model_name"), mean=True))
    assert "sum by (le, pod, model_name) (rate($vllm:ttft_bucket[" in text
    assert mean.startswith("sum by (pod, model_name) (rate($vllm:ttft_sum[")


def test_a_ratio_counts_a_missing_part_as_zero_and_is_silent_without_traffic() -> None:
    assert ratio(Ratio("hits_total{@job}", "queries_total", ("model",))) == (
        "(sum by (model) (rate(hits_total{@job}[$__rate_interval]))"
        " or sum by (model) (rate(queries_total[$__rate_interval])) * 0)"
        " / (sum by (model) (rate(queries_total[$__rate_interval])) > 0)"
    )


@pytest.mark.parametrize("selector", ["", "rate(x[5m])", "a b", "x[5m]", "$pod:x", "a / b"])
def test_a_shorthand_takes_a_metric_and_nothing_more(selector: str) -> None:
    with pytest.raises(ShorthandError, match="expected a metric's name"):
        ratio(Ratio(selector, "b"))
    with pytest.raises(ShorthandError, match="expected a metric's name"):
        percentiles(Percentiles(selector, (0.5,)))


@given(st.text(alphabet="$vlmpodrt:@{}\"'`#[]()= ab1_\n\\"))
def test_any_text_is_written_out_or_refused_in_words(text: Any) -> None:
    try:
        expand(text, SHARED)
    except ShorthandError as error:
        assert str(error)


PIECES = st.sampled_from(["$vllm:a{@job}", "$vllm:b_total", '$pod:c{pod="x"}', "$part:deep", 'd{a="{}"}', "e"])


@given(st.lists(PIECES, min_size=1, max_size=5))
def test_what_is_written_out_is_promql(pieces: Any) -> None:
    expansion = expand(" + ".join(pieces), SHARED)
    promql_parser.parse(expansion.text.replace("$job", "j"))
    assert "$vllm:" not in expansion.text
    assert "@job" not in expansion.text
