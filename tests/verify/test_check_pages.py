"""The pages about the checks: each tells of one check, and each example in them is run."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest

from generator.build.findings import prepared, series
from generator.catalogue.known import gone_names
from generator.docs.checks_page import exemptions_schema, page, schema_path
from generator.files import schemas, yamlfile
from generator.promql.expression import Expression
from generator.promql.reading import Recorded
from generator.promql.views import rewritten
from generator.verify.checks import CHECKS, EXEMPTIBLE
from generator.verify.checks.logs import log_findings
from generator.verify.grafana import grafana_dashboard
from generator.verify.prepare import prepare
from generator.verify.spec import Exemption, Scope
from generator.verify.verifier import check
from tests import libyaml
from tests.conftest import ROOT
from tests.dashboards.conftest import parse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from generator.build.sources import Sources
    from generator.catalogue.spec import KnownSeries
    from generator.verify.prepare import Prepared
    from generator.verify.spec import Finding

FOLDER = ROOT / "docs" / "checks"
SCHEMA = yamlfile.load_mapping(schema_path(ROOT))


@dataclass(frozen=True)
class Example:
    """A fenced block ```LANGUAGE bad|good KEY=VALUE…``` of a page.

    Attributes:
        check: the page's check.
        language: promql (one expression), json (a dashboard of Grafana's) or yaml (exemptions, or a panel over logs).
        bad: whether the check has to find it.
        options: fields of the expression (unit, legend, kind), and ``off``: the exporter that is off.
        text: the block.
    """

    check: str
    language: str
    bad: bool
    options: Mapping[str, str]
    text: str


def examples() -> list[Any]:
    """Returns every example of every page, named by its page and its number there."""
    cases = []
    for registered in CHECKS:
        text = (ROOT / registered.page).read_text(encoding="utf-8")
        blocks = re.findall(r"^```(\w+) (bad|good)([^\n]*)\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)
        for number, (language, verdict, words, block) in enumerate(blocks):
            options = dict(word.split("=", 1) for word in shlex.split(words))
            example = Example(registered.name, language, verdict == "bad", options, block)
            cases.append(pytest.param(example, id=f"{registered.name} {verdict} {number}"))
    return cases


@dataclass(frozen=True)
class World:
    """The shipped sources, with everything switched on."""

    sources: Sources
    catalogue: Mapping[str, tuple[KnownSeries, ...]]
    queries: Prepared

    def findings(self, example: Example) -> tuple[Finding, ...]:
        if example.language == "promql":
            return self._expression(example)
        if example.language == "json":
            expressions, scope = grafana_dashboard(json.loads(example.text), "example.json")
            return check(prepare(expressions, [scope]), self.catalogue, {})
        if example.check == "logs":
            return tuple(log_findings(parse(libyaml.load(example.text)), self.sources.log_fields))
        if example.check == "unread":
            return self._record(**libyaml.load(example.text))
        entries = libyaml.load(example.text)["exemptions"]
        return check(
            self.queries,
            self.catalogue,
            {},
            exemptions=[*self.sources.exemptions, *(Exemption(**one) for one in entries)],
        )

    def _record(self, records: list[dict[str, str]], panel: str) -> tuple[Finding, ...]:
        rules = [Expression("r.yaml", "records[0].expr", "record", one["record"], one["expr"]) for one in records]
        asked = Expression("d.yaml", "rows[0].panels[0].targets[0]", "target", "Panel", panel)
        shipped = rewritten(panel, [Recorded(rule.name, rule.text, "r") for rule in rules])
        scope = Scope("d.yaml", {"model": "variables[0]"})
        return check(prepare([asked, *rules], [scope], read=shipped.records), self.catalogue, {})

    def _expression(self, example: Example) -> tuple[Finding, ...]:
        options = dict(example.options)
        off = options.pop("off", "")
        catalogue = {
            name: tuple(replace(known, enabled=known.enabled and known.exporter != off) for known in ways)
            for name, ways in self.catalogue.items()
        }
        assert not off or any(known.exporter == off for ways in catalogue.values() for known in ways)
        # The second expression keeps the file from being one of which nothing answers.
        expression = Expression("d.yaml", "rows[0].panels[0].targets[0]", "target", "Panel", example.text.strip())
        other = Expression("d.yaml", "rows[0].panels[1].targets[0]", "target", "Other", "sum(up)")
        checked = [replace(expression, **options), other]  # type: ignore[arg-type]
        records = [item.expression for items in self.queries.records.values() for item in items]
        return check(prepare(checked, upstream=records), catalogue, gone_names(self.sources.exporters))


@pytest.fixture(scope="module")
def world(sources: Sources) -> World:
    from generator.build.build import fit
    from generator.build.profile import load_profile

    build = fit(load_profile("standalone", sources), sources)
    return World(sources, series(build), prepared(build.sources, build.values))


@pytest.mark.parametrize("example", examples())
def test_a_bad_example_gives_just_the_findings_of_its_check_and_a_good_one_none(world: World, example: Example) -> None:
    assert {finding.check for finding in world.findings(example)} == ({example.check} if example.bad else set())


@pytest.mark.parametrize("registered", CHECKS, ids=lambda registered: registered.name)
def test_a_page_has_the_summary_of_its_check_its_reasons_examples_and_how_to_exempt_it(registered: Any) -> None:
    text = (ROOT / registered.page).read_text(encoding="utf-8")
    head, *sections = re.split(r"^## (.+)\n", text, flags=re.MULTILINE)
    assert head == f"# `{registered.name}`\n\n{registered.summary}\n\n"
    assert sections[0::2] == ["Why it matters", "Example", "Exempt it"]
    assert all(body.strip() for body in sections[1::2])
    assert {" bad", " good"} <= set(re.findall(r"^```\w+( bad| good)", sections[3], flags=re.MULTILINE))
    blocks = re.findall(r"^```yaml\n(.*?)^```$", sections[5], flags=re.MULTILINE | re.DOTALL)
    assert bool(blocks) == registered.exemptible
    for block in blocks:
        schemas.validate(libyaml.load(block), SCHEMA, file=registered.page)
        assert {entry["check"] for entry in libyaml.load(block)["exemptions"]} == {registered.name}


def test_every_page_is_about_a_check_and_every_file_of_checks_is_registered() -> None:
    names = {registered.name for registered in CHECKS}
    assert {path.stem for path in FOLDER.glob("*.md")} == names | {"README"}
    assert {path.stem for path in (ROOT / "generator/verify/checks").glob("*.py")} == names | {"__init__"}


def test_the_committed_list_of_checks_is_that_of_the_registry() -> None:
    assert (FOLDER / "README.md").read_text(encoding="utf-8") == page(), "run `make docs` and commit the page"


def test_the_schema_of_exemptions_takes_the_checks_that_can_be_exempted() -> None:
    text = schema_path(ROOT).read_text(encoding="utf-8")
    assert exemptions_schema(text) == text, "run `make docs` and commit the schema"
    assert SCHEMA["properties"]["exemptions"]["items"]["properties"]["check"]["enum"] == list(EXEMPTIBLE)
    changed = libyaml.load(exemptions_schema(text, ["name", "on"]))
    assert changed["properties"]["exemptions"]["items"]["properties"]["check"]["enum"] == ["name", "on"]
    with pytest.raises(ValueError, match="enum"):
        exemptions_schema("a: b\n")
