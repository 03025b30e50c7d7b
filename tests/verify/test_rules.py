"""One rule of the check after the other: what passes, and what is found."""

from __future__ import annotations

from dataclasses import replace

import pytest

from generator.promql.expression import Expression
from generator.promql.increase import exact_increase, guarded_increase
from generator.verify.verifier import verify
from tests.verify.catalogues import SMALL, catalogue, changed, checks, found, known

BUCKETS = "rate(app_latency_seconds_bucket[5m])"


@pytest.mark.parametrize(
    "text",
    [
        "sum by (code) (rate(app_requests_total[5m]))",
        'sum(rate(app_requests_total{code=~"5..",model="$model"}[$__rate_interval]))',
        f"histogram_quantile(0.9, sum by (le, model) ({BUCKETS}))",
        f"histogram_quantile(0.9, {BUCKETS})",
        "app_queue_requests > 3",
        'max({__name__=~"vllm:running|ray_vllm_running"})',
        "increase(app_requests_total[$__range])",
        "app_requests_total - app_requests_total offset 1h",
        "sum(app_jobs_started_total) - sum(app_jobs_finished_total)",
        "count by (code) (app_requests_total)",
        "group(app_requests_total > 0)",
        "timestamp(app_requests_total)",
        "app_queue_requests and on (pod) app_requests_total",
        "app_queue_requests * on (pod) group_left (version) app_info",
        "app_memory_bytes / on (pod) group_left () (app_requests_total * 0 + 1)",
        "sum(rate(app_latency_seconds_sum[5m])) / sum(rate(app_latency_seconds_count[5m]))",
        f"sum by (le) ({BUCKETS})",
        'sum(rate(app_latency_seconds_bucket{le="+Inf"}[5m]))',
        'label_replace(app_queue_requests, "short", "$1", "pod", "(.*)-.*")',
        'label_replace(app_queue_requests, "short", "fixed", "", "")',
        "topk($k, sum by ($by) (app_queue_requests))",
        "sum($metric)",
        "${prefix}_total > 1",
        "up == 0",
        "absent(app_queue_requests)",
        "vector(1)",
        "time() - app_start_time",
        "sum(app_lone)",
        "delta(app_lone[5m])",
        "rate(app_lone[5m])",
        "app_queue_requests{$filters}",
    ],
)
def test_a_sound_expression_has_no_finding(text: str) -> None:
    assert found(text) == ()


