"""docs/truth.md: for each scenario what panels said and what was true."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.truth.events import Quantity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tests.truth.compare import AlertVerdict, Verdict
    from tests.truth.scenario import Comparison, Scenario


@dataclass(frozen=True)
class Outcome:
    """What became of one scenario."""

    scenario: Scenario
    verdicts: tuple[Verdict, ...]
    alerts: tuple[AlertVerdict, ...]

    @property
    def holds(self) -> bool:
        """Returns whether panels told the truth, but for those known not to, and alerts did what they should."""
        return all(each.expected for each in self.verdicts) and all(each.holds for each in self.alerts)


_HEAD = """# Do the dashboards tell the truth?

`make truth` runs real workloads on loopback: Ray 2.60 on two nodes, vLLM 0.32 on a CPU, and what each scenario says.
A real Prometheus scrapes them every 30 s as the chart's monitors would. Then each panel is asked for its number as
Grafana would ask, and held against what the client or the loop has logged. What was scraped and logged is kept in
`tests/truth/fixtures/`; the tests replay it on each change, and compare this page with what comes of it.

*True* is what the log says. *May be* is what the panel may say: as much more or less as happens in one scrape interval,
any number of the histogram's bucket in which the truth lies, or what the note says. Load, Ray and Prometheus shared two
busy cores: seconds are no benchmark, but both sides saw the same.

"""


def as_markdown(outcomes: Iterable[Outcome]) -> str:
    """Returns the page."""
    found = sorted(outcomes, key=lambda outcome: outcome.scenario.name)
    held = sum(each.holds for outcome in found for each in outcome.verdicts)
    total = sum(len(outcome.verdicts) for outcome in found)
    lines = [f"{held} of {total} numbers are true, in {len(found)} scenarios.", ""]
    for outcome in found:
        lines += _section(outcome)
    return _HEAD + "\n".join(lines)


def _section(outcome: Outcome) -> Iterator[str]:
    yield from (f"## {outcome.scenario.title}", "", outcome.scenario.description.strip(), "")
    if outcome.verdicts:
        yield "| dashboard | panel | what is true | said | true | may be | |"
        yield "| --- | --- | --- | ---: | ---: | ---: | --- |"
        yield from (_row(verdict) for verdict in outcome.verdicts)
        yield ""
    yield from _alerts(outcome)
    yield ""


def _row(verdict: Verdict) -> str:
    item = verdict.comparison
    cells = [
        item.dashboard,
        item.panel if item.target == "A" else f"{item.panel} {item.target}",
        _meaning(item),
        verdict.error.replace("|", "\\|") or _number(verdict.said),
        _number(verdict.true),
        _allowed(verdict),
        "; ".join(filter(None, ("yes" if verdict.holds else "**NO**", item.note, item.wrong))),
    ]
    return f"| {' | '.join(cells)} |"


def _meaning(item: Comparison) -> str:
    truth = item.truth
    if truth is None:
        return f"empty, {item.at}"
    if not isinstance(truth, Quantity):
        return f"known, {item.at}"
    where = ", ".join(f"{name} {value}" for name, value in truth.selection.where.items())
    form = f"p{truth.quantile * 100:g}" if truth.form == "quantile" else truth.form
    field = f" of {truth.field}" if truth.field else ""
    over = f" over {truth.seconds} s" if truth.seconds else ""
    return f"{form}{field}: {' and '.join(truth.selection.events)}{f' ({where})' if where else ''}{over}, {item.at}"


def _number(value: float | None) -> str:
    return "empty" if value is None else f"{value:.4g}"


def _allowed(verdict: Verdict) -> str:
    if verdict.true is None or verdict.low == verdict.high:
        return _number(verdict.true)
    return f"{_number(verdict.low)} to {_number(verdict.high)}"


def _alerts(outcome: Outcome) -> Iterator[str]:
    if not outcome.alerts:
        yield "No alert was raised, none should have been."
        return
    wait = outcome.scenario.alerts.wait
    for alert in outcome.alerts:
        did = {
            "fire": "fired",
            "pending": "was true, not for long enough to fire",
            "rest": "was never true",
        }[alert.did]
        verdict = (
            alert.reason
            or {
                "fire": "it should fire",
                "pending": "it should be pending",
                "rest": "it should not fire",
            }[alert.should]
        )
        yield f"- {alert.name} {did} (`for` at most {wait} s); {verdict}{'' if alert.holds else ': **NO**'}"


def as_text(outcome: Outcome) -> str:
    """Returns what a person reads while scenarios run: what did not hold, or that all did."""
    wrong = [
        f"  {v.comparison.dashboard} / {v.comparison.panel} {v.comparison.target} ({_meaning(v.comparison)}): "
        f"said {v.error or _number(v.said)}, true {_number(v.true)}, may be {_allowed(v)}"
        f"{'; it holds now: take `wrong` out' if v.holds else ''}"
        for v in outcome.verdicts
        if not v.expected
    ]
    wrong += [f"  alert {a.name}: did {a.did}, should {a.should}" for a in outcome.alerts if not a.holds]
    known = sum(bool(v.comparison.wrong) for v in outcome.verdicts)
    state = f"{len(outcome.verdicts) - known} numbers hold" if not wrong else f"{len(wrong)} are not as they should be"
    state += f", {known} are known not to" if known and not wrong else ""
    return "\n".join([f"{outcome.scenario.name}: {state}", *wrong])
