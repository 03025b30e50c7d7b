"""The values of the monitors: what they default to, what their schema admits, and that all of that renders."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from generator.errors import InputError
from generator.files import schemas
from generator.files.schema_values import filled
from generator.monitors import monitor_values_schema
from tests.blocks import block, subschemas
from tests.thorough import examples

from .conftest import DEFAULTS, endpoints_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.monitors.conftest import Rendered


@pytest.fixture(scope="session")
def schema(specs: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    return monitor_values_schema(block("monitors"), specs)


def test_the_defaults_name_every_workload_and_only_what_differs(
    specs: Mapping[str, Mapping[str, Any]], schema: Mapping[str, Any]
) -> None:
    values = filled(schema, {})
    assert values["enabled"] is True
    assert values["dropMetrics"] == [".+_created"]
    assert values["dropLabels"] == ["otel_scope_name", "otel_scope_schema_url", "otel_scope_version"]
    assert {name: values[name] for name in specs} == {
        name: {"enabled": spec["enabled"]} | ({"sampleLimit": spec["sampleLimit"]} if "sampleLimit" in spec else {})
        for name, spec in specs.items()
    }


def test_the_defaults_are_made_anew_each_time(schema: Mapping[str, Any]) -> None:
    filled(schema, {})["dropMetrics"].append("x")
    assert filled(schema, {})["dropMetrics"] == [".+_created"]


def test_the_defaults_follow_the_schema(schema: Mapping[str, Any]) -> None:
    assert schemas.problems(filled(schema, {}), schema, file="values.yaml") == ()


def test_a_workload_cannot_be_named_like_a_common_key(specs: Mapping[str, Mapping[str, Any]]) -> None:
    with pytest.raises(InputError, match=r"'interval' is a common key of `monitors`.*rename the file"):
        monitor_values_schema(block("monitors"), {"interval": specs["ray"]})


def test_the_schema_is_closed_described_and_can_stand_anywhere(schema: Mapping[str, Any]) -> None:
    for part in subschemas(schema):
        assert "$ref" not in part
        if isinstance(part.get("properties"), dict) and part.get("type") == "object":
            # An endpoint of one's own is allowed, with the keys of any other.
            open_to = part["additionalProperties"]
            assert open_to is False or (
                open_to["additionalProperties"] is False and "scrapePort" in open_to["properties"]
            )
            assert all(child["description"] for child in part["properties"].values())


@pytest.mark.parametrize(
    ("values", "place", "said"),
    [
        ({"annotations": {"a": "\x7f"}}, "annotations.a", "text without control characters"),
        ({"ray": {"labels": {"a": "b c"}}}, "ray.labels.a", "a Kubernetes label's value"),
        ({"rayy": {"enabled": True}}, "rayy", "did you mean 'ray'?"),
        ({"ray": {"enabeld": True}}, "ray.enabeld", "did you mean 'enabled'?"),
        ({"ray": {"endpoints": {"Metrics": {"port": 1}}}}, "ray.endpoints", "key 'Metrics'"),
        ({"vllm": {"selectors": [{"app": "x"}]}}, "vllm.selectors[0].app", "unknown key 'app'"),
        ({"vllm": {"fallbackScrapeProtocol": "text"}}, "vllm.fallbackScrapeProtocol", "PrometheusText0.0.4"),
        (
            {"vllm": {"endpoints": {"api": {"find": {"a": {"imgae": "x"}}}}}},
            "vllm.endpoints.api.find.a.imgae",
            "'image'?",
        ),
        ({"ray": {"enabled": "yes"}}, "ray.enabled", "true or false"),
        ({"interval": "30"}, "interval", "a duration such as 30s or 1m"),
        ({"interval": "0s"}, "interval", "a duration such as 30s or 1m"),
        ({"labels": {"a": True}}, "labels.a", "text"),
        ({"sampleLimit": -1}, "sampleLimit", "at least 0"),
        ({"namespaces": ["Default"]}, "namespaces[0]", "a namespace"),
        ({"dropLabels": ["__name__"]}, "dropLabels[0]", "a label name"),
        ({"vllm": {"endpoints": {"api": {"scrapePort": 65536}}}}, "vllm.endpoints.api.scrapePort", "at most 65535"),
        ({"vllm": {"endpoints": {"api": {"path": "metrics"}}}}, "vllm.endpoints.api.path", "begins with /"),
        ({"vllm": {"selector": {"app": "x"}}}, "vllm.selector.app", "unknown key 'app'"),
    ],
)
def test_a_wrong_value_is_refused_with_its_place_and_what_was_expected(
    schema: Mapping[str, Any], values: dict[str, Any], place: str, said: str
) -> None:
    found = schemas.problems(values, schema, file="values.yaml")
    assert [problem.path for problem in found] == [place]
    assert said in str(found[0])


@pytest.mark.parametrize("label", ["le", "quantile"])
def test_a_label_without_which_series_would_be_the_same_cannot_be_dropped(
    schema: Mapping[str, Any], label: str
) -> None:
    assert schemas.problems({"dropLabels": [label]}, schema, file="values.yaml")


NAMES = st.from_regex(r"[a-z0-9]([-a-z0-9]{0,20}[a-z0-9])?", fullmatch=True)
KEYS = st.from_regex(r"[a-zA-Z]([-_.a-zA-Z0-9]{0,20}[a-zA-Z0-9])?", fullmatch=True)
TEXTS = st.sampled_from(["", "true", "1e5", "null", "a.b_c-d", "0x1F", "2024-01-01"])
LABELS = st.dictionaries(KEYS, TEXTS, max_size=3)
ANNOTATIONS = st.dictionaries(
    KEYS,
    st.text(st.characters(exclude_categories=["Cs", "Cc", "Cn"], include_characters="\n\t"), max_size=20),
    max_size=3,
)
INTERVALS = st.sampled_from(["", "30s", "1m", "1m30s", "30000ms", "2h"])
TIMEOUTS = st.sampled_from(["", "5s", "30s", "500ms"])
"""None exceeds any interval; test_scrapes.py asks what happens to one that does."""
PORTS = st.integers(1, 65535) | NAMES
SELECTORS = st.fixed_dictionaries(
    {},
    optional={
        "matchLabels": LABELS,
        "matchExpressions": st.lists(
            st.fixed_dictionaries(
                {"key": st.just("app"), "operator": st.sampled_from(["In", "NotIn"])},
                optional={"values": st.lists(TEXTS, max_size=2)},
            ),
            max_size=2,
        ),
    },
)
KNOBS = {
    "enabled": st.booleans(),
    "labels": LABELS,
    "annotations": ANNOTATIONS,
    "namespaces": st.lists(NAMES, max_size=3),
    "interval": INTERVALS,
    "scrapeTimeout": TIMEOUTS,
    "sampleLimit": st.integers(0, 2**40),
    "dropMetrics": st.lists(st.sampled_from([".+_created", "go_.*|x", "a{2,3}", "[^a-z]+", r"\d+"]), max_size=3),
    "dropLabels": st.lists(st.from_regex(r"[a-zA-Z][a-zA-Z0-9_]{3,10}", fullmatch=True), max_size=3).filter(
        lambda names: "quantile" not in names
    ),
}
ENDPOINTS = st.fixed_dictionaries(
    {},
    optional={
        "enabled": st.booleans(),
        "port": PORTS,
        "scrapePort": st.integers(0, 65535),
        "path": st.from_regex(r"/[!-~]{0,20}", fullmatch=True),
        "scheme": st.sampled_from(["http", "https"]),
        "honorLabels": st.booleans(),
        "tlsConfig": st.just({"insecureSkipVerify": False}),
    },
)


def of_a_workload(spec: Mapping[str, Any]) -> Any:
    endpoints = st.fixed_dictionaries({}, optional=dict.fromkeys(spec["endpoints"], ENDPOINTS))
    return st.fixed_dictionaries({}, optional=KNOBS | {"selector": SELECTORS, "endpoints": endpoints})


@pytest.mark.slow
@settings(max_examples=examples(5, thorough=100), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_whatever_the_schema_admits_renders_and_means_what_it_says(
    data: st.DataObject,
    specs: Mapping[str, Mapping[str, Any]],
    schema: Mapping[str, Any],
    render: Callable[..., Rendered],
) -> None:
    workloads = {name: of_a_workload(spec) for name, spec in specs.items()}
    values = data.draw(st.fixed_dictionaries({}, optional=KNOBS | workloads))
    assert schemas.problems(values, schema, file="values.yaml") == ()
    objects = render(values)
    if not values.get("enabled", True):
        assert objects == {}
    for name, spec in specs.items():
        own = values.get(name, {})
        mine = [
            monitor
            for found, monitor in objects.items()
            if found in {name, *(f"{name}-{selector.get('name')}" for selector in spec.get("selectors", ()))}
        ]
        if not own.get("enabled", spec["enabled"]):
            assert mine == []
        for monitor in mine:
            assert monitor["metadata"].get("annotations", {}) == {
                **values.get("annotations", {}),
                **own.get("annotations", {}),
            }
            limit = own.get(
                "sampleLimit", spec.get("sampleLimit", values.get("sampleLimit", DEFAULTS["sampleLimit"]["default"]))
            )
            assert monitor["spec"].get("sampleLimit", 0) == limit
            for endpoint in endpoints_of(monitor):
                assert endpoint.get("interval", "") == own.get(
                    "interval", values.get("interval", DEFAULTS["interval"]["default"])
                )
