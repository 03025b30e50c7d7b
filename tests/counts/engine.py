"""Evaluates rules and expressions over histories in Prometheus' own engine, by way of ``promtool test rules``.

promtool knows stale markers, which backfilled blocks cannot hold, and evaluates rules minute by minute. It tells what
came out of an expression when it was told to expect something else.
"""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

Answers = dict[tuple[str, float], dict[str, float]]
"""(expression, seconds) → history → value."""

_ASKED = re.compile(r'^    expr: (".*"), time: ')
_GOT = re.compile(r"\{([^}]*)\} ([-+0-9.eE]+|NaN|[+-]Inf)")
_HISTORY = re.compile(r'history="([^"]*)"')
NOBODY = "nobody"
"""What is expected of each expression, so that promtool says what it got."""


def evaluate(
    promtool: str,
    series: Iterable[Mapping[str, str]],
    groups: Sequence[Mapping[str, Any]],
    questions: Sequence[tuple[str, float]],
    *,
    scrape: int,
) -> Answers:
    """Returns what each expression says at its moment, by the label history.

    Args:
        promtool: the program.
        series: input series, see history.input_series.
        groups: groups of rules, evaluated each minute in this order.
        questions: (expression, seconds since the start).
        scrape: seconds between two samples.

    Raises:
        RuntimeError: promtool cannot read what it is given, or leaves a question out.
    """
    asked = [
        {"expr": expr, "eval_time": f"{at:.0f}s", "exp_samples": [{"labels": NOBODY, "value": 0}]}
        for expr, at in questions
    ]
    test = {"interval": f"{scrape}s", "input_series": list(series), "promql_expr_test": asked}
    suite = {
        "rule_files": ["rules.yaml"],
        "evaluation_interval": "1m",
        "group_eval_order": [group["name"] for group in groups],
        "tests": [test],
    }
    with tempfile.TemporaryDirectory(prefix="gen-chart-counts-") as folder:
        # JSON is YAML, and is written in a tenth of the time.
        (Path(folder) / "rules.yaml").write_text(json.dumps({"groups": groups}), encoding="utf-8")
        (Path(folder) / "test.yaml").write_text(json.dumps(suite), encoding="utf-8")
        done = subprocess.run(
            [promtool, "test", "rules", "test.yaml"], cwd=folder, capture_output=True, text=True, check=False
        )
    return _answers(done.stdout + done.stderr, questions)


def _answers(output: str, questions: Sequence[tuple[str, float]]) -> Answers:
    got = [line for line in output.splitlines() if line.lstrip().startswith("got: ")]
    if len(got) != len(questions):
        raise RuntimeError(f"promtool answered {len(got)} of {len(questions)} questions: {output[:2000]}")
    answers: Answers = {}
    for question, line in zip(questions, got, strict=True):
        answers[question] = {}
        for labels, value in _GOT.findall(line):
            history = _HISTORY.search(labels)
            answers[question][history[1] if history else ""] = float(value)
    return answers
