"""Jinja2 for chart templates, with delimiters that leave Go's ``{{ }}`` alone."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import TYPE_CHECKING, Any

from generator.files.cache import cached
from generator.files.compiled import compiled_templates
from generator.files.location import package_root

if TYPE_CHECKING:
    from jinja2 import Environment
    from jinja2.bccache import BytecodeCache


_NOT_IN_YAML = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")
"""What JSON may hold as it is and YAML may not, or not as it is (YAML 1.1, 5.1 and 5.4)."""


@cache
def _environment() -> Environment:
    return environment(compiled_templates())


def environment(bytecode: BytecodeCache) -> Environment:
    """Returns what reads the templates below generator/.

    Args:
        bytecode: where compiled ones are looked for.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(package_root()),
        bytecode_cache=bytecode,
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
    environment.filters["json"] = _json
    environment.filters["helm_json"] = _helm_json
    return environment


def _json(value: Any) -> str:
    """Writes a value as JSON on one line, which YAML reads as that value, whatever text is in it.

    YAML takes some characters for line ends and refuses others; these alone are escaped, because it reads no pair of
    ``\\u`` as one character.
    """
    return json_in_yaml(json.dumps(value, ensure_ascii=False))


def json_in_yaml(text: str) -> str:
    """Returns JSON, escaped where a block of YAML could not hold it as it is."""
    return _NOT_IN_YAML.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def _helm_json(value: Any) -> str:
    """Writes a value as JSON that Helm's template engine leaves as it is."""
    return literal(_json(value))


@cached("templates", shape=str)
def render(template: str, **values: Any) -> str:
    """Fills a template and keeps the result for the next run; see render_once."""
    return render_once(template, **values)


def render_once(template: str, **values: Any) -> str:
    """Fills a template, named by its path in generator/, for a function that is cached itself.

    Each lies in a folder ``templates`` beside the code that fills it. An unknown variable is an error.
    """
    return _environment().get_template(template).render(**values)


def literal(text: str) -> str:
    """Returns text that Helm's template engine writes out as it is; JSON stays JSON."""
    return text.replace("{{", "{{`{{`}}")


def comment_lines(text: str, width: int) -> list[str]:
    """Wraps a text of people for comments of YAML: no character in it ends the line or the comment.

    In a template of Helm it goes through literal besides.
    """
    import textwrap

    printable = "".join(char if char.isprintable() else " " for char in text)
    return textwrap.wrap(printable, width, break_long_words=False, break_on_hyphens=False)
