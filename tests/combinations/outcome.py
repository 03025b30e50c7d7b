"""What comes of choices that are laid over a profile: a chart, or a refusal that names them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, Any

from generator.build.build import fit
from generator.build.chart import chart
from generator.build.findings import findings
from generator.build.profile import load_profile
from generator.choices.profiles import Layer, merge
from generator.errors import InputError
from tests.combinations.choices import nested

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from generator.build.sources import Sources
    from generator.errors import Problem
    from generator.files.tree import Chart
    from generator.verify.spec import Finding

FILE = "mine.yaml"
"""The overlay that the choices stand in."""


@dataclass(frozen=True)
class Refusal:
    """Choices that gen-chart does not take.

    Attributes:
        text: all that it says.
        named: those of the choices that it names, by path.
        strange: what it says without naming a file, or without naming any of the choices.
    """

    text: str
    named: tuple[str, ...]
    strange: tuple[str, ...]


def outcome(sources: Sources, profile: str, said: Mapping[str, Any]) -> Chart | Refusal:
    """Returns the chart of a profile with choices laid over it, or why there is none.

    Args:
        sources: the sources.
        profile: a built-in profile's name.
        said: the choices, path → value.
    """
    overlay: dict[str, Any] = reduce(merge, (nested(path, value) for path, value in said.items()), {})
    try:
        build = fit(load_profile(profile, sources, [Layer(FILE, overlay, f"-f {FILE}")]), sources)
        made, found = chart(build), findings(build)
    except InputError as error:
        return _refusal(said, {str(problem): _words(problem) for problem in error.problems})
    if not found:
        return made
    return _refusal(
        said, {f"{each.file}: {each.place}: {each.message} ({each.hint})": _said_of(each) for each in found}
    )


def _words(problem: Problem) -> str:
    return f"{problem.path} {problem.message} {problem.hint}" if problem.file else ""


def _said_of(finding: Finding) -> str:
    return f"{' '.join(finding.off)} {finding.message} {finding.hint}" if finding.file else ""


def _refusal(said: Mapping[str, Any], texts: Mapping[str, str]) -> Refusal:
    named = {
        text: tuple(path for path, value in said.items() if names(words, path, value)) for text, words in texts.items()
    }
    strange = tuple(text for text, paths in named.items() if not paths)
    return Refusal("\n".join(texts), tuple(sorted({path for paths in named.values() for path in paths})), strange)


def names(words: str, path: str, value: Any) -> bool:
    """Returns whether a message names a choice: by its path, one below it that it says, or the component's name."""
    component = path.startswith("components.") and f"'{path.split('.')[1]}'" in words
    return component or any(each in words for each in (path, *_below(path, value)))


def _below(path: str, value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, child in value.items():
            yield f"{path}.{key}"
            yield from _below(f"{path}.{key}", child)


def settled(sources: Sources, profile: str, said: Mapping[str, Any]) -> tuple[Chart, list[Refusal]]:
    """Takes back what refusals name, until there is a chart.

    Returns:
        The chart of what is left, and the refusals on the way to it.

    Raises:
        AssertionError: a refusal names no file, or none of the choices.
    """
    left, refusals = dict(said), []
    while isinstance(found := outcome(sources, profile, left), Refusal):
        assert not found.strange, f"{profile} with {left}:\n{chr(10).join(found.strange[:3])}"
        refusals.append(found)
        for path in found.named:
            del left[path]
    return found, refusals
