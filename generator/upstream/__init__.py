"""Vendoring: the upstream charts that the umbrella chart depends on, fetched, verified and laid into ``charts/``."""

from generator.upstream.archive import verify
from generator.upstream.fetch import VendoredChart, fetch_chart
from generator.upstream.lock import Dependency, read_dependencies
from generator.upstream.mirror import parse_mirror
from generator.upstream.pack import pack_chart
from generator.upstream.progress import Progress, silent
from generator.upstream.upstream import Upstream
from generator.upstream.vendoring import vendor_chart
from generator.upstream.web import Client, Patience, open_client

__all__ = [
    "Client",
    "Dependency",
    "Patience",
    "Progress",
    "Upstream",
    "VendoredChart",
    "fetch_chart",
    "open_client",
    "pack_chart",
    "parse_mirror",
    "read_dependencies",
    "silent",
    "vendor_chart",
    "verify",
]
