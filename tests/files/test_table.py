"""Columns for people."""

from __future__ import annotations

from generator.files.table import table


def test_columns_are_aligned_under_their_names_and_no_line_ends_in_blanks() -> None:
    rows = [{"name": "a", "long": "xxxxxx"}, {"name": "bbbbbb", "long": ""}]
    assert table(rows) == "NAME    LONG\na       xxxxxx\nbbbbbb\n"


def test_no_rows_are_no_table() -> None:
    assert table([]) == ""
