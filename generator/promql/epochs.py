"""How much a total of Ray Data's grew, although each pass over the data writes it under another name.

Ray Data (2.60, measured) labels what an iterator counts with ``dataset="train_ID_3"``, and each epoch has a number of
its own; its series ends some 20 s after the epoch. ``delta`` of each series is silent or far too low. Two kinds differ:

- splits, which Ray Train's workers read (``split`` is their index), count on from epoch to epoch, so that the maximum
  over all epochs goes on growing;
- plain iterators (``split="no_split"``) start at 0 in each epoch, so that each series' own growth is added up.

In simulated runs of 40 minutes (40 with splits, 100 without), scraped each 30 s, the median is right to 0.2 % at epochs
of 30 s and longer. Splits are right to 0.0 % at 4 s, too; of plain epochs of 4 to 10 s a fifth to a third is missed, as
no scrape sees them. Each form is wrong by a factor on the other kind.
"""

from __future__ import annotations

from generator.promql.increase import exact_increase

_BY = "namespace, ray_io_cluster, base, split"


def epoch_increase(name: str, matchers: str, window: str) -> str:
    """Returns the growth of a total in a window, in parentheses; ``base`` is the data set without the epoch's number.

    Args:
        name: a metric of an iterator, ``ray_data_iter_…``.
        matchers: label matchers as between braces; "" for none.
        window: a duration, as ``5m``.
    """
    kept = f"{matchers}," if matchers else ""
    splits = f'max by ({_BY}) ({_with_base(f"""{name}{{{kept}split!="no_split"}}""")})'
    plain = _with_base(exact_increase(f'{name}{{{kept}split="no_split"}}', window))
    return f"(clamp_min(delta({splits}[{window}:30s]), 0) or sum by ({_BY}) ({plain}))"


def _with_base(expression: str) -> str:
    return f'label_replace({expression}, "base", "$1", "dataset", "(.*?)(?:_-?[0-9]+)?")'
