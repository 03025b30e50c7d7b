"""The metric catalogue: what exporters emit, read from metrics/*.yaml, and what a query sees of it after a scrape.

- ``reader`` reads the files, ``known`` tells which names and labels Prometheus stores,
- ``exposition`` reads a scrape; ``python_tree``, ``python_values``, ``makers`` and ``constructors`` read source,
- ``evidence`` puts them together, ``capture`` and ``entries`` bring them into a file.
"""

from __future__ import annotations
