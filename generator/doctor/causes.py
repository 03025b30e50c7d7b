"""The list of causes, causes.yaml, and what the doctor says when it has found one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from generator.build.sources import read_schema
from generator.files import schemas, yamlfile

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

Severity = Literal["fault", "misleads", "expected"]

STAGES = (
    "server", "pods", "selection", "discovery", "scrape", "family", "labels", "choice", "rule", "source", "logs",
    "misleading",
)  # fmt: skip
"""The way from a pod to a panel, in the order in which it is looked at."""

_SEVERITIES: tuple[Severity, ...] = ("fault", "misleads", "expected")
_FIELD = re.compile(r"\{([a-zA-Z]+)\}")


@dataclass(frozen=True)
class Cause:
    """One entry of causes.yaml; see values-schemas/causes.schema.yaml for the fields."""

    name: str
    stage: str
    severity: Severity
    title: str
    means: str
    check: str
    remedy: str
    overlay: str = ""

    @property
    def fields(self) -> frozenset[str]:
        """The words in braces of all its texts."""
        texts = (self.title, self.means, self.check, self.remedy, self.overlay)
        return frozenset(name for text in texts for name in _FIELD.findall(text))


@dataclass(frozen=True)
class Found:
    """A cause that holds.

    Attributes:
        cause: its name in causes.yaml.
        workload: whom it is about, as a job is called; "" for Prometheus itself.
        facts: what fills in the words in braces, each with the text to show.
        ours: whether the chart's values can mend it, so that the overlay is shown.
    """

    cause: str
    workload: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    ours: bool = False


def found(cause: str, workload: str = "", *, ours: bool = False, **facts: object) -> Found:
    """Returns a cause that holds; ``workload`` is a fact as well."""
    texts = {name: str(value) for name, value in facts.items()}
    return Found(cause, workload, tuple(sorted(({"workload": workload} | texts).items())), ours)


def read_causes(root: Path) -> dict[str, Cause]:
    """Reads causes.yaml.

    Raises:
        InputError: it does not follow its schema.
    """
    file = "causes.yaml"
    data = yamlfile.load_data(root / file, file=file)
    schemas.validate(data, read_schema(root, "causes"), file=file)
    return {name: Cause(name, **entry) for name, entry in data["causes"].items()}


def said(text: str, facts: Mapping[str, str]) -> str:
    """Returns a text of a cause with the words in braces filled in; what nobody knows stays a word in braces."""
    return _FIELD.sub(lambda match: facts.get(match[1], match[0]), text)


def rank(cause: Cause) -> tuple[int, int]:
    """Returns what causes are sorted by: the worst first, then the order of the chain."""
    return _SEVERITIES.index(cause.severity), STAGES.index(cause.stage)


def worst(severities: Iterable[Severity]) -> Severity | None:
    """Returns the worst of some severities; None if there is none."""
    return min(severities, key=_SEVERITIES.index, default=None)


def as_page(causes: Mapping[str, Cause]) -> dict[str, list[Cause]]:
    """Returns the causes by stage, in the order of the chain."""
    return {stage: [cause for cause in causes.values() if cause.stage == stage] for stage in STAGES}
