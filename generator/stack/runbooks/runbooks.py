"""A server of the runbooks, optional: alerts link to pages that open without a way out of the cluster.

The pages are text, so that an alert's link is the same address plus the same file name wherever they are published:
here, a repository's web pages, a wiki. The chart always has them, in its library, of which Helm stores nothing; the
ConfigMap with them is made where the server is on, and takes 3 % of what Kubernetes stores of a release.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from generator.files.templating import literal, render
from generator.stack.component import choices_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from generator.choices.profiles import Profile
    from generator.files.tree import Chart

KEY = "runbooks"
"""Its key in the chart's values, and in a profile's components."""

NAME = "ai-ml-observability-runbooks"
"""Name of its objects."""

PORT = 8080


def runbook_values(profile: Profile) -> dict[str, Any]:
    """Returns the chart's values below ``runbooks`` that the profile decides."""
    choices = choices_of(profile, KEY)
    ingress = choices["ingress"]
    return {
        "enabled": choices["enabled"],
        "ingress": {key: ingress[key] or "" for key in ("host", "className", "tlsSecret")},
    }


def runbook_templates(pages: Mapping[str, str], *, header: str) -> Chart:
    """Builds the templates, by their path in the chart.

    Args:
        pages: file name → text of each page.
        header: the first line of each, without comment signs.
    """
    context = {"header": header, "name": NAME, "port": PORT}
    texts = {name: literal(text) for name, text in sorted(pages.items())}
    return {
        "templates/_runbooks.tpl": render("stack/runbooks/templates/_runbooks.tpl", pages=texts, **context),
        "templates/runbooks.yaml": render("stack/runbooks/templates/runbooks.yaml", **context),
    }
