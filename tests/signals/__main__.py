"""Runs every query of the dashboards and rules on a real Prometheus and prints what answers; writes README's table.

Exit 1 if anything that must answer does not, 2 if there is no Prometheus or a file cannot be read.
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING

from generator.errors import Exit, InputError
from tests.signals.binaries import NotFoundError, find
from tests.signals.proof import prove
from tests.signals.report import as_data, as_markdown, as_text, in_readme
from tests.signals.scrapes import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.signals.report import Report

_WRITERS: dict[str, Callable[[Report], str]] = {
    "text": as_text,
    "markdown": as_markdown,
    "json": lambda report: json.dumps(as_data(report), indent=2) + "\n",
}


def main() -> int:
    """Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.signals", description=__doc__)
    parser.add_argument("--output", choices=tuple(_WRITERS), default="text")
    output = parser.parse_args().output
    try:
        report = prove(find(), progress=lambda line: sys.stderr.write(f"{line}\n"))
    except (NotFoundError, InputError) as error:
        sys.stderr.write(f"{error}\n")
        return Exit.BAD_INPUT
    sys.stdout.write(_WRITERS[output](report))
    if not report.failed:
        readme = ROOT / "README.md"
        readme.write_text(in_readme(readme.read_text(encoding="utf-8"), report), encoding="utf-8")
    return Exit.CHECK_FAILED if report.failed else Exit.DONE


if __name__ == "__main__":
    sys.exit(main())
