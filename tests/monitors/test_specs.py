"""The files in monitors/ follow their schema, and what the schema cannot say is refused in a person's words."""

from __future__ import annotations

import copy
import re
from typing import TYPE_CHECKING, Any

import pytest

from generator.errors import InputError
from generator.files import schemas
from generator.monitors import monitor_templates

from .conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping


def test_every_file_follows_the_schema(
    specs: Mapping[str, Mapping[str, Any]], monitor_schema: Mapping[str, Any]
) -> None:
    for name, spec in specs.items():
        assert schemas.problems(spec, monitor_schema, file=name) == ()


def _objects(schema: Any) -> list[dict[str, Any]]:
    found = [schema] if isinstance(schema, dict) else []
    children = schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ()
    return found + [entry for child in children for entry in _objects(child)]


def test_the_schema_is_closed_and_describes_every_property(monitor_schema: Mapping[str, Any]) -> None:
    for part in _objects(monitor_schema):
        for name, child in part.get("properties", {}).items():
            if isinstance(child, dict) and part.get("type") == "object":
                assert child.get("description") or "$ref" in child, name
        if part.get("type") == "object" and "properties" in part:
            assert part["additionalProperties"] is False


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("enabeld",), True),
        (("kind",), "podmonitor"),
        (("selectors",), []),
        (("endpoints", "metrics", "prot"), "metrics"),
        (("endpoints", "metrics", "port"), 70000),
        (("endpoints", "metrics", "path"), "metrics"),
        (("labels", "__hidden"), {"description": "x", "value": "y"}),
        (("labels", "ray_io_cluster"), {"description": "x", "from": "pod_name"}),
        (("labels", "ray_io_cluster"), {"description": "x", "from": "__meta_kubernetes_pod_name", "value": "y"}),
    ],
)
def test_a_mistake_in_a_file_is_found(
    specs: Mapping[str, Mapping[str, Any]], monitor_schema: Mapping[str, Any], path: tuple[str, ...], value: Any
) -> None:
    spec = copy.deepcopy(specs["ray"])
    place: Any = spec
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    found = schemas.problems(spec, monitor_schema, file="monitors/ray.yaml")
    assert found
    assert path[0] in str(found[0])


def test_an_endpoint_that_would_scrape_every_port_is_refused(
    specs: Mapping[str, Mapping[str, Any]], monitor_schema: Mapping[str, Any]
) -> None:
    spec = copy.deepcopy(specs["ray"])
    del spec["endpoints"]["metrics"]["port"]
    assert schemas.problems(spec, monitor_schema, file="monitors/ray.yaml")


def test_a_text_that_helm_would_interpret_is_written_so_that_it_does_not(
    specs: Mapping[str, Mapping[str, Any]],
) -> None:
    spec = {**specs["ray"], "description": "Ray {{ .Values }}"}
    assert "Ray {{`{{`}} .Values }}" in monitor_templates({"ray": spec}, header="x")["templates/monitors/_ray.tpl"]


@pytest.mark.parametrize("names", [["a", "a"], ["a", None]])
def test_several_selectors_need_different_names(
    specs: Mapping[str, Mapping[str, Any]], names: list[str | None] | list[str]
) -> None:
    selectors = [{"matchLabels": {"app": str(i)}, "source": "x"} for i in range(2)]
    for selector, name in zip(selectors, names, strict=True):
        if name:
            selector["name"] = name
    with pytest.raises(InputError, match="expected a different name on each"):
        monitor_templates({"ray": {**specs["ray"], "selectors": selectors}}, header="x")


def test_a_selector_that_later_ones_cannot_exclude_is_refused(specs: Mapping[str, Mapping[str, Any]]) -> None:
    selectors = [
        {"name": "a", "matchLabels": {"app": "x", "tier": "y"}, "source": "x"},
        {"name": "b", "matchLabels": {"app": "z"}, "source": "x"},
    ]
    with pytest.raises(InputError, match=re.escape("selectors[0].matchLabels: expected exactly one label")):
        monitor_templates({"ray": {**specs["ray"], "selectors": selectors}}, header="x")


def test_a_pod_monitor_cannot_send_a_token_file(specs: Mapping[str, Mapping[str, Any]]) -> None:
    spec = {**specs["kueue"], "kind": "PodMonitor"}
    with pytest.raises(InputError, match=r"endpoints\.https\.bearerTokenFile: a PodMonitor cannot send a token file"):
        monitor_templates({"kueue": spec}, header="x")


def test_unverified_tls_is_the_exception_and_the_file_says_why(specs: Mapping[str, Mapping[str, Any]]) -> None:
    unverified = [
        (name, key)
        for name, spec in specs.items()
        for key, endpoint in spec["endpoints"].items()
        if endpoint.get("tlsConfig", {}).get("insecureSkipVerify")
    ]
    assert unverified
    for name, key in unverified:
        text = (ROOT / "monitors" / f"{name}.yaml").read_text("utf-8")
        endpoint = text[text.index(f"\n  {key}:\n") :]
        reason = re.search(
            r"((?:^ +#.*\n)+)(?:^ +scheme: https\n)?^ +tlsConfig: *\{insecureSkipVerify", endpoint, re.MULTILINE
        )
        assert reason, f"monitors/{name}.yaml: say in a comment above tlsConfig why {key} cannot be verified"
        assert "certificate" in reason[1]
