"""null at install time takes a key out of the values: it is refused with a message, or nothing changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from helm_python import Chart, HelmValuesError

from generator.build.build import fit
from generator.build.chart import chart, chart_schema
from generator.build.profile import load_profile
from generator.choices.profiles import Layer
from tests import helm
from tests.thorough import some

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from generator.build.sources import Sources

LAYER = Layer(
    "overlay.yaml",
    {"components": {"opensearch-dashboards": {"enabled": True}}, "logs": {"rayNamespaces": ["ray"]}},
)
"""Switches on what the profile leaves out, so that more templates read their values."""


def paths(schema: Mapping[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yields the path of each key of the chart's values, of the upstream charts their own switches alone."""
    for name, child in schema.get("properties", {}).items():
        yield (*path, name)
        yield from paths(child, (*path, name))


def nested(path: tuple[str, ...], value: Any) -> dict[str, Any]:
    return {path[0]: nested(path[1:], value) if path[1:] else value}


@pytest.fixture(scope="module")
def own_chart(sources: Sources, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, tuple[tuple[str, ...], ...]]:
    """The folder of the profile's chart, without the upstream charts, and the path of each key of its values."""
    build = fit(load_profile("standalone", sources, [LAYER]), sources)
    folder = tmp_path_factory.mktemp("chart")
    for path, text in chart(build).items():
        if path == "Chart.lock":
            continue
        content = text.partition("\ndependencies:")[0] + "\n" if path == "Chart.yaml" else text
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(content, encoding="utf-8")
    return folder, tuple(paths(chart_schema(build)))


def rendered(folder: Path, values: dict[str, Any]) -> dict[str, str]:
    with Chart.load(folder) as loaded:  # render changes the chart that it is given
        return loaded.render(values, name="observability", namespace="monitoring")


def test_null_at_any_key_is_refused_with_a_message_or_changes_nothing(
    own_chart: tuple[Path, tuple[tuple[str, ...], ...]],
) -> None:
    folder, keys = own_chart
    without = rendered(folder, {})
    refused, differing = set(), set()
    with Chart.load(folder) as loaded:
        for path in some(keys, 15):
            values = nested(path, None)
            try:
                loaded.validate_schema(values)
            except HelmValuesError as error:
                assert path[-1] in str(error), f"{path}: the message does not name the key: {error}"
                refused.add(path)
                continue
            # null takes a default request or limit away, and pods are without it.
            if path[-2:-1] != ("resources",) and rendered(folder, values) != without:
                differing.add(path)
    assert differing == set()
    assert len(refused) > 6
    assert len(refused) < len(some(keys, 15)), "null is what some keys are by default"


@pytest.mark.parametrize(
    "key",
    [
        "logs",
        "monitors.kueue.enabled",
        "networkPolicies",
        "opensearch.enabled",
        "opensearchExporter.image",
        "opensearchSetup.retention",
        "parts",
        "rules.alerts",
        "secrets",
        "secrets.certManager",
        "secrets.job.image",
        "secrets.renewal.schedule",
    ],
)
def test_helm_names_the_key_that_cannot_be_null(
    own_chart: tuple[Path, tuple[tuple[str, ...], ...]], helm_binary: Path, key: str
) -> None:
    done = helm.run(helm_binary, "template", "observability", own_chart[0], "--set", f"{key}=null", check=False)
    assert done.returncode != 0
    assert "values don't meet the specifications of the schema" in done.stderr
    assert key.rpartition(".")[2] in done.stderr
    assert "nil pointer" not in done.stderr
