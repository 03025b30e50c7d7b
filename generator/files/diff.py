"""The one way to show what changes in a text."""

from __future__ import annotations

import difflib

_MARK = "\0"
"""Stands between what identifies a line and the line itself while lines are compared."""


def unified_diff(before: str | None, after: str | None, path: str) -> str:
    """Returns a unified diff that ``patch`` and ``git apply`` take; "" if nothing changes.

    Where lines were only added it shows no line as removed, which difflib alone does not promise.

    Args:
        before: the text as it was; None if there was no file.
        after: the text as it is to be; None if there is to be no file.
        path: the file, below the folder in which the diff is to be applied.
    """
    if before == after:
        return ""
    old, new = _lines(before or ""), _lines(after or "")
    kept = _kept(old, new)
    if kept is None:
        marked_old, marked_new = ([_MARK + line for line in lines] for lines in (old, new))
    else:  # each line can only be matched with itself
        marked_old = [f"{index}{_MARK}{line}" for index, line in enumerate(old)]
        marked_new = [f"{kept.get(index, '')}{_MARK}{line}" for index, line in enumerate(new)]
    source = "/dev/null" if before is None else f"a/{path.lstrip('/')}"
    target = "/dev/null" if after is None else f"b/{path.lstrip('/')}"
    diff = difflib.unified_diff(marked_old, marked_new, source, target, lineterm="")
    return "".join(f"{_unmarked(line)}\n" for line in diff)


def _lines(text: str) -> list[str]:
    """Splits at line feeds alone, and says, as ``diff`` does, where the last one is missing."""
    lines = text.split("\n")
    last = lines.pop()
    return [*lines, f"{last}\n\\ No newline at end of file"] if last else lines


def _kept(old: list[str], new: list[str]) -> dict[int, int] | None:
    """Returns for each line of ``new`` that was there its index in ``old``; None if a line of ``old`` is gone."""
    kept: dict[int, int] = {}
    for index, line in enumerate(new):
        if len(kept) < len(old) and line == old[len(kept)]:
            kept[index] = len(kept)
    return kept if len(kept) == len(old) else None


def _unmarked(line: str) -> str:
    """Takes out of a line of the diff what identifies it, behind the sign; a header has nothing of the kind."""
    _, mark, text = line.partition(_MARK)
    return line[0] + text if mark else line
