"""Writes a chart and sends the writing process a signal at a line of its choice; test_swap.py runs it.

Reads requests ``FOLDER SIGNAL STEP`` from stdin, one a line. For each it forks a process that plans and writes the
chart of ``files()`` into FOLDER and that gets SIGNAL (a number) at the STEP-th line which it executes in the
writer's modules. Answers with one word: ``done`` where the write ended before that line, ``interrupted`` after a
KeyboardInterrupt, ``killed`` where the signal ended the process.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from generator.files import locking, swap, writer
from generator.files.tree import MARKER

if TYPE_CHECKING:
    from types import FrameType

WATCHED = {str(module.__file__) for module in (locking, swap, writer)}


def files(text: str) -> dict[str, str]:
    """Gives a small chart that differs in ``text``."""
    return {
        "Chart.yaml": f"# {MARKER}: --profile test.\nname: {text}\n",
        "files/dashboards/a.json": f'{{"title":"{text}"}}\n',
        "templates/dashboards/a.yaml": f"# {MARKER}: --profile test.\n",
        "values.yaml": f"# {MARKER}: --profile test.\ntext: {text}\n",
    }


def write_until(folder: Path, signum: int, step: int) -> None:
    lines = 0

    def trace(frame: FrameType, event: str, _argument: Any) -> Any:
        nonlocal lines
        if frame.f_code.co_filename not in WATCHED:
            return None
        if event == "line":
            lines += 1
            if lines == step:
                os.kill(os.getpid(), signum)
        return trace

    signal.signal(signal.SIGINT, signal.default_int_handler)
    planned = writer.plan(folder, files("new"))
    sys.settrace(trace)
    writer.write(planned)
    sys.settrace(None)


def main() -> None:
    for request in sys.stdin:
        folder, signum, step = request.rsplit(" ", 2)
        child = os.fork()
        if child == 0:
            status = 1
            try:
                write_until(Path(folder), int(signum), int(step))
                status = 0
            except KeyboardInterrupt:
                status = 130
            finally:
                os._exit(status)
        _, ended = os.waitpid(child, 0)
        answers = {0: "done", 130: "interrupted", -int(signum): "killed"}
        code = os.waitstatus_to_exitcode(ended)
        print(answers.get(code, f"failed with {code}"), flush=True)  # noqa: T201 - the answer


if __name__ == "__main__":
    main()
