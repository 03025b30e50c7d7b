"""What `helm test` starts: the Pods that ask an installed release whether its parts do their work.

Each question is a Pod of its own with the one login that it needs. They are Pods because of Helm, which prints the log
of nothing else (`helm test --logs`, Helm 3.17 and 4.3 pkg/action/release_testing.go) and asks for a log by the name of
each test hook: so the program's ConfigMap is no hook.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from generator.files.templating import render
from generator.stack.opensearch import component as opensearch
from generator.stack.opensearch.setup import TEST

if TYPE_CHECKING:
    from collections.abc import Mapping

    from generator.dashboards.spec import Dashboard
    from generator.files.tree import Chart

APP = "release-test"
"""app.kubernetes.io/name of the Pods that do not ask OpenSearch; those that do are TEST."""


TEST_APPS = (APP, TEST)
"""All of them."""


def release_test_templates(
    monitors: Mapping[str, Mapping[str, Any]], dashboards: Mapping[str, Dashboard], *, header: str
) -> Chart:
    """Builds the templates, by their path in the chart.

    Args:
        monitors: the workloads by name.
        dashboards: the dashboards by name.
        header: the first line of each, without comment signs.
    """
    context = {
        "header": header,
        "monitors": sorted(monitors),
        "dashboards": {name: dashboard.uid for name, dashboard in sorted(dashboards.items())},
        "opensearch": opensearch.URL,
        "app": APP,
        "logs_app": TEST,
    }
    return {
        f"templates/{path}": render(f"stack/release_tests/templates/{path}", **context)
        for path in ("_release-tests.tpl", "release-tests.yaml")
    }
