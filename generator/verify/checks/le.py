"""Is a histogram's bucket hard-coded?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.verify.hooks import Check, Issue

if TYPE_CHECKING:
    from generator.verify.hooks import Issues
    from generator.verify.series import Selection


def _hard_coded(selection: Selection) -> Issues:
    for matcher in selection.node.matchers:
        if matcher.label != "le" or matcher.variable or matcher.value in {"", "+Inf"} or selection.label_sets() is None:
            continue
        message = (
            f"'{selection.node}' is matched with le{matcher.operator}\"{matcher.value}\", a bucket that may not exist"
        )
        yield Issue(("le",), message, "use histogram_quantile, or histogram_fraction of a native histogram")


CHECK = Check(
    name="le",
    summary="A bucket's bound is hard-coded, which another version or setting may not have; `+Inf` always exists.",
    on_selector=_hard_coded,
)
