"""What it means to move a pin: what of the chart's values breaks, what else changes, which pins have to follow."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from generator.files.nested import value_at
from generator.stack.images.upstream import IMAGE_VALUES
from generator.upgrades.compare import ChangedDefault, RemovedValue, changed, gone, kind, settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from generator.choices.pins import Pins
    from generator.upgrades.charts import UpstreamChart


@dataclass(frozen=True)
class Change:
    """Something that has another version or text now; "" for none."""

    name: str
    before: str
    after: str


@dataclass(frozen=True)
class Bump:
    """A pin that moves.

    Attributes:
        chart: the chart's version, before and after.
        app: the version of the software.
        kubernetes: the range of Kubernetes versions that the chart asks for.
        gone: keys that the profiles set and that are gone.
        changed: keys that the profiles set and whose defaults are others now.
        nested: nested charts that changed.
        crds: CustomResourceDefinitions that changed; before and after are fingerprints.
        images: pins of images that have to follow, because the chart pulls the very same image.
        follow: pins of charts that should follow, each with the version and the reason.
    """

    chart: Change
    app: Change
    kubernetes: Change
    gone: tuple[RemovedValue, ...]
    changed: tuple[ChangedDefault, ...]
    nested: tuple[Change, ...]
    crds: tuple[Change, ...]
    images: tuple[Change, ...]
    follow: tuple[tuple[Change, str], ...]

    @property
    def breaks(self) -> bool:
        """Returns whether a profile sets a key that is gone."""
        return bool(self.gone)


def plan_bump(old: UpstreamChart, new: UpstreamChart, pins: Pins, values: Mapping[str, Mapping[str, Any]]) -> Bump:
    """Compares two versions of an upstream chart.

    Args:
        old: the pinned version.
        new: the version that is wanted.
        pins: all pins.
        values: profile → what it sets for this chart.
    """
    chart_settings = settings(values)
    return Bump(
        chart=Change(old.name, old.version, new.version),
        app=Change("appVersion", old.app_version, new.app_version),
        kubernetes=Change("kubeVersion", old.kube_version, new.kube_version),
        gone=tuple(gone(chart_settings, old, new)),
        changed=tuple(changed(chart_settings, old, new)),
        nested=tuple(_steps(old.nested, new.nested)),
        crds=tuple(_steps(old.crds, new.crds)),
        images=tuple(_images(new, pins)),
        follow=tuple(_follow(old, new, pins)),
    )


def _steps(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[Change]:
    for name in sorted(before.keys() | after.keys()):
        if before.get(name) != after.get(name):
            yield Change(name, before.get(name, ""), after.get(name, ""))


def _images(new: UpstreamChart, pins: Pins) -> Iterator[Change]:
    """Yields the pinned images that the chart pulls too, at another tag: a cluster should need only one of them."""
    for name, image in pins.images.items():
        for value in IMAGE_VALUES:
            if value.path[0] == new.name and value.image == image.repository:
                tag = str(value_at(new.values, (*value.path[1:], "tag")) or "")
                if tag and tag != image.tag:
                    yield Change(name, image.tag, tag)


def _follow(old: UpstreamChart, new: UpstreamChart, pins: Pins) -> Iterator[tuple[Change, str]]:
    for name, version in new.nested.items():
        if name in pins.charts and pins.charts[name].version != version:
            yield Change(name, pins.charts[name].version, version), f"{new.name} {new.version} nests that version"
    own = pins.charts.get(old.name)
    for pin in pins.charts.values():
        if own and pin is not own and (pin.repository, pin.version) == (own.repository, own.version):
            yield Change(pin.name, pin.version, new.version), "it comes from the same repository at the same version"


def as_text(bump: Bump) -> str:
    """Returns what changes, for people."""
    return "".join(f"{line}\n" for line in _lines(bump))


def _lines(bump: Bump) -> Iterator[str]:
    yield f"{bump.chart.name} {bump.chart.before} → {bump.chart.after}"
    for step in (bump.app, bump.kubernetes):
        if step.before != step.after:
            yield f"  {step.name}: {_arrow(step)}"
    for key in bump.gone:
        perhaps = f"; now perhaps {'.'.join(key.perhaps)}" if key.perhaps else ""
        sure = "" if key.certain else " (no template names it any more)"
        yield f"  gone: {'.'.join(key.path)}{sure}, set by {', '.join(key.profiles)}{perhaps}"
    for change in sorted(bump.changed, key=lambda change: not change.retyped):
        word = f"now {kind(change.after)}" if change.retyped else "default"
        yield f"  {word}: {'.'.join(change.path)}: {_brief(change.before)} → {_brief(change.after)}"
    for step in bump.nested:
        yield f"  nested chart {step.name}: {_arrow(step)}"
    for step in bump.crds:
        word = "changed" if step.before and step.after else "new" if step.after else "no longer there"
        yield f"  CRD {step.name}: {word}"
    for step in bump.images:
        yield f"  image {step.name}: {_arrow(step)}, the one that the chart pulls"
    for step, reason in bump.follow:
        yield f"  next: gen-chart bump {step.name} {step.after} ({reason})"


def _arrow(step: Change) -> str:
    return f"{step.before or 'none'} → {step.after or 'none'}"


def _brief(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else text[:59] + "…"


def as_data(bump: Bump) -> dict[str, Any]:
    """Returns what changes, for JSON."""
    return {
        "chart": _pair(bump.chart),
        "appVersion": _pair(bump.app),
        "kubeVersion": _pair(bump.kubernetes),
        "gone": [
            {
                "key": list(key.path),
                "profiles": list(key.profiles),
                "perhaps": list(key.perhaps) if key.perhaps else None,
                "certain": key.certain,
            }
            for key in bump.gone
        ],
        "changed": [
            {
                "key": list(key.path),
                "profiles": list(key.profiles),
                "before": key.before,
                "after": key.after,
                "retyped": key.retyped,
            }
            for key in bump.changed
        ],
        "nested": [_pair(step) for step in bump.nested],
        "crds": [{"name": step.name, "was": bool(step.before), "is": bool(step.after)} for step in bump.crds],
        "images": [_pair(step) for step in bump.images],
        "follow": [{**_pair(step), "reason": reason} for step, reason in bump.follow],
    }


def _pair(step: Change) -> dict[str, str]:
    return {"name": step.name, "before": step.before, "after": step.after}
