"""What panels say of situations that are known to the last request, on Prometheus' own engine (promtool)."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from generator.dashboards.compiler import compile_dashboard
from generator.files import yamlfile
from generator.rules.groups import prometheus_rules
from generator.rules.reader import read_rules
from tests.signals.grafana import Choice, Raw, Window, board, filled

from .conftest import ROOT, SHIPPED

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FOLDER = ROOT / "tests" / "dashboards" / "answers"
FILES = {path.stem: yamlfile.load_mapping(path) for path in sorted(FOLDER.glob("*.yaml"))}
MONITORS = [path.stem for path in sorted((ROOT / "monitors").glob("*.yaml"))]
RULES = read_rules(ROOT / "rules", yamlfile.load_mapping(ROOT / "values-schemas" / "rule.schema.yaml"), MONITORS)
"""Panels read records of counts."""

_LABELS = re.compile(r"@(\w+)")


SITUATIONS = [
    pytest.param(name, situation, id=f"{name}: {situation['name']}")
    for name, file in FILES.items()
    for situation in file["situations"]
]


def expressions(name: str, variables: Mapping[str, str], seconds: int) -> dict[str, list[str]]:
    """Returns the queries of each panel as Grafana sends them, by the panel's title."""
    asked: dict[str, list[str]] = {}
    window = Window(seconds - 1800, seconds)
    for target in board(name, compile_dashboard(name, SHIPPED[name])).targets:
        choice: Choice = {key: Raw(value) for key, value in variables.items()}
        asked.setdefault(target.panel, []).append(filled(target.expr, choice, window))
    return asked


def asked_for(query: str, at: str, answer: Any) -> dict[str, Any]:
    """Returns one query with its answer as promtool wants it.

    A number is one series without labels, a mapping has a number for each series' labels; "ended" is the NaN that a
    stat with a sparkline shows as its noValue.
    """
    if answer == "ended":  # only NaN is not itself
        query, answer = f"count(({query}) != ({query}))", 1
    series = answer if isinstance(answer, dict) else {"{}": answer}
    samples = [{"labels": labels, "value": value} for labels, value in series.items()]
    return {"expr": query, "eval_time": at, "exp_samples": samples}


def case(name: str, situation: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a test of promtool's.

    Raises:
        KeyError: it names a panel that the dashboard does not have, or labels that the file does not.
    """
    file = FILES[name]
    minutes = int(situation["at"].removesuffix("m"))
    asked = expressions(name, file["variables"], minutes * 60)
    numbers = [text for text, values in situation["series"].items() if not isinstance(values, str)]
    assert not numbers, f"put these values in quotes, YAML takes 0x9 for a number: {numbers}"
    series = [
        {"series": _LABELS.sub(lambda found: file["labels"][found[1]], text), "values": values}
        for text, values in situation["series"].items()
    ]
    tests = []
    for panel, answers in situation["panels"].items():
        queries = asked[panel]
        assert len(answers) in (0, len(queries)), f"{panel} has {len(queries)} queries"
        for query, answer in zip(queries, answers or [{}] * len(queries), strict=True):
            tests.append(asked_for(query, situation["at"], answer))
    return {"name": situation["name"], "interval": "30s", "input_series": series, "promql_expr_test": tests}


@pytest.mark.sample(3)
@pytest.mark.parametrize(("name", "situation"), SITUATIONS)
def test_panels_say_what_is_so(promtool: str, tmp_path: Path, name: str, situation: Mapping[str, Any]) -> None:
    groups = [group for spec in RULES.values() for group in prometheus_rules(spec, alerts=())["groups"]]
    (tmp_path / "rules.yaml").write_text(yamlfile.dump({"groups": groups}), "utf-8")
    file = {
        "rule_files": ["rules.yaml"],
        # That of records of counts: promtool evaluates every group at the same interval.
        "evaluation_interval": "1m",
        "group_eval_order": [group["name"] for group in groups],
        "fuzzy_compare": True,
        "tests": [case(name, situation)],
    }
    (tmp_path / "case.yaml").write_text(yamlfile.dump(file), "utf-8")
    done = subprocess.run(
        [promtool, "test", "rules", "case.yaml"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
