"""What is not scraped in a profile: by which choice it is off, and what a person can do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from generator.verify.names import quoted

if TYPE_CHECKING:
    from collections.abc import Collection


class Unscraped(NamedTuple):
    """One of an exporter's ways to Prometheus, which is off.

    Attributes:
        exporter: the exporter's name.
        monitor: the monitor that is off; "" if an upstream chart, or the cluster, has to bring one.
        component: the chart that has to bring the monitor; "" if it is one of ours.
    """

    exporter: str
    monitor: str
    component: str

    @property
    def switch(self) -> str:
        """What is off: ``monitors.NAME``, or the chart's name."""
        return f"monitors.{self.monitor}" if self.monitor else self.component


def exporters(off: Collection[Unscraped]) -> tuple[str, ...]:
    """Returns the exporters that are not scraped, sorted."""
    return tuple(sorted({one.exporter for one in off}))


def switches(off: Collection[Unscraped]) -> tuple[str, ...]:
    """Returns what is off, sorted: see Unscraped.switch."""
    return tuple(sorted({one.switch for one in off}))


def way_out(off: Collection[Unscraped]) -> str:
    """Returns what a person can do, with the choices by name."""
    monitors = {one.monitor for one in off if one.monitor}
    if not monitors:
        charts = {one.component for one in off}
        paths = quoted(f"cluster.scrapes.{chart}" for chart in charts)
        return f"switch {quoted(charts)} on, or say in {paths} what else scrapes it"
    absent = quoted(f"cluster.absent.{monitor}" for monitor in monitors)
    on = quoted(f"monitors.{monitor}.enabled" for monitor in monitors)
    return (
        f"if the cluster has none, say why in {absent}, which leaves this out too; else switch {on} on; "
        "if something else scrapes it, exempt it and say what"
    )
