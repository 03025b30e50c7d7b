"""What Prometheus 3.14 takes without a feature flag is no finding of the check; what it refuses is one."""

from __future__ import annotations

import json
import re
import subprocess
from typing import TYPE_CHECKING

import pytest

from generator.promql import re2
from generator.promql.expression import Expression
from generator.promql.parser import Window, parse
from generator.verify.verifier import verify

if TYPE_CHECKING:
    from pathlib import Path

TAKEN = (
    "first_over_time(up[5m])",
    "up > 1_000",
    "up > 1_000.5 * 0x1_F",
    "up @ 1_000",
    "rate(up[1_000])",
    "rate(up[5m + 1m])",
    "rate(up[(5m + 1m) * 2 ^ 2 % 7h])",
    "rate(up[max_of(step(), range() / 10)])",
    "sum_over_time(up[1h:5m - 1m])",
    "up offset -(5m + 1m)",
    "up offset step()",
    "rate(up[5m] offset 0s)",
    "rate(up[300])",
    "rate(up[1d12h30m5s20ms])",
    "up </ 5",
    "up >/ 5",
    r"up{a=~`\d+\.x`}",
    r'up{a=~`"\d`}',
    'up{a=~"x{1000}(x{10}){100}"}',
    r'up{a=~"\\Qa.b(\\E.*"}',
    r'up{a=~"x+?(?i)y[[:alpha:]-]\\pL\\p{Greek}(?P<n>z)[]a]"}',
    'up{a=~"x{,5}"}',
    'up{a=~"a|"}',
    'up{"a-b"="c"}',
    '{"my.metric", a="b"}',
    'sum by ("a-b") (up)',
    'label_replace(up, "a-b", "$1", "b", "(.*)-x{2}")',
    r'label_replace(up, "a", "$1", "b", `\Qa.b\E`)',
    'label_replace(up, "a", "fixed", "", "")',
    "1 == bool 1",
)

REFUSED = (
    "info(up)",
    "limitk(2, up)",
    "limit_ratio(0.5, up)",
    "mad_over_time(up[5m])",
    'sort_by_label(up, "job")',
    'sort_by_label_desc(up, "job")',
    "double_exponential_smoothing(up[5m], 0.5, 0.5)",
    "holt_winters(up[5m], 0.5, 0.5)",
    'histogram_quantiles(up, "q", 0.5, 0.9)',
    "ts_of_first_over_time(up[5m])",
    "ts_of_last_over_time(up[5m])",
    "ts_of_max_over_time(up[5m])",
    "ts_of_min_over_time(up[5m])",
    "up > max_of(1, 2)",
    "up > min_of(1, 2)",
    "up > start()",
    "up > end()",
    "up > step()",
    "up > range()",
    "start_timestamp(up)",
    "up + fill(0) up",
    "up + on(job) fill_left(0) up",
    "up anchored",
    'up{a="1" or b="2"}',
    'up{a=~"x{2000}"}',
    'up{a=~"x{1,1001}"}',
    'up{a=~"(x{100}){100}"}',
    'up{a=~"((x{10}){10}y){11}"}',
    'up{a=~"x**"}',
    'up{a=~"x{2}{3}"}',
    'up{a=~"x+??"}',
    'up{a=~"(?x)y"}',
    r'up{a=~"\\u0041"}',
    r'up{a=~"\\p{letter}"}',
    'up{a=~"[[:foo:]]"}',
    'up{a=~"[a--b]"}',
    'up{a=~"(?=x)"}',
    r'up{a=~"(x)\\1"}',
    'up{a=~"("}',
    "up > 1__000",
    "up > 1_",
    "rate(up[30s5m])",
    "rate(up[5m5m])",
    "rate(up[1.5m])",
    "rate(up[0])",
    "rate(up[300y])",
    "rate(up[5m +])",
    "rate(up[foo])",
    "sum_over_time(up[5m:300y])",
    "up offset 300y",
    "1 == 1",
    "rate(up)",
    "up and 1",
    "sum by (a-b) (up)",
    "nothing(up)",
    "{}",
)

REFUSED_WHEN_EVALUATED = (
    'label_replace(up, "a", "$1", "b", "(")',
    'label_replace(up, "a", "$1", "b", "(?=x)")',
    'label_replace(up, "a", "$1", "b", "x{2000}")',
    'label_replace(up, "", "$1", "b", "x")',
    'label_join(up, "", ",", "b")',
    "rate(up[5m - 10m])",
)
"""What promtool's check of rules takes and every query with it fails on (prometheus v3.14.0, promql/functions.go)."""


def findings(text: str) -> list[str]:
    """Returns what the check says of the syntax of a record's expression."""
    expression = Expression("rules/x.yaml", "records[0].expr", "record", "job:up:x", text)
    return [found.message for found in verify([expression], {}, {}) if found.check in {"syntax", "experimental"}]


@pytest.mark.parametrize("text", TAKEN)
def test_what_prometheus_takes_is_no_finding(text: str) -> None:
    assert findings(text) == []


@pytest.mark.parametrize("text", [*REFUSED, *REFUSED_WHEN_EVALUATED])
def test_what_prometheus_refuses_is_a_finding(text: str) -> None:
    assert findings(text)


def test_the_real_promtool_takes_and_refuses_just_these(promtool: str, tmp_path: Path) -> None:
    texts = [*TAKEN, *REFUSED_WHEN_EVALUATED, *REFUSED]
    files = [tmp_path / f"{index}.yaml" for index in range(len(texts))]
    for file, text in zip(files, texts, strict=True):
        file.write_text(json.dumps({"groups": [{"name": "g", "rules": [{"record": "job:up:x", "expr": text}]}]}))
    command = [promtool, "check", "rules", "--lint=none", *map(str, files)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    refused = {int(index) for index in re.findall(r"/(\d+)\.yaml: ", done.stdout + done.stderr)}
    assert [text for index, text in enumerate(texts) if index in refused] == list(REFUSED)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("up[5m + 1m]", 360),
        ("up[2 * (5m - 1m)]", 480),
        ("up[10m / 4 % 100]", 50),
        ("up[2 ^ 3 ^ 2]", 512),
        ("up[min_of(5m, 1h)]", 300),
        ("up[-5m + 10m]", 300),
        ("up[step()]", 60),
    ],
)
def test_a_duration_that_is_reckoned_is_the_window_that_the_checks_see(text: str, seconds: float) -> None:
    tree = parse(text).tree
    assert isinstance(tree, Window)
    assert tree.seconds == seconds


def test_a_raw_string_has_no_escapes() -> None:
    assert parse(r"up{a=~`\d\n`}").tree.matchers[0].value == r"\d\n"


def test_an_experimental_function_can_be_exempted_and_the_message_names_the_flag() -> None:
    assert "without the feature flag promql-experimental-functions" in findings("mad_over_time(up[5m])")[0]


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("x{1001}", "'{1001}' repeats more than 1000 times"),
        ("(?:x{50}){21}", "'{21}' repeats more than 1000 times"),
        ("(x{2}y{1000})z{1000}", ""),
        ("x*+", "'+' repeats a repetition"),
        (r"x\*+[*+]+", ""),
        ("(?u)x", "'(?u)' has other flags than i, m, s and U"),
        ("(?is-mU:x)", ""),
    ],
)
def test_what_re2_refuses_beyond_the_parser_is_named(pattern: str, said: str) -> None:
    assert re2.problem(pattern) == said
