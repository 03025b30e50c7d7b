"""The chart's templates: for each workload its objects and what is fixed of them, and a helper that reads values."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

from generator.errors import bad_input
from generator.files import yamlfile
from generator.files.templating import comment_lines, literal, render
from generator.monitors.labels import NODE

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

_COPIED = ("honorLabels", "scheme", "bearerTokenFile", "tlsConfig")
"""Fields of an endpoint that have the operator's name and meaning."""


def monitor_templates(
    specs: Mapping[str, Mapping[str, Any]],
    *,
    header: str,
    components: Collection[str] = (),
    kept: Mapping[str, Mapping[str, Mapping[str, Any]]] | None = None,
) -> dict[str, str]:
    """Returns the templates by their path in the chart.

    ``templates/monitors/_NAME.tpl`` defines what is fixed of a workload, ``templates/monitors/NAME.yaml`` makes the
    objects of it with the helpers ``templates/_monitors.tpl`` and, for which targets are meant,
    ``templates/_targets.tpl``. The first also defines ``ai-ml-observability.crd``, a guard for any object of the
    operator's kinds. They need ``ai-ml-observability.labels`` from the chart.

    Args:
        specs: workload name → content of monitors/NAME.yaml, checked against its schema.
        header: the first line, without comment signs.
        components: workloads that a component of the same name brings; with its switch off their monitors go.
        kept: workload → endpoint → the last of its metric relabelings, "" for endpoints that values add; none if None.

    Raises:
        InputError: selectors cannot be told apart or are missing, or a PodMonitor has a token file.
    """
    texts = {
        "templates/_monitors.tpl": render("monitors/templates/_monitors.tpl", header=header),
        "templates/_targets.tpl": render("monitors/templates/_targets.tpl", header=header),
    }
    for name, spec in sorted(specs.items()):
        _check(name, spec)
        last = (kept or {}).get(name, {})
        texts[f"templates/monitors/{name}.yaml"] = render(
            "monitors/templates/monitor.yaml", header=header, name=name, component=name if name in components else ""
        )
        texts[f"templates/monitors/_{name}.tpl"] = render(
            "monitors/templates/_monitor.tpl",
            header=header,
            name=name,
            description=_comment(spec["description"], 0),
            head=literal(yamlfile.dump(_head(name, spec) | _kept(last, ""))).rstrip(),
            endpoints=[
                {
                    "description": _comment(endpoint["description"], 2),
                    "text": textwrap.indent(
                        literal(yamlfile.dump([_endpoint(key, spec) | _kept(last, key)])).rstrip(), "  "
                    ),
                }
                for key, endpoint in spec["endpoints"].items()
            ],
        )
    return texts


def _check(name: str, spec: Mapping[str, Any]) -> None:
    file = f"monitors/{name}.yaml"
    if spec["kind"] == "PodMonitor":
        for key, endpoint in spec["endpoints"].items():
            if "bearerTokenFile" in endpoint:
                raise bad_input(
                    "a PodMonitor cannot send a token file",
                    file=file,
                    path=f"endpoints.{key}.bearerTokenFile",
                    hint="make it a ServiceMonitor",
                )
    _check_find(file, spec)
    selectors = spec.get("selectors", ())
    names = [selector.get("name") for selector in selectors]
    if len(selectors) > 1 and (None in names or len(set(names)) < len(names)):
        raise bad_input("several selectors, expected a different name on each", file=file, path="selectors")
    for index, selector in enumerate(selectors[:-1]):
        if len(selector.get("matchLabels", {})) != 1:
            raise bad_input(
                "expected exactly one label, so that the selectors after it can leave out its pods",
                file=file,
                path=f"selectors[{index}].matchLabels",
            )


def _check_find(file: str, spec: Mapping[str, Any]) -> None:
    """Refuses an endpoint that finds every pod of the cluster, or Services' pods by what only pods' targets have."""
    for key, endpoint in spec["endpoints"].items():
        if "find" in endpoint and spec["kind"] != "PodMonitor":
            raise bad_input("only a PodMonitor finds containers", file=file, path=f"endpoints.{key}.find")
        if "find" not in endpoint and not spec.get("selectors"):
            raise bad_input(
                "nothing says which pods are meant", file=file, path=f"endpoints.{key}", hint="add selectors, or find"
            )


def _head(name: str, spec: Mapping[str, Any]) -> dict[str, Any]:
    head: dict[str, Any] = {"kind": spec["kind"], "enabled": spec["enabled"]}
    head["selectors"] = list(_selectors(name, spec))
    head["relabelings"] = [{"sourceLabels": [NODE], "targetLabel": "node"}, *_labels(spec)]
    return head | {key: spec[key] for key in ("dropMetrics", "dropLabels") if key in spec}


def _selectors(name: str, spec: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yields each object's name and label selector; a selector leaves out what an earlier one selects."""
    exclusions: list[dict[str, Any]] = []
    selectors = spec.get("selectors", ({},))
    single = len(selectors) == 1
    for selector in selectors:
        result: dict[str, Any] = {}
        if "matchLabels" in selector:
            result["matchLabels"] = selector["matchLabels"]
        if expressions := [*spec.get("matchExpressions", ()), *exclusions]:
            result["matchExpressions"] = expressions
        yield {"name": name if single else f"{name}-{selector['name']}", "selector": result}
        exclusions += [
            {"key": key, "operator": "NotIn", "values": [value]}
            for key, value in selector.get("matchLabels", {}).items()
        ]


def _endpoint(key: str, spec: Mapping[str, Any]) -> dict[str, Any]:
    """Returns one endpoint as the helper reads it: its name, its switch, and the operator's own fields."""
    endpoint = spec["endpoints"][key]
    fields: dict[str, Any] = {}
    if "port" in endpoint:
        number = "portNumber" if spec["kind"] == "PodMonitor" else "targetPort"
        fields["port" if isinstance(endpoint["port"], str) else number] = endpoint["port"]
    fields["path"] = endpoint.get("path", "/metrics")
    fields |= {field: endpoint[field] for field in _COPIED if field in endpoint}
    result: dict[str, Any] = {"name": key, "enabled": endpoint.get("enabled", True)}
    for way in ("find", "except"):
        if way in endpoint:
            result[way] = {name: _without_source(each) for name, each in endpoint[way].items()}
    result |= {field: endpoint[field] for field in ("ports", "portOf", "scrapePort") if field in endpoint}
    if "keep" in endpoint:
        keep = endpoint["keep"]
        result["keep"] = [{"action": "keep", "sourceLabels": keep["from"], "regex": keep["regex"]}]
    relabelings = list(_labels(endpoint))
    if "dropTargetLabels" in endpoint:
        relabelings.append({"action": "labeldrop", "regex": "|".join(endpoint["dropTargetLabels"])})
    if relabelings:
        result["relabelings"] = relabelings
    return result | {"spec": fields}


def _kept(rules: Mapping[str, Mapping[str, Any]], endpoint: str) -> dict[str, Any]:
    return {"kept": [rules[endpoint]]} if endpoint in rules else {}


def _labels(spec: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yields a relabeling for each of the ``labels`` of a workload or an endpoint."""
    for label, source in spec.get("labels", {}).items():
        if "from" in source:
            yield {"sourceLabels": [source["from"]], "targetLabel": label}
        else:
            yield {"targetLabel": label, "replacement": source["value"]}


def _without_source(way: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in way.items() if key != "source"}


def _comment(text: str, indent: int) -> str:
    """Wraps a description to the width of the generated YAML, the first ``# `` left to the template."""
    return literal(f"\n{' ' * indent}# ".join(comment_lines(text, 108 - indent)))
