"""What causes see: the facts, and answers to questions that they ask. What is not answered yet is noted, to be asked.

So a cause is a function of what is known, and may want to know more; reading.py asks and calls it again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from generator.doctor.expected import Expected
    from generator.doctor.snapshot import Container, ServerFacts, Snapshot, Target

Made = TypeVar("Made")

EARLIER = 3600
"""Seconds back in which a series counts as one that was there."""


@dataclass(frozen=True)
class Answer:
    """What a query gave.

    Attributes:
        series: what it gives now.
        error: why it gives none, in the server's words; "" if it was evaluated.
        earlier: whether it gave something within the last hour, where it gives nothing now.
    """

    series: tuple[tuple[Mapping[str, str], float], ...] = ()
    error: str = ""
    earlier: bool = False

    @property
    def there(self) -> bool:
        """Whether it gives something now."""
        return bool(self.series)


@dataclass
class View:
    """What a cause may look at.

    Attributes:
        snapshot: the facts.
        expected: what should be there.
        answers: results of queries by their text.
        wanted: queries that somebody asked for and that have no answer yet.
        kept: what was made of the facts and of what is expected, which do not change while more is asked; by its name.
    """

    snapshot: Snapshot
    expected: Expected
    answers: Mapping[str, Answer]
    wanted: dict[str, None] = field(default_factory=dict)
    kept: dict[str, Any] = field(default_factory=dict)

    @property
    def server(self) -> ServerFacts:
        """What Prometheus says of itself."""
        return self.snapshot.server

    def ask(self, expression: str) -> Answer | None:
        """Returns what a query gives; None if nobody has asked it yet, and then it will be."""
        answer = self.answers.get(expression)
        if answer is None:
            self.wanted[expression] = None
        return answer

    def once(self, name: str, make: Callable[[], Made]) -> Made:
        """Returns what a function makes of the facts; it is called once in a run."""
        if name not in self.kept:
            self.kept[name] = make()
        made: Made = self.kept[name]
        return made

    @cached_property
    def targets(self) -> Mapping[str, tuple[Target, ...]]:
        """Targets by the job of their series."""
        found: dict[str, list[Target]] = {}
        for target in self.server.targets or ():
            found.setdefault(target.job, []).append(target)
        return {job: tuple(targets) for job, targets in found.items()}

    @property
    def containers(self) -> tuple[Container, ...] | None:
        """What runs in the cluster, as far as somebody tells."""
        return self.snapshot.containers

    @cached_property
    def installed(self) -> bool:
        """Whether this chart is what runs: a rule of ours is loaded, by its name."""
        loaded = {rule.name for rule in self.server.rules or ()}
        ours = {rule.name for rule in self.expected.rules}
        return bool(ours) and len(loaded & ours) * 4 > len(ours)
