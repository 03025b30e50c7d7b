"""Reads dashboards in Grafana's second form, the resource dashboard.grafana.app/v2, v2beta1 and v2alpha1."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from generator.files.nested import mapping
from generator.promql.expression import Expression
from generator.promql.references import used_variables
from generator.verify.spec import Scope

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

API = "dashboard.grafana.app/v2"


def is_v2(data: Any) -> bool:
    """Returns whether data is a resource of the second form."""
    return isinstance(data, dict) and str(data.get("apiVersion", "")).startswith(API)


def grafana_v2(data: Mapping[str, Any], file: str) -> tuple[tuple[Expression, ...], Scope]:
    """Returns the PromQL of a dashboard and its variables; see grafana.grafana_dashboard.

    Args:
        data: the resource.
        file: the name shown in findings.
    """
    spec = mapping(data.get("spec"))
    variables = [mapping(one) for one in _list(spec.get("variables"))]
    left_out: dict[str, int] = {}
    expressions = [*_menus(variables, left_out, file), *_annotations(spec, left_out, file)]
    texts: list[tuple[str, str]] = [("spec.links", json.dumps(spec.get("links")))]
    for key, element in mapping(spec.get("elements")).items():
        place = f"spec.elements.{key}.spec"
        panel = mapping(mapping(element).get("spec"))
        if mapping(element).get("kind") == "Panel":
            expressions += _queries(panel, place, left_out, file)
            shown = [panel.get(part) for part in ("title", "description", "links", "vizConfig")]
            shown += [mapping(mapping(panel.get("data")).get("spec")).get("transformations")]
            texts.append((place, json.dumps(shown, ensure_ascii=False)))
    texts.append(("spec.layout", json.dumps(spec.get("layout"))))
    implied: frozenset[str] = used_variables(json.dumps([_sources(spec.get("elements")), _sources(variables)]))
    defined: dict[str, str] = {}
    empty: set[str] = set()
    for index, variable in enumerate(variables):
        own = mapping(variable.get("spec"))
        name = str(own.get("name") or "")
        defined[name] = f"spec.variables[{index}]"
        if variable.get("kind") in ("DatasourceVariable", "AdhocVariable", "GroupByVariable"):
            implied |= {name}
        implied |= used_variables(json.dumps([own.get("regex"), own.get("options"), own.get("query")]))
        if own.get("includeAll") and own.get("allValue") in (".*", "|", "()"):
            empty.add(name)
    return tuple(expressions), Scope(
        file, defined, tuple(texts), implied, may_be_empty=frozenset(empty), left_out=left_out
    )


def _queries(panel: Mapping[str, Any], place: str, left_out: dict[str, int], file: str) -> Iterator[Expression]:
    title = str(panel.get("title") or place)
    viz = mapping(panel.get("vizConfig"))
    config = mapping(mapping(viz.get("spec")).get("fieldConfig"))
    overridden = any(
        mapping(setting).get("id") == "unit"
        for override in _list(config.get("overrides"))
        for setting in _list(mapping(override).get("properties"))
    )
    unit = mapping(config.get("defaults")).get("unit")
    group = viz.get("group") or viz.get("kind")
    queries = mapping(mapping(panel.get("data")).get("spec")).get("queries")
    for index, query in enumerate(_list(queries)):
        path = f"{place}.data.spec.queries[{index}].spec.query.spec"
        kind, own = _query(mapping(mapping(query).get("spec")).get("query"))
        text = own.get("expr")
        if kind and "prometheus" not in kind:
            left_out[kind] = left_out.get(kind, 0) + 1
        elif isinstance(text, str) and text.strip():
            legend = own.get("legendFormat")
            yield Expression(
                file,
                f"{path}.expr",
                "target",
                title,
                text,
                index=index,
                legend=legend if isinstance(legend, str) and legend != "__auto" else "",
                unit=unit if isinstance(unit, str) and not overridden else "",
                panel=str(group or ""),
            )


def _query(query: Any) -> tuple[str, dict[str, Any]]:
    """Returns (plugin, settings) of a query: v2alpha1 has the plugin in ``kind``, later ones in ``group``."""
    query = mapping(query)
    kind = query.get("group") if query.get("kind") == "DataQuery" else query.get("kind")
    return str(kind or "").lower(), mapping(query.get("spec"))


def _menus(variables: list[dict[str, Any]], left_out: dict[str, int], file: str) -> Iterator[Expression]:
    for index, variable in enumerate(variables):
        own = mapping(variable.get("spec"))
        if variable.get("kind") != "QueryVariable":
            continue
        kind, settings = _query(own.get("query"))
        text = settings.get("query")
        if kind and "prometheus" not in kind:
            left_out[kind] = left_out.get(kind, 0) + 1
        elif isinstance(text, str) and text.strip():
            place = f"spec.variables[{index}].spec.query.spec.query"
            yield Expression(file, place, "variable", str(own.get("name") or ""), text)


def _annotations(spec: Mapping[str, Any], left_out: dict[str, int], file: str) -> Iterator[Expression]:
    for index, annotation in enumerate(_list(spec.get("annotations"))):
        own = mapping(mapping(annotation).get("spec"))
        kind, settings = _query(own.get("query"))
        text = settings.get("expr")
        if isinstance(text, str) and text.strip():
            if kind and "prometheus" not in kind:
                left_out[kind] = left_out.get(kind, 0) + 1
                continue
            # An annotation asks when there is something, as an alert does.
            place = f"spec.annotations[{index}].spec.query.spec.expr"
            yield Expression(file, place, "alert", str(own.get("name") or ""), text)


def _sources(value: Any) -> list[Any]:
    """Returns every data source that is named below a value."""
    if isinstance(value, list):
        return [found for item in value for found in _sources(item)]
    if isinstance(value, dict):
        own = [value["datasource"]] if "datasource" in value else []
        return own + [found for item in value.values() for found in _sources(item)]
    return []


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
