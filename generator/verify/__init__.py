"""Holds every PromQL expression against the catalogue of what exporters emit.

The checks, by the name that findings and exemptions give them:

- ``syntax``: it is not PromQL.
- ``name``: nothing emits the metric. Each name of ``__name__=~"a|b"`` has to exist; of any other pattern, one match.
- ``off``: what scrapes it is off in this profile, and no other side of an ``or`` answers. A file of which nothing
  answers is for another cluster: one warning.
- ``absent``: absent() of what is off in this profile is always true.
- ``rate``: rate() and its like on a gauge or on counters added up before; delta() and its like on a counter.
- ``counter``: a counter's raw value is shown or recorded. Whether it is there (count, group, absent, the right side
  of and / unless, > bool 0, an alert's > 0) and since when (timestamp, changes) may be asked.
- ``histogram``: quantiles of what is no bucket, or of buckets without le; buckets added up; quantiles added up.
- ``le``: a hard-coded bucket. ``+Inf`` always exists.
- ``label``: a label is matched, grouped, joined on, taken over, listed or named in a text, but nobody carries it.
- ``join``: two sides that never match.
- ``unit``: a value is shown, added or compared in a unit that it does not have.
- ``variable``: a variable without definition, or without use.
- ``exemption``: an exemption without reason, or one that exempts nothing.
- ``logs``: a log query over fields that no record has, or one that OpenSearch reads otherwise than it seems to say
  (generator/logs/queries.py). It cannot be exempted.
"""

from __future__ import annotations

from generator.verify.prepare import Prepared, prepare
from generator.verify.render import as_data, as_text, failed
from generator.verify.scope import dashboard_scope
from generator.verify.spec import Exemption, Finding, Scope
from generator.verify.verifier import check, verify

__all__ = [
    "Exemption",
    "Finding",
    "Prepared",
    "Scope",
    "as_data",
    "as_text",
    "check",
    "dashboard_scope",
    "failed",
    "prepare",
    "verify",
]