@pytest.mark.parametrize(
    ("text", "check", "subject"),
    [
        ("sum(app_requests_totl)", "name", "app_requests_totl"),
        ('{__name__=~"vllm:running|vllm:walking"}', "name", "vllm:walking"),
        ('{__name__=~"nothing_.*"}', "name", "nothing_.*"),
        ("rate(app_queue_requests[5m])", "rate", "app_queue_requests"),
        ("irate(app_pause_seconds[5m])", "rate", "app_pause_seconds"),
        ("rate(sum(app_requests_total)[5m:])", "rate", "app_requests_total"),
        ("delta(app_requests_total[5m])", "rate", "app_requests_total"),
        ("deriv(app_latency_seconds_sum[5m])", "rate", "app_latency_seconds_sum"),
        ("sum(app_requests_total)", "counter", "app_requests_total"),
        ("app_latency_seconds_count", "counter", "app_latency_seconds_count"),
        ("sum(app_jobs_started_total) - sum(app_errors_total offset 1h)", "counter", "app_errors_total"),
        ("app_jobs_finished_total - app_jobs_started_total", "counter", "app_jobs_started_total"),
        ("app_jobs_started_total - gpu_jobs_finished_total", "counter", "gpu_jobs_finished_total"),
        ("app_requests_total > 5", "counter", "app_requests_total"),
        ("histogram_quantile(0.9, sum by (le) (app_latency_seconds_bucket))", "counter", "app_latency_seconds_bucket"),
        (f"histogram_quantile(0.9, max by (model) ({BUCKETS}))", "histogram", "le"),
        ("histogram_quantile(0.9, rate(app_latency_seconds_sum[5m]))", "histogram", "histogram_quantile"),
        (f"sum({BUCKETS})", "histogram", "le"),
        ("sum by (le) (rate(app_requests_total[5m]))", "histogram", "le"),
        (f"avg(histogram_quantile(0.9, sum by (le, model) ({BUCKETS})))", "histogram", "histogram_quantile()"),
        ("sum(app_pause_seconds)", "histogram", "'app_pause_seconds'"),
        ('sum(rate(app_latency_seconds_bucket{le="0.5"}[5m]))', "le", "le"),
        ('sum(rate(app_latency_seconds_bucket{le=~"0.5|1"}[5m]))', "le", "le"),
        ('app_queue_requests{modell="a"}', "label", "modell"),
        ('app_queue_requests{state!="a"}', "label", "state"),
        ("sum by (code) (app_queue_requests)", "label", "code"),
        ("sum without (code) (app_queue_requests)", "label", "code"),
        ("sum by (code) (sum by (model) (app_queue_requests))", "label", "code"),
        ("app_queue_requests * on (code) group_left () app_info", "label", "code"),
        ("app_queue_requests / ignoring (code) app_cache_used", "label", "code"),
        ("(app_queue_requests or sum(app_lone)) * on (pod) group_left () app_info", "label", "pod"),
        ("app_queue_requests * on (pod) group_left (release) app_info", "label", "release"),
        ('label_replace(app_queue_requests, "a", "$1", "code", "(.*)")', "label", "code"),
        ('label_join(app_queue_requests, "a", "-", "pod", "code")', "label", "code"),
        ('{__name__=~"vllm:running|ray_vllm_running",ReplicaId="a",model="b"}', "label", "model"),
        ("sum by (pod) (app_queue_requests) / sum(app_cache_used)", "join", "/"),
        ("sum by (pod) (app_queue_requests) + sum by (job) (app_queue_requests)", "join", "+"),
        ("app_queue_requests and app_info", "join", "and"),
        (f"{BUCKETS} / on (model) app_cache_used", "join", "le"),
        ("app_memory_bytes + app_frame_buffer", "unit", "+"),
        ("app_memory_bytes > on (pod) app_load", "unit", ">"),
        ("sum(app_cache_used) or sum(app_memory_bytes)", "unit", "or"),
        ("gpu_active", "off", "dcgm"),
        ("absent(gpu_active)", "absent", "dcgm"),
        ("sum(rate(app_requests_total[5m])", "syntax", ""),
        ('app_queue_requests{pod=~"("}', "syntax", ""),
        (r'app_queue_requests{pod=~"a\.b"}', "syntax", ""),
        ('app_queue_requests{pod="a}', "syntax", ""),
        ("", "syntax", ""),
        ('{pod=""}', "syntax", ""),
    ],
)
def test_a_fault_is_found_and_names_its_subject(text: str, check: str, subject: str) -> None:
    findings = [(finding.check, finding.subjects) for finding in found(text)]
    assert (check, (subject,) if subject else ()) in findings


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("app_busy_seconds_total", "s"),
        ("rate(app_busy_seconds_total[5m])", "percentunit"),
        ("100 * rate(app_busy_seconds_total[5m])", "percent"),
        ("increase(app_busy_seconds_total[5m]) / 300", "percentunit"),
        ("increase(app_busy_seconds_total[$__range]) / $__range_s", "percentunit"),
        ("rate(app_read_bytes_total[5m])", "Bps"),
        ("rate(app_read_bytes_total[5m]) * 8", "bps"),
        ("rate(app_requests_total[5m])", "reqps"),
        ("60 * rate(app_requests_total[5m])", "rpm"),
        ("rate(app_errors_total[5m]) / rate(app_requests_total[5m])", "percentunit"),
        ("app_memory_bytes / 1024 / 1024", "mbytes"),
        ("app_frame_buffer * 1024 * 1024", "bytes"),
        ("app_frame_buffer", "mbytes"),
        ("0.9 * app_memory_bytes", "bytes"),
        ("app_load", "percent"),
        ("app_load / 100", "percentunit"),
        ("100 * app_cache_used", "percent"),
        ("1 - app_cache_used", "percentunit"),
        ("avg(app_info)", "percentunit"),
        ("avg(app_queue_requests > bool 3)", "percentunit"),
        ("histogram_quantile(0.9, sum by (le) (rate(app_wait_ms_bucket[5m])))", "ms"),
        ("rate(app_wait_ms_sum[5m]) / rate(app_wait_ms_count[5m]) / 1000", "s"),
        ("time() - app_start_time", "s"),
        ("app_start_time * 1000", "dateTimeAsIso"),
        ("app_memory_bytes * on (pod) group_left () app_info", "bytes"),
        ("count(app_memory_bytes)", "short"),
        ("app_memory_bytes", "a-unit-of-a-plugin"),
        ("max(app_cache_used) or 0 * count(app_load)", "percentunit"),
    ],
)
def test_a_value_may_be_shown_in_its_own_unit(text: str, unit: str) -> None:
    assert "unit" not in checks(text, unit=unit)


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("histogram_quantile(0.9, sum by (le) (rate(app_wait_ms_bucket[5m])))", "s"),
        ("rate(app_wait_ms_sum[5m]) / rate(app_wait_ms_count[5m])", "s"),
        ("app_frame_buffer", "bytes"),
        ("app_cache_used", "percent"),
        ("max(app_cache_used) or 0 * count(app_load)", "percent"),
        ("0 * count(app_load) or max(app_cache_used)", "percent"),
        ("app_load", "percentunit"),
        ("100 * app_cache_used", "percentunit"),
        ("rate(app_read_bytes_total[5m])", "bytes"),
        ("rate(app_wait_ms_sum[5m])", "percentunit"),
        ("rate(app_requests_total[5m])", "percentunit"),
        ("rate(app_requests_total[5m])", "s"),
        ("app_queue_requests", "reqps"),
        ("count(app_memory_bytes)", "bytes"),
        ("app_memory_bytes / app_memory_bytes", "bytes"),
        ("app_memory_bytes + app_memory_bytes", "s"),
        ("app_memory_bytes - app_memory_bytes offset 1h", "s"),
        ("app_memory_bytes % app_memory_bytes", "s"),
        ("app_memory_bytes - 5", "s"),
        ("time() - app_start_time", "bytes"),
        ("app_memory_bytes > app_memory_bytes", "s"),
        ("app_start_time", "s"),
        ("increase(app_busy_seconds_total[5m]) / 300", "s"),
    ],
)
def test_a_value_shown_in_another_unit_is_found(text: str, unit: str) -> None:
    assert "unit" in checks(text, unit=unit)


