"""docs/alerts.md: its examples make charts, and its table has the options that there are."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from generator.build.build import fit
from generator.build.chart import chart
from generator.build.profile import load_profile
from generator.choices.profiles import Layer
from generator.files import yamlfile
from generator.stack.alertmanager.receivers import receiver_types
from tests.conftest import ROOT

if TYPE_CHECKING:
    from generator.build.sources import Sources

PAGE = (ROOT / "docs" / "alerts.md").read_text(encoding="utf-8")
EXAMPLES = [yamlfile.parse(text, file="docs/alerts.md") for text in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: "-".join(example.get("alerts", example)))
def test_an_example_makes_a_chart_that_tells_somebody(sources: Sources, example: dict[str, Any]) -> None:
    first, *_ = EXAMPLES
    layers = [] if "receivers" in example.get("alerts", {}) else [Layer("first.yaml", first)]
    build = fit(load_profile("jark", sources, [*layers, Layer("docs/alerts.md", example)]), sources)
    assert [str(warning) for warning in build.warnings] == []
    assert all(problem.path != "alerts.receivers" for problem in build.notices)
    chart(build)


def test_the_examples_have_a_receiver_of_each_type() -> None:
    receivers = [each for example in EXAMPLES for each in example.get("alerts", {}).get("receivers", {}).values()]
    assert {kind for each in receivers for kind in each} == set(receiver_types())


@pytest.mark.parametrize("kind", receiver_types())
def test_the_table_has_every_option(kind: str) -> None:
    form = receiver_types()[kind]
    (row,) = re.findall(rf"^\| `{kind}` \|.*$", PAGE, re.MULTILINE)
    common = {"secret", "sendResolved", "proxyUrl", "ca"}
    assert set(re.findall(r"`(\w+)`", row)) == {kind, *form.fields, *form.secrets} - common
    assert ("proxyUrl" in form.fields) is (kind != "email")
    assert {"sendResolved", "ca"} <= set(form.fields)
