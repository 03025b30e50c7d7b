"""The metric catalogue: what exporters emit, read from metrics/*.yaml, and what a query sees of it after a scrape.

- ``reader`` reads the files, ``known`` tells which names and labels Prometheus stores,
- ``exposition`` reads a scrape, ``capture`` brings it into a file.
"""

from __future__ import annotations
