"""docs/workloads.md says of each way of deploying what its example in monitors/ says."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from generator.docs.workloads_page import pages, workloads_markdown

from .conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping

    Specs = Mapping[str, Mapping[str, Any]]

SECTION = re.compile(r"^## (\S+)$", re.MULTILINE)


def lines(page: str, name: str) -> list[list[str]]:
    """Returns the cells of each line of a workload's table."""
    section = page.split(f"\n## {name}\n")[1].split("\n## ", maxsplit=1)[0]
    rows = [line for line in section.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]] for row in rows[1:]]


def test_the_committed_page_is_what_the_examples_give() -> None:
    for name, text in pages().items():
        assert (ROOT / "docs" / name).read_text("utf-8") == text, "run `make docs`"


def test_each_way_of_deploying_has_a_line_with_its_ports_or_a_no(specs: Specs) -> None:
    page = workloads_markdown(specs)
    for name, spec in specs.items():
        ways = [example for example in spec["examples"] if "way" in example]
        found = lines(page, name) if ways else []
        assert [cells[0] for cells in found] == [example["way"] for example in ways]
        for cells, example in zip(found, ways, strict=True):
            ports = {address for pod in example["pods"] for address in pod["targets"].values()}
            assert cells[1].startswith("yes" if ports and "values" not in example else "no")
            assert set(re.findall(r"`:(.*?)`", cells[1])) == ports
            assert cells[3] == example["source"].replace("|", "\\|")


def test_what_is_not_seen_says_what_to_add(specs: Specs) -> None:
    for spec in specs.values():
        for example in spec["examples"]:
            if "way" in example and not any(pod["targets"] for pod in example["pods"]):
                assert example.get("add"), example["way"]


def test_values_to_add_are_shown_as_a_person_would_write_them(specs: Specs) -> None:
    (dynamo,) = (cells for cells in lines(workloads_markdown(specs), "vllm") if "Dynamo" in cells[0])
    assert "`{monitors: {vllm: {endpoints: {dynamo: {enabled: true}}}}}`" in dynamo[2]
    assert dynamo[1] == "no; then `:9090/metrics`"
