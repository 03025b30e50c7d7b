"""What counts as exercised by a real workload."""

from __future__ import annotations

import pytest

from .live import live

TARGETS = {("ray", "Nodes A"), ("ray", "Nodes B"), ("ray", "Errors A"), ("ray", "Never A"), ("ray", "Empty A")}
HEAD = "| dashboard | panel | what is true | said | true | may be | |\n| --- | --- | --- | ---: | ---: | ---: | --- |\n"


def row(panel: str, said: str = "2", verdict: str = "yes", true: str = "2") -> str:
    return f"| ray | {panel} | known, calm.end | {said} | {true} | 2 | {verdict} |\n"


def test_only_a_target_that_said_a_true_number_in_a_scenario_is_live() -> None:
    page = HEAD + row("Nodes") + row("Nodes B", verdict="yes; an estimate") + row("Errors", verdict="**NO**")
    assert live(page + row("Empty", "empty"), TARGETS) == {("ray", "Nodes A"), ("ray", "Nodes B")}


def test_a_target_that_has_only_said_rightly_that_there_is_nothing_is_not() -> None:
    assert live(HEAD + row("Errors", "0", true="0") + row("Empty", "empty", true="empty"), TARGETS) == frozenset()


def test_a_target_that_is_true_in_one_scenario_is_live_though_another_knows_it_to_be_wrong() -> None:
    assert live(HEAD + row("Errors", verdict="**NO**; late") + row("Errors"), TARGETS) == {("ray", "Errors A")}


def test_a_page_that_names_a_panel_of_yesterday_is_refused() -> None:
    with pytest.raises(ValueError, match="found the panel 'Gone' of ray"):
        live(HEAD + row("Gone"), TARGETS)
