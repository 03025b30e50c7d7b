"""Every alert has a page that says what to do."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from generator.rules.groups import expressions

from .conftest import ROOT, SPECS

if TYPE_CHECKING:
    from pathlib import Path

FOLDER = ROOT / "docs" / "runbooks"
PAGES = sorted(path for path in FOLDER.glob("*.md") if path.name != "README.md")
URLS = {rule.annotations["runbook_url"] for rule in expressions(SPECS) if rule.kind == "alert"}


def test_every_runbook_url_is_a_page_and_every_page_is_one() -> None:
    assert {path.name for path in PAGES} == URLS


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_says_what_it_means_how_to_see_it_what_to_do_and_when_to_ignore_it(page: Path) -> None:
    text = page.read_text("utf-8")
    parts = re.split(r"^## (.+)\n", text, flags=re.MULTILINE)
    assert parts[0].startswith(f"# {page.stem}\n\n")
    assert parts[1::2] == ["See it", "Do first", "Ignore it when"]
    assert all(part.strip() for part in (parts[0].partition("\n")[2], *parts[2::2]))
    assert re.search(r"^1\. ", parts[4], flags=re.MULTILINE)


def test_a_threshold_or_an_alert_that_a_page_names_exists() -> None:
    alerts = {rule.name for rule in expressions(SPECS)} | {page.stem for page in PAGES}
    for page in PAGES:
        text = page.read_text("utf-8")
        for name, kind, key in re.findall(r"`rules\.([a-z-]+)\.(thresholds|slos)\.(\w+)`", text):
            assert key in getattr(SPECS[name], kind), page.name
        for name in re.findall(r"rules\.alerts\.(\w+)", text):
            assert name in alerts, page.name
        for name in re.findall(r"\b(?:Vllm|Gpu|Dcgm|Ray|Neuron|Karpenter|Kueue|Logs|Monitor)[A-Z]\w+\b", text):
            assert name in alerts, page.name


def test_the_index_lists_every_page_once() -> None:
    listed = re.findall(r"\]\((\w+\.md)\)", (FOLDER / "README.md").read_text("utf-8"))
    assert sorted(listed) == [page.name for page in PAGES]