@pytest.mark.parametrize("operator", ["+", "-", "%", "==", "!=", "<", "<=", ">", ">="])
@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("app_memory_bytes", "app_frame_buffer"),
        ("sum(app_memory_bytes)", "sum(rate(app_busy_seconds_total[5m]))"),
        ("sum(app_load)", "sum(app_cache_used)"),
        ("app_memory_bytes", "scalar(app_load)"),
        ("time()", "app_memory_bytes"),
    ],
)
def test_no_operator_adds_or_compares_values_of_two_units(operator: str, left: str, right: str) -> None:
    for one, other in ((left, right), (right, left)):
        findings = found(f"{one} {operator} {other}")
        assert [(finding.check, finding.subjects) for finding in findings] == [("unit", (operator,))]
    assert found(f"app_memory_bytes {operator} app_memory_bytes") == ()


MEAN = "sum by (pod) (rate(app_latency_seconds_sum[5m])) / sum by (pod) (rate(app_latency_seconds_count[5m]))"
STARTED = "max by (pod) (app_start_time)"


@pytest.mark.parametrize(
    ("text", "sound"),
    [
        (f"{STARTED} + ({MEAN})", True),
        (f"({MEAN}) + {STARTED}", True),
        (f"{STARTED} - ({MEAN})", True),
        (f"({MEAN}) - {STARTED}", False),
        (f"({MEAN}) > {STARTED}", False),
        (f"1000 * {STARTED} + 1000 * ({MEAN})", True),
        (f"1000 * ({MEAN}) + 1000 * {STARTED}", True),
        (f"1000 * {STARTED} + ({MEAN})", False),
        (f"{STARTED} + {STARTED}", False),
        (f"1000 * {STARTED} + 1000 * {STARTED}", False),
        ("time() + app_start_time", False),
        (f"{STARTED} - sum by (pod) (rate(app_wait_ms_sum[5m])) / sum by (pod) (rate(app_wait_ms_count[5m]))", False),
    ],
)
def test_a_time_in_seconds_may_be_added_to_a_point_in_time_and_taken_off_it(text: str, sound: bool) -> None:
    assert checks(text) == ([] if sound else ["unit"])


