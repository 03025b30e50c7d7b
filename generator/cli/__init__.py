"""The command line: reads arguments, calls the rest, prints. No logic lives here.

Only click and the error type are imported at the top of its modules, so that ``--help`` and completion answer at once.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
from typing import NoReturn

import click

from generator.cli import (
    argocd,
    bump,
    check,
    doctor,
    explain,
    fetch,
    images,
    instrument,
    outdated,
    package,
    rules,
    size,
)
from generator.cli.generate import cli
from generator.cli.options import MOST_SHOWN, show_rest, with_lines
from generator.errors import InputError

__all__ = [
    "argocd",
    "bump",
    "check",
    "cli",
    "console",
    "doctor",
    "explain",
    "fetch",
    "images",
    "instrument",
    "main",
    "outdated",
    "package",
    "rules",
    "size",
]


def console() -> NoReturn:
    """Runs main as a process, which ends at once: taking apart all that it has in memory is a twentieth of its time."""
    code = 0
    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):  # so that nothing half-written stays beside the chart
            signal.signal(getattr(signal, name), lambda number, _frame: sys.exit(128 + number))
    try:
        main()
    except SystemExit as ended:
        code = int(ended.code or 0)
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:  # closed from the start (>&-)
                stream.flush()
        except OSError:  # nobody reads it any more, or the disk is full
            code = code or 1
    os._exit(code)


def main() -> None:
    """Runs the command line; every error that a person can cause ends in a message and an exit code."""
    # The process lives for a second: what it would collect is not worth a tenth of that.
    gc.disable()
    try:
        code = cli.main(prog_name="gen-chart", standalone_mode=False)
    except InputError as error:
        for problem in with_lines(error.problems[:MOST_SHOWN]):
            click.secho("error: ", fg="red", bold=True, nl=False, err=True)
            click.echo(str(problem), err=True)
        show_rest(error.problems)
        code = error.exit_code
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted; nothing is half-written", err=True)
        code = 130
    except OSError as error:
        # What can be said of a file is an InputError; this is standard output on a full disk, or the like.
        if os.environ.get("GEN_CHART_DEBUG"):
            raise
        click.echo(f"error: {error.filename or 'output'}: {error.strerror or error}", err=True)
        code = 2
    except Exception as error:
        # The last wall: even a bug must not print a traceback at a user.
        if os.environ.get("GEN_CHART_DEBUG"):
            raise
        click.echo(f"internal error: {type(error).__name__}: {error} (GEN_CHART_DEBUG=1 shows where)", err=True)
        code = 70
    sys.exit(code)
