"""What holds for every upstream chart, whatever the profile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from generator.build.sources import read_pins
from generator.stack import NAMES
from generator.stack.component import comments_above
from tests.conftest import PROFILES, ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from generator.stack.component import Component

    Made = Callable[..., dict[str, Component]]
    Values = Callable[..., dict[str, Any]]


def test_every_component_is_pinned_and_every_pin_is_a_component() -> None:
    assert set(NAMES) == set(read_pins(ROOT).charts)


@pytest.mark.parametrize("profile", PROFILES)
def test_every_component_is_made_the_switched_off_ones_too_each_with_a_switch(made: Made, profile: str) -> None:
    found = made(profile)
    assert tuple(found) == NAMES
    assert all(type(component.values["enabled"]) is bool for component in found.values())
    assert all(component.summary for component in found.values())


@pytest.mark.parametrize("name", NAMES)
def test_the_profiles_switch_is_the_charts_switch(values: Values, name: str) -> None:
    for enabled in (True, False):
        changes: dict[str, Any] = {"components": {name: {"enabled": enabled}}}
        if name == "opensearch":
            changes["components"]["fluent-bit"] = {"host": "logs.example.com"}
        assert values("standalone", changes)[name]["enabled"] is enabled


def test_a_reason_is_never_given_for_a_key_that_no_profile_sets(made: Made) -> None:
    for profile in PROFILES:
        for name, component in made(profile).items():
            assert component.comments
            for path in component.comments:
                values: Any = component.values
                for key in path:
                    assert key in values, (name, path)
                    values = values[key]


def test_a_reason_is_the_comment_right_above_its_key() -> None:
    text = """\
# About a,
# two lines.
a:
  # Not about b: a line is between.

  b: 1
  # About c.
  c: |
    # Text, no comment.
    d: 1
  # About e.
  e.f: {g: 1}
# Too far out for h.
  h: 2
list:
  # Of an item.
  - i: 1
"""
    assert comments_above(text) == {
        ("a",): "About a, two lines.",
        ("a", "c"): "About c.",
        ("a", "e.f"): "About e.",
    }


ODD = "quote ' and \" and {{ .Values }} [[ x ]] # no: comment\n- yes"


def test_a_persons_text_reaches_the_values_as_it_is(values: Values) -> None:
    """Whatever is in it: a template of YAML is filled in, and YAML or Helm could take it for their own.

    Where the schema asks for a name, YAML could still take it for a number or a truth value.
    """
    resources: dict[str, dict[str, Any]] = {
        "requests": {"cpu": "1.5", "memory": "017", "example.com/no": "0"},
        "limits": {"cpu": 1.5, "example.com/no": "0"},
    }
    found = values(
        "standalone",
        {
            "storage": {"className": "1-e3"},
            "components": {
                "opensearch": {"resources": resources},
                "kube-prometheus-stack": {"grafana": {"adminPassword": ODD, "opensearchPlugin": {"image": "1e3"}}},
                "kube-state-metrics": {"labels": {"pods": ["on"]}},
            },
        },
    )
    grafana = found["kube-prometheus-stack"]["grafana"]
    for kind, amounts in resources.items():
        assert found["opensearch"]["resources"][kind].items() >= amounts.items()
    assert found["opensearch"]["persistence"]["storageClass"] == "1-e3"
    assert (grafana["adminPassword"], grafana["extraInitContainers"][0]["image"]) == (ODD, "1e3")
    assert grafana["persistence"]["storageClassName"] == "1-e3"
    assert "pods=[on]" in found["kube-state-metrics"]["metricLabelsAllowlist"]


def strings(data: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(data, dict):
        for key, value in data.items():
            yield key, value
            yield from strings(value)
    elif isinstance(data, list):
        for item in data:
            yield from strings(item)


def test_a_storage_class_reaches_every_volume(values: Values) -> None:
    found = values("standalone", {"storage": {"className": "gp3"}})
    classes = [value for key, value in strings(found) if key in ("storageClass", "storageClassName")]
    assert classes == ["gp3"] * 4


@pytest.mark.parametrize("profile", PROFILES)
def test_without_one_no_volume_names_a_class_so_the_clusters_default_is_taken(values: Values, profile: str) -> None:
    assert not [key for key, _ in strings(values(profile)) if key in ("storageClass", "storageClassName")]


def claims(found: dict[str, Any]) -> dict[str, bool]:
    stack = found["kube-prometheus-stack"]
    return {
        "prometheus": "volumeClaimTemplate" in stack["prometheus"]["prometheusSpec"]["storageSpec"],
        "alertmanager": "storage" in stack["alertmanager"]["alertmanagerSpec"],
        "grafana": stack["grafana"]["persistence"]["enabled"],
        "opensearch": found["opensearch"]["persistence"]["enabled"],
    }


@pytest.mark.parametrize("profile", PROFILES)
def test_data_is_on_volumes_in_every_profile_but_kind(values: Values, profile: str) -> None:
    assert set(claims(values(profile)).values()) == {profile != "kind"}


def test_persistent_false_leaves_no_claim_and_no_class_anywhere(values: Values) -> None:
    found = values("standalone", {"storage": {"persistent": False, "className": "gp3"}})
    assert set(claims(found).values()) == {False}
    named = {key for key, _ in strings(found)}
    assert not named & {"volumeClaimTemplate", "storageClass", "storageClassName"}


def test_the_volumes_have_the_sizes_that_the_profile_names(values: Values) -> None:
    changes = {
        "kube-prometheus-stack": {
            "prometheus": {"volume": "1Ti"},
            "alertmanager": {"volume": "3Gi"},
            "grafana": {"volume": "4Gi"},
        },
        "opensearch": {"volume": "5Gi"},
    }
    found = values("standalone", {"components": changes})
    stack = found["kube-prometheus-stack"]
    claim = stack["prometheus"]["prometheusSpec"]["storageSpec"]["volumeClaimTemplate"]["spec"]
    assert claim == {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Ti"}}}
    claim = stack["alertmanager"]["alertmanagerSpec"]["storage"]["volumeClaimTemplate"]["spec"]
    assert claim["resources"]["requests"]["storage"] == "3Gi"
    assert stack["grafana"]["persistence"]["size"] == "4Gi"
    assert found["opensearch"]["persistence"]["size"] == "5Gi"


@pytest.mark.parametrize(
    ("component", "part", "place"),
    [
        ("kube-prometheus-stack", "prometheus", ("prometheus", "prometheusSpec")),
        ("kube-prometheus-stack", "alertmanager", ("alertmanager", "alertmanagerSpec")),
        ("kube-prometheus-stack", "grafana", ("grafana",)),
        ("kube-state-metrics", None, ()),
        ("opensearch", None, ()),
        ("fluent-bit", None, ()),
    ],
)
def test_requests_and_limits_reach_the_container(
    values: Values, component: str, part: str | None, place: tuple[str, ...]
) -> None:
    wanted = {"requests": {"cpu": "7m"}, "limits": {"memory": "7Gi", "nvidia.com/gpu": 1}}
    change = {part: {"resources": wanted}} if part else {"resources": wanted}
    found = values("standalone", {"components": {component: change}})[component]
    for key in place:
        found = found[key]
    assert found["resources"]["requests"]["cpu"] == "7m"
    assert found["resources"]["limits"] == wanted["limits"]