def test_a_point_in_time_that_is_moved_stays_one() -> None:
    assert checks(f"{STARTED} + ({MEAN})", unit="dateTimeAsIso") == ["unit"]
    assert found(f"1000 * ({STARTED} + ({MEAN}))", unit="dateTimeAsIso") == ()


@pytest.mark.parametrize(
    ("text", "sound"),
    [("app_errors_total > 0", True), ("app_errors_total > 5", False), ("app_errors_total", False)],
)
def test_an_alert_may_ask_whether_a_counter_ever_counted_but_not_how_often(text: str, sound: bool) -> None:
    assert checks(text, kind="alert") == ([] if sound else ["counter"])


def test_one_side_of_or_is_enough_where_the_other_is_off() -> None:
    assert found("sum(gpu_active) or sum(app_cache_used)") == ()


def test_a_join_with_what_is_off_gives_nothing() -> None:
    assert checks("app_queue_requests * on (pod) gpu_active") == ["off"]


def test_matchers_that_no_exposure_can_meet_together_are_found() -> None:
    (finding,) = found('{__name__=~"vllm:running|app_queue_requests",model_name="a",model="b"}')
    assert finding.message == "no series of 'vllm:running|app_queue_requests' carries all of 'model', 'model_name'"


def test_a_legend_may_name_labels_of_the_result_only() -> None:
    text = "sum by (model) (app_queue_requests)"
    assert found(text, legend="{{model}}") == ()
    (finding,) = found(text, legend="{{modell}}")
    assert (finding.subjects, finding.hint) == (("modell",), "did you mean 'model'?")


def test_the_name_is_a_label_until_a_function_drops_it() -> None:
    assert found("app_queue_requests", legend="{{__name__}}") == ()
    assert checks("app_queue_requests * 2", legend="{{__name__}}") == ["label"]


def test_an_alerts_text_may_name_labels_of_the_result_only() -> None:
    text = "sum by (model) (app_queue_requests) > 3"
    assert found(text, kind="alert", legend="{{ $labels.model }} waits, {{ $value }}") == ()
    assert checks(text, kind="alert", legend="{{ $labels.pod }} waits") == ["label"]


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("app_queue_length", "renamed to 'app_queue_requests' since 0.15"),
        ("app_swapped", "gone since 0.9, without a successor"),
        ("app_memory_byte", "did you mean 'app_memory_bytes'?"),
        ("zzz", ""),
    ],
)
def test_a_name_that_nothing_emits_says_what_to_write_instead(name: str, hint: str) -> None:
    (finding,) = found(f"max({name})")
    assert (finding.check, finding.hint, finding.subjects) == ("name", hint, (name,))


def test_a_fault_that_stands_twice_is_told_once() -> None:
    assert checks("app_swapped + app_swapped") == ["name"]


def test_an_unknown_metric_brings_no_other_finding_about_what_it_may_be() -> None:
    assert checks("histogram_quantile(0.9, sum by (le, code) (rate(other_bucket[5m])))", unit="s") == ["name"]


@pytest.mark.parametrize(
    ("query", "sound"),
    [
        ("label_values(app_requests_total, model)", True),
        ('label_values(app_requests_total{model=~"$model,.*"}, pod)', True),
        ("label_values(model)", True),
        ("query_result(sum by (pod) (app_queue_requests))", True),
        ("metrics(app_.*)", True),
        ("label_values(app_requests_total, modell)", False),
        ("label_values(nobody_has_it)", False),
        ("label_values(app_requests, model)", False),
        ('label_values(app_queue_requests{code="1"}, model)', False),
        ("metrics(xyz_.*)", False),
    ],
)
def test_a_menus_query_is_checked_too(query: str, sound: bool) -> None:
    assert (found(query, kind="variable") == ()) is sound


