"""The order in which recording rules have to be evaluated over samples that are there already."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.signals.needed import needed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from generator.promql.expression import Expression


def layers(rules: Iterable[Expression]) -> Iterator[list[Expression]]:
    """Yields the records among rules in groups, each of which reads only records of the groups before it.

    Raises:
        ValueError: records that read each other.
    """
    left = [rule for rule in rules if rule.kind == "record"]
    while left:
        names = {rule.name for rule in left}
        ready = [rule for rule in left if not _reads(rule.text, names - {rule.name})]
        if not ready:
            raise ValueError(f"records that read each other: {', '.join(sorted(names))}")
        yield ready
        left = [rule for rule in left if rule not in ready]


def _reads(expr: str, names: Iterable[str]) -> bool:
    wanted = needed([expr])
    return any(name in wanted for name in names)
