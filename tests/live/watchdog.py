"""Ends process groups when the program that started them is gone, however it went.

Reads from stdin, one a line, ``+ID`` for a process group that was started and ``-ID`` for one that has ended. When
stdin closes, all that are left get SIGTERM, and SIGKILL after ten seconds.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time

GRACE = 10.0
"""Seconds between SIGTERM and SIGKILL."""


def end(groups: set[int], grace: float = GRACE) -> None:
    """Ends process groups and waits until none of their processes is left."""
    for signum, limit in ((signal.SIGTERM, grace), (signal.SIGKILL, 5.0)):
        for group in groups:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(group, signum)
        until = time.monotonic() + limit
        while time.monotonic() < until and any(map(alive, groups)):
            time.sleep(0.1)


def alive(group: int) -> bool:
    """Returns whether a process group has a process, a zombie included."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def main() -> None:
    """Follows stdin until it closes."""
    groups: set[int] = set()
    for line in sys.stdin:
        number = int(line[1:])
        groups.add(number) if line[0] == "+" else groups.discard(number)
    end(groups)


if __name__ == "__main__":
    main()
