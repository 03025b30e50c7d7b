"""Reads dashboards as Grafana stores them, so that those of other projects can be checked too."""

from __future__ import annotations

import json
import re
import sys
from typing import TYPE_CHECKING, Any

from generator.errors import bad_input
from generator.files.yamlfile import read_text
from generator.promql.expression import Expression
from generator.promql.references import used_variables
from generator.verify.spec import Scope

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_OTHER_SOURCES = ("elasticsearch", "grafana", "loki", "opensearch", "tempo")


def read_grafana(path: Path) -> tuple[tuple[Expression, ...], Scope]:
    """Reads a dashboard's JSON; see grafana_dashboard.

    Raises:
        InputError: the file cannot be read, is not JSON, holds half a character, or is no dashboard.
    """
    text = read_text(path)
    for match in _ESCAPE.finditer(text):
        if half := match["half"]:
            line = text.count("\n", 0, match.start()) + 1
            raise bad_input(f"found {half}, which is half of a character", file=str(path), line=line)
    try:
        return grafana_dashboard(json.loads(text), str(path))
    except json.JSONDecodeError as error:
        raise bad_input(f"not JSON: {error.msg}", file=str(path), line=error.lineno, column=error.colno) from None
    except ValueError:  # the one thing of JSON that Python refuses by itself
        limit = sys.get_int_max_str_digits()
        raise bad_input(f"found a number of more than {limit} digits, expected a dashboard", file=str(path)) from None
    except RecursionError:
        raise bad_input("found lists in lists without end, expected a dashboard", file=str(path)) from None


_ESCAPE = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?P<half>\\u[dD][89a-fA-F][0-9a-fA-F]{2})|\\.",
    re.DOTALL,
)
"""An escape of JSON. Characters beyond U+FFFF are two of them (RFC 8259, 7); one alone cannot be written as UTF-8."""


def grafana_dashboard(data: Any, file: str) -> tuple[tuple[Expression, ...], Scope]:
    """Returns the PromQL of a dashboard and its variables.

    Panels may lie in rows (as until Grafana 4), in collapsed rows, or beside them. Queries of other data sources are
    left out. A unit that overrides replace says nothing sure, so that it is not checked.

    Raises:
        InputError: it is no dashboard of the classic form.
    """
    if isinstance(data, dict) and isinstance(data.get("dashboard"), dict):
        data = data["dashboard"]
    if not isinstance(data, dict) or not any(isinstance(data.get(key), list) for key in ("panels", "rows")):
        raise bad_input("found neither 'panels' nor 'rows', expected a Grafana dashboard", file=file)
    menus = [menu for menu in _list(_dict(data.get("templating")).get("list")) if isinstance(menu, dict)]
    expressions = [*_menu_queries(menus, file), *_annotations(data, file)]
    texts: list[tuple[str, str]] = []
    for path, panel in _panels(data, ""):
        expressions += _targets(panel, path, file)
        texts.append((path, json.dumps({key: panel.get(key) for key in _TEXTS}, ensure_ascii=False)))
    defined = {str(menu.get("name", "")): f"templating.list[{index}]" for index, menu in enumerate(menus)}
    texts.append(("links", json.dumps(data.get("links"))))
    implied = used_variables(
        json.dumps([_dict(holder).get("datasource") for holder in (*menus, *_list(data.get("panels")))])
    )
    for menu in menus:
        if menu.get("type") in ("adhoc", "datasource"):
            implied |= {str(menu.get("name", ""))}
        implied |= used_variables(json.dumps([menu.get("regex"), menu.get("options"), menu.get("query")]))
    return tuple(expressions), Scope(file, defined, tuple(texts), implied)


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


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


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


def _foreign(holder: dict[str, Any]) -> bool:
    source = holder.get("datasource")
    kind = source.get("type") if isinstance(source, dict) else source
    return isinstance(kind, str) and any(name in kind.lower() for name in _OTHER_SOURCES)


def _targets(panel: dict[str, Any], path: str, file: str) -> Iterator[Expression]:
    title = str(panel.get("title") or path)
    for index, target in enumerate(_list(panel.get("targets"))):
        text = _dict(target).get("expr")
        if isinstance(text, str) and text.strip() and not _foreign(target) and not _foreign(panel):
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
    config = _dict(panel.get("fieldConfig"))
    for override in _list(config.get("overrides")):
        if any(_dict(setting).get("id") == "unit" for setting in _list(_dict(override).get("properties"))):
            return ""
    unit = _dict(config.get("defaults")).get("unit")
    if not unit:
        axes = [_dict(axis).get("format") for axis in _list(panel.get("yaxes"))]
        unit = panel.get("format") or (axes[0] if axes else "")
    return unit if isinstance(unit, str) else ""


def _menu_queries(menus: list[dict[str, Any]], file: str) -> Iterator[Expression]:
    for index, menu in enumerate(menus):
        query = menu.get("query")
        if isinstance(query, dict):
            query = query.get("query")
        if menu.get("type") == "query" and isinstance(query, str) and query.strip() and not _foreign(menu):
            name = str(menu.get("name", ""))
            yield Expression(file, f"templating.list[{index}].query", "variable", name, query)


def _annotations(data: dict[str, Any], file: str) -> Iterator[Expression]:
    for index, annotation in enumerate(_list(_dict(data.get("annotations")).get("list"))):
        text = _dict(annotation).get("expr")
        if isinstance(text, str) and text.strip() and not _foreign(annotation):
            name = str(annotation.get("name", ""))
            legend = " ".join(str(annotation.get(key) or "") for key in ("titleFormat", "textFormat"))
            # An annotation asks when there is something, as an alert does.
            yield Expression(file, f"annotations.list[{index}].expr", "alert", name, text, legend=legend)
