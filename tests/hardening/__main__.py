"""`python -m tests.hardening 100000`: so many generated inputs, and how many ended in a traceback."""

from __future__ import annotations

import sys
import time

import click

from generator.build.sources import read_sources
from tests.conftest import ROOT
from tests.hardening.inputs import doors, tried


def main() -> int:
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    every, begin = doors(read_sources(ROOT)), time.monotonic()
    found = 0
    for door, text, error in tried(every, number):
        found += 1
        click.echo(f"{door.name}: {type(error).__name__}: {str(error)[:200]}\n{text!r}\n", err=True)
    seconds = time.monotonic() - begin
    click.echo(f"{number:,} inputs of {len(every)} kinds in {seconds:.0f} s: {found} ended in a traceback")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
