"""Writes a chart, or fills its charts/, and sends the process a signal at a line of its choice; test_swap.py runs it.

Reads requests ``WORK FOLDER SIGNAL STEP`` from stdin, one a line. For each it forks a process that does the WORK and
that gets SIGNAL (a number) at the STEP-th line which it executes in the modules that write; a line in a loop counts
PASSES times. ``write`` plans and writes the chart of ``files()`` into FOLDER; ``vendor`` takes the upstream charts of
FOLDER from ``../../mirror``. Answers with one word: ``done`` where the work ended before that line, ``interrupted``
after a KeyboardInterrupt, ``killed`` where the signal ended the process.
"""

from __future__ import annotations

import os
import signal
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests  # noqa: F401 - vendor_chart imports it when it is called: here once, not in each forked process

from generator.files import locking, swap, writer
from generator.files.tree import MARKER
from generator.upstream import Upstream, vendor_chart, vendoring
from tests.thorough import examples
from tests.upstream.charts import pins

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

PASSES = examples(1, thorough=3)
"""How often a line counts: what a signal finds in a loop's fourth pass is what it found in the third."""

WATCHED = {str(module.__file__) for module in (locking, swap, vendoring, writer)}


def files(text: str) -> dict[str, str]:
    """Returns a small chart that differs in ``text``."""
    return {
        "Chart.yaml": f"# {MARKER}: --profile test.\nname: {text}\n",
        "charts/library/templates/_a.tpl": f'# {MARKER}: --profile test.\n{{"title":"{text}"}}\n',
        "templates/a.yaml": f"# {MARKER}: --profile test.\n",
        "values.yaml": f"# {MARKER}: --profile test.\ntext: {text}\n",
    }


def write(folder: Path) -> Callable[[], object]:
    planned = writer.plan(folder, files("new"))
    return lambda: writer.write(planned)


def vendor(folder: Path) -> Callable[[], object]:
    mirror = folder.parents[1] / "mirror"
    return lambda: vendor_chart(folder, pins(), Upstream(mirror=str(mirror), cache=mirror / "cache"))


WORKS = {"write": write, "vendor": vendor}


def work_until(work: Callable[[], object], signum: int, step: int) -> None:
    lines = 0
    passes: Counter[tuple[str, int]] = Counter()

    def trace(frame: FrameType, event: str, _argument: Any) -> Any:
        nonlocal lines
        if frame.f_code.co_filename not in WATCHED:
            return None
        if event == "line":
            line = frame.f_code.co_filename, frame.f_lineno
            passes[line] += 1
            if passes[line] <= PASSES:
                lines += 1
                if lines == step:
                    os.kill(os.getpid(), signum)
        return trace

    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.settrace(trace)
    work()
    sys.settrace(None)


def main() -> None:
    for request in sys.stdin:
        name, rest = request.split(" ", 1)
        folder, signum, step = rest.rsplit(" ", 2)
        child = os.fork()
        if child == 0:
            status = 1
            try:
                work_until(WORKS[name](Path(folder)), int(signum), int(step))
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
