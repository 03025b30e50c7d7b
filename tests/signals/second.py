"""The same pods scraped twice: what does the chart answer where somebody else's monitors find them too?

Two more jobs store every series that this chart's monitors store: one of a PodMonitor, and one of a ServiceMonitor on a
Service that has the name of our job. Neither gives the labels that ours adds, nor honours those of the exporter.
"""

from __future__ import annotations

import itertools
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from generator.catalogue.known import stored_name
from generator.catalogue.reader import read_catalogue
from generator.files import yamlfile
from generator.rules.groups import expressions
from generator.rules.reader import read_rules
from tests.signals import asking, grafana, motion, proof, server
from tests.signals.motion import Stored

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Mapping

    from generator.catalogue.spec import Exporter
    from generator.promql.expression import Expression
    from tests.signals.asking import Place
    from tests.signals.binaries import Binaries
    from tests.signals.grafana import Board
    from tests.signals.server import Answer, Api

MOMENTS = (motion.END - 1800, motion.END)
"""Between these, and at both, all is asked; seconds."""

OF_TARGETS = ("namespace", "pod", "container")
"""Labels of a target that an exporter may give too: what it says of others' pods."""


@dataclass(frozen=True)
class Difference:
    """One query that a second scrape changes: its place, itself, and both answers."""

    place: Place
    expr: str
    once: Any
    twice: Any


class Scraped:
    """What else is stored where others scrape what our monitors scrape."""

    def __init__(self, exporters: Mapping[str, Exporter], monitors: Mapping[str, Mapping[str, Any]]) -> None:
        self.added = {name: {"node", *spec.get("labels", ())} for name, spec in monitors.items()}
        self.own: dict[tuple[str, str], frozenset[str]] = {}
        for exporter in exporters.values():
            for exposure in exporter.exposures:
                for family in exporter.families.values() if exposure.monitor in monitors else ():
                    base = stored_name(family.name, exposure)
                    for part in ("", "_bucket", "_sum", "_count"):
                        self.own[exposure.monitor, base + part] = frozenset(family.labels | exposure.labels)

    def again(self, one: Stored) -> Iterator[Stored]:
        """Yields a series as the two other jobs store it; none of a series that is not our monitors'."""
        job, name = one.labels.get("job", ""), one.labels["__name__"]
        if job not in self.added:
            return
        own = self.own.get((job, name), frozenset())
        labels = {key: value for key, value in one.labels.items() if key in own or key not in self.added[job]}
        for key in OF_TARGETS:
            if key in labels and key in own:
                labels[f"exported_{key}"] = labels[key]
                labels[key] = f"{job}-0" if key == "pod" else job
        yield Stored(
            {**labels, "job": f"{labels.get('namespace', job)}/theirs", "endpoint": "metrics"}, one.type, one.value
        )
        service = labels.get("service", job)
        yield Stored({**labels, "job": service, "endpoint": "http-metrics", "service": service}, one.type, one.value)


def differences(binaries: Binaries, root: Path, names: Container[str]) -> list[Difference]:
    """Returns the panels, menus and alerts that answer otherwise where the pods are scraped twice.

    Args:
        binaries: Prometheus and promtool.
        root: the folder with dashboards/, rules/, metrics/, monitors/ and values-schemas/.
        names: the dashboards, and the files of rules, that are asked.
    """
    monitors = {path.stem: yamlfile.load_mapping(path) for path in sorted((root / "monitors").glob("*.yaml"))}
    specs = read_rules(root / "rules", proof.schema(root, "rule"), list(monitors))
    boards = [board for board in proof.boards_of(root, specs) if board.name in names]
    rules = list(expressions(proof.asked_with(boards, {name: specs[name] for name in specs if name in names}, specs)))
    wanted = proof.wanted_by(boards, rules)
    scraped = Scraped(read_catalogue(root, proof.schema(root, "metrics")), monitors)
    with tempfile.TemporaryDirectory(prefix="gen-chart-signals-") as folder:
        where = Path(folder)
        measured, added = proof.worlds(root, where / "chart", rules, wanted, ())
        records = proof.record_files(rules, where / "records")
        data = where / "once", where / "twice"
        for path, also in zip(data, (lambda _: (), scraped.again), strict=True):
            proof.load(binaries, path, [*measured.values(), *added.values()], also)
            proof.backfill(binaries, path, records)
        alerts = [rule for rule in rules if rule.kind == "alert"]
        with server.running(binaries, data[0]) as once, server.running(binaries, data[1]) as twice:
            return [
                Difference(place, expr, first, second)
                for place, expr in _asked(boards, alerts, once)
                if _told(expr, first := _said(once, expr)) != _told(expr, second := _said(twice, expr))
            ]


def _told(expr: str, said: Mapping[str, list[str]]) -> Any:
    """Returns what is compared: of a list of the largest, not which of equal ones is in it."""
    return sorted(itertools.chain(*said.values())) if "topk(" in expr else said


def _asked(boards: Iterable[Board], alerts: Iterable[Expression], api: Api) -> Iterator[tuple[Place, str]]:
    """Yields every query with its variables filled in, by the first choice in the menus that it answers to."""
    yield from asking.rule_places(alerts).items()
    for board in boards:
        window = grafana.Window(motion.END - board.seconds, motion.END)
        left = {(board.name, "target", f"{target.panel} {target.ref}"): target for target in board.targets}
        for choice, _ in grafana.choices(board, api, window):
            for place, target in list(left.items()):
                expr = grafana.filled(target.expr, choice, window, target.interval)
                if _said(api, expr):
                    del left[place]
                    yield place, expr


def _said(api: Api, expr: str) -> dict[str, list[str]]:
    answer: Answer = api.range(expr, *MOMENTS, MOMENTS[1] - MOMENTS[0])
    return {
        str(sorted(labels.items())): [f"{float(value):.9g}" for _, value in samples]
        for labels, samples in answer.series
    }
