"""Dashboards as the doctor asks them: our own from their specs, those of others from Grafana's JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from generator.dashboards.queries import expressions, variable_query
from generator.doctor.filling import seconds_ago
from generator.files.nested import mapping
from generator.promql.references import used_variables

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from generator.dashboards.spec import Dashboard
    from generator.promql.expression import Expression

_HOUR = 3600


@dataclass(frozen=True)
class Menu:
    """A variable of a dashboard.

    Attributes:
        query: Prometheus' query that fills it; "" for one that has its entries, or is filled otherwise.
        entries: the entries that are written in the dashboard.
        saved: what was chosen when the dashboard was saved; () if nothing, or all.
    """

    name: str
    query: str = ""
    regex: str = ""
    multi: bool = False
    include_all: bool = False
    all_value: str = ""
    entries: tuple[str, ...] = ()
    saved: tuple[str, ...] = ()


@dataclass(frozen=True)
class Question:
    """One query that somebody waits for.

    Attributes:
        owner: the dashboard's title, or the file of a rule.
        name: the panel's title, the variable's, record's or alert's name.
        kind: what it is for.
        text: PromQL with Grafana's variables in it; a variable's query as it is written.
    """

    owner: str
    name: str
    kind: str
    text: str

    @property
    def label(self) -> str:
        """How a report names it."""
        return f"{self.owner}: {self.name}"


@dataclass(frozen=True)
class Board:
    """A dashboard.

    Attributes:
        title: its title.
        uid: its uid.
        seconds: the length of the time range that it opens with.
        menus: in their order, of which later ones may use earlier ones.
        questions: what its panels ask Prometheus.
        elsewhere: how many queries are for other data sources.
        sources: uids of data sources that it names without a variable.
    """

    title: str
    uid: str
    seconds: int
    menus: tuple[Menu, ...]
    questions: tuple[Question, ...]
    elsewhere: int = 0
    sources: tuple[str, ...] = ()


def own_board(dashboard: Dashboard) -> Board:
    """Returns a dashboard of this project."""
    menus = tuple(
        Menu(
            variable.name,
            variable_query(dashboard, index),
            variable.regex,
            variable.multi,
            variable.include_all,
            variable.all_value,
            () if variable.query else ("",),
        )
        for index, variable in enumerate(dashboard.variables)
    )
    questions = tuple(_questions(dashboard.title, expressions(dashboard)))
    return Board(dashboard.title, dashboard.uid, _range(dashboard.time_from), menus, questions)


def foreign_board(data: Any, file: str) -> Board:
    """Returns a dashboard in one of Grafana's forms; see verify.grafana.grafana_dashboard.

    Raises:
        InputError: it is none.
    """
    from generator.verify.grafana import grafana_dashboard

    asked, scope = grafana_dashboard(data, file)
    inner = next((data[key] for key in ("dashboard", "spec") if isinstance(data.get(key), dict)), data)
    menus = [_menu(mapping(item)) for item in _list(mapping(inner.get("templating")).get("list"))]
    known = {menu.name for menu in menus}
    menus += [Menu(name, entries=("",)) for name in sorted(scope.implied - known)]
    title = str(inner.get("title") or file)
    return Board(
        title,
        str(inner.get("uid") or ""),
        _range(str(mapping(inner.get("time")).get("from") or "")),
        tuple(menus),
        tuple(_questions(title, asked)),
        sum(scope.left_out.values()),
        tuple(sorted(set(_named_sources(inner)))),
    )


def rule_questions(rules: Iterable[Expression]) -> Iterator[Question]:
    """Yields records and alerts."""
    for rule in rules:
        yield Question(rule.file.removeprefix("rules/").removesuffix(".yaml"), rule.name, rule.kind, rule.text)


def _questions(title: str, asked: Iterable[Expression]) -> Iterator[Question]:
    for one in asked:
        if one.kind == "target":
            yield Question(title, one.name, "panel", one.text)


def _menu(item: dict[str, Any]) -> Menu:
    query = item.get("query")
    if isinstance(query, dict):
        query = query.get("query")
    kind = str(item.get("type") or "")
    options = tuple(str(mapping(one).get("value")) for one in _list(item.get("options")) if mapping(one).get("value"))
    current = mapping(item.get("current")).get("value")
    saved = tuple(map(str, current if isinstance(current, list) else [current] if current else ()))
    if kind != "query":
        texts = options or ((str(query),) if isinstance(query, str) and query else ("",))
        entries = tuple(text for text in texts if text != "$__all") or ("",)
        return Menu(str(item.get("name") or ""), entries=entries, saved=saved)
    return Menu(
        str(item.get("name") or ""),
        query if isinstance(query, str) else "",
        str(item.get("regex") or ""),
        bool(item.get("multi")),
        bool(item.get("includeAll")),
        str(item.get("allValue") or ""),
        saved=() if "$__all" in saved else saved,
    )


def _named_sources(data: Any) -> Iterator[str]:
    """Yields the uids of data sources that stand in panels as they are."""
    if isinstance(data, dict):
        source = data.get("datasource")
        uid = mapping(source).get("uid")
        if isinstance(uid, str) and uid and not used_variables(uid) and not uid.startswith("-- ") and uid != "grafana":
            yield uid
        for value in data.values():
            yield from _named_sources(value)
    elif isinstance(data, list):
        for value in data:
            yield from _named_sources(value)


def _range(text: str) -> int:
    try:
        return seconds_ago(text)
    except ValueError:
        return _HOUR


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