def test_a_recording_rules_series_have_the_labels_and_unit_of_its_expression() -> None:
    records = {
        "pod:ratio": "sum by (pod) (pod:errors) / sum by (pod) (rate(app_requests_total[5m]))",
        "pod:errors": "sum by (pod, code) (rate(app_errors_total[5m]))",
    }
    assert found("max by (pod) (pod:ratio)", records=records, unit="percentunit") == ()
    assert checks("max by (model) (pod:ratio)", records=records) == ["label"]
    assert checks("pod:ratio", records=records, unit="s") == ["unit"]
    assert checks("rate(pod:ratio[5m])", records=records) == ["rate"]


def test_recording_rules_in_a_circle_are_survived() -> None:
    assert found("a:b", records={"a:b": "c:d + 1", "c:d": "a:b + 1"}) == ()


@pytest.mark.parametrize(
    ("text", "fields", "sound"),
    [
        ("rate(app_requests_total[5m]) and on (pod) app_brief", {}, False),
        ("rate(app_requests_total[5m]) unless on (pod) app_brief", {}, False),
        ("app_memory_bytes * on (pod) group_left () group by (pod) (app_brief)", {}, False),
        ("app_memory_bytes * on (pod) group_left () (app_brief * 0 + 1)", {}, False),
        ("group by (pod) (app_brief) * on (pod) group_right () app_memory_bytes", {}, False),
        ('app_queue_requests and on (pod) {__name__=~"app_brief|app_load"}', {}, False),
        ("rate(app_requests_total[5m]) and on (pod) last_over_time(app_brief[2m])", {}, True),
        ("rate(app_requests_total[5m]) and on (pod) (app_brief or app_queue_requests)", {}, True),
        ("rate(app_requests_total[5m]) and on (pod) app_load", {}, True),
        ("app_brief and on (pod) app_load", {}, True),
        ("app_brief and on (pod) app_brief_max", {}, True),
        ("app_brief / app_brief_max", {}, True),
        ("app_brief / on (pod, model) app_queue_requests", {}, True),
        ("app_brief", {}, True),
        ("app_brief", {"panel": "timeseries"}, True),
        ("app_brief", {"panel": "table"}, True),
        ("sum(app_brief)", {"panel": "stat"}, False),
        ("max(app_brief) + 1", {"panel": "gauge"}, False),
        ("sum(app_brief) or 0 * count(app_load)", {"panel": "stat"}, True),
        ("max(max_over_time(app_brief[2m]))", {"panel": "stat"}, True),
        ("sum(rate(app_bucketed_seconds_count[5m]))", {"panel": "stat"}, True),
        ("app_brief > 3", {"kind": "alert"}, True),
        ("app_brief > 3", {"kind": "alert", "wait": "5m"}, False),
        ("sum(app_brief) > 3", {"kind": "alert", "wait": "5m"}, False),
        ("sum(max_over_time(app_brief[2m])) > 3", {"kind": "alert", "wait": "5m"}, True),
        ("absent(app_brief)", {"kind": "alert"}, False),
        ("absent_over_time(app_brief[1h])", {"kind": "alert"}, True),
        ("absent(app_load)", {"kind": "alert"}, True),
        ("label_values(app_brief, model)", {"kind": "variable"}, False),
        ("label_values(app_bucketed_seconds_count, model)", {"kind": "variable"}, True),
        ("metrics(app_.*)", {"kind": "variable"}, True),
        ("pod:brief", {"panel": "stat"}, False),
        ("pod:filled", {"panel": "stat"}, True),
        ("avg_over_time(pod:brief[10m])", {"panel": "stat"}, True),
    ],
)
def test_a_gauge_that_vanishes_is_not_taken_for_one_that_stays(text: str, fields: dict[str, str], sound: bool) -> None:
    records = {
        "pod:brief": "sum by (pod) (app_brief)",
        "pod:filled": "sum by (pod) (app_brief) or 0 * sum by (pod) (app_load)",
    }
    assert checks(text, records=records, **fields) == ([] if sound else ["lives"])


