"""How many of very many equal cases the tests try: a sample that a person waits for, or all of them.

`make test` takes the sample; `make test-thorough`, which CI runs every week, sets GEN_CHART_THOROUGH and takes all.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence

Case = TypeVar("Case")

THOROUGH = bool(os.environ.get("GEN_CHART_THOROUGH"))


def examples(sample: int, thorough: int) -> int:
    """Returns how many examples a property is tried on."""
    return thorough if THOROUGH else sample


def some(cases: Sequence[Case], one_in: int) -> Sequence[Case]:
    """Returns every ``one_in``-th case, or all when the tests are thorough."""
    return cases if THOROUGH else cases[::one_in]
