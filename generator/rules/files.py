"""Rules as files, for the ruler of a store that holds what Prometheus has sent there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from generator.files import yamlfile
from generator.files.tree import MARKER
from generator.files.writer import Signature
from generator.rules.groups import prometheus_rules

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from generator.rules.brought import BroughtRules
    from generator.rules.spec import Rules

Ruler = Literal["amp", "mimir", "thanos"]
RULERS: tuple[Ruler, ...] = ("amp", "mimir", "thanos")

_HEADER = f"{MARKER}: rules"


def signature(files: Iterable[str]) -> Signature:
    """Returns by what a folder of such files is known as ours.

    Args:
        files: the names of those that are to be in it.
    """
    return Signature(_HEADER, tuple(files))


def rule_files(
    specs: Mapping[str, Rules], brought: Mapping[str, BroughtRules], values: Mapping[str, Any], ruler: Ruler
) -> dict[str, str]:
    """Returns the files by name.

    Amazon Managed Prometheus takes one file as one namespace of rule groups, Mimir (mimirtool rules load) a file that
    says its namespace, Thanos' ruler files as Prometheus has them, each group with what it does where a store does not
    answer.

    Args:
        specs: files of rules by name.
        brought: a person's files in Prometheus' own form.
        values: ``rules`` of the chart's values: switches, thresholds, severities.
        ruler: whose form they have.

    Raises:
        InputError: a shorthand cannot be written out.
    """
    groups = {name: prometheus_rules(spec, values)["groups"] for name, spec in specs.items()}
    groups |= {
        name: [dict(group) for group in one.groups]
        for name, one in brought.items()
        if values.get("enabled", True) and values.get(name, {}).get("enabled", one.enabled)
    }
    return {
        f"{name}.yaml": f"# {_HEADER}. Change the sources, not this file.\n{yamlfile.dump(_file(name, own, ruler))}"
        for name, own in sorted(groups.items())
        if own
    }


def _file(name: str, groups: list[dict[str, Any]], ruler: Ruler) -> dict[str, Any]:
    if ruler == "mimir":
        return {"namespace": f"ai-ml-observability-{name}", "groups": groups}
    if ruler == "thanos":
        # Better no answer than a sum of the shards that did answer (Thanos 0.42, rule: partial_response_strategy).
        return {"groups": [{**group, "partial_response_strategy": "abort"} for group in groups]}
    return {"groups": groups}
