"""Servers of the Model Context Protocol (MCP), optional: an agent reads Kubernetes, Prometheus and logs through them.

Arguments and variables were tried on the programs themselves: kubernetes-mcp-server 0.0.66, prometheus-mcp-server
1.6.2, opensearch-mcp-server-py 0.12.0. The Services have the names of the documented stack
(awslabs/ai-ml-observability-reference-architecture 2467d9c chart/templates/mcp).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from generator.files.templating import render
from generator.stack.component import choices_of
from generator.stack.images.values import own_image
from generator.stack.mcp.needs import NO_IMAGE
from generator.stack.opensearch import component as opensearch
from generator.stack.opensearch.setup import MCP
from generator.stack.secrets.names import SECRETS

if TYPE_CHECKING:
    from generator.choices.pins import Pins
    from generator.choices.profiles import Profile
    from generator.files.tree import Chart

KEY = "mcp"
"""Their key in the chart's values, and in a profile's components."""

OPENSEARCH_NAME = MCP
"""The Deployment of the one that searches the logs; also its pods' app.kubernetes.io/name."""

LOGIN = "opensearchGrafana"
"""The login of that one: it may do what Grafana's data source may, search the logs."""

REFUSED_TOOLS = (
    "ClusterHealthTool",
    "ExplainTool",
    "GenericOpenSearchApiTool",
    "GetShardsTool",
    "ListIndexTool",
)
"""Tools of opensearch-mcp-server-py 0.12.0 that this login may not use."""


def mcp_values(profile: Profile, pins: Pins) -> dict[str, Any]:
    """Returns the chart's values below ``mcp`` that the profile and pins.yaml decide.

    Raises:
        InputError: an image is not pinned, or the profile's digests are not its own.
    """
    choices = choices_of(profile, KEY)
    return {
        "kubernetes": {
            "enabled": choices["kubernetes"]["enabled"],
            "image": own_image(profile, pins, pins.image("kubernetes-mcp-server")),
        },
        "prometheus": {
            "enabled": choices["prometheus"]["enabled"],
            "image": own_image(profile, pins, pins.image("prometheus-mcp-server")),
            "prometheusUrl": choices["prometheus"]["prometheusUrl"] or "",
        },
        "opensearch": {
            "enabled": choices["opensearch"]["enabled"],
            "image": choices["opensearch"]["image"] or "",
        },
    }


def mcp_templates(*, header: str) -> Chart:
    """Builds the servers' template, and the one that OpenCost uses too, by path in the chart.

    Args:
        header: the first line of each, without comment signs.
    """
    servers = render(
        "stack/mcp/templates/servers.yaml",
        header=header,
        opensearch=OPENSEARCH_NAME,
        url=opensearch.URL,
        login=LOGIN,
        secret=SECRETS[LOGIN],
        refused=",".join(REFUSED_TOOLS),
        no_image=NO_IMAGE,
    )
    return {
        "templates/mcp.yaml": servers,
        "templates/_server.tpl": render("stack/mcp/templates/_server.tpl", header=header),
    }
