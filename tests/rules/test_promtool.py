"""The rules in the real promtool: they are clean, every alert fires when it should, and is silent when it should be."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from generator.files import yamlfile
from generator.rules.groups import prometheus_rules

from .conftest import ALERTS, DEFAULTS, ROOT, SPECS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

CASES = {path.stem: yamlfile.load_mapping(path) for path in sorted((ROOT / "rules" / "tests").glob("*.yaml"))}


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The rule files as Prometheus reads them."""
    where = tmp_path_factory.mktemp("rules")
    for name, spec in SPECS.items():
        (where / f"{name}.yaml").write_text(yamlfile.dump(prometheus_rules(spec, DEFAULTS)), "utf-8")
    return where


def write_cases(folder: Path, name: str, groups: Sequence[Mapping[str, Any]]) -> list[str]:
    """Writes for each alert of a file its cases, beside a rule file of that alert and the records that it reads.

    A case says nothing of other rules, and in promtool most of its time would go into them.

    Returns:
        The names of the files with cases.
    """
    files = []
    for alert in sorted(alert for alert, file in ALERTS.items() if file == name):
        kept = [{**group, "rules": [*read_by(alert, groups, group["rules"])]} for group in groups]
        kept = [group for group in kept if group["rules"]]
        (folder / f"{alert}.yaml").write_text(yamlfile.dump({"groups": kept}), "utf-8")
        tests = {
            **CASES[name],
            "rule_files": [f"{alert}.yaml"],
            # promtool runs groups in a random order unless it is told one, and alerts read records.
            "group_eval_order": [group["name"] for group in kept],
            "tests": [case for case in CASES[name]["tests"] if alert in alerts_of_case(case)],
        }
        files.append(f"{alert}.test.yaml")
        (folder / files[-1]).write_text(yamlfile.dump(tests), "utf-8")
    return files


def read_by(
    alert: str, groups: Iterable[Mapping[str, Any]], rules: Iterable[Mapping[str, Any]]
) -> Iterator[Mapping[str, Any]]:
    """Yields those of some rules that an alert needs: itself, and the records that it reads by way of others too."""
    every = [rule for group in groups for rule in group["rules"]]
    records = {rule["record"]: rule["expr"] for rule in every if "record" in rule}
    text = " ".join(rule["expr"] for rule in every if rule.get("alert") == alert)
    needed: set[str] = set()
    while more := {record for record in records if record in text} - needed:
        needed |= more
        text += " ".join(records[record] for record in more)
    yield from (rule for rule in rules if rule.get("alert") == alert or rule.get("record") in needed)


def alerts_of_case(case: Mapping[str, Any]) -> set[str]:
    return {test["alertname"] for test in case["alert_rule_test"]}


def cases_of(alert: str) -> Iterator[tuple[str, list[Any]]]:
    """Yields (name of the case, alerts expected) of an alert's cases."""
    for case in CASES[ALERTS[alert]]["tests"]:
        for test in case["alert_rule_test"]:
            if test["alertname"] == alert:
                yield case["name"], test["exp_alerts"]


def test_there_is_one_file_of_tests_for_each_file_of_rules_with_alerts() -> None:
    assert set(CASES) == {name for name, spec in SPECS.items() if spec.alerts or spec.slos}
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
@pytest.mark.parametrize("name", sorted(CASES))
def test_promtool_sees_the_alerts_fire_and_stay_silent(promtool: str, tmp_path: Path, name: str) -> None:
    files = write_cases(tmp_path, name, prometheus_rules(SPECS[name], DEFAULTS)["groups"])
    done = subprocess.run(
        [promtool, "test", "rules", *files], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("SUCCESS") == len(files)


def test_promtool_notices_an_alert_that_does_not_fire(promtool: str, tmp_path: Path) -> None:
    rules = prometheus_rules(SPECS["kueue"], {"kueue": {"thresholds": {"evictionsPerHalfHour": 1000}}})
    files = write_cases(tmp_path, "kueue", rules["groups"])
    done = subprocess.run(
        [promtool, "test", "rules", *files], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert "KueueEvictions" in done.stdout + done.stderr
