"""How many of very many equal cases the tests try: a sample that a person waits for, or all of them.

`make test` takes the sample; `make test-thorough`, which CI runs on each change of main, sets GEN_CHART_THOROUGH and
takes all. The sample has none of a test marked ``thorough``, which takes long over what quicker ones find
first, and every n-th case of one marked ``sample(n)``. A test that is named as ``FILE::TEST`` runs whole.
"""

from __future__ import annotations

import os
from collections import Counter
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pytest

Case = TypeVar("Case")

THOROUGH = bool(os.environ.get("GEN_CHART_THOROUGH"))


def examples(sample: int, thorough: int) -> int:
    """Returns how many examples a property is tried on."""
    return thorough if THOROUGH else sample


def some(cases: Sequence[Case], one_in: int) -> Sequence[Case]:
    """Returns every ``one_in``-th case, or all when the tests are thorough."""
    return cases if THOROUGH else cases[::one_in]


def sample(items: Iterable[pytest.Item]) -> tuple[list[pytest.Item], list[pytest.Item]]:
    """Returns which tests run and which are left to `make test-thorough`, each in the order given."""
    taken: list[pytest.Item] = []
    left: list[pytest.Item] = []
    seen: Counter[str] = Counter()
    for item in items:
        each = item.get_closest_marker("sample")
        name = item.nodeid.partition("[")[0]
        out = bool(item.get_closest_marker("thorough")) or (each is not None and seen[name] % each.args[0] != 0)
        seen[name] += 1
        (left if out and not THOROUGH else taken).append(item)
    return taken, left
