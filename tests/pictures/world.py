"""The pretended cluster of ``make signals`` with everything in it, on a real Prometheus."""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from generator.dashboards.reader import read_dashboards
from generator.rules.groups import expressions
from generator.rules.reader import read_rules
from generator.rules.recorded import recorded
from tests.pictures.answers import answered
from tests.signals import proof, server

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterator
    from typing import Any

    from tests.signals.binaries import Binaries


def boards(
    binaries: Binaries, root: Path, names: Container[str] | None, progress: Callable[[str], object]
) -> Iterator[dict[str, Any]]:
    """Yields each dashboard with its answers (answers.answered), in the order of their names.

    Args:
        binaries: Prometheus and promtool.
        root: the folder with dashboards/, rules/, metrics/, monitors/ and values-schemas/.
        names: which dashboards; None for all.
        progress: takes a line now and then.

    Raises:
        InputError: a file cannot be read.
        QueryError: Prometheus refuses a query.
        RuntimeError: promtool refuses the samples, or Prometheus does not start.
    """
    monitors = [path.stem for path in (root / "monitors").glob("*.yaml")]
    rules = read_rules(root / "rules", proof.schema(root, "rule"), monitors)
    specs = read_dashboards(root / "dashboards", proof.schema(root, "dashboard"))
    records = recorded(rules.values())
    every = list(expressions(rules))
    with contextlib.ExitStack() as stack:
        where = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="gen-chart-pictures-")))
        wanted = proof.wanted_by(proof.boards_of(root, rules), every)
        measured, added = proof.worlds(root, where / "chart", every, wanted, ())
        progress(f"{len(measured) + len(added)} series")
        data = where / "data"
        proof.load(binaries, data, [*measured.values(), *added.values()])
        proof.backfill(binaries, data, proof.record_files(every, where / "records"))
        api = stack.enter_context(server.running(binaries, data))
        for name in sorted(specs):
            if names is None or name in names:
                yield answered(specs[name], records, api)
