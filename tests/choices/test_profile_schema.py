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


def runbooks(value: str) -> dict[str, Any]:
    return {"rules": {"runbookUrl": value}}


@pytest.mark.parametrize(
    ("choices", "expected"),
    [
        *(
            (class_name(value), "a storage class's name")
            for value in ("", "gp3\nx: y", "Fast SSD", "gp3.", "-a", "a..b")
        ),
        *((labels(value), "a Kubernetes label's name") for value in ("", "a,b", "a]", "a\nb", "a b", "**", "{{ x }}")),
        *((labels("app", resource), "a resource in the plural") for resource in ("pods=[a],x", "", "Pods", "a b")),
        *((runbooks(value), "an address without blanks") for value in ("https://a b", "a\nb", "https://ä", "{{ x }}")),
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
        *map(class_name, ("gp3", "a.b-c.d", "1")),
        *map(labels, ("ray.io/cluster", "app", "*", "app.kubernetes.io/part-of", "A_b")),
        labels("app", "*"),
        labels("app", "persistentvolumeclaims"),
        *map(runbooks, ("", "docs/runbooks", "https://wiki.example:8443/a%20b/?x=[1]#y")),
    ],
)
def test_what_kubernetes_and_browsers_take_is_taken(sources: Sources, choices: dict[str, Any]) -> None:
    load_profile("standalone", sources, [Layer("mine.yaml", choices)])
