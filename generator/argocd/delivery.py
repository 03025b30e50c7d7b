"""What ArgoCD has to add to the chart's own values, and whether values are enough."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from generator import stack as components
from generator.build.chart import chart
from generator.errors import bad_input, listed
from generator.files import yamlfile

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from generator.build.build import Build
    from generator.choices.profiles import Profile

_OWN_CHART = "give it a chart of its own: `gen-chart -o DIR` makes one, and --path or a cluster's path: names it"

WITHOUT_DEFAULT = frozenset(
    {
        "kube-prometheus-stack.alertmanager.alertmanagerSpec.storage",
        "kube-prometheus-stack.alertmanager.alertmanagerSpec.storage.volumeClaimTemplate.spec.storageClassName",
        "kube-prometheus-stack.grafana.envValueFrom",
        "kube-prometheus-stack.grafana.persistence.storageClassName",
        "kube-prometheus-stack.prometheus.prometheusSpec.storageSpec.emptyDir",
        "kube-prometheus-stack.prometheus.prometheusSpec.storageSpec.volumeClaimTemplate",
        "kube-prometheus-stack.prometheus.prometheusSpec.storageSpec.volumeClaimTemplate.spec.storageClassName",
        "opensearch.persistence.storageClass",
    }
)
"""Values that may be taken out: the upstream chart has nothing there by itself (a test looks into its values.yaml)."""

_FOLLOWS_VALUES = ("Chart.yaml", "README.md", "values.yaml")
"""Files of a chart that differ wherever its values do, the first two by the command that they name; nothing is rendered
from them that values cannot change."""


def added_values(base: Build, build: Build) -> dict[str, Any]:
    """Returns the values that turn one Build's chart into another's.

    Args:
        base: what the chart was made from.
        build: what is to be installed.

    Raises:
        InputError: the two differ in more than values.
    """
    values = difference(base.values, build.values)
    if values:
        _refuse_taken_out(base.profile, build.profile, values)
        _refuse_other_files(base, build)
    return values


def difference(base: Mapping[str, Any], target: Mapping[str, Any]) -> dict[str, Any]:
    """Returns what Helm has to lay over ``base`` to have ``target``: null takes a key out."""
    changes: dict[str, Any] = {key: None for key in base if key not in target}
    for key, value in target.items():
        if key not in base:
            changes[key] = value
        elif isinstance(value, dict) and isinstance(base[key], dict):
            if inner := difference(base[key], value):
                changes[key] = inner
        elif value != base[key] or isinstance(value, bool) != isinstance(base[key], bool):
            changes[key] = value
    return changes


def helm_values(values: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the values as a field of an Application's ``helm``; {} for none.

    ``valuesObject`` reads best, but the API server drops its nulls, so values with one are written as text.
    """
    if not values:
        return {}
    return {"values": yamlfile.dump(values)} if _has_null(values) else {"valuesObject": dict(values)}


def _has_null(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_has_null, value.values()))
    return any(map(_has_null, value)) if isinstance(value, list) else value is None


def _refuse_taken_out(base: Profile, profile: Profile, values: Mapping[str, Any]) -> None:
    """Refuses what would take a key of an upstream chart out: Helm then drops that chart's own default too."""
    for name in components.NAMES:
        for path in _nulls(values.get(name), name):
            if path in WITHOUT_DEFAULT:
                continue
            raise bad_input(
                f"sets nothing at {path}, where the chart of '{base.command}' has a value",
                file=profile.command,
                path=path,
                hint=_OWN_CHART,
            )


def _nulls(value: Any, path: str) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            if inner is None:
                yield f"{path}.{key}"
            yield from _nulls(inner, f"{path}.{key}")


def _refuse_other_files(base: Build, build: Build) -> None:
    base_files, files = chart(base), chart(build)
    differing = sorted(
        path
        for path in {*base_files, *files}
        if base_files.get(path) != files.get(path) and path not in _FOLLOWS_VALUES
    )
    if differing:
        verb = "differ" if differing[1:] else "differs"
        raise bad_input(
            f"needs more than other values: {listed(differing, 5)} {verb} from the chart of '{base.profile.command}'",
            file=build.profile.command,
            hint=_OWN_CHART,
        )
