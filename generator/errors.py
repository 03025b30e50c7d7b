"""The one kind of error that a person sees: where, what was found, what was expected, what to do.

Exit codes: 0 done, 1 a check failed, 2 bad input.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class Exit(IntEnum):
    """Exit codes of every command."""

    DONE = 0
    CHECK_FAILED = 1
    BAD_INPUT = 2


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with an input.

    Attributes:
        message: what was found and what was expected, one sentence, no full stop.
        file: the file as the person named it, or what stands for it (``--set``); "" if none.
        path: the place inside it, as ``monitors.ray.endpoints[0].port``; "" if the whole file is meant.
        line: 1-based line in the file, 0 if unknown.
        column: 1-based column, 0 if unknown.
        hint: what to do about it, or the nearest valid name; "" if nothing helps.
    """

    message: str
    file: str = ""
    path: str = ""
    line: int = 0
    column: int = 0
    hint: str = ""

    def __str__(self) -> str:
        """Returns ``file:line:column: path: message (hint)`` on one line, leaving out what is unknown."""
        place = self.file
        if self.line:
            place += f":{self.line}" + (f":{self.column}" if self.column else "")
        head = _head(place, self.path)
        text = f"{head}: {self.message}" if head else self.message
        return printable(f"{text} ({self.hint})" if self.hint else text)


def _head(place: str, path: str) -> str:
    """Returns where a problem is; a ``--set PATH`` is not followed by a path that begins with the same keys."""
    argument = place.removeprefix("--set ").strip().replace("\\.", ".")
    if place.startswith("--set ") and (path == argument or path.startswith((f"{argument}.", f"{argument}["))):
        return f"--set {path}"
    return ": ".join(part for part in (place, path) if part)


def printable(text: str) -> str:
    """Escapes what would break the line or steer a terminal: names and values are a person's, or a stranger's."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


class InputError(Exception):
    """Bad input: carries every problem found, so that a person mends them in one go."""

    exit_code = Exit.BAD_INPUT

    def __init__(self, *problems: Problem) -> None:
        """Takes one or more problems; their order is the order in which they are shown."""
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


def bad_input(
    message: str, *, file: str = "", path: str = "", line: int = 0, column: int = 0, hint: str = ""
) -> InputError:
    """Returns an InputError with a single problem; see Problem for the fields."""
    return InputError(Problem(message, file, path, line, column, hint))


def listed(names: Sequence[str], most: int) -> str:
    """Returns the first names with commas between them, at most so many, and how many more there are."""
    rest = len(names) - most
    return ", ".join(names[:most]) + (f" and {rest} more" if rest > 0 else "")


def nearest(name: str, valid: Iterable[str]) -> str:
    """Returns ``did you mean 'x'?`` for the valid name closest to ``name``, else the list of valid names.

    The list is left out when it has more than 20 names; then the answer is "".
    """
    import difflib

    names = sorted(valid)
    folded = {candidate.lower(): candidate for candidate in names}
    close = difflib.get_close_matches(name.lower(), folded, n=1, cutoff=0.6)
    if close:
        return f"did you mean '{folded[close[0]]}'?"
    return f"valid: {', '.join(names)}" if names and len(names) <= 20 else ""
