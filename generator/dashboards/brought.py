"""Dashboards that people bring as Grafana's JSON, in its classic form or as a resource of dashboard.grafana.app."""

from __future__ import annotations

import copy
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from generator.dashboards.spec import RESERVED
from generator.errors import InputError, Problem, bad_input
from generator.files.folder import name_problems
from generator.files.nested import mapping
from generator.files.templating import literal, render, render_once

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from generator.dashboards.spec import Dashboard

API = "dashboard.grafana.app/"
_UID = re.compile(r"[A-Za-z0-9_-]{1,40}")
_CLUSTER_KEYS = ("namespace", "uid", "resourceVersion", "generation", "creationTimestamp", "managedFields", "selfLink")
"""What a server writes into a resource's metadata, and a file has no need of."""


@dataclass(frozen=True)
class BroughtDashboard:
    """One file.

    Attributes:
        name: the file's stem; the switch in the chart's values.
        file: the file as shown in errors.
        title: the dashboard's title.
        uid: the last part of its address.
        data: what the file holds, for the check on queries, whose places are those of the file.
        json: what Grafana is given, on one line.
    """

    name: str
    file: str
    title: str
    uid: str
    data: Mapping[str, Any]
    json: str


def is_brought(data: Any) -> bool:
    """Returns whether a file's data is a dashboard of Grafana's, and no file like those in dashboards/."""
    if not isinstance(data, dict):
        return False
    return bool({"panels", "schemaVersion", "dashboard", "apiVersion", "kind", "elements", "__inputs"} & data.keys())


def parse_brought(name: str, data: Mapping[str, Any], *, file: str) -> tuple[BroughtDashboard, tuple[Problem, ...]]:
    """Makes of a file's data what Grafana can be given, with warnings of what it will lack.

    What only an import by hand fills in is written out: data sources of ``__inputs`` become menus, library panels come
    out of ``__elements``. The number that one Grafana gave it (``id``) goes.

    Args:
        name: the file's stem.
        data: what the file holds.
        file: the name shown in errors.

    Raises:
        InputError: it is no dashboard, has no title or a uid that Grafana refuses, or its name cannot be a key.
    """
    problems = [*name_problems(name, file, block="dashboards", reserved=RESERVED)]
    version = str(data.get("apiVersion", ""))
    said: list[Problem] = []
    if "apiVersion" in data or "kind" in data:
        if not version.startswith(API) or data.get("kind") != "Dashboard":
            raise bad_input(
                f"found the kind '{data.get('kind')}' of '{version}', expected Grafana's JSON or a Dashboard of {API}",
                file=file,
                path="kind" if "kind" in data else "apiVersion",
                hint="of a ConfigMap take the JSON below 'data'" if data.get("kind") == "ConfigMap" else "",
            )
        prefix, inner = "spec", mapping(data.get("spec"))
        uid = str(mapping(data.get("metadata")).get("name") or "")
    elif "elements" in data:
        raise bad_input(
            "found a dashboard's v2 form alone, expected its resource",
            file=file,
            path="elements",
            hint="export it as a resource: with apiVersion, kind and metadata.name",
        )
    else:
        wrapped = isinstance(data.get("dashboard"), dict)
        prefix, inner = ("dashboard", data["dashboard"]) if wrapped else ("", dict(data))
        uid = str(inner.get("uid") or "")
    new = version.startswith(f"{API}v2")
    uid = uid or name[:40]
    title = str(inner.get("title") or "").strip()
    problems += _problems(prefix, inner, title=title, uid=uid, file=file, new=new)
    if problems:
        raise InputError(*problems)
    shown = _resource(data, uid) if new else _classic(inner, uid, prefix, file, said)
    text = json.dumps(shown, separators=(",", ":"), allow_nan=False)
    return BroughtDashboard(name, file, title, uid, data, text), tuple(said)


def _problems(
    prefix: str, inner: Mapping[str, Any], *, title: str, uid: str, file: str, new: bool
) -> Iterator[Problem]:
    def at(key: str) -> str:
        return f"{prefix}.{key}" if prefix else key

    if not title:
        yield Problem("expected a title, as Grafana does", file, at("title"))
    if not _UID.fullmatch(uid):
        path = "metadata.name" if prefix == "spec" else at("uid")
        yield Problem(f"found the uid '{uid}', expected at most 40 letters, digits, - and _", file, path)
    if new and not isinstance(inner.get("elements"), dict):
        yield Problem("expected 'elements', the panels of a dashboard of v2", file, at("elements"))
    if not new and not any(isinstance(inner.get(key), list) for key in ("panels", "rows")):
        yield Problem("found neither 'panels' nor 'rows', expected a Grafana dashboard", file, prefix)


