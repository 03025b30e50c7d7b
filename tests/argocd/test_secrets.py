"""The Secrets' own Application: there where it has something to keep, and made before what needs it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from generator import argocd
from generator.build.chart import chart_values
from generator.build.profile import load_profile
from generator.choices.profiles import Layer, merge
from generator.stack import components
from generator.stack.secrets.names import SECRETS
from tests.argocd.support import made_for
from tests.conftest import PROFILES
from tests.secret_chart import objects, plan_text, write_chart

if TYPE_CHECKING:
    from pathlib import Path

    from generator.build.sources import Sources

EXISTING = dict.fromkeys(SECRETS, "theirs")
NO_BOOTSTRAP = {"secrets": {"bootstrap": False}}
CERT_MANAGER = {"secrets": {"certManager": {"enabled": True}}}
NO_OPENSEARCH = {"components": {"opensearch": {"enabled": False}, "fluent-bit": {"enabled": False}}}
CHOICES: tuple[tuple[str, dict[str, Any]], ...] = (
    *((profile, {}) for profile in PROFILES),
    ("standalone", {"secrets": {"existing": EXISTING}}),
    ("standalone", {"secrets": {"existing": {**EXISTING, "opensearchNodeTls": None}}}),
    ("standalone", {"secrets": {"existing": {**EXISTING, "grafanaAdmin": None}}}),
    ("standalone", {"secrets": {"existing": {**EXISTING, "opensearchExporter": None}}}),
    ("standalone", NO_OPENSEARCH),
    ("standalone", {**NO_OPENSEARCH, "secrets": {"existing": {"grafanaAdmin": "theirs"}}}),
    ("standalone", {"values": NO_BOOTSTRAP}),
    ("standalone", {"values": CERT_MANAGER}),
    ("standalone", {"values": merge(NO_BOOTSTRAP, CERT_MANAGER)}),
    ("standalone", {"values": {"parts": {"secrets": False}}}),
    ("jark", {"values": {"kube-prometheus-stack": {"grafana": {"admin": {"existingSecret": "theirs"}}}}}),
)


@pytest.mark.sample(3)
@pytest.mark.parametrize(("profile", "choices"), CHOICES)
def test_the_bootstrap_has_an_application_exactly_where_that_has_more_than_hooks(
    sources: Sources, tmp_path: Path, profile: str, choices: dict[str, Any]
) -> None:
    chart = write_chart(tmp_path, sources, profile, choices)
    wanted = load_profile(profile, sources, [Layer("choices", choices)])
    everything = objects(chart)
    made_here = any("helm.sh/hook" not in each["metadata"].get("annotations", {}) for each in everything.values())
    existing = {key for key, name in wanted.choices["secrets"]["existing"].items() if name}
    found = {each.name: each for each in argocd.concerns(chart_values(wanted, sources, components(wanted)), existing)}
    assert ("secrets" in found) is made_here
    assert made_for(profile, sources, wanted=wanted).children.keys() == found.keys()
    together: dict[Any, Any] = {}
    for name, concern in found.items():
        rendered = objects(chart, concern.values)
        assert not rendered or name == ("secrets" if made_here else "stack")
        together |= rendered
    assert together == everything


def test_what_it_makes_does_not_depend_on_what_its_rendering_leaves_out(sources: Sources, tmp_path: Path) -> None:
    chart = write_chart(tmp_path, sources, "jark")
    values = made_for("jark", sources).children["secrets"]["spec"]["source"]["helm"]["valuesObject"]
    assert values["opensearch"] == {"rendered": False}
    assert plan_text(objects(chart, values)) == plan_text(objects(chart))
