"""Pages that `make docs` makes for the site: committed as the sources give them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from generator.docs import profile_page, support_page, tour_page

if TYPE_CHECKING:
    from types import ModuleType

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("page", [profile_page, support_page, tour_page], ids=lambda page: page.__name__)
def test_the_committed_page_is_what_the_sources_give(page: ModuleType) -> None:
    for name, text in page.pages().items():
        assert (ROOT / "docs" / name).read_text("utf-8") == text, "run `make docs`"


def test_every_dashboard_of_the_tour_has_its_picture() -> None:
    page = (ROOT / "docs" / "tour.md").read_text("utf-8")
    for file in (ROOT / "dashboards").glob("*.yaml"):
        assert f"(pictures/{file.stem}.png)" in page
        assert (ROOT / "docs" / "pictures" / f"{file.stem}.png").stat().st_size < 300_000
