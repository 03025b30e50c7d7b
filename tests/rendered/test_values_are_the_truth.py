"""Values decide at install time: one profile's chart with another's values is what the other's chart renders."""

from __future__ import annotations

import itertools
import tarfile
from typing import TYPE_CHECKING, Any

import pytest

from generator.argocd.delivery import WITHOUT_DEFAULT, difference
from generator.build.build import fit
from generator.build.chart import chart
from generator.build.profile import load_profile
from generator.choices.profiles import Layer
from tests import helm, libyaml
from tests.conftest import PROFILES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from generator.build.sources import Sources

    Values = dict[str, Any]
    Objects = dict[tuple[str, str, str], Any]
    Rendered = Callable[[str, "Values | None"], Objects]

pytestmark = [pytest.mark.upstream, pytest.mark.slow]

SECRETS = ("Admin", "AdminTls", "Ca", "Dashboards", "Exporter", "FluentBit", "Grafana", "NodeTls")

EIGHT = {"requests": {"memory": "8Gi"}, "limits": {"memory": "8Gi"}}

CHANGES: dict[str, Values] = {
    "another size": {
        "storage": {"className": "gp3"},
        "components": {
            "opensearch": {"nodes": 5, "retention": "36h", "volume": "1Ti", "heap": "4g", "resources": EIGHT},
            "kube-prometheus-stack": {"prometheus": {"volume": "1Ti", "replicas": 2, "retention": "30d"}},
            "fluent-bit": {"bufferSize": "4Gi"},
        },
    },
    "Secrets of one's own": {
        "components": {"opensearch-dashboards": {"enabled": True}},
        "secrets": {
            "existing": {"grafanaAdmin": "mine", **{f"opensearch{name}": f"my-{name.lower()}" for name in SECRETS}}
        },
    },
    "cert-manager": {"secrets": {"certManager": {"enabled": True}, "existing": {"opensearchAdminTls": "mine"}}},
    "an authority of one's own": {"secrets": {"certManager": {"enabled": True}, "existing": {"opensearchCa": "mine"}}},
    "no data kept": {"storage": {"persistent": False}},
    "a registry of one's own": {"images": {"registry": "registry.example/mirror"}},
    "OpenSearch elsewhere": {
        "components": {
            "opensearch": {"enabled": False},
            "fluent-bit": {"host": "logs.example", "caSecret": "their-ca"},
        },
        # Without a monitor its panels would be left out, and another chart be made.
        "monitors": {"opensearch": {"enabled": True}},
        "secrets": {"existing": {"opensearchFluentBit": "mine"}},
    },
}
"""Choices laid over standalone; each is compared with standalone, both ways."""

MADE_WITH_THE_CHART: dict[str, tuple[Values, str]] = {
    "no logs": (
        {"components": {"opensearch": {"enabled": False}, "fluent-bit": {"enabled": False}}},
        "A dashboard's panels are chosen when the chart is made: a template that left some out would have to lay the "
        "rest out again.",
    ),
    "absent workloads": (
        {
            "cluster": {"absent": {"kueue": "No queues here."}},
            "monitors": {"kueue": {"enabled": False}},
            "rules": {"kueue": {"enabled": False}},
        },
        "As with logs; and what absent workloads feed is found by the check on queries.",
    ),
}
"""Choices that values cannot say → why."""

NOT_TAKEN_BACK = {
    "a registry of one's own": (
        "Some upstream charts have the registry inside an image's name; Helm cannot give back a default that a value "
        "of the umbrella chart has replaced."
    ),
}
"""Of CHANGES, those whose chart cannot become standalone's by values → why."""


def identity(document: Values) -> tuple[str, str, str]:
    return document["kind"], document["metadata"].get("namespace", "monitoring"), document["metadata"]["name"]


def choices(name: str) -> tuple[str, Values]:
    """Returns the profile and what is laid over it, by a name of PROFILES, CHANGES or MADE_WITH_THE_CHART."""
    if name in PROFILES:
        return name, {}
    return "standalone", CHANGES[name] if name in CHANGES else MADE_WITH_THE_CHART[name][0]


@pytest.fixture(scope="module")
def made(sources: Sources) -> Callable[[str], tuple[Values, dict[str, str]]]:
    """Returns a function from a name to the chart's values and files."""
    results: dict[str, tuple[Values, dict[str, str]]] = {}

    def make(name: str) -> tuple[Values, dict[str, str]]:
        if name not in results:
            base, changes = choices(name)
            profile = load_profile(base, sources, [Layer("changes", changes)] if changes else [])
            build = fit(profile, sources)
            results[name] = dict(build.values), dict(chart(build))
        return results[name]

    return make


