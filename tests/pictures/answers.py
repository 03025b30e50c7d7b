"""What a real Prometheus answers to a dashboard as a person opens it, in the form that tools/pictures draws."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from generator.dashboards.compiler import compile_dashboard
from generator.doctor.filling import seconds_ago
from tests.pictures.lines import log_answers
from tests.signals import grafana, motion
from tests.signals.server import QueryError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from generator.dashboards.spec import Dashboard
    from generator.promql.reading import Recorded
    from tests.signals.grafana import Choice, Window
    from tests.signals.server import Answer, Api

LONGEST = motion.STEP * (motion.POINTS - 1) - 300
"""Seconds of a picture at most: before that the pretended cluster was not there."""

MOST_CHOICES = 12
"""Combinations of menu entries that are tried; the first one in which most panels answer is drawn."""

_PLACE = re.compile(r"\{\{\s*(.+?)\s*\}\}")


def answered(spec: Dashboard, records: Sequence[Recorded], api: Api) -> dict[str, Any]:
    """Returns a dashboard with what each of its panels gets, as JSON would have it (tools/pictures/src/answers.ts).

    Raises:
        QueryError: Prometheus refuses a query.
    """
    text = compile_dashboard(spec.name, spec, records)
    data = json.loads(text)
    board = grafana.board(spec.name, text)
    end = motion.END - motion.STEP  # on no full hour, whose mark on the axis would be cut off
    window = grafana.Window(end - min(board.seconds, LONGEST), end)
    panels = list(panels_of(data["panels"]))
    best: list[dict[str, Any]] = []
    chosen: Choice = {}
    for number, (choice, _) in enumerate(grafana.choices(board, api, window)):
        found = [_panel(panel, choice, window, api) for panel in panels]
        if not best or _full(found) > _full(best):
            best, chosen = found, choice
        if number + 1 == MOST_CHOICES or _full(best) == sum(_asks(panel) for panel in panels):
            break
    logs, log_choice = log_answers(spec, panels, window)
    for index, lines in logs.items():
        best[index] = lines
    shown = {**log_choice, **{name: _shown(value) for name, value in chosen.items()}}
    return {
        "name": spec.name,
        "dashboard": data,
        "choice": [[menu.label or menu.name, shown.get(menu.name, "")] for menu in spec.variables],
        "names": [[menu.name, shown.get(menu.name, "")] for menu in spec.variables],
        "window": {"start": window.start, "end": window.end},
        "answers": best,
    }


def panels_of(panels: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yields every panel that is no row, those of collapsed rows at their row's place."""
    for panel in panels:
        if panel["type"] == "row":
            yield from panels_of(panel.get("panels", ()))
        else:
            yield panel


def _asks(panel: Mapping[str, Any]) -> bool:
    return any("expr" in target for target in panel.get("targets", ()))


def _full(found: Sequence[Mapping[str, Any]]) -> int:
    return sum(1 for one in found if one["series"])


def _shown(value: str | tuple[str, ...]) -> str:
    return "All" if isinstance(value, grafana.Raw) else value if isinstance(value, str) else " + ".join(value)


def _panel(panel: Mapping[str, Any], choice: Choice, window: Window, api: Api) -> dict[str, Any]:
    least = seconds_ago(f"now-{panel['interval']}") if panel.get("interval") else 0
    step = grafana.step(window, least)
    series: list[dict[str, Any]] = []
    for target in panel.get("targets", ()):
        if "expr" in target:
            expr = grafana.filled(target["expr"], choice, window, least)
            try:
                instant = target.get("instant", False)
                answer = api.instant(expr, window.end) if instant else api.range(expr, window.start, window.end, step)
            except QueryError as error:
                raise QueryError(f"{panel['title']}: {error}") from None
            series += _series(target, expr, answer)
    return {"series": series, "lines": [], "step": step}


def _series(target: Mapping[str, Any], expr: str, answer: Answer) -> Iterator[dict[str, Any]]:
    for labels, samples in answer.series:
        yield {
            "refId": target["refId"],
            "format": target.get("format", "time_series"),
            "instant": target.get("instant", False),
            "labels": labels,
            "legend": legend(target.get("legendFormat", ""), labels, expr),
            "samples": samples,
        }


def legend(form: str, labels: Mapping[str, str], expr: str) -> str | None:
    """Returns the name of a series as Grafana's data source makes it; None leaves it to Grafana's libraries.

    Args:
        form: the legend of the target, ``__auto`` for Grafana's own choice.
        labels: those of the series.
        expr: the query, which is the name of what has no labels.
    """
    if form in ("", "__auto"):
        return None if labels else expr
    return _PLACE.sub(lambda found: labels.get(found[1], ""), form)
