"""Why a family is not there: nobody scrapes what has it, or what is scraped does not have it."""

from __future__ import annotations

import contextlib
import difflib
import re
from typing import TYPE_CHECKING, Any

from generator.doctor.causes import Found, found
from generator.doctor.workloads import of_endpoint, workload_cause
from generator.verify.names import PROMETHEUS_OWN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from generator.catalogue.spec import KnownSeries
    from generator.doctor.view import View

_PARTS = re.compile(r"_(?:bucket|sum|count)$")
_WEIGHT = ("absent", "pool-empty", "feature-off", "not-yet", "fleeting", "ended")


def missing_name(view: View, name: str) -> Found | None:
    """Returns why no series of a name is there now; None if more has to be known first."""
    if name in PROMETHEUS_OWN:
        return found("absent", "scraped target" if name not in ("ALERTS", "ALERTS_FOR_STATE") else "firing alert")
    known = view.expected.catalogue.get(name, ())
    if not known:
        return _unknown(view, name)
    older = view.expected.older_names.get(name, "")
    if older in view.server.names:
        answer = view.ask(f"count({older})")
        if answer is None or answer.there:
            return None if answer is None else _older(view, name, older, known[0])
    reasons: dict[str, Found | None] = {}
    for one in known:
        if one.job not in reasons:
            reasons[one.job] = _of_way(view, name, one)
    certain = [reason for reason in reasons.values() if reason is not None]
    return max(certain, key=lambda one: _weight(view, one)) if len(certain) == len(reasons) else None


def _weight(view: View, one: Found) -> tuple[bool, bool, int]:
    """Returns how much a cause says: faults before what is expected, and workloads that are there before others."""
    weak = one.cause in _WEIGHT
    return not weak, bool(view.targets.get(one.workload)), _WEIGHT.index(one.cause) if weak else 0


def _of_way(view: View, name: str, known: KnownSeries) -> Found | None:
    """Returns why a name does not come in one of its ways."""
    if known.exposure.records:
        return found("absent", f"the rules of {known.exposure.component}")
    cause = workload_cause(view, known.job, known.exposure.endpoint)
    return cause or _not_there(view, name, known)


def _not_there(view: View, name: str, known: KnownSeries) -> Found | None:
    """Returns why a target that is up does not have a family; None if more has to be known first."""
    job, family = known.job, known.family
    targets = of_endpoint(view.targets.get(job, ()), known.exposure.endpoint)
    where = next((target.subject for target in targets if target.health == "up"), job)
    facts: dict[str, Any] = {"metric": name, "where": where}
    base = _PARTS.sub("", name)
    if any(_is_dropped(view, target.pool, name) for target in targets):
        return found("dropped", job, ours=job in view.expected.monitors, **facts)
    nothing = _nothing_of(view, known)
    if nothing is None:
        return None
    needs = _needs_of_all(view, known) if nothing else "" if _is_met(view, known) else family.needs
    if nothing and not _own(view, known):
        return found("absent", f"{view.expected.exporters[known.exporter].title} in {job}")
    if nothing and not needs:
        return found("metrics-off", job, **facts, advice=_SWITCHES.get(job, _ANOTHER_PAGE))
    # A line of type and no series: the exporter has nothing of it to tell, as no StatefulSet.
    named = not nothing and (name in view.server.exposed or base in view.server.exposed)
    cause = (
        "feature-off"
        if needs and not named
        else "not-yet"
        if named or known.absent_while_zero
        else "fleeting"
        if known.lives
        else "family-missing"
    )
    version = view.expected.exporters[known.exporter].version
    note = f"The catalogue says of it: {family.help}. " if family.help else ""
    return found(cause, job, **facts, needs=needs, lives=known.lives, version=version, note=note)


def _is_dropped(view: View, pool: str, name: str) -> bool:
    """Returns whether a job's relabeling takes a metric away by its name."""
    for action, pattern in view.server.drops.get(pool, ()):
        with contextlib.suppress(re.error):
            if (re.fullmatch(pattern, name) is not None) == (action == "drop"):
                return True
    return False


_SWITCHES = {
    "vllm": "Start vLLM without --disable-log-stats; with it the page has no family of vLLM's.",
    "sglang": "Start SGLang with --enable-metrics.",
    "ray-serve-vllm": (
        "vLLM writes to Ray's own port where its only logger is RayPrometheusStatLogger; then switch this monitor off."
    ),
}
_ANOTHER_PAGE = "See that the port and path are those of its metrics, and switch them on there."


def _nothing_of(view: View, known: KnownSeries) -> bool | None:
    """Returns whether a job has not one family of the exporter now; None if that has to be asked."""
    answer = view.ask(f'group by (__name__) ({{job="{known.job}"}})')
    if answer is None:
        return None
    stored = {labels.get("__name__", "") for labels, _ in answer.series}
    return not any(
        one.exporter == known.exporter and one.job == known.job
        for name in stored
        for one in view.expected.catalogue.get(name, ())
    )


def _is_met(view: View, known: KnownSeries) -> bool:
    """Returns whether another family that needs the same is there, so that this one lacks for another reason."""
    answer = view.ask(f'group by (__name__) ({{job="{known.job}"}})')
    stored = (labels.get("__name__", "") for labels, _ in (answer.series if answer else ()))
    return any(
        one.exporter == known.exporter and one.family.needs == known.family.needs
        for name in stored
        for one in view.expected.catalogue.get(name, ())
    )


def _own(view: View, known: KnownSeries) -> bool:
    """Returns whether an exporter is what a job is there for, and not something that may run inside of it."""
    return known.exporter == known.job or known.job not in view.expected.exporters


def _needs_of_all(view: View, known: KnownSeries) -> str:
    """Returns what every family of an exporter needs; "" if one needs nothing."""
    families = view.expected.exporters[known.exporter].families.values()
    born = [one for one in families if not (one.absent_while_zero or known.exposure.absent_while_zero)]
    needs = {one.needs for one in (born or families)}
    if "" in needs:
        return ""
    return known.family.needs or sorted(needs)[0]


def _older(view: View, name: str, older: str, known: KnownSeries) -> Found:
    since = view.expected.gone[older][1]
    return found("version-old", known.job, metric=name, found=older, version=since or "a newer version")


def _unknown(view: View, name: str) -> Found:
    if name in view.expected.gone:
        successor, since = view.expected.gone[name]
        if successor:
            return found("name-gone", _job(view, successor), metric=name, successor=successor, version=since)
        return found("name-gone-for-good", metric=name, version=since)
    variants = _variants(name)
    there = next((one for one in variants if one in view.server.names), "")
    close = there or _nearest(name, sorted(view.server.names)) or _nearest(name, sorted(view.expected.catalogue))
    advice = f"Did you mean {close}?" if close else "Find out what should emit it, or take the query out."
    return found("name-unknown", metric=name, advice=advice)


def _variants(name: str) -> tuple[str, ...]:
    """Returns other forms of a name that exporters and versions write."""
    bare = name.removesuffix("_total")
    return (
        f"{name}_total",
        bare,
        name.replace(":", "_"),
        f"ray_{name.replace(':', '_')}",
        name.removeprefix("ray_"),
        f"{bare}_seconds",
    )


def _nearest(name: str, names: Sequence[str]) -> str:
    close = difflib.get_close_matches(name, [one for one in names if one[:3] == name[:3]], n=1, cutoff=0.85)
    return close[0] if close else ""


def _job(view: View, name: str) -> str:
    known = view.expected.catalogue.get(name, ())
    return known[0].job if known else ""
