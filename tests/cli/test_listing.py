"""What the listing commands show: a row each, aligned columns, where each component is on."""

from __future__ import annotations

from generator.build.sources import read_pins, read_profiles
from generator.choices.profiles import Layer, resolve
from generator.cli.listing import component_rows, profile_rows
from generator.stack import NAMES
from tests.conftest import PROFILES, ROOT, lineage
from tests.schema_openings import open_schema


def test_profiles_come_sorted_with_what_they_extend_and_what_they_are_for() -> None:
    layers = {
        "mine": Layer("mine.yaml", {"extends": "base", "description": "For me."}),
        "base": Layer("base.yaml", {}),
    }
    assert profile_rows(layers) == [
        {"profile": "base", "extends": "", "for": ""},
        {"profile": "mine", "extends": "base", "for": "For me."},
    ]


def test_components_come_in_the_charts_order_with_their_pins_and_the_profiles_that_switch_them_on() -> None:
    available, pins = read_profiles(ROOT), read_pins(ROOT)
    rows = component_rows([resolve(name, available, (), open_schema()) for name in PROFILES], pins)
    assert [row["component"] for row in rows] == list(NAMES)
    for row in rows:
        pin = pins.pin(row["component"])
        assert (row["chart"], row["app"]) == (pin.version, pin.app_version)
    where = {row["component"]: row["profiles"] for row in rows}
    assert where["opensearch"] == ", ".join(PROFILES)
    own = [profile for profile in PROFILES if "bring-your-own-prometheus" not in lineage(profile)]
    assert where["kube-prometheus-stack"] == ", ".join(own)
    assert where["opensearch-dashboards"] == "none"


def test_without_profiles_there_are_no_rows() -> None:
    assert component_rows([], read_pins(ROOT)) == []
