"""The ConfigMap of the sidecar: one in each namespace that the values list, with the very files that were tested."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from generator.build.build import fit
from generator.build.chart import chart_schema
from generator.build.profile import load_profile
from generator.choices.profiles import Layer
from generator.errors import InputError
from generator.files.templating import render
from generator.stack.fluent_bit.ray import ray_files, ray_template
from generator.stack.fluent_bit.sidecar import CONFIG_MAP
from tests import helm, libyaml

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from generator.build.sources import Sources


@pytest.fixture
def rendered(tmp_path: Path, helm_binary: Path) -> Callable[[Any], list[dict[str, Any]]]:
    """Returns a function from the values' ``logs`` to what helm renders."""
    (tmp_path / "templates").mkdir()
    (tmp_path / "Chart.yaml").write_text("apiVersion: v2\nname: ai-ml-observability\nversion: 0.1.0\n")
    (tmp_path / "templates" / "_helpers.tpl").write_text(render("build/templates/_helpers.tpl", header="h"))
    (tmp_path / "templates" / "ray.yaml").write_text(ray_template("h"))

    def run(logs: Any) -> list[dict[str, Any]]:
        (tmp_path / "values.yaml").write_text(libyaml.dump({"logs": logs}))
        return helm.documents(helm.run(helm_binary, "template", "x", tmp_path, "--namespace", "monitoring").stdout)

    return run


def test_each_namespace_has_the_files_byte_for_byte(rendered: Callable[[Any], list[dict[str, Any]]]) -> None:
    found = rendered({"rayNamespaces": ["team-a", "team-b"]})
    assert [(item["kind"], item["metadata"]["namespace"]) for item in found] == [
        ("ConfigMap", "team-a"),
        ("ConfigMap", "team-b"),
    ]
    assert {item["metadata"]["name"] for item in found} == {CONFIG_MAP}
    assert all(item["data"] == dict(ray_files()) for item in found)


def test_no_namespace_no_object(rendered: Callable[[Any], list[dict[str, Any]]]) -> None:
    assert rendered({"rayNamespaces": []}) == []


def test_a_profile_may_list_the_namespaces(sources: Sources) -> None:
    layer = Layer("mine", {"logs": {"rayNamespaces": ["team-a"]}})
    assert load_profile("kind", sources, [layer]).choices["logs"] == {"rayNamespaces": ["team-a"]}


@pytest.mark.parametrize("wrong", [["Team"], ["a", "a"], "team-a", [""], ["a.b"], ["-a"]])
def test_what_is_no_list_of_namespaces_is_an_error(sources: Sources, wrong: Any) -> None:
    with pytest.raises(InputError):
        load_profile("kind", sources, [Layer("mine", {"logs": {"rayNamespaces": wrong}})])


def test_the_charts_schema_closes_the_block(sources: Sources) -> None:
    block = chart_schema(fit(load_profile("kind", sources), sources))["properties"]["logs"]
    assert block["additionalProperties"] is False
