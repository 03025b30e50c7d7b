"""What a diff shows, and that the usual tools apply it."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from generator.files.diff import unified_diff

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a\nb\nc\n", "a\nb\nx\nc\n"),
        ("a\nb", "a\nx\nb"),
        ("a\nb", "a\nb\nc\n"),
        ("a\nb\nc\n", "a\nB\nc\n"),
        ("", "a\n"),
        (None, "a\n"),
        ("a\nb", None),
        ("a\r\nb\r\n", "a\nb\n"),
        ("a\n" * 300 + "b\n", "b\n" + "a\n" * 299),
        ("a\x0cb\n", "a\x0cb\nc\x85d\n"),
        ("\n".join("abcdefghij" * 3) + "\n", "x\n" + "\n".join("abcdefghij" * 3) + "\ny\n"),
    ],
)
def test_patch_makes_the_new_text_of_the_diff(tmp_path: Path, before: str | None, after: str | None) -> None:
    file = tmp_path / "f"
    if before is not None:
        file.write_bytes(before.encode())
    diff = unified_diff(before, after, "f").encode()
    subprocess.run(["git", "apply", "--unidiff-zero", "-"], cwd=tmp_path, input=diff, check=True)
    assert (file.read_bytes().decode() if file.exists() else None) == after


def test_equal_texts_have_no_diff() -> None:
    assert unified_diff("a\n", "a\n", "f") == ""


def test_a_line_may_hold_any_character() -> None:
    assert unified_diff("a\0b\n", "a\0c\n", "f") == "--- a/f\n+++ b/f\n@@ -1 +1 @@\n-a\0b\n+a\0c\n"


def test_added_lines_like_those_around_them_show_no_line_as_removed() -> None:
    before = "".join(f"{line}\n" for line in "abcd")
    after = "".join(f"{line}\n" for line in "bcdabxcyd")
    assert not [line for line in unified_diff(before, after, "f").split("\n")[2:] if line.startswith("-")]
