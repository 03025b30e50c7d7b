"""The proof: dashboards and rules of this chart against a real Prometheus that holds what real exporters emit.

It is run twice: over the series of captures alone, then with what the catalogue adds, so that the report can tell an
answer that rests on something measured from one that rests on something read.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from generator.catalogue.reader import read_catalogue
from generator.dashboards.compiler import compile_dashboard
from generator.dashboards.reader import read_dashboards
from generator.files import yamlfile
from generator.rules.groups import expressions, prometheus_rules
from generator.rules.reader import read_rules
from generator.rules.recorded import recorded
from tests.signals import asking, grafana, motion, server, world
from tests.signals.fleet import every_pod
from tests.signals.live import live
from tests.signals.needed import Needed, needed
from tests.signals.records import layers
from tests.signals.report import Report, Result, State
from tests.signals.scrapes import ROOT, generated_monitors, targets
from tests.signals.synthetic import Sources, read_values, synthetic

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from generator.promql.expression import Expression
    from generator.rules.spec import Rules
    from tests.signals.asking import Outcome, Place
    from tests.signals.binaries import Binaries
    from tests.signals.grafana import Board
    from tests.signals.motion import Stored
    from tests.signals.world import World

HERE = Path(__file__).parent


def prove(
    binaries: Binaries,
    root: Path = ROOT,
    *,
    foreign: Sequence[str] = (),
    progress: Callable[[str], object] = lambda _: None,
) -> Report:
    """Runs the whole proof.

    Args:
        binaries: Prometheus and promtool.
        root: the folder with dashboards/, rules/, metrics/, monitors/ and values-schemas/.
        foreign: exporters that their own charts' monitors scrape, whose labels differ, and not this chart's. Then only
            the dashboards and files of rules that ask for theirs are proven.
        progress: takes a line now and then.

    Raises:
        InputError: a dashboard, rule or metrics file cannot be read.
        RuntimeError: promtool refuses the samples, or Prometheus does not start.
    """
    begun = time.monotonic()
    monitors = [path.stem for path in (root / "monitors").glob("*.yaml")]
    specs = read_rules(root / "rules", schema(root, "rule"), monitors)
    boards = boards_of(root, specs)
    if foreign:
        exporters = read_catalogue(root, schema(root, "metrics"))
        boards, specs = _about([family for name in foreign for family in exporters[name].families], boards, specs)
    rules = list(expressions(specs))
    wanted = wanted_by(boards, rules)
    with tempfile.TemporaryDirectory(prefix="gen-chart-signals-") as folder:
        where = Path(folder)
        measured, added = worlds(root, where / "chart", rules, wanted, foreign)
        progress(f"{len(measured)} measured and {len(added)} synthetic series")
        alone, together = where / "measured", where / "all"
        load(binaries, alone, measured.values())
        shutil.copytree(alone, together)
        load(binaries, together, added.values())
        progress("samples are loaded")
        problems = server.check_rules(binaries, _rule_files(specs, where / "rules"))
        records = record_files(rules, where / "records")
        outcomes = []
        for data in (alone, together):
            outcomes.append(_run(binaries, data, boards, rules, records))
            progress(f"{len(outcomes)} of 2 rounds of questions")
    texts = _texts(boards, rules)
    reasons = _reasons()
    if foreign:
        reasons = {place: reason for place, reason in reasons.items() if place in texts}
    results, stale = _results(texts, outcomes[0], outcomes[1], reasons)
    if not foreign and (root / "docs" / "truth.md").exists():
        targets_of = {(result.owner, result.where) for result in results if result.kind == "target"}
        exercised = live((root / "docs" / "truth.md").read_text(encoding="utf-8"), targets_of)
        results = [
            replace(result, live=result.kind == "target" and (result.owner, result.where) in exercised)
            for result in results
        ]
    return Report(
        tuple(results),
        tuple(filter(None, (problems, *stale))),
        sum(board.elsewhere for board in boards),
        len(measured),
        len(added),
        time.monotonic() - begun,
    )


def _about(
    families: Iterable[str], boards: Iterable[Board], specs: Mapping[str, Rules]
) -> tuple[list[Board], dict[str, Rules]]:
    """Returns the dashboards and files of rules that name one of some families, and the files of records they read."""
    boards = [board for board in boards if any(family in " ".join(_asked_by(board)) for family in families)]
    kept = {name: specs[name] for name in specs if any(family in _texts_of(specs[name]) for family in families)}
    return boards, asked_with(boards, kept, specs)


def asked_with(boards: Iterable[Board], kept: Mapping[str, Rules], specs: Mapping[str, Rules]) -> dict[str, Rules]:
    """Returns files of rules with those whose records they or some dashboards ask for, in the order of ``specs``."""
    names = set(kept)
    queries = [query for board in boards for query in _asked_by(board)]
    while True:
        asked = " ".join([*(_texts_of(specs[name]) for name in names), *queries])
        more = {
            name
            for name in specs.keys() - names
            if any(rule.kind == "record" and rule.name in asked for rule in expressions({name: specs[name]}))
        }
        if not more:
            return {name: specs[name] for name in specs if name in names}
        names |= more


def _texts_of(rules: Rules) -> str:
    return " ".join(rule.text for rule in expressions({"": rules}))


def _asked_by(board: Board) -> list[str]:
    return [target.expr for target in board.targets] + [menu.query for menu in board.menus]


def worlds(
    root: Path, chart: Path, rules: Iterable[Expression], wanted: Needed, foreign: Sequence[str]
) -> tuple[World, World]:
    """Returns the series of captures, and those that the catalogue adds to them.

    Args:
        root: the folder with metrics/, monitors/ and values-schemas/.
        chart: where a chart of the monitors alone may be written.
        rules: those whose alerts fire.
        wanted: the names that queries read.
        foreign: exporters that their own charts' monitors scrape.
    """
    exporters = read_catalogue(root, schema(root, "metrics"))
    found = world.Targets(targets(generated_monitors(root, chart), every_pod()), foreign)
    measured = world.measured(exporters, found, wanted)
    sources = Sources(exporters, found.of, world.subjects, wanted, read_values(HERE / "values.yaml"))
    added = synthetic(sources, measured) | world.firing(rules, wanted)
    return measured, {key: one for key, one in added.items() if key not in measured}


def schema(root: Path, name: str) -> dict[str, Any]:
    return yamlfile.load_mapping(root / "values-schemas" / f"{name}.schema.yaml")


def boards_of(root: Path, rules: Mapping[str, Rules]) -> list[Board]:
    """Returns the dashboards as they are shipped beside some files of rules."""
    specs = read_dashboards(root / "dashboards", schema(root, "dashboard"))
    read = recorded(rules.values())
    return [grafana.board(name, compile_dashboard(name, spec, read)) for name, spec in specs.items()]


def wanted_by(boards: Iterable[Board], rules: Iterable[Expression]) -> Needed:
    texts = [text for board in boards for text in _asked_by(board)]
    return needed([*texts, *(rule.text for rule in rules)])


def _rule_files(specs: Mapping[str, Rules], folder: Path) -> list[Path]:
    """Writes the plain rule files that the chart's PrometheusRules amount to."""
    folder.mkdir()
    files = [folder / f"{name}.yaml" for name in specs]
    for path, spec in zip(files, specs.values(), strict=True):
        path.write_text(yamlfile.dump(prometheus_rules(spec)), encoding="utf-8")
    return files


