"""The rules in the real promtool: they are clean, every alert fires when it should, and is silent when it should be."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from generator.files import yamlfile
from generator.rules.groups import prometheus_rules

from .conftest import ALERTS, DEFAULTS, ROOT, SPECS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CASES = {path.stem: yamlfile.load_mapping(path) for path in sorted((ROOT / "rules" / "tests").glob("*.yaml"))}


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The rule files as Prometheus reads them, the tests beside them."""
    where = tmp_path_factory.mktemp("rules")
    for name, spec in SPECS.items():
        (where / f"{name}.yaml").write_text(yamlfile.dump(prometheus_rules(spec, DEFAULTS)), "utf-8")
        # promtool runs groups in a random order unless it is told one, and alerts read records.
        order = [group["name"] for group in prometheus_rules(spec)["groups"]]
        cases = (ROOT / "rules" / "tests" / f"{name}.yaml").read_text("utf-8")
        (where / f"{name}.test.yaml").write_text(f"group_eval_order: {order}\n{cases}", "utf-8")
    return where


def cases_of(alert: str) -> Iterator[tuple[str, list[Any]]]:
    """Yields (name of the case, alerts expected) of an alert's cases."""
    for case in CASES[ALERTS[alert]]["tests"]:
        for test in case["alert_rule_test"]:
            if test["alertname"] == alert:
                yield case["name"], test["exp_alerts"]


def test_there_is_one_file_of_tests_for_each_file_of_rules() -> None:
    assert set(CASES) == set(SPECS)
    assert all(cases["rule_files"] == [f"{name}.yaml"] for name, cases in CASES.items())


@pytest.mark.parametrize("alert", sorted(ALERTS))
def test_an_alert_has_a_case_that_fires_it_and_one_that_does_not(alert: str) -> None:
    expected = [bool(alerts) for _, alerts in cases_of(alert)]
    assert True in expected
    assert False in expected


def test_a_case_is_named_after_its_alert_and_what_it_shows() -> None:
    for alert in ALERTS:
        for name, alerts in cases_of(alert):
            assert name.startswith(f"{alert} {'fires' if alerts else 'is silent'}: ")


def test_a_silent_case_has_series_that_the_alert_reads() -> None:
    """Silence without data would prove nothing."""
    for name, cases in CASES.items():
        texts = {
            rule["alert"]: rule["expr"]
            for group in prometheus_rules(SPECS[name])["groups"]
            for rule in group["rules"]
            if "alert" in rule
        }
        records = {
            rule["record"]: rule["expr"]
            for group in prometheus_rules(SPECS[name])["groups"]
            for rule in group["rules"]
            if "record" in rule
        }
        for case in cases["tests"]:
            expr = texts[case["alert_rule_test"][0]["alertname"]]
            for _ in range(2):  # records may read records
                expr += " ".join(text for record, text in records.items() if record in expr)
            metrics = {series["series"].partition("{")[0] for series in case["input_series"]}
            assert any(metric in expr for metric in metrics), case["name"]


def test_no_case_is_for_an_alert_that_is_gone() -> None:
    named = {
        test["alertname"] for cases in CASES.values() for case in cases["tests"] for test in case["alert_rule_test"]
    }
    assert named == set(ALERTS)


def test_promtool_finds_the_rules_clean(promtool: str, folder: Path) -> None:
    files = [folder / f"{name}.yaml" for name in SPECS]
    done = subprocess.run(
        [promtool, "check", "rules", "--lint=all", "--lint-fatal", *files], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("SUCCESS") == len(SPECS)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(SPECS))
def test_promtool_sees_the_alerts_fire_and_stay_silent(promtool: str, folder: Path, name: str) -> None:
    done = subprocess.run(
        [promtool, "test", "rules", f"{name}.test.yaml"], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_promtool_notices_an_alert_that_does_not_fire(promtool: str, folder: Path, tmp_path: Path) -> None:
    rules = prometheus_rules(SPECS["kueue"], {"kueue": {"thresholds": {"evictionsPerHalfHour": 1000}}})
    (tmp_path / "kueue.yaml").write_text(yamlfile.dump(rules), "utf-8")
    shutil.copy(folder / "kueue.test.yaml", tmp_path)
    done = subprocess.run(
        [promtool, "test", "rules", "kueue.test.yaml"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert "KueueEvictions" in done.stdout + done.stderr
