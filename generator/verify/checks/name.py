"""Does something emit the metric?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.verify.hooks import Check, Issue

if TYPE_CHECKING:
    from generator.verify.hooks import Issues
    from generator.verify.series import Selection


def _unknown(selection: Selection) -> Issues:
    """Each listed name has to exist, of ``__name__=~"a|b"`` too; of any other regular expression, one match."""
    names, pattern = selection.names, selection.pattern
    for name in selection.listed:
        if name not in names:
            yield Issue((name,), f"nothing emits '{name}'", names.hint(name))
    if pattern and not names.matched(pattern):
        yield Issue((pattern.value,), f"no metric's name matches '{pattern.value}'")


CHECK = Check(
    name="name",
    summary="Nothing emits the metric: no exporter of the catalogue, no recording rule, not Prometheus itself.",
    on_selector=_unknown,
)
