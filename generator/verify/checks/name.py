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
            certain = names.certain(name)
            message = f"nothing emits '{name}'" if certain else f"the catalogue does not know '{name}'"
            yield Issue((name,), message, names.hint(name), unsure=not certain, says_exemption=True)
    if pattern and not names.matched(pattern):
        certain = names.certain_of(pattern)
        message = f"no {'' if certain else 'known '}metric's name matches '{pattern.value}'"
        yield Issue((pattern.value,), message, unsure=not certain, says_exemption=True)


CHECK = Check(
    name="name",
    summary="The metric is in no exporter's catalogue, no recording rule writes it, nor does Prometheus itself.",
    on_selector=_unknown,
)
