"""What is not scraped in a profile: by which choice it is off, and what a person can do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from generator.verify.names import quoted

if TYPE_CHECKING:
    from collections.abc import Collection


ALL_MONITORS = "monitors.enabled"
"""The path of the switch of all monitors."""


class Unscraped(NamedTuple):
    """One of an exporter's ways to Prometheus, which is off.

    Attributes:
        exporter: the exporter's name.
        monitor: the monitor that is off; "" if an upstream chart, or the cluster, has to bring one.
        component: the chart that has to bring the monitor; "" if it is one of ours.
        path: the choice that has it off, a value of that chart or one such as ``monitors.enabled``; "" stands for the
            monitor's own switch.
    """

    exporter: str
    monitor: str
    component: str
    path: str = ""

    @property
    def switch(self) -> str:
        """What is off: the path of the choice, or the chart's name."""
        if not self.monitor:
            return self.path or self.component
        return self.path or f"monitors.{self.monitor}.enabled"


def exporters(off: Collection[Unscraped]) -> tuple[str, ...]:
    """Returns the exporters that are not scraped, sorted."""
    return tuple(sorted({one.exporter for one in off}))


def switches(off: Collection[Unscraped]) -> tuple[str, ...]:
    """Returns what is off, sorted: see Unscraped.switch."""
    return tuple(sorted({one.switch for one in off}))


def way_out(off: Collection[Unscraped]) -> str:
    """Returns what a person can do, with the choices by name."""
    monitors = {one.monitor for one in off if one.monitor}
    paths = quoted(f"cluster.scrapes.{one.component}" for one in off if one.component)
    if not monitors:
        return f"switch {quoted({one.switch for one in off})} on, or say in {paths} what else brings it"
    on = quoted({one.switch for one in off if one.monitor})
    if all(one.path == ALL_MONITORS for one in off if one.monitor):
        return f"switch {on} on, or what queries it off: dashboards.enabled, rules.enabled"
    absent = quoted(f"cluster.absent.{monitor}" for monitor in monitors)
    other = f"say what in {paths}" if paths else "exempt it and say what"
    return (
        f"if the cluster has none, say why in {absent}, which leaves this out too; else switch {on} on; "
        f"if something else scrapes it, {other}"
    )
