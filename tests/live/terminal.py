"""What people read while something lasts."""

from __future__ import annotations

import sys


def say(line: str) -> None:
    """Tells the person at the terminal what goes on."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()
