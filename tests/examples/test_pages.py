"""The pages of examples/: what they link to and what they tell to type is there."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

import pytest

from tests.conftest import ROOT
from tests.examples.support import EXAMPLES, FOLDERS

if TYPE_CHECKING:
    from pathlib import Path

PAGES = sorted(str(path.relative_to(EXAMPLES)) for path in EXAMPLES.rglob("*.md"))


def commands(page: Path) -> list[list[str]]:
    """Returns the words of each command in the page's blocks of shell."""
    blocks = re.findall(r"^```sh\n(.*?)^```", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    return [words for block in blocks for line in block.splitlines() if (words := shlex.split(line, comments=True))]


@pytest.mark.parametrize("page", PAGES)
def test_what_a_page_links_to_is_there(page: str) -> None:
    path = EXAMPLES / page
    links = re.findall(r"\]\(([^)#:]+)[)#]", path.read_text(encoding="utf-8"))
    assert links
    for link in links:
        assert (path.parent / link).exists(), link


@pytest.mark.parametrize("page", PAGES)
def test_a_program_that_a_page_runs_is_there_and_has_its_options(page: str) -> None:
    run = [words for words in commands(EXAMPLES / page) if words[0] == "python"]
    assert run
    for _, program, *words in run:
        # Some pages speak from their own folder, some from examples/.
        (path,) = {found for root in (EXAMPLES, (EXAMPLES / page).parent) if (found := root / program).is_file()}
        source = path.read_text(encoding="utf-8")
        for word in words:
            if word.startswith("--"):
                name = word.removeprefix("--")
                assert f'"--{name}"' in source or f'"{name.replace("-", "_")}"' in source, word


@pytest.mark.parametrize("page", PAGES)
def test_a_folder_that_a_page_applies_is_there(page: str) -> None:
    applied = [words[-1] for words in commands(EXAMPLES / page) if words[:3] == ["kubectl", "apply", "-k"]]
    assert set(applied) <= set(FOLDERS)


def test_the_projects_page_leads_to_the_examples() -> None:
    links = re.findall(r"\]\((examples[^)]*)\)", (ROOT / "README.md").read_text(encoding="utf-8"))
    assert {"examples", "examples/training", "examples/inference", "examples/load"} <= set(links)
    assert all((ROOT / link).is_dir() for link in links)