def _resource(data: Mapping[str, Any], uid: str) -> dict[str, Any]:
    metadata = {key: value for key, value in mapping(data.get("metadata")).items() if key not in _CLUSTER_KEYS}
    kept = {key: value for key, value in data.items() if key not in {"metadata", "status"}}
    return {**kept, "metadata": {**metadata, "name": uid}}


def _classic(inner: Mapping[str, Any], uid: str, prefix: str, file: str, said: list[Problem]) -> dict[str, Any]:
    board = copy.deepcopy({key: value for key, value in inner.items() if key not in {"id", "__requires", "uid"}})
    inputs = [one for one in _list(board.pop("__inputs", None)) if isinstance(one, dict)]
    elements = mapping(board.pop("__elements", None))
    _inline(board, elements, prefix, file, said)
    menus, constants = [], {}
    for one in inputs:
        name, kind = str(one.get("name") or ""), one.get("type")
        if kind == "datasource" and name:
            menus.append(_source_menu(name, one))
        elif name:
            constants[name] = one.get("value")
    if menus:
        templating = board.setdefault("templating", {})
        templating["list"] = [*menus, *_list(templating.get("list"))]
    return {**_filled(board, constants), "uid": uid}


def _source_menu(name: str, one: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a menu of data sources with the name of an input, so that ``${DS_PROMETHEUS}`` is what it chooses."""
    return {
        "name": name,
        "label": str(one.get("label") or name),
        "type": "datasource",
        "query": str(one.get("pluginId") or "prometheus"),
        "current": {},
        "hide": 0,
        "includeAll": False,
        "multi": False,
        "options": [],
        "refresh": 1,
        "regex": "",
    }


def _filled(value: Any, constants: Mapping[str, Any]) -> Any:
    """Writes the inputs that are constants into every text."""
    if isinstance(value, dict):
        return {key: _filled(item, constants) for key, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, constants) for item in value]
    if isinstance(value, str):
        for name, constant in constants.items():
            value = value.replace(f"${{{name}}}", str(constant))
    return value


def _inline(holder: dict[str, Any], elements: Mapping[str, Any], path: str, file: str, said: list[Problem]) -> None:
    """Puts library panels into the places that name them; Grafana finds only those that it has itself."""
    for index, panel in enumerate(_list(holder.get("panels"))):
        if not isinstance(panel, dict):
            continue
        place = f"{path}.panels[{index}]" if path else f"panels[{index}]"
        library = mapping(panel.get("libraryPanel"))
        if library:
            model = mapping(mapping(elements.get(str(library.get("uid")))).get("model"))
            if model:
                kept = {key: panel[key] for key in ("id", "gridPos", "title") if key in panel}
                panel.clear()
                panel.update(copy.deepcopy({**model, **kept}))
            else:
                message = (
                    f"found the library panel '{library.get('name') or library.get('uid')}', which is not in the file"
                )
                hint = "Grafana shows it only where it is in its library; export the dashboard for sharing externally"
                said.append(Problem(message, file, f"{place}.libraryPanel", hint=hint))
        _inline(panel, elements, place, file, said)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def shared_problems(brought: Mapping[str, BroughtDashboard], specs: Mapping[str, Dashboard]) -> Iterator[Problem]:
    """Yields a Problem for each uid or title that another dashboard has: Grafana keeps one of the two."""
    uids = {spec.uid: spec.file for spec in specs.values()}
    titles = {spec.title: spec.file for spec in specs.values()}
    for one in brought.values():
        for key, value, owners in (("uid", one.uid, uids), ("title", one.title, titles)):
            if value in owners:
                yield Problem(f"found the {key} '{value}', which {owners[value]} has already", one.file)
            owners.setdefault(value, one.file)


def brought_files(brought: Mapping[str, BroughtDashboard], header: str) -> dict[str, str]:
    """Returns the templates by their path in the chart; see chart.dashboard_files, whose helper they need."""
    files = {}
    for name, one in sorted(brought.items()):
        files[f"templates/dashboards/_{name}.tpl"] = render_once(
            "dashboards/templates/_dashboard.tpl", header=header, name=name, texts={"": literal(one.json)}
        )
        files[f"templates/dashboards/{name}.yaml"] = render(
            "dashboards/templates/dashboard.yaml", header=header, name=name, components=[], logs=False, rules=[]
        )
    return files
