"""Vendoring: the upstream charts that the umbrella chart depends on, fetched, verified and laid into ``charts/``."""

from generator.vendor.archive import verify
from generator.vendor.fetch import Vendored, fetch_chart
from generator.vendor.lock import Dependency, read_dependencies
from generator.vendor.mirror import parse_mirror
from generator.vendor.pack import pack_chart
from generator.vendor.progress import Progress, silent
from generator.vendor.vendoring import vendor_chart
from generator.vendor.web import Client, Patience, open_client

__all__ = [
    "Client",
    "Dependency",
    "Patience",
    "Progress",
    "Vendored",
    "fetch_chart",
    "open_client",
    "pack_chart",
    "parse_mirror",
    "read_dependencies",
    "silent",
    "vendor_chart",
    "verify",
]