@pytest.mark.parametrize(
    ("text", "fields", "sound"),
    [
        ("sum(rate(app_bucketed_seconds_sum[5m])) / sum(rate(app_bucketed_seconds_count[5m]))", {}, False),
        ("rate(app_bucketed_seconds_sum[5m])", {"kind": "alert"}, False),
        ("rate(app_bucketed_seconds_sum[5m]) and on (pod) app_load > 1", {"legend": "p50"}, False),
        ("pod:mean", {}, False),
        ("rate(app_bucketed_seconds_sum[5m])", {"legend": "mean (from buckets)"}, True),
        ("rate(app_bucketed_seconds_sum[5m])", {"name": "Mean, from buckets"}, True),
        ("rate(app_bucketed_seconds_sum[5m]) > 1", {"kind": "alert", "annotations": {"summary": "from buckets"}}, True),
        ("sum by (pod) (rate(app_bucketed_seconds_sum[5m]))", {"kind": "record", "name": "pod:mean"}, True),
        ("histogram_quantile(0.9, sum by (le) (rate(app_bucketed_seconds_bucket[5m])))", {}, True),
        ("sum(rate(app_bucketed_seconds_count[5m]))", {}, True),
        ("sum(rate(app_latency_seconds_sum[5m]))", {}, True),
        ("count(app_bucketed_seconds_sum)", {}, True),
    ],
)
def test_a_sum_that_was_made_from_buckets_is_shown_under_that_name(
    text: str, fields: dict[str, str], sound: bool
) -> None:
    records = {} if "record" in fields.values() else {"pod:mean": "sum by (pod) (rate(app_bucketed_seconds_sum[5m]))"}
    assert checks(text, records=records, **fields) == ([] if sound else ["estimate"])


UNBORN = changed("app_requests_total", family=replace(SMALL["app_requests_total"][0].family, absent_while_zero="Read."))


@pytest.mark.parametrize(
    ("query", "sound"),
    [
        ("sum(increase(app_requests_total[5m]))", False),
        ("sum(rate(app_requests_total[5m]))", True),
        ("sum by (model) (rate(app_requests_total[5m]))", True),
        ("sum by (code) (rate(app_requests_total[5m]))", False),
        ('sum(rate(app_requests_total{code="503"}[5m]))', False),
        ("count(app_requests_total unless app_requests_total offset 5m)", False),
        ("count(app_requests_total unless app_errors_total offset 5m)", True),
        ("sum by (code) (increase(app_errors_total[5m]))", True),
        (f"sum by (code) ({exact_increase('app_requests_total', '5m')})", True),
        (f"sum by (code) ({exact_increase('app_requests_total', '5m')}) / 300", True),
        (f"sum by (pod) ({guarded_increase('app_requests_total', '1m', '(up == 0)')})", True),
    ],
)
def test_failures_of_a_counter_that_is_absent_while_zero_are_counted_exactly(query: str, sound: bool) -> None:
    expression = Expression("d.yaml", "rows[0].panels[0].targets[0]", "target", "Panel", query)
    assert [finding.check for finding in verify([expression], UNBORN, {})] == ([] if sound else ["births"])


def test_a_counter_that_starts_at_zero_may_be_read_with_increase() -> None:
    assert checks('sum(increase(app_requests_total{code="503"}[5m]))') == []


def test_the_exact_count_is_a_number_of_events_and_over_its_window_a_rate() -> None:
    counted = exact_increase("app_requests_total", "5m")
    assert checks(f"sum({counted})", unit="short") == []
    assert checks(f"sum({counted}) / 300", unit="reqps") == []
    assert checks(f"sum({counted})", unit="s") == ["unit"]
    records = {"a:b:increase1m": f"sum by (model) ({guarded_increase('app_requests_total', '1m', '(up == 0)')})"}
    assert checks("sum_over_time(a:b:increase1m[5m]) / 300", unit="reqps", records=records) == []
    assert checks("rate(a:b:increase1m[5m])", records=records) == ["rate"]


@pytest.mark.parametrize(("label", "found"), [("instance", []), ("colour", ["label"])])
def test_the_labels_that_say_which_births_are_believed_have_to_be_there(label: str, found: list[str]) -> None:
    text = guarded_increase("app_requests_total", "1m", "(up == 0)").replace("on (job, instance)", f"on (job, {label})")
    expression = Expression("d.yaml", "rows[0].panels[0].targets[0]", "target", "Panel", f"sum({text})")
    findings = verify([expression], {**UNBORN, **catalogue(known("up", "gauge", "flag"))}, {})
    assert sorted({finding.check for finding in findings}) == found
