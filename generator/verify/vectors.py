"""What is known of the result of an expression before it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from generator.promql.units import Unit
    from generator.verify.unscraped import Unscraped

LabelSet = frozenset[str]
"""The names of the labels of one kind of series, as an entry of ``labelSets`` in metrics/."""


_NO_NAMES: frozenset[str] = frozenset()
_NOTHING_OFF: frozenset[Unscraped] = frozenset()
_MOST_LABEL_SETS = 24


class Vector(NamedTuple):
    """What is known of an expression's result.

    Attributes:
        label_sets: the sets of labels that its series may have, one for each way in which a metric is exposed; None if
            nothing is known, as with a metric whose name a variable holds.
        sides: the label sets of each side of an ``or``; () if it is none. Together they may carry what one side lacks.
        scalar: whether it is a number rather than a vector.
        number: its value, if it is a constant.
        unit: what one unit of the value is; None if it cannot be told.
        observed: what a histogram's buckets measure; None if it cannot be told.
        window: seconds over which a counter was summed up by ``increase``, ``delta``; 0 if it was not.
        counters: counters whose raw value still shows in it.
        unborn: those of the counters that are not there before their first event.
        rated: counters of that kind of which a rate was taken.
        gauges: gauges whose raw value still shows in it: rate() must not meet them.
        growing: those of the gauges that only grow, as a selector selects them.
        buckets: histograms whose buckets these are.
        summed: whether counters were aggregated before a rate was taken.
        quantile: what was made of quantiles, "" if nothing: adding these up makes no sense.
        named: whether the series still carry the metric's name.
        off: what is not scraped in the profile, if nothing can come of it for that reason.
        has_offset: whether it is a selector with an offset.
        fleeting: gauges that vanish soon after they were set (``lives`` in metrics/), if without them nothing is there.
        estimated: sums of histograms that were made from the buckets, if their value still shows in it.
        zero: whether it is something times 0, which fills gaps in any unit.
        vague: whether some of it comes from metrics of which nothing is known.
    """

    label_sets: frozenset[LabelSet] | None
    sides: tuple[frozenset[LabelSet], ...] = ()
    scalar: bool = False
    number: float | None = None
    unit: Unit | None = None
    observed: Unit | None = None
    window: float = 0.0
    counters: frozenset[str] = _NO_NAMES
    unborn: frozenset[str] = _NO_NAMES
    rated: frozenset[str] = _NO_NAMES
    gauges: frozenset[str] = _NO_NAMES
    growing: frozenset[str] = _NO_NAMES
    buckets: frozenset[str] = _NO_NAMES
    summed: bool = False
    quantile: str = ""
    named: bool = False
    off: frozenset[Unscraped] = _NOTHING_OFF
    has_offset: bool = False
    fleeting: frozenset[str] = _NO_NAMES
    estimated: frozenset[str] = _NO_NAMES
    zero: bool = False
    vague: bool = False

    def carries(self, label: str) -> bool:
        """Returns whether some of the series may carry a label."""
        return self.label_sets is None or any(label in label_set for label_set in self.label_sets)

    def on_every_side(self, label: str) -> bool:
        """Returns whether on each side of an ``or`` some of the series may carry a label."""
        return self.carries(label) and all(any(label in label_set for label_set in side) for side in self.sides)

    def labels(self) -> frozenset[str]:
        """Returns every label that some of the series may carry; none if nothing is known."""
        return frozenset().union(*self.label_sets or ())


UNKNOWN = Vector(None, vague=True)
NOTHING: LabelSet = frozenset()
ONE = frozenset({NOTHING})


def label_sets_of(candidates: Iterable[LabelSet]) -> frozenset[LabelSet]:
    """Returns the distinct sets of labels; where there are very many (``up``), their union instead."""
    label_sets = frozenset(candidates)
    if len(label_sets) <= _MOST_LABEL_SETS:
        return label_sets
    return frozenset({frozenset().union(*label_sets)})
