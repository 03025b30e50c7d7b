"""Jinja2 for chart templates, with delimiters that leave Go's ``{{ }}`` alone."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jinja2 import Environment


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("generator", "templates"),
        undefined=StrictUndefined,
        auto_reload=False,
        autoescape=False,  # noqa: S701 - the output is YAML and Go templates, not HTML
        block_start_string="[%",
        block_end_string="%]",
        variable_start_string="[[",
        variable_end_string="]]",
        comment_start_string="[#",
        comment_end_string="#]",
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def render(template: str, **values: Any) -> str:
    """Fills a template of generator/templates/, named by its path there; an unknown variable is an error."""
    return _environment().get_template(template).render(**values)
