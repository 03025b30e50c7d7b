"""Rules that are not loaded: a fault where a part of a file is missing, or a profile says that it should be there."""

from __future__ import annotations

from dataclasses import replace

from generator.doctor.expected import Expected, expected_of
from generator.doctor.misleading import rule_causes
from generator.doctor.snapshot import RuleState, ServerFacts, Snapshot
from generator.doctor.view import View
from tests.live.shipped import the_build

EXPECTED = expected_of(the_build("standalone"), chosen=False)


def missing(expected: Expected, but: set[str]) -> dict[str, str]:
    """Returns what is said of each file, if all rules are loaded but some."""
    rules = tuple(
        RuleState(rule.name, "record", rule.group, rule.file, rule.text, "")
        for rule in expected.rules
        if rule.name not in but
    )
    found = rule_causes(View(Snapshot(ServerFacts(rules=rules)), expected, {}))
    return {dict(one.facts).get("group") or one.workload: one.cause for one in found}


def names(file: str) -> set[str]:
    return {rule.name for rule in EXPECTED.rules if rule.file == file}


def test_a_part_of_a_file_that_is_not_loaded_is_a_fault() -> None:
    assert missing(EXPECTED, {"VllmQueueGrowing"}) == {"rules/vllm.yaml": "rule-missing"}
    assert missing(EXPECTED, set()) == {}


def test_a_whole_file_is_missed_only_where_a_profile_says_that_it_should_be_there() -> None:
    assert missing(EXPECTED, names("rules/kueue.yaml")) == {"rules of rules/kueue.yaml": "absent"}
    chosen = replace(EXPECTED, chosen=True)
    assert missing(chosen, names("rules/kueue.yaml")) == {"rules/kueue.yaml": "rule-missing"}


def test_a_prometheus_with_none_of_them_is_somebody_elses() -> None:
    assert missing(EXPECTED, {rule.name for rule in EXPECTED.rules}) == {}


def test_a_group_that_takes_longer_than_its_interval_is_told_once() -> None:
    rules = tuple(RuleState(f"r{number}", "record", "slow", "f", "up", "", late=True) for number in range(3))
    found = list(rule_causes(View(Snapshot(ServerFacts(rules=rules)), EXPECTED, {})))
    assert [one.cause for one in found] == ["rule-late"]
