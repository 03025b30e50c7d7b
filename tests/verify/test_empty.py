"""A label that nothing carries is no fault where an empty variable alone matches it; anywhere else it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from generator.verify.empty import forgiven
from generator.verify.grafana import grafana_dashboard
from generator.verify.prepare import prepare
from generator.verify.verifier import check
from tests.verify.catalogues import GONE, SMALL

if TYPE_CHECKING:
    from collections.abc import Mapping

    from generator.verify.spec import Finding

MENU = {"name": "cluster", "type": "query", "query": "label_values(app_load, cluster)"}


def found(*texts: str, menu: Mapping[str, Any] = MENU, legend: str = "") -> tuple[Finding, ...]:
    """Returns the findings of a dashboard with one menu and these queries."""
    panels = [{"title": text, "targets": [{"expr": text, "legendFormat": legend}]} for text in texts]
    expressions, scope = grafana_dashboard({"templating": {"list": [menu]}, "panels": panels}, "d.json")
    prepared = prepare(expressions, [scope])
    return forgiven(prepared.items, check(prepared, SMALL, GONE), scope)


def test_a_label_behind_an_empty_menu_is_one_warning_that_counts_the_places() -> None:
    (finding,) = found(
        'sum by (cluster, pod) (app_load{cluster="$cluster"})',
        'app_load{cluster=~"${cluster:regex}"} * on (cluster, pod) group_left app_queue_requests{cluster="$cluster"}',
        legend="{{cluster}}",
    )
    assert (finding.check, finding.severity, finding.name, finding.subjects) == (
        "label",
        "warning",
        "cluster",
        ("cluster",),
    )
    assert finding.message.startswith("nothing carries the label 'cluster', so that '$cluster' is empty: ")
    assert finding.place == "templating.list[0]"


@pytest.mark.parametrize(
    "text",
    [
        'sum by (cluster) (app_load{cluster="one"})',
        'sum by (node_name) (app_load{cluster="$cluster"})',
        'app_load{cluster!="$cluster"}',
    ],
)
def test_what_an_empty_variable_does_not_match_stays_an_error(text: str) -> None:
    assert any(finding.severity == "error" and finding.kind == "target" for finding in found(text))


@pytest.mark.parametrize(
    ("menu", "severities"),
    [
        ({"name": "x", "type": "custom", "query": "a,b", "includeAll": True, "allValue": ".*"}, {"warning"}),
        ({"name": "x", "type": "custom", "query": "a,b", "includeAll": True}, {"error"}),
        ({"name": "x", "type": "custom", "query": "a,b"}, {"error"}),
        ({"name": "x", "type": "textbox", "query": ""}, {"warning"}),
        ({"name": "x", "type": "textbox", "query": "a"}, {"error"}),
        ({"name": "x", "type": "query", "query": "label_values(app_load, pod)"}, {"error"}),
    ],
)
def test_a_menu_that_gives_values_excuses_nothing_unless_all_matches_everything(
    menu: Mapping[str, Any], severities: set[str]
) -> None:
    assert {finding.severity for finding in found('app_load{cluster=~"$x"}', menu=menu)} == severities


def test_a_label_that_is_there_needs_no_excuse() -> None:
    menu = {"name": "pod", "type": "query", "query": "label_values(app_load, pod)"}
    assert found('app_load{pod="$pod"}', menu=menu) == ()


def test_a_label_that_some_metrics_have_is_forgiven_the_matcher_for_the_sake_of_all_and_nothing_else() -> None:
    menu = {"name": "model", "type": "query", "query": "label_values(app_queue_requests, model)"}
    texts = ('sum(app_load{model=~"$model"})', 'sum by (model) (app_load{model=~"$model"})')
    (by, matched) = found(*texts, menu={**menu, "includeAll": True, "allValue": ".*"})
    assert (by.severity, by.message) == ("error", "sum by 'model', a label that is not there")
    assert (matched.severity, matched.name, matched.subjects) == ("warning", "model", ("model",))
    assert matched.message == (
        "with any choice of '$model' but All nothing comes of some queries: "
        "2 places match it on metrics without 'model'"
    )
    assert {finding.severity for finding in found(*texts, menu={**menu, "includeAll": True})} == {"error"}
