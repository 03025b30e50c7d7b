"""The page that runs write."""

from __future__ import annotations

from tests.e2e.page import parse, render

VERSIONS = {"kubernetes": "1.37.2", "etcd": "3.7.3"}
ROWS = [("jark", "install", "deployed"), ("jark", "upgrade", "0 changed"), ("faults", "port", "seen: no job | at all")]


def test_each_scenario_has_a_table() -> None:
    text = render(ROWS, VERSIONS)
    table = "| step | result |\n|---|---|\n| install | deployed |\n| upgrade | 0 changed |\n"
    assert "\nkubernetes 1.37.2, etcd 3.7.3.\n" in text
    assert f"\n## jark\n\n{table}" in text


def test_a_page_can_be_read_again() -> None:
    assert sorted(parse(render(ROWS, VERSIONS))) == sorted(ROWS)


def test_a_run_of_some_scenarios_leaves_the_tables_of_others() -> None:
    before = render(ROWS, VERSIONS)
    again = render([("jark", "install", "deployed later")], VERSIONS, before)
    assert sorted(parse(again)) == [ROWS[2], ("jark", "install", "deployed later")]
    assert render(ROWS, VERSIONS, again) == before


def test_tables_of_other_versions_go() -> None:
    before = render(ROWS, VERSIONS)
    rows = [("faults", "port", "seen")]
    assert parse(render(rows, {**VERSIONS, "etcd": "3.7.4"}, before)) == rows
