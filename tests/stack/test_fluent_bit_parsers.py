"""Each parser of the rendered configuration against real lines, its expression run by Python.

Onigmo, which Fluent Bit uses, and Python's re agree on all that these expressions use except how a group is named.
tests/logs runs the same lines through the real binary.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.logs.lines import HARD, KERNEL, LEVELS, PROBES, REQUESTS, TRACES

if TYPE_CHECKING:
    from collections.abc import Callable

    Values = Callable[..., dict[str, Any]]

NAMES = {
    "i": "info",
    "w": "warning",
    "e": "error",
    "c": "critical",
    "d": "debug",
    "warn": "warning",
    "traceback": "error",
    "torch.outofmemoryerror": "error",
}
"""What records.lua makes of the short names that the lines below use."""


def python(expression: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\(\?<(?=[A-Za-z_])", "(?P<", expression))


def sections(config: dict[str, Any], kind: str) -> list[list[tuple[str, str]]]:
    found: list[list[tuple[str, str]]] = []
    inside = False
    for line in (config["customParsers"] + config["filters"]).splitlines():
        if line.startswith("["):
            inside = line == f"[{kind}]"
            if inside:
                found.append([])
        elif inside and line.strip() and not line.startswith("#"):
            key, value = line.split(maxsplit=1)
            found[-1].append((key, value))
    return found


@pytest.fixture(scope="session")
def config(values: Values) -> dict[str, Any]:
    found: dict[str, Any] = values()["fluent-bit"]["config"]
    return found


@pytest.fixture(scope="session")
def parsers(config: dict[str, Any]) -> dict[str, re.Pattern[str]]:
    return {dict(parser)["Name"]: python(dict(parser)["Regex"]) for parser in sections(config, "PARSER")}


def first(parsers: dict[str, re.Pattern[str]], names: list[str], line: str) -> dict[str, str]:
    matches = (parsers[name].search(line) for name in names)
    found = next((match for match in matches if match), None)
    return {key: value for key, value in found.groupdict().items() if value} if found else {}


def chains(config: dict[str, Any]) -> list[list[str]]:
    """Returns the parsers of each parser filter, in the order in which they are tried."""
    return [[value for key, value in section if key == "Parser"] for section in sections(config, "FILTER")]


def test_every_parser_is_used_and_every_used_one_is_there(
    config: dict[str, Any], parsers: dict[str, re.Pattern[str]]
) -> None:
    joining = [dict(parser)["Parser"] for parser in sections(config, "MULTILINE_PARSER") if "Parser" in dict(parser)]
    assert sorted([*(name for chain in chains(config) for name in chain), *joining]) == sorted(parsers)


def test_a_multiline_parser_with_a_parser_is_the_last_for_fluent_bit_would_give_it_to_those_after_it(
    config: dict[str, Any],
) -> None:
    kinds = ["Parser" in dict(parser) for parser in sections(config, "MULTILINE_PARSER")]
    assert kinds == sorted(kinds)


@pytest.mark.parametrize("line", LEVELS)
def test_the_first_parser_that_fits_finds_the_level(
    config: dict[str, Any], parsers: dict[str, re.Pattern[str]], line: str
) -> None:
    (chain,) = [chain for chain in chains(config) if "level_first" in chain]
    found = first(parsers, chain, line).get("level", "").lower()
    known = {"trace", "debug", "info", "warning", "error", "critical"}
    assert (NAMES.get(found) or (found if found in known else None)) == LEVELS[line]


@pytest.mark.parametrize("line", HARD, ids=range(len(HARD)))
def test_no_line_keeps_an_expression_busy(
    config: dict[str, Any],
    parsers: dict[str, re.Pattern[str]],
    rules: dict[str, list[tuple[str, re.Pattern[str], str]]],
    line: str,
) -> None:
    """With time quadratic in the length this would not end before the run is given up."""
    for chain in chains(config):
        assert first(parsers, chain, line).get("level", "") in ("", "ERROR")
    for state in ("start_state", "body", "end", "gap", "cause", "frames"):
        assert [rule.search(line) is None for at, rule, _ in rules["traces"] if at == state]


@pytest.mark.parametrize("line", KERNEL)
def test_a_gpus_error_gives_its_number_and_the_gpus_address(
    config: dict[str, Any], parsers: dict[str, re.Pattern[str]], line: str
) -> None:
    (chain,) = [chain for chain in chains(config) if "nvidia_xid" in chain]
    wanted = {key: str(value) for key, value in KERNEL[line].items() if key != "level"}
    assert first(parsers, chain, line) == wanted


def joined(rules: list[tuple[str, re.Pattern[str], str]], lines: list[str]) -> list[list[str]]:
    """Joins lines as Fluent Bit's rules say: those of the state first, then those that start."""
    messages: list[list[str]] = []
    state: str | None = None
    for line in lines:
        state_after = next((to for at, rule, to in rules if at == state and rule.search(line)), None)
        if state_after is None:
            state_after = next((to for at, rule, to in rules if at == "start_state" and rule.search(line)), None)
            messages.append([])
        messages[-1].append(line)
        state = state_after
    return messages