def record_files(rules: Iterable[Expression], folder: Path) -> list[Path]:
    """Writes the records as rule files, each with those that read only records of the files before it.

    Raises:
        ValueError: records that read each other.
    """
    folder.mkdir()
    files: list[Path] = []
    for ready in layers(rules):
        group = [{"record": rule.name, "expr": rule.text, "labels": dict(rule.labels)} for rule in ready]
        files.append(folder / f"{len(files)}.yaml")
        files[-1].write_text(yamlfile.dump({"groups": [{"name": "records", "rules": group}]}), encoding="utf-8")
    return files


def load(
    binaries: Binaries,
    data: Path,
    series: Iterable[Stored],
    also: Callable[[Stored], Iterable[Stored]] = lambda _: (),
) -> None:
    """Adds the samples of series to a server's data, and the same samples of those that each is ``also`` stored as."""
    data.mkdir(exist_ok=True)
    text = data.with_suffix(".openmetrics")
    with text.open("w", encoding="utf-8") as out:
        out.writelines(motion.lines(series, also))
    server.import_samples(binaries, text, data)
    text.unlink()


def backfill(binaries: Binaries, data: Path, records: Sequence[Path]) -> None:
    """Records what the rules of files (record_files) would have recorded."""
    for path in records:
        with server.running(binaries, data) as api:
            server.backfill_records(binaries, api, path, data, motion.START, motion.END, motion.STEP)


def _run(
    binaries: Binaries, data: Path, boards: Sequence[Board], rules: Sequence[Expression], records: Sequence[Path]
) -> dict[Place, Outcome]:
    """Records what the rules would have recorded, and asks everything."""
    backfill(binaries, data, records)
    with server.running(binaries, data) as api:
        found = dict(asking.rule_outcomes(rules, api))
        for board in boards:
            found.update(asking.board_outcomes(board, api))
    return found


def _reasons() -> dict[Place, str]:
    """Returns the reason of each query that may be silent, from silent.yaml."""
    listed = yamlfile.load_mapping(HERE / "silent.yaml")["silent"]
    return {(item["owner"], item["kind"], item["where"]): item["reason"] for item in listed}


def _texts(boards: Iterable[Board], rules: Iterable[Expression]) -> dict[Place, str]:
    """Returns every expression that is run."""
    texts = {(board.name, "target", f"{t.panel} {t.ref}"): t.expr for board in boards for t in board.targets}
    texts |= {(board.name, "variable", menu.name): menu.query for board in boards for menu in board.menus}
    return texts | asking.rule_places(rules)


def _results(
    texts: Mapping[Place, str],
    one: Mapping[Place, Outcome],
    both: Mapping[Place, Outcome],
    reasons: Mapping[Place, str],
) -> tuple[list[Result], list[str]]:
    """Returns what became of each expression, and the complaints about reasons that exempt nothing."""
    results = []
    for place, expr in texts.items():
        (alone, first), (together, second) = one[place], both[place]
        error = first or second
        answer: State = "measured" if alone == "answers" else "synthetic" if together == "answers" else "silent"
        results.append(Result(*place, "error" if error else answer, expr, error, reasons.get(place, "")))
    silent = {(result.owner, result.kind, result.where) for result in results if result.state == "silent"}
    stale = [f"silent.yaml: {' / '.join(place)} answers, or is not there" for place in reasons if place not in silent]
    return results, stale
