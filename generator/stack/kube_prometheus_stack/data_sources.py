"""Which of Grafana's data sources is the default one: with two of them, Grafana does not start."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from generator.files.nested import mapping

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from generator.stack.component import KeyPath

_UPSTREAM = {"name": ("Prometheus", "Alertmanager"), "uid": ("prometheus", "alertmanager")}
"""The data sources of kube-prometheus-stack's own (88.5.3 templates/grafana/configmaps-datasources.yaml)."""


def data_source_problems(values: Mapping[str, Any]) -> Iterator[tuple[KeyPath, str, str]]:
    """Yields what is wrong with data sources: the place, what was found, the way out.

    Args:
        values: those of a person for kube-prometheus-stack.
    """
    grafana = mapping(values.get("grafana"))
    sidecar = mapping(mapping(grafana.get("sidecar")).get("datasources"))
    default = "" if sidecar.get("isDefaultDatasource") is False else "Prometheus"
    for place, source in _sources(grafana):
        if source.get("isDefault") is True:
            if default:
                text = f"found a second default data source beside {default}: Grafana does not start with two"
                hint = "or set grafana.sidecar.datasources.isDefaultDatasource to false"
                yield (*place, "isDefault"), text, f"leave it out, {hint}"
            default = str(source.get("name"))
        for key, taken in _UPSTREAM.items():
            if source.get(key) in taken:
                text = f"found {source[key]!r}, which is the {key} of a data source of kube-prometheus-stack's own"
                yield (*place, key), text, "give it another one"


def _sources(grafana: Mapping[str, Any]) -> Iterator[tuple[KeyPath, Mapping[str, Any]]]:
    yield from _items(("grafana",), "additionalDataSources", grafana.get("additionalDataSources"))
    for name, content in mapping(grafana.get("datasources")).items():
        yield from _items(("grafana", "datasources", name), "datasources", mapping(content).get("datasources"))


def _items(path: KeyPath, key: str, sources: object) -> Iterator[tuple[KeyPath, Mapping[str, Any]]]:
    for index, source in enumerate(sources if isinstance(sources, list) else ()):
        yield (*path, f"{key}[{index}]"), mapping(source)
