"""Is what emits the metric scraped in this profile?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.verify.hooks import Check, Issue
from generator.verify.names import quoted
from generator.verify.spec import Finding
from generator.verify.unscraped import exporters, switches, way_out

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from generator.verify.hooks import Issues
    from generator.verify.names import MetricNames
    from generator.verify.prepare import Item
    from generator.verify.vectors import Vector


def _unanswered(_item: Item, vector: Vector, _names: MetricNames) -> Issues:
    if vector.off:
        subjects = exporters(vector.off)
        message = f"nothing comes of this: what scrapes {quoted(subjects)} is off in this profile"
        yield Issue(subjects, message, way_out(vector.off), off=switches(vector.off))


def _whole_files(items: Sequence[Item], findings: Sequence[Finding]) -> Iterator[Finding]:
    """Makes one warning of a file of which nothing works because its exporters are off: it is for another cluster."""
    off: dict[str, set[str]] = {}
    for finding in findings:
        if finding.check == CHECK.name:
            off.setdefault(finding.file, set()).add(finding.place)
    whole: dict[str, bool] = {}
    for item in items:
        file = item.expression.file
        if item.expression.kind != "variable":
            whole[file] = whole.get(file, True) and item.expression.place in off.get(file, ())
    merged: dict[str, list[Finding]] = {}
    for finding in findings:
        if finding.check == CHECK.name and whole.get(finding.file):
            merged.setdefault(finding.file, []).append(finding)
        else:
            yield finding
    for file, parts in merged.items():
        names = {name for part in parts for name in part.subjects}
        message = f"off in this profile: nothing scrapes {quoted(names)}"
        switched = tuple(sorted({switch for part in parts for switch in part.off}))
        hint = f"switch the file off too, or {quoted(switched)} on; cluster.absent.NAME leaves out all of a workload"
        yield Finding(
            CHECK.name, file, "", "", "", tuple(sorted(names)), message, hint, severity="warning", off=switched
        )


CHECK = Check(
    name="off",
    summary=(
        "What scrapes the metric is off in this profile, and no other side of an `or` answers. A file of which nothing "
        "answers is for another cluster: one warning."
    ),
    on_result=_unanswered,
    on_findings=_whole_files,
)
