"""`make cost`: what all dashboards and rules cost a Prometheus that watches a fleet, query by query.

The data is what `make signals` loads, its GPU nodes multiplied. Tables are printed, or everything as JSON, the most
expensive query first; nothing is asserted. Exit 2 if there is no Prometheus or an option is wrong.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from generator.errors import Exit, InputError, bad_input, nearest
from generator.promql.durations import seconds
from tests.cost.measure import measure, questions
from tests.cost.report import Report, as_data, as_text
from tests.cost.sides import here, of_commit, wanted
from tests.cost.store import load, serving
from tests.signals.binaries import NotFoundError, find
from tests.signals.proof import worlds
from tests.signals.scrapes import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.signals.binaries import Binaries


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.cost", description=__doc__)
    parser.add_argument("--nodes", type=int, default=100, help="GPU nodes of the fleet (100)")
    parser.add_argument("--hours", type=float, default=8.0, help="length of the history (8)")
    parser.add_argument("--beside", metavar="COMMIT", default="", help="measure a commit's dashboards and rules too")
    parser.add_argument("--range", dest="ranges", action="append", type=_span, metavar="DURATION",
                        help="open all dashboards with this range too, as 6h; may be repeated (6h)")  # fmt: skip
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="only this dashboard, no rules")
    parser.add_argument("--rounds", type=int, default=3, help="how often each query is asked (3)")
    parser.add_argument("--output", choices=("text", "json"), default="text")
    options = parser.parse_args(arguments)
    try:
        report = run(find(), options, lambda line: sys.stderr.write(f"{line}\n"))
    except (NotFoundError, InputError) as error:
        sys.stderr.write(f"{error}\n")
        return Exit.BAD_INPUT
    sys.stdout.write(as_text(report) if options.output == "text" else json.dumps(as_data(report), indent=1) + "\n")
    return Exit.DONE


def run(binaries: Binaries, options: argparse.Namespace, progress: Callable[[str], object]) -> Report:
    """Loads the fleet, asks everything, and returns what it cost.

    Raises:
        InputError: another commit's sources cannot be read, or no dashboard has the name that is asked for.
        QueryError: Prometheus refuses a query.
        RuntimeError: Prometheus does not start or refuses samples.
    """
    with tempfile.TemporaryDirectory(prefix="gen-chart-cost-") as name, ExitStack() as stack:
        where = Path(name)
        sides = [here(), *([of_commit(options.beside, where / "commit")] if options.beside else [])]
        _refuse_unknown(options.only, [board.name for board in sides[0].boards])
        needed = wanted(sides)
        rules = [rule.expression for rule in sides[0].rules]
        measured, added = worlds(ROOT, where / "chart", rules, needed, ())
        world = (measured | added).values()
        history = load(binaries, where / "raw", world, options.nodes, options.hours)
        progress(f"{history.series} series of {options.nodes} nodes are loaded")
        spans = (0, *(options.ranges or [6 * 3600]))
        asked = []
        for number, side in enumerate(sides):
            folder = where / f"side-{number}"
            api = stack.enter_context(serving(binaries, history, side, folder, progress))
            found = questions(side, api, history.end, spans)
            asked.append((api, [one for one in found if not options.only or one.owner in options.only]))
            progress(f"{side.name}: {len(asked[-1][1])} queries")
        costs = measure(asked, options.rounds, progress)
    named = dict(zip((side.name for side in sides), costs, strict=True))
    return Report(options.nodes, history.seconds / 3600, history.series, options.rounds, named)


def _refuse_unknown(names: Sequence[str], known: Sequence[str]) -> None:
    for name in names:
        if name not in known:
            raise bad_input(f"--only: found '{name}', expected a dashboard", hint=nearest(name, known))


def _span(text: str) -> int:
    length = seconds(text)
    if not length:
        raise argparse.ArgumentTypeError(f"found '{text}', expected a duration such as 6h")
    return round(length)


if __name__ == "__main__":
    sys.exit(main())
