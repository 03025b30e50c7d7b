"""The line of a place, in YAML as people write it and in JSON as Grafana writes it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from generator.errors import Problem
from generator.files.positions import Document, document_reader, with_lines

if TYPE_CHECKING:
    from pathlib import Path

TEXT = """\
# A comment.
title: Small
shared: &shared
  legend: "{{pod}}"
rows:
  - title: First
    panels:
      - {title: A, targets: [{expr: up}, {expr: down}]}
      - title: B
        targets:
          - expr: |
              sum(
                up
              )
            <<: *shared

slos:
  a.b:
    objective: 0.9
  a:
    objective: 0.99
empty:
"""


@pytest.mark.parametrize(
    ("place", "line", "first", "last"),
    [
        ("title", 2, 2, 2),
        ("rows[0]", 6, 6, 15),
        ("rows[0].panels[0].targets[1].expr", 8, 8, 8),
        ("rows[0].panels[1]", 9, 9, 15),
        ("rows[0].panels[1].targets[0].expr", 11, 12, 14),
        ("rows[0].panels[1].targets[0].legend", 4, 4, 4),
        ("slos.a.b", 18, 19, 19),
        ("slos.a.b.objective", 19, 19, 19),
        ("slos.a.objective", 21, 21, 21),
        ("empty", 22, 22, 22),
    ],
)
def test_a_place_has_the_line_of_its_key_and_the_lines_of_its_value(
    place: str, line: int, first: int, last: int
) -> None:
    span = Document(TEXT).path(place)[-1]
    assert (span.line, span.first, span.last, span.complete) == (line, first, last, True)


@pytest.mark.parametrize(
    ("place", "line"), [("rows[0].panels[7].title", 7), ("slos.a.none", 20), ("title.x", 2), ("none", 2)]
)
def test_a_place_that_is_not_there_has_the_line_of_the_innermost_value_that_is(place: str, line: int) -> None:
    span = Document(TEXT).path(place)[-1]
    assert (span.line, span.complete) == (line, False)


@pytest.mark.parametrize("text", ["", "a: [", "a: \x00", "\t", "[" * 5000])
def test_a_text_that_cannot_be_read_has_no_positions(text: str) -> None:
    assert Document(text).path("a") == []


def test_json_is_read_with_tabs_and_with_characters_beyond_the_first_plane() -> None:
    data = {"panels": [{"title": "\U0001f525", "targets": [{"expr": "up"}]}]}
    document = Document(json.dumps(data, indent="\t"))
    (line,) = (number for number, text in enumerate(document.lines, 1) if '"expr"' in text)
    assert document.path("panels[0].targets[0].expr")[-1].line == line


VALUES = st.recursive(
    st.one_of(st.integers(), st.text(max_size=20), st.none()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text("abc", min_size=1, max_size=3), inner, max_size=3)
    ),
    max_leaves=10,
)


@given(VALUES)
def test_every_place_of_any_data_is_found_on_its_line(data: Any) -> None:
    text = yaml.safe_dump(data, allow_unicode=True)
    document = Document(text)
    for place, value in _places(data, ""):
        span = document.path(place)[-1]
        assert span.complete
        assert 1 <= span.line <= span.first <= span.last <= len(document.lines)
        if isinstance(value, int):
            assert str(value) in document.lines[span.first - 1]


def _places(data: Any, place: str) -> list[tuple[str, Any]]:
    if isinstance(data, dict):
        return [found for key, value in data.items() for found in _places(value, f"{place}.{key}".lstrip("."))]
    if isinstance(data, list):
        return [found for index, value in enumerate(data) for found in _places(value, f"{place}[{index}]")]
    return [(place, data)]


def test_a_problem_gets_the_line_of_its_place_in_the_first_folder_that_has_its_file(tmp_path: Path) -> None:
    (tmp_path / "near").mkdir()
    (tmp_path / "a.yaml").write_text("\n\nrows: []\n")
    (tmp_path / "b.yaml").write_text("rows: []\n")
    (tmp_path / "near" / "b.yaml").write_text("\nrows: []\n")
    problems = [
        Problem("far", "a.yaml", "rows"),
        Problem("near", "b.yaml", "rows"),
        Problem("missing key", "b.yaml", "rows.x"),
        Problem("elsewhere", "b.yaml", "columns"),
        Problem("the whole", "b.yaml"),
        Problem("known", "b.yaml", "rows", line=9),
        Problem("no file", "--set rows", "rows"),
        Problem("no name", "x" * 5000, "rows"),
    ]
    reader = document_reader(tmp_path / "near", tmp_path)
    assert [problem.line for problem in with_lines(problems, reader)] == [3, 2, 2, 0, 0, 9, 0, 0]
