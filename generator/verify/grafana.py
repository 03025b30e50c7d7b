"""Reads dashboards as Grafana stores them, so that those of other projects can be checked too."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from generator.errors import bad_input
from generator.files import yamlfile
from generator.files.nested import mapping
from generator.promql.expression import Expression
from generator.promql.references import used_variables
from generator.verify.grafana_v2 import grafana_v2, is_v2
from generator.verify.spec import Scope

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_OTHER_SOURCES = ("elasticsearch", "grafana", "loki", "opensearch", "tempo")
"""Parts of names of data sources that are not Prometheus, where no type is given."""

_QUERIES = ("expr", "query", "rawSql", "rawQuery", "target", "queryText", "logGroups", "metricName", "rawQueryText")
"""Keys of a target one of which holds its query, by data source."""


def read_grafana(path: Path) -> tuple[tuple[Expression, ...], Scope]:
    """Reads a dashboard's JSON; see grafana_dashboard.

    Raises:
        InputError: the file cannot be read, is not JSON, holds half a character, or is no dashboard.
    """
    return grafana_dashboard(parse_json(yamlfile.read_text(path), str(path)), str(path))


def parse_json(text: str, file: str) -> Any:
    """Parses JSON that Grafana made.

    Raises:
        InputError: it holds half a character, or see yamlfile.parse_json.
    """
    for match in _ESCAPE.finditer(text):
        if half := match["half"]:
            line = text.count("\n", 0, match.start()) + 1
            raise bad_input(f"found {half}, which is half of a character", file=file, line=line)
    return yamlfile.parse_json(text, file=file)


_ESCAPE = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?P<half>\\u[dD][89a-fA-F][0-9a-fA-F]{2})|\\.",
    re.DOTALL,
)
"""An escape of JSON. Characters beyond U+FFFF are two of them (RFC 8259, 7); one alone cannot be written as UTF-8."""


def grafana_dashboard(data: Any, file: str) -> tuple[tuple[Expression, ...], Scope]:
    """Returns the PromQL of a dashboard and its variables.

    It may be alone, in what Grafana's API answers (``dashboard``), or a resource of dashboard.grafana.app.

    Raises:
        InputError: it is no dashboard.
    """
    if is_v2(data):
        return grafana_v2(data, file)
    for key in ("dashboard", "spec"):
        if isinstance(data, dict) and isinstance(data.get(key), dict):
            expressions, scope = _classic(data[key], file)
            moved = tuple(replace(one, place=f"{key}.{one.place}") for one in expressions)
            defined = {name: f"{key}.{place}" for name, place in scope.defined.items()}
            texts = tuple((f"{key}.{place}", text) for place, text in scope.texts)
            return moved, replace(scope, defined=defined, texts=texts)
    return _classic(data, file)


def _classic(data: Any, file: str) -> tuple[tuple[Expression, ...], Scope]:
    """Returns the PromQL of a dashboard in the classic form, and its variables.

    Panels may lie in rows (as until Grafana 4), in collapsed rows, or beside them. Queries of other data sources are
    left out. A unit that overrides replace says nothing sure, so that it is not checked.

    Raises:
        InputError: it is no dashboard of the classic form.
    """
    if not isinstance(data, dict) or not any(isinstance(data.get(key), list) for key in ("panels", "rows")):
        raise bad_input("found neither 'panels' nor 'rows', expected a Grafana dashboard", file=file)
    menus = [menu for menu in _list(mapping(data.get("templating")).get("list")) if isinstance(menu, dict)]
    inputs = {str(one.get("name")): str(one.get("pluginId") or "") for one in map(mapping, _list(data.get("__inputs")))}
    sources = _Sources(inputs, menus)
    expressions = [*_menu_queries(menus, sources, file), *_annotations(data, sources, file)]
    texts: list[tuple[str, str]] = []
    for path, panel in _panels(data, ""):
        expressions += _targets(panel, sources, path, file)
        texts.append((path, json.dumps({key: panel.get(key) for key in _TEXTS}, ensure_ascii=False)))
    for name, element in mapping(data.get("__elements")).items():
        expressions += _targets(mapping(mapping(element).get("model")), sources, f"__elements.{name}.model", file)
    defined = {str(menu.get("name", "")): f"templating.list[{index}]" for index, menu in enumerate(menus)}
    defined |= {name: f"__inputs[{index}]" for index, name in enumerate(inputs)}
    texts.append(("links", json.dumps(data.get("links"))))
    implied = used_variables(
        json.dumps([mapping(holder).get("datasource") for holder in (*menus, *_list(data.get("panels")))])
    )
    for menu in menus:
        if menu.get("type") in ("adhoc", "datasource"):
            implied |= {str(menu.get("name", ""))}
        implied |= used_variables(json.dumps([menu.get("regex"), menu.get("options"), menu.get("query")]))
    return tuple(expressions), Scope(
        file,
        defined,
        tuple(texts),
        implied | inputs.keys(),
        may_be_empty=frozenset(str(menu.get("name", "")) for menu in menus if _may_be_empty(menu)),
        left_out=sources.left_out,
        inputs=tuple(inputs),
    )


def _may_be_empty(menu: dict[str, Any]) -> bool:
    """Returns whether one choice of a menu matches a label that is not there: an "All" of ``.*``, or an empty text."""
    if menu.get("type") == "textbox":
        return not menu.get("query")
    return bool(menu.get("includeAll")) and menu.get("allValue") in (".*", "|", "()")


_TEXTS = (
    "title",
    "description",
    "content",
    "options",
    "repeat",
    "links",
    "datasource",
    "fieldConfig",
    "transformations",
)


_PANELS = {"singlestat": "stat", "graph": "timeseries", "grafana-singlestat-panel": "stat"}
"""Types of panels of Grafana 6 and before, and what took their place."""


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _panels(holder: dict[str, Any], prefix: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for key in ("rows", "panels"):
        for index, panel in enumerate(_list(holder.get(key))):
            if isinstance(panel, dict):
                path = f"{prefix}{key}[{index}]"
                if key == "panels":
                    yield path, panel
                yield from _panels(panel, f"{path}.")


class _Sources:
    """The data sources of one dashboard; ``left_out`` counts queries for others than Prometheus by type."""

    def __init__(self, inputs: dict[str, str], menus: list[dict[str, Any]]) -> None:
        """Takes the plugins of ``__inputs`` by name, and the variables, of which some choose a data source."""
        chosen = {str(menu.get("name")): menu.get("query") for menu in menus if menu.get("type") == "datasource"}
        self.kinds = {name: kind for name, kind in (chosen | inputs).items() if isinstance(kind, str) and kind}
        self.left_out: dict[str, int] = {}

    def foreign(self, *holders: dict[str, Any]) -> str:
        """Returns the type of the first holder's data source that is not Prometheus; "" if there is none."""
        for holder in holders:
            kind = self._kind(holder.get("datasource"))
            if kind and "prometheus" not in kind and "mixed" not in kind:
                return kind
        return ""

    def leave_out(self, kind: str) -> None:
        self.left_out[kind] = self.left_out.get(kind, 0) + 1

    def _kind(self, source: Any) -> str:
        """Returns the type of a data source in lower case; "" if it is not known, or means no other."""
        if isinstance(source, dict):
            kind, source = source.get("type"), source.get("uid")
            if isinstance(kind, str) and kind and kind != "datasource":
                named = used_variables(kind)
                return self.kinds.get(next(iter(named), ""), "") if named else kind.lower()
        if not isinstance(source, str):
            return ""
        for name in used_variables(source):
            return self.kinds.get(name, "").lower()
        return source.lower() if any(name in source.lower() for name in _OTHER_SOURCES) else ""


