"""The chart's monitors, rendered as their own tests render them."""

from tests.monitors.conftest import chart, render, render_all, rendered, specs

__all__ = ["chart", "render", "render_all", "rendered", "specs"]
