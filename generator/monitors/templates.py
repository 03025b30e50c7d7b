"""The chart's templates: for each workload its objects and what is fixed of them, and a helper that reads values."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

from generator.errors import bad_input
from generator.files import yamlfile
from generator.files.templating import render
from generator.monitors.labels import NODE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_COPIED = ("scheme", "bearerTokenFile", "tlsConfig")
"""Fields of an endpoint that have the operator's name and meaning."""


def monitor_templates(specs: Mapping[str, Mapping[str, Any]], *, header: str) -> dict[str, str]:
    """Returns the templates by their path in the chart.

    ``templates/monitors/_NAME.tpl`` defines what is fixed of a workload, ``templates/monitors/NAME.yaml`` makes the
    objects of it with the helper ``templates/_monitors.tpl``. The helper also defines ``ai-ml-observability.crd``, a
    guard for any object of the operator's kinds. It needs ``ai-ml-observability.labels`` from the chart.

    Args:
        specs: workload name → content of monitors/NAME.yaml, checked against its schema.
        header: the first line, without comment signs.

    Raises:
        InputError: selectors cannot be told apart, a PodMonitor has a token file, or Helm would take a text for its
            own.
    """
    texts = {"templates/_monitors.tpl": render("monitors/templates/_monitors.tpl", header=header)}
    for name, spec in sorted(specs.items()):
        _check(name, spec)
        texts[f"templates/monitors/{name}.yaml"] = render("monitors/templates/monitor.yaml", header=header, name=name)
        texts[f"templates/monitors/_{name}.tpl"] = render(
            "monitors/templates/_monitor.tpl",
            header=header,
            name=name,
            description=_comment(spec["description"], 0),
            head=yamlfile.dump(_head(name, spec)).rstrip(),
            endpoints=[
                {
                    "description": _comment(endpoint["description"], 2),
                    "text": textwrap.indent(yamlfile.dump([_endpoint(name, key, spec)]).rstrip(), "  "),
                }
                for key, endpoint in spec["endpoints"].items()
            ],
        )
    return texts


def _check(name: str, spec: Mapping[str, Any]) -> None:
    file = f"monitors/{name}.yaml"
    if "{{" in yamlfile.dump(spec):
        raise bad_input("found '{{', which Helm would take for its own", file=file)
    if spec["kind"] == "PodMonitor":
        for key, endpoint in spec["endpoints"].items():
            if "bearerTokenFile" in endpoint:
                raise bad_input(
                    "a PodMonitor cannot send a token file",
                    file=file,
                    path=f"endpoints.{key}.bearerTokenFile",
                    hint="make it a ServiceMonitor",
                )
    selectors = spec["selectors"]
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


def _head(name: str, spec: Mapping[str, Any]) -> dict[str, Any]:
    head: dict[str, Any] = {"kind": spec["kind"], "enabled": spec["enabled"]}
    head["selectors"] = list(_selectors(name, spec))
    return head | {key: spec[key] for key in ("dropMetrics", "dropLabels") if key in spec}


def _selectors(name: str, spec: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yields each object's name and label selector; a selector leaves out what an earlier one selects."""
    exclusions: list[dict[str, Any]] = []
    single = len(spec["selectors"]) == 1
    for selector in spec["selectors"]:
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


def _endpoint(name: str, key: str, spec: Mapping[str, Any]) -> dict[str, Any]:
    """Returns one endpoint as the helper reads it: its name, its switch, and the operator's own fields."""
    endpoint = spec["endpoints"][key]
    fields: dict[str, Any] = {}
    if "port" in endpoint:
        number = "portNumber" if spec["kind"] == "PodMonitor" else "targetPort"
        fields["port" if isinstance(endpoint["port"], str) else number] = endpoint["port"]
    fields["path"] = endpoint.get("path", "/metrics")
    fields["honorLabels"] = endpoint.get("honorLabels", False)
    fields |= {field: endpoint[field] for field in _COPIED if field in endpoint}
    fields["relabelings"] = list(_relabelings(name, key, spec))
    result: dict[str, Any] = {"name": key, "enabled": endpoint.get("enabled", True)}
    if "scrapePort" in endpoint:
        result["scrapePort"] = endpoint["scrapePort"]
    return result | {"spec": fields}


def _relabelings(name: str, key: str, spec: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yields the relabelings of the targets; the operator puts them after its own."""
    endpoint = spec["endpoints"][key]
    if "keep" in endpoint:
        yield {"action": "keep", "sourceLabels": endpoint["keep"]["from"], "regex": endpoint["keep"]["regex"]}
    yield {"targetLabel": "job", "replacement": name}
    yield {"targetLabel": "endpoint", "replacement": key}
    yield {"sourceLabels": [NODE], "targetLabel": "node"}
    for label, source in {**spec.get("labels", {}), **endpoint.get("labels", {})}.items():
        if "from" in source:
            yield {"sourceLabels": [source["from"]], "targetLabel": label}
        else:
            yield {"targetLabel": label, "replacement": source["value"]}
    if "dropTargetLabels" in endpoint:
        yield {"action": "labeldrop", "regex": "|".join(endpoint["dropTargetLabels"])}


def _comment(text: str, indent: int) -> str:
    """Wraps a description to the width of the generated YAML, the first ``# `` left to the template."""
    lines = textwrap.wrap(text, 108 - indent, break_long_words=False, break_on_hyphens=False)
    return f"\n{' ' * indent}# ".join(lines)
