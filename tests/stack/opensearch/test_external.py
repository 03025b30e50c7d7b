"""An OpenSearch of somebody else: what contradicts it is refused, and names the choice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from generator.build.build import fit
from generator.build.profile import load_profile
from generator.choices.profiles import Layer
from generator.errors import InputError

if TYPE_CHECKING:
    from generator.build.sources import Sources

HTTPS, HTTP = "https://logs.example", "http://logs.example"
ADMIN = {"opensearchAdmin": "admin"}


@pytest.mark.parametrize(
    ("store", "existing", "path", "message"),
    [
        ({"enabled": True, "external": {"url": HTTPS}}, ADMIN, "", "this chart's own OpenSearch is on"),
        ({"external": {"url": "https://logs.example:0"}}, ADMIN, ".url", "expected a port from 1 to 65535"),
        ({"external": {"url": "https://logs.example:99999"}}, ADMIN, ".url", "expected a port from 1 to 65535"),
        ({"external": {"url": HTTP, "caSecret": "ca"}}, ADMIN, ".caSecret", "no certificate is verified"),
        ({"external": {"url": HTTPS}}, {}, ".setUp", "secrets.existing.opensearchAdmin names no Secret"),
        (
            {"external": {"url": HTTPS, "setUp": False, "sigv4Region": "eu-central-1"}},
            {"opensearchGrafana": "reader"},
            ".sigv4Region",
            "secrets.existing.opensearchGrafana names a login",
        ),
        ({"external": {"url": HTTP, "setUp": False, "sigv4Region": "eu-central-1"}}, {}, ".sigv4Region", "is http"),
        ({"external": {"url": "https://user:pw@logs.example"}}, ADMIN, ".url", "without a login"),
        ({"external": {"url": HTTPS, "sigv4Region": "Frankfurt"}}, ADMIN, ".sigv4Region", "a region such as"),
    ],
)
def test_what_contradicts_it_is_refused(
    sources: Sources, store: dict[str, Any], existing: dict[str, str], path: str, message: str
) -> None:
    choices = {"components": {"opensearch": {"enabled": False, **store}}, "secrets": {"existing": existing}}
    with pytest.raises(InputError) as error:
        fit(load_profile("standalone", sources, [Layer("mine.yaml", choices)]), sources)
    (problem,) = error.value.problems
    assert message in problem.message or message in problem.hint
    assert (problem.file, problem.path) == ("mine.yaml", f"components.opensearch.external{path}")


def test_its_logins_are_looked_for_and_none_is_made(sources: Sources) -> None:
    from tests import secret_chart
    from tests.opensearch.plan import rendered

    logins = {f"opensearch{name}": f"their-{name.lower()}" for name in ("Admin", "FluentBit", "Grafana")}
    choices = {
        "components": {"opensearch": {"enabled": False, "external": {"url": HTTPS}}},
        "secrets": {"existing": logins},
    }
    found = rendered(sources, load_profile("standalone", sources, [Layer("mine.yaml", choices)]))
    plan = secret_chart.plan_text(found, "ai-ml-observability-bootstrap-secrets")
    assert {login["name"] for login in plan["logins"] if login["existing"]} == set(logins.values())
    assert (plan["authority"], plan["certificates"], plan["opensearch"]) == (None, [], "")