@pytest.fixture(scope="module")
def rendered(
    made: Callable[[str], tuple[Values, dict[str, str]]],
    upstream_charts: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Rendered:
    """Returns a function from a name, and values laid over its chart's, to the objects by kind, namespace and name."""
    binary = helm.any_binary()
    if binary is None:
        pytest.skip("no helm: install tests/helm-binaries.txt or put it on PATH")
    charts: dict[str, Path] = {}
    alone: dict[str, Objects] = {}
    kinds = [
        f"--api-versions=monitoring.coreos.com/v1/{kind}" for kind in ("PodMonitor", "PrometheusRule", "ServiceMonitor")
    ]

    def render(name: str, values: Values | None = None) -> Objects:
        if values is None and name in alone:
            return alone[name]
        if name not in charts:
            charts[name] = tmp_path_factory.mktemp("chart")
            for path, text in made(name)[1].items():
                (charts[name] / path).parent.mkdir(parents=True, exist_ok=True)
                (charts[name] / path).write_text(text, encoding="utf-8")
            helm.add_archives(charts[name], upstream_charts)
        file = charts[name].parent / "values.yaml"
        file.write_text(libyaml.dump(values or {}), encoding="utf-8")
        done = helm.run(binary, "template", "a", charts[name], "--namespace", "monitoring", "-f", file, *kinds)
        objects = {identity(document): document for document in helm.documents(done.stdout)}
        if values is None:
            alone[name] = objects
        return objects

    return render


def differing(first: Objects, second: Objects) -> list[tuple[str, str, str]]:
    """Returns which objects differ; a null counts as not there, because the API server drops it."""
    return sorted(key for key in {*first, *second} if _without_nulls(first.get(key)) != _without_nulls(second.get(key)))


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nulls(inner) for key, inner in value.items() if inner is not None}
    return [_without_nulls(inner) for inner in value] if isinstance(value, list) else value


PAIRS = [
    *itertools.permutations(PROFILES, 2),
    *(("standalone", name) for name in CHANGES),
    *((name, "standalone") for name in CHANGES if name not in NOT_TAKEN_BACK),
]
"""A chart and that whose values it gets."""


@pytest.mark.sample(5)
@pytest.mark.parametrize(("base", "wanted"), PAIRS)
def test_a_chart_with_the_values_of_another_renders_the_others_objects(
    made: Any, rendered: Rendered, base: str, wanted: str
) -> None:
    changes = difference(made(base)[0], made(wanted)[0])
    assert changes
    assert differing(rendered(base, changes), rendered(wanted, None)) == []


@pytest.mark.parametrize("name", NOT_TAKEN_BACK)
def test_what_cannot_be_taken_back_by_values_still_cannot(made: Any, rendered: Rendered, name: str) -> None:
    changes = difference(made(name)[0], made("standalone")[0])
    try:
        same = differing(rendered(name, changes), rendered("standalone", None)) == []
    except AssertionError:  # Helm's own words: a default that is gone is a nil that a template asks for a key
        same = False
    assert not same, "values say it now: take it off the list"


@pytest.mark.parametrize("name", MADE_WITH_THE_CHART)
def test_what_values_cannot_say_is_no_more_than_this(made: Any, rendered: Rendered, name: str) -> None:
    """The listed reasons stand for a difference that is there, and that lies in dashboards and who asks for them."""
    changes = difference(made("standalone")[0], made(name)[0])
    found = differing(rendered("standalone", changes), rendered(name, None))
    assert found, "values say it now: take it off the list"
    asking = ("ConfigMap", "monitoring", "ai-ml-observability-test")
    assert [key for key in found if "-dashboard-" not in key[2] and key != asking] == []


@pytest.mark.parametrize("name", [*PROFILES, *CHANGES])
def test_no_file_but_values_and_what_tells_of_them_differs_between_charts(made: Any, name: str) -> None:
    ours, theirs = (made(each)[1] for each in ("standalone", name))
    follows = {"Chart.yaml", "README.md", "values.yaml"}
    assert {path for path in {*ours, *theirs} if ours.get(path) != theirs.get(path)} <= follows


def test_the_plan_of_opensearchs_setup_follows_the_values_of_the_install(rendered: Rendered) -> None:
    """One node can hold no copies: with one, the indices would stay yellow."""
    objects = rendered("standalone", {"opensearch": {"replicas": 1, "singleNode": True}})
    assert objects["StatefulSet", "monitoring", "opensearch-cluster-master"]["spec"]["replicas"] == 1
    plan = objects["ConfigMap", "monitoring", "ai-ml-observability-opensearch-setup"]["data"]["plan.json"]
    assert '"number_of_replicas": "0"' in plan
    assert '"number_of_replicas": "1"' not in plan


@pytest.mark.parametrize("path", sorted(WITHOUT_DEFAULT))
def test_no_upstream_chart_has_a_default_where_a_value_may_be_taken_out(upstream_charts: Path, path: str) -> None:
    chart, *keys = path.split(".")
    with tarfile.open(next(upstream_charts.glob(f"{chart}-[0-9]*.tgz"))) as archive:
        files = {name: archive.extractfile(name) for name in archive.getnames() if name.endswith("/values.yaml")}
        values = [libyaml.load(handle) for name, handle in files.items() if handle and name.count("/") in (1, 3)]
    inner = keys[1:] if len(values) > 1 else keys
    assert not any(_default(each, keys) or _default(each, inner) for each in values)


def _default(values: Any, keys: list[str]) -> Any:
    for key in keys:
        values = values.get(key) if isinstance(values, dict) else None
    return values