def _targets(panel: dict[str, Any], sources: _Sources, path: str, file: str) -> Iterator[Expression]:
    title = str(panel.get("title") or path)
    for index, target in enumerate(map(mapping, _list(panel.get("targets")))):
        text = target.get("expr")
        kind = sources.foreign(target, *([panel] if not target.get("datasource") else []))
        if kind:
            sources.leave_out(kind)
        elif not isinstance(text, str) and any(target.get(key) for key in _QUERIES):
            sources.leave_out("a type that is not named")
        elif isinstance(text, str) and text.strip():
            legend = target.get("legendFormat")
            yield Expression(
                file,
                f"{path}.targets[{index}].expr",
                "target",
                title,
                text,
                index=index,
                legend=legend if isinstance(legend, str) and legend != "__auto" else "",
                unit=_unit(panel),
                panel=_PANELS.get(str(panel.get("type")), str(panel.get("type") or "")),
            )


def _unit(panel: dict[str, Any]) -> str:
    config = mapping(panel.get("fieldConfig"))
    for override in _list(config.get("overrides")):
        if any(mapping(setting).get("id") == "unit" for setting in _list(mapping(override).get("properties"))):
            return ""
    unit = mapping(config.get("defaults")).get("unit")
    if not unit:
        axes = [mapping(axis).get("format") for axis in _list(panel.get("yaxes"))]
        unit = panel.get("format") or (axes[0] if axes else "")
    return unit if isinstance(unit, str) else ""


def _menu_queries(menus: list[dict[str, Any]], sources: _Sources, file: str) -> Iterator[Expression]:
    for index, menu in enumerate(menus):
        query = menu.get("query")
        if isinstance(query, dict):
            query = query.get("query")
        if menu.get("type") == "query" and isinstance(query, str) and query.strip() and not sources.foreign(menu):
            name = str(menu.get("name", ""))
            yield Expression(file, f"templating.list[{index}].query", "variable", name, query)


def _annotations(data: dict[str, Any], sources: _Sources, file: str) -> Iterator[Expression]:
    for index, annotation in enumerate(_list(mapping(data.get("annotations")).get("list"))):
        text = mapping(annotation).get("expr")
        if isinstance(text, str) and text.strip() and not sources.foreign(annotation):
            name = str(annotation.get("name", ""))
            legend = " ".join(str(annotation.get(key) or "") for key in ("titleFormat", "textFormat"))
            # An annotation asks when there is something, as an alert does.
            yield Expression(file, f"annotations.list[{index}].expr", "alert", name, text, legend=legend)
