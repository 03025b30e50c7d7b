"""What Grafana's data sources are told: the interval of scrapes, and which one is the default one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from generator.files.nested import mapping, value_at
from generator.promql.durations import milliseconds
from generator.stack.grafana.log_source import UID

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from generator.stack.component import KeyPath

_SPEC = ("kube-prometheus-stack", "prometheus", "prometheusSpec")
_LOGS = {"name": "OpenSearch", "uid": UID}
"""This chart's own, in a ConfigMap beside that of kube-prometheus-stack (stack/grafana/templates/data-source.yaml)."""

_UPSTREAM = {"name": ("Prometheus", "Alertmanager"), "uid": ("prometheus", "alertmanager")}
"""The data sources of kube-prometheus-stack's own (88.5.3 templates/grafana/configmaps-datasources.yaml)."""


def prometheus_interval(values: Mapping[str, Any]) -> str:
    """Returns Prometheus' own interval between two scrapes, which is also what Grafana's data source is told.

    It is 30s where nothing else is said: the CRD's default (Prometheus operator v0.93), and that of the data source
    (88.5.3 templates/grafana/configmaps-datasources.yaml).

    Args:
        values: the chart's, or those of a person for it.
    """
    return str(value_at(values, (*_SPEC, "scrapeInterval")) or "30s")


def longer_interval(choices: Mapping[str, Any]) -> str:
    """Returns the longest interval between two scrapes if Grafana would assume a shorter one, else "".

    Grafana takes ``$__rate_interval`` as four times what its data source says: with 30s for scrapes of each minute a
    window often holds a single sample, and panels of rates have gaps.

    Args:
        choices: a profile's; an interval that they do not set is 30s, or Prometheus' own.
    """
    monitors = mapping(choices.get("monitors"))
    assumed = prometheus_interval(mapping(choices.get("values")))
    intervals = [monitors.get("interval"), *(mapping(each).get("interval") for each in monitors.values())]
    longest = max((str(each) for each in intervals if each), key=_length, default=assumed)
    return longest if _length(longest) > _length(assumed) else ""


def _length(interval: str) -> int:
    return milliseconds(interval) or 0


def data_source_problems(values: Mapping[str, Any], *, logs: bool) -> Iterator[tuple[KeyPath, str, str]]:
    """Yields what is wrong with data sources: the place, what was found, the way out.

    Args:
        values: those of a person for kube-prometheus-stack.
        logs: whether this chart has a data source for logs.
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
            if logs and source.get(key) == _LOGS[key]:
                text = f"found {source[key]!r}, which is the {key} of this chart's own data source"
                yield (*place, key), text, "give it another one"


def _sources(grafana: Mapping[str, Any]) -> Iterator[tuple[KeyPath, Mapping[str, Any]]]:
    yield from _items(("grafana",), "additionalDataSources", grafana.get("additionalDataSources"))
    for name, content in mapping(grafana.get("datasources")).items():
        yield from _items(("grafana", "datasources", name), "datasources", mapping(content).get("datasources"))


def _items(path: KeyPath, key: str, sources: object) -> Iterator[tuple[KeyPath, Mapping[str, Any]]]:
    for index, source in enumerate(sources if isinstance(sources, list) else ()):
        yield (*path, f"{key}[{index}]"), mapping(source)
