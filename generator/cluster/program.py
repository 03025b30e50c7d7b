"""What every program shares: a line for each thing done, one clear line for what went wrong, an exit code."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Failure(Exception):  # noqa: N818 - an outcome of the run, not a fault of the program
    """Something that a person has to mend; each argument is one line that says what and how."""

    def __init__(self, *lines: str) -> None:
        """Takes one or more lines; their order is the order in which they are shown."""
        super().__init__("\n".join(lines))
        self.lines = lines


def say(line: str) -> None:
    """Writes a line of progress to stdout at once, so that a log shows how far a killed program came."""
    sys.stdout.write(f"{_printable(line)}\n")
    sys.stdout.flush()


def run(work: Callable[[], None]) -> int:
    """Does the work and returns the exit code: 0 done, 1 failed with the reason on stderr."""
    try:
        work()
    except Failure as failure:
        for line in failure.lines:
            sys.stderr.write(f"error: {_printable(line)}\n")
        return 1
    return 0


def innermost(error: BaseException) -> str:
    """Returns the words of the innermost reason: requests wraps the socket's in several layers."""
    while True:
        reason = getattr(error, "reason", None)
        wrapped = reason if isinstance(reason, BaseException) else next(iter(error.args), None)
        if not isinstance(wrapped, BaseException):
            return str(error)
        error = wrapped


def _printable(line: str) -> str:
    """Escapes what would break the line: parts of it may be another server's words."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in line)
