"""What the rules record, for whoever may read it instead of raw series."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.promql.reading import Recorded
from generator.rules.counts import evaluations
from generator.rules.groups import marked_groups

if TYPE_CHECKING:
    from collections.abc import Iterable

    from generator.rules.spec import Rules


def recorded(specs: Iterable[Rules]) -> tuple[Recorded, ...]:
    """Returns the records of files of rules that may be read instead of what they record.

    A record that carries labels of its own, or a number that people may change, stands for nothing that a panel asks.

    Raises:
        InputError: a shorthand that cannot be written out.
    """
    return tuple(
        Recorded(rule["record"], rule["expr"], spec.name, evaluations(spec.name) if rule["record"] in counted else "")
        for spec in specs
        for counted in [{count.record for count in spec.counts}]
        for group in marked_groups(spec)
        for rule in group["rules"]
        if "record" in rule and "labels" not in rule
    )
