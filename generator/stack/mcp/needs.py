"""Refuses OpenCost and MCP servers that ask for what is not there; so do the templates, of the values of an install."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from generator.errors import InputError, Problem
from generator.files.nested import value_at
from generator.stack.kube_prometheus_stack import component as kube_prometheus_stack

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from generator.choices.profiles import Profile

NO_IMAGE = (
    "mcp.opensearch.image: found nothing, and nobody publishes an image of opensearch-mcp-server-py "
    "(build one as docs/mcp.md says and name it, or set mcp.opensearch.enabled to false)"
)
"""What a rendering fails with that has the server and no image of it."""


def refuse_what_is_missing(profile: Profile, values: Mapping[str, Any]) -> None:
    """Refuses values in which OpenCost or an MCP server asks a Prometheus that is off, or has no image.

    Args:
        profile: where the choices are from.
        values: the chart's values, complete, not yet checked against their schema.

    Raises:
        InputError: a Problem for each.
    """
    problems = [*_without_prometheus(profile, values), *_without_image(profile, values)]
    if problems:
        raise InputError(*problems)


def _without_prometheus(profile: Profile, values: Mapping[str, Any]) -> Iterator[Problem]:
    stack = kube_prometheus_stack.NAME
    own = value_at(values, (stack, "enabled")) and value_at(values, (stack, "prometheus", "enabled")) is not False
    for block in (("opencost",), ("mcp", "prometheus")):
        if (
            not own
            and value_at(values, (*block, "enabled")) is True
            and not value_at(values, (*block, "prometheusUrl"))
        ):
            keys = _said(profile, (*block, "enabled"))
            url = ".".join(("components", *block, "prometheusUrl"))
            yield Problem(
                f"found true, but this chart's Prometheus is off: {_off(profile)}",
                profile.file_of(*keys),
                ".".join(keys),
                hint=f"name the Prometheus that is there in {url}, or set this to false",
            )


def _off(profile: Profile) -> str:
    """Returns which choice has this chart's Prometheus off."""
    stack = kube_prometheus_stack.NAME
    paths = (("values", stack, "prometheus", "enabled"), ("values", stack, "enabled"), ("components", stack, "enabled"))
    keys = next((keys for keys in paths if value_at(profile.choices, keys) is False), paths[-1])
    return f"{'.'.join(keys)} is false in {profile.file_of(*keys)}"


def _without_image(profile: Profile, values: Mapping[str, Any]) -> Iterator[Problem]:
    block = ("mcp", "opensearch")
    if value_at(values, (*block, "enabled")) is True and not value_at(values, (*block, "image")):
        keys = _said(profile, (*block, "enabled"))
        yield Problem(
            "found true, but components.mcp.opensearch.image names none, and nobody publishes an image of "
            "opensearch-mcp-server-py",
            profile.file_of(*keys),
            ".".join(keys),
            hint="build one as docs/mcp.md says and name it, or set this to false",
        )


def _said(profile: Profile, path: tuple[str, ...]) -> tuple[str, ...]:
    """Returns the place in a profile that decides a value: in ``values``, which win, or in ``components``."""
    return ("values" if value_at(profile.choices, ("values", *path)) is not None else "components", *path)
