"""Refuses what asks this chart's OpenSearch where it is off: nothing then makes the Secrets that its pods wait for.

The template clients.yaml says the same of the values of an install.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from generator.errors import InputError, Problem
from generator.stack.component import choices_of
from generator.stack.opensearch import component as opensearch

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from generator.choices.profiles import Profile

SENDS_HERE = rf"(?m)^\s*[Hh]ost\s+{opensearch.SERVICE}\s*$"
"""Matches Fluent Bit's outputs if one of them sends to this chart's OpenSearch; Python and RE2 read it alike."""

_REASONS = {
    "fluent-bit": (
        "Fluent Bit still sends to this chart's OpenSearch",
        "set fluent-bit.enabled to false, or make the chart with components.opensearch.enabled=false and "
        "components.opensearch.external.url=URL",
    ),
    "opensearch-dashboards": (
        "OpenSearch Dashboards still asks this chart's OpenSearch",
        "set opensearch-dashboards.enabled to false",
    ),
    "mcp": (
        "the MCP server of the logs still asks this chart's OpenSearch",
        "set mcp.opensearch.enabled to false, or make the chart with components.opensearch.external.url=URL",
    ),
}
"""What asks OpenSearch → what is wrong, and the way out."""

REFUSALS = {
    name: f"opensearch.enabled: found false, but {message} ({hint})" for name, (message, hint) in _REASONS.items()
}
"""What asks OpenSearch → what a rendering of the chart fails with."""


def refuse_clients_without_opensearch(profile: Profile, values: Mapping[str, Any]) -> None:
    """Refuses values in which something asks an OpenSearch that is off.

    Args:
        profile: where the choice is from.
        values: the chart's values, complete, not yet checked against their schema.

    Raises:
        InputError: a Problem for each of Fluent Bit, OpenSearch Dashboards and the MCP server that asks it.
    """
    if _block(values, opensearch.NAME).get("enabled") is not False:
        return
    key = "values" if choices_of(profile, opensearch.NAME)["enabled"] else "components"
    problems = [
        Problem(
            f"found false, but {_REASONS[name][0]}",
            file=profile.file_of(key, opensearch.NAME, "enabled"),
            path=f"{key}.{opensearch.NAME}.enabled",
            hint=_REASONS[name][1],
        )
        for name in _askers(values)
    ]
    if problems:
        raise InputError(*problems)


def _askers(values: Mapping[str, Any]) -> Iterator[str]:
    shipper = _block(values, "fluent-bit")
    outputs = _block(shipper, "config").get("outputs")
    if shipper.get("enabled") is True and re.search(SENDS_HERE, outputs if isinstance(outputs, str) else ""):
        yield "fluent-bit"
    dashboards = _block(values, "opensearch-dashboards")
    if dashboards.get("enabled") is True and dashboards.get("opensearchHosts") == opensearch.URL:
        yield "opensearch-dashboards"
    asks = _block(_block(values, "mcp"), "opensearch").get("enabled") is True
    if asks and not _block(values, "opensearchExternal").get("url"):
        yield "mcp"


def _block(values: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    block = values.get(key)
    return block if isinstance(block, dict) else {}
