"""What the schema of profiles lets into Kubernetes' objects and the arguments of programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from generator.build.profile import load_profile
from generator.choices.profiles import Layer
from generator.errors import InputError

if TYPE_CHECKING:
    from generator.build.sources import Sources


def class_name(value: str) -> dict[str, Any]:
    return {"storage": {"className": value}}


def labels(value: str, resource: str = "pods") -> dict[str, Any]:
    return {"components": {"kube-state-metrics": {"labels": {resource: [value]}}}}


def nested(path: str, value: Any) -> dict[str, Any]:
    """Returns a choice by its path; a key that holds a dot is given in the value."""
    for key in reversed(path.split(".")):
        value = {key: value}
    return value  # type: ignore[no-any-return]


LABELS = ("monitors.labels", "rules.labels", "dashboards.labels", "monitors.ray.labels")
ANNOTATIONS = ("monitors.annotations", "rules.annotations", "dashboards.annotations")
SECRETS = ("secrets.existing.opensearchCa", "components.fluent-bit.caSecret")
ISSUER = "secrets.certManager.issuer"
RETENTION = "components.kube-prometheus-stack.prometheus.retention"
PLUGIN = "components.kube-prometheus-stack.grafana.opensearchPlugin.image"


def runbooks(value: str | None) -> dict[str, Any]:
    return {"rules": {"runbookUrl": value}}


@pytest.mark.parametrize(
    ("choices", "expected"),
    [
        *(
            (class_name(value), "a name that YAML reads as text")
            for value in ("", "gp3\nx: y", "Fast SSD", "gp3.", "-a", "a..b")
        ),
        *((labels(value), "a Kubernetes label's name") for value in ("", "a,b", "a]", "a\nb", "a b", "**", "{{ x }}")),
        *((labels("app", resource), "a resource in the plural") for resource in ("pods=[a],x", "", "Pods", "a b")),
        *(
            (nested(path, {key: "x"}), "a label's name such as team")
            for path in (*LABELS, *ANNOTATIONS)
            for key in ("", "a b", "-a", "a/b/c", "A_b/c", "a..b/c", "/a", "a/", "a" * 64)
        ),
        *(
            (nested(path, {"team": value}), "a Kubernetes label's value")
            for path in LABELS
            for value in ("a b", "-a", "a_", "é")
        ),
        *((nested(path, "a..b"), "a Secret's name") for path in SECRETS),
        *((nested(path, "My_Secret"), "a Secret's name") for path in SECRETS),
        (nested("monitors.namespaces", ["Team A"]), "a namespace"),
        (nested("logs.rayNamespaces", ["team.a"]), "a namespace"),
        (nested(ISSUER, {"name": "My Issuer"}), "a name of lower-case letters"),
        (nested(ISSUER, {"name": "a", "group": "cert manager"}), "a name of lower-case letters"),
        *((nested(RETENTION, value), "a duration such as 15d") for value in ("1h1d", "15", "d", "-1d", "15 d")),
        *((nested(PLUGIN, value), "an image such as") for value in ("a b", "-a", "a,b")),
        *(
            (runbooks(value), "an http or https address without blanks")
            for value in (
                "https://a b",
                "a\nb",
                "https://ä",
                "{{ x }}",
                "docs/runbooks",
                "//a/b",
                "https://",
                "ftp://a/b",
            )
        ),
    ],
)
def test_text_that_would_be_something_else_where_it_ends_up_is_refused(
    sources: Sources, choices: dict[str, Any], expected: str
) -> None:
    with pytest.raises(InputError) as error:
        load_profile("standalone", sources, [Layer("mine.yaml", choices)])
    (problem,) = error.value.problems
    assert problem.file == "mine.yaml"
    assert f"expected {expected}" in problem.message


@pytest.mark.parametrize(
    "choices",
    [
        *map(class_name, ("gp3", "a.b-c.d", "a1")),
        *(nested(path, {"example.com/Team_a.b": "A-b_c.1", "a": ""}) for path in LABELS),
        *(nested(path, {"example.com/team": "any text: {at} all"}) for path in ANNOTATIONS),
        *(nested(path, "my-secret.v2") for path in SECRETS),
        nested(ISSUER, {"name": "ca.example", "kind": "ClusterIssuer", "group": "cert-manager.io"}),
        *(nested(RETENTION, value) for value in ("15d", "1y2w3d4h5m6s7ms", "36h")),
        nested(PLUGIN, "registry.example:5000/a/plugin:2.34.2@sha256:0a"),
        *map(labels, ("ray.io/cluster", "app", "*", "app.kubernetes.io/part-of", "A_b")),
        labels("app", "*"),
        labels("app", "persistentvolumeclaims"),
        *map(runbooks, (None, "", "https://wiki.example:8443/a%20b/?x=[1]#y")),
    ],
)
def test_what_kubernetes_and_browsers_take_is_taken(sources: Sources, choices: dict[str, Any]) -> None:
    load_profile("standalone", sources, [Layer("mine.yaml", choices)])
