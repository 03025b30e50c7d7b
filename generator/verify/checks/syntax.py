"""Is it PromQL at all?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.verify.hooks import Check, Issue

if TYPE_CHECKING:
    from generator.verify.hooks import Issues
    from generator.verify.prepare import Item
    from generator.verify.spec import Scope


def _broken(item: Item, _scope: Scope | None) -> Issues:
    if item.error:
        yield Issue((), f"not PromQL: {item.error}")


CHECK = Check(
    name="syntax",
    summary="The expression is not PromQL; Prometheus would refuse it.",
    exemptible=False,
    on_expression=_broken,
)
