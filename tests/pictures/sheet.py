"""A page for review: every picture, and beside it what each panel says of itself."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

from tests.pictures.answers import panels_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.pictures.drawing import Picture

_STYLE = (
    "body{font:14px sans-serif;margin:24px;max-width:1650px}img{width:100%}dt{font-weight:bold}dd{margin-bottom:8px}"
)


def sheet(boards: Sequence[Mapping[str, Any]], pictures: Sequence[Picture]) -> str:
    """Returns the page as HTML; pictures lie beside it.

    Args:
        boards: what answers.answered gives.
        pictures: those of these dashboards.
    """
    parts = [f"<!doctype html><meta charset=utf-8><title>Dashboards</title><style>{_STYLE}</style>"]
    for board in boards:
        parts.append(f"<h1>{html.escape(board['dashboard']['title'])}</h1>")
        for picture in pictures:
            if picture.dashboard == board["name"]:
                found = "".join(f"<li>{html.escape(str(one))}" for one in picture.findings)
                parts.append(f"<h2>{picture.look.theme}, {picture.look.width} px</h2><ul>{found}</ul>")
                parts.append(f'<img loading=lazy src="{picture.file.name}" alt="">')
        said = (
            f"<dt>{html.escape(panel['title'])}<dd>{html.escape(panel.get('description', ''))}"
            for panel in panels_of(board["dashboard"]["panels"])
        )
        parts.append(f"<dl>{''.join(said)}</dl>")
    return "\n".join(parts) + "\n"