@pytest.fixture(scope="session")
def rules(config: dict[str, Any]) -> dict[str, list[tuple[str, re.Pattern[str], str]]]:
    quoted = re.compile(r'"([^"]*)"\s+"/(.*)/"\s+"([^"]*)"')
    found: dict[str, list[tuple[str, re.Pattern[str], str]]] = {}
    for parser in sections(config, "MULTILINE_PARSER"):
        matches = [quoted.fullmatch(value) for key, value in parser if key == "rule"]
        found[dict(parser)["Name"]] = [(match[1], python(match[2]), match[3]) for match in matches if match]
        assert len(found[dict(parser)["Name"]]) == len(matches)
    return found


@pytest.mark.parametrize("kind", TRACES)
def test_a_traceback_is_one_message_and_its_neighbours_are_not_of_it(
    rules: dict[str, list[tuple[str, re.Pattern[str], str]]], kind: str
) -> None:
    lines = ["before", *TRACES[kind].split("\n"), "INFO: after", "  an indented line", "last"]
    found = ["\n".join(message) for message in joined(rules["traces"], lines)]
    assert found[:3] == ["before", TRACES[kind], "INFO: after"]
    assert found[3:] == ["  an indented line", "last"]


def dropped(values: dict[str, Any]) -> re.Pattern[str] | None:
    """Returns which lines a node's filter drops; None if it drops none."""
    filters = [dict(each) for each in sections(values["fluent-bit"]["config"], "FILTER")]
    rules = [each["Exclude"] for each in filters if each["Name"] == "grep"]
    if not rules:
        return None
    (rule,) = rules
    key, expression = rule.split(maxsplit=1)
    assert key == "log"
    return python(expression)


@pytest.mark.parametrize("line", PROBES)
def test_a_scrape_or_a_probe_that_went_well_is_dropped(values: Values, line: str) -> None:
    found = dropped(values())
    assert found is not None
    assert found.search(line)


@pytest.mark.parametrize("line", REQUESTS)
def test_a_request_and_a_probe_that_failed_are_kept(values: Values, line: str) -> None:
    found = dropped(values())
    assert found is not None
    assert not found.search(line)


def test_no_other_line_of_a_program_is_dropped(values: Values) -> None:
    found = dropped(values())
    assert found is not None
    for line in (*LEVELS, *HARD, *KERNEL, *(part for trace in TRACES.values() for part in trace.split("\n"))):
        assert not found.search(line)


def test_lines_of_scrapes_and_probes_are_kept_on_demand(values: Values) -> None:
    assert dropped(values("standalone", {"components": {"fluent-bit": {"probeLines": True}}})) is None


def test_the_filter_of_probes_comes_before_lines_are_joined(config: dict[str, Any]) -> None:
    names = [dict(each)["Name"] for each in sections(config, "FILTER")]
    assert names.index("grep") < names.index("multiline")
