"""pins.yaml: what it holds, and what is refused."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.choices.pins import parse_pins
from generator.errors import InputError
from generator.files import yamlfile

ROOT = Path(__file__).parents[2]
SCHEMA = yamlfile.load_mapping(ROOT / "values-schemas" / "pins.schema.yaml")
DATA = yamlfile.load_mapping(ROOT / "pins.yaml")


def broken(*path: str, value: Any) -> dict[str, Any]:
    """Returns pins.yaml's data with one value replaced."""
    data = copy.deepcopy(DATA)
    place = data
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return data


def test_the_repositorys_pins_are_the_six_charts_of_the_umbrella() -> None:
    pins = parse_pins(DATA, SCHEMA, file="pins.yaml")
    assert set(pins.charts) == {
        "kube-prometheus-stack",
        "kube-state-metrics",
        "opensearch",
        "opensearch-dashboards",
        "fluent-bit",
        "metrics-server",
    }
    assert all(pin.name == name and pin.reason for name, pin in pins.charts.items())


def test_every_chart_has_the_digest_of_its_archive() -> None:
    assert [name for name, pin in parse_pins(DATA, SCHEMA, file="pins.yaml").charts.items() if not pin.digest] == []


def test_a_chart_that_is_not_pinned_is_called_missing() -> None:
    pins = parse_pins(DATA, SCHEMA, file="pins.yaml")
    assert pins.pin("opensearch").name == "opensearch"
    with pytest.raises(InputError, match=r"pins\.yaml: charts: the key 'loki' is missing"):
        pins.pin("loki")


def test_a_digest_counts_only_for_the_version_that_was_pinned() -> None:
    pins = parse_pins(DATA, SCHEMA, file="pins.yaml")
    pin = pins.charts["opensearch"]
    assert pins.digest("opensearch", pin.version) == pin.digest != None  # noqa: E711 - a chained comparison
    assert pins.digest("opensearch", "0.0.1") is None
    assert pins.digest("grafana", pin.version) is None


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("asOf",), "2026-02-30", "asOf: found '2026-02-30', expected a day of the calendar"),
        (("asOf",), "yesterday", "asOf: found 'yesterday', expected a day as YYYY-MM-DD"),
        (("charts", "opensearch", "version"), "3.6", "charts.opensearch.version: found '3.6', expected one exact"),
        (("charts", "opensearch", "version"), "^3.6.0", "expected one exact version"),
        (("charts", "opensearch", "version"), 3.6, "charts.opensearch.version: found '3.6', expected text"),
        (("charts", "opensearch", "digest"), "sha256:abc", "expected 64 lower-case hexadecimal digits"),
        (("charts", "opensearch", "repository"), "http://charts.example", "expected an https:// or oci:// address"),
        (("charts", "opensearch", "repository"), "https://me:secret@charts.example", "without a user name"),
        (("charts", "opensearch", "reason"), "", "charts.opensearch.reason"),
        (("charts", "opensearch", "versoin"), "3.6.0", "did you mean 'version'?"),
        (("charts",), {}, "charts: found a mapping, expected at least 1 key"),
        (("charts",), [], "charts: found an empty list, expected a mapping"),
    ],
)
def test_a_wrong_pin_is_refused_with_its_place(path: tuple[str, ...], value: Any, message: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_pins(broken(*path, value=value), SCHEMA, file="pins.yaml")
    assert message in str(caught.value)
    assert str(caught.value).startswith("pins.yaml: ")


def test_every_property_of_the_schema_is_described() -> None:
    def undescribed(schema: dict[str, Any], path: str) -> list[str]:
        found = []
        for name, child in schema.get("properties", {}).items():
            found += [] if "description" in child else [f"{path}.{name}"]
            found += undescribed(child, f"{path}.{name}")
        return found + [place for name, child in schema.get("$defs", {}).items() for place in undescribed(child, name)]

    assert undescribed(SCHEMA, "") == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(st.one_of(JSON, st.builds(lambda value: broken("charts", "opensearch", value=value), JSON)))
def test_whatever_stands_in_the_file_the_outcome_is_pins_or_a_message(data: Any) -> None:
    try:
        pins = parse_pins(data, SCHEMA, file="pins.yaml")
    except InputError as error:
        assert str(error).startswith("pins.yaml: ")
    else:
        assert pins.charts


def test_images_are_pinned_by_name_and_read_as_a_pod_wants_them() -> None:
    pins = parse_pins(DATA, SCHEMA, file="pins.yaml")
    assert str(pins.image("k8s-sidecar")).startswith("quay.io/kiwigrid/k8s-sidecar:")
    with pytest.raises(InputError, match=r"pins\.yaml: images: the key 'busybox' is missing"):
        pins.image("busybox")
