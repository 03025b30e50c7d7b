"""The data about blueprints: its shape, and conditions that name what there is."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from generator.choices.tfvars.blueprint import parse_blueprint, read_blueprints, recognise
from generator.choices.tfvars.reader import parse_settings
from generator.errors import InputError
from generator.files import yamlfile
from tests.conftest import ROOT

SCHEMA = yamlfile.load_mapping(ROOT / "values-schemas" / "blueprint.schema.yaml")
DATA: dict[str, Any] = {
    "title": "AI on EKS",
    "profile": "jark",
    "variables": {
        "on": {"default": True, "description": "A switch."},
        "map": {"default": {"a": True}, "description": "M."},
    },
    "parts": [{"name": "P", "when": [{"on": True}]}],
    "notices": [{"variable": "on", "when": [{"on": "left out"}], "severity": "error", "message": "m", "hint": "h"}],
}


@pytest.mark.parametrize(
    ("place", "value", "expected"),
    [
        (("parts", 0, "when"), [{"onn": True}], "parts[0].when[0]: unknown variable 'onn' (did you mean 'on'?)"),
        (("parts", 0, "when"), [{"map": True}], "unknown variable 'map'"),
        (("parts", 0, "when"), [{"map.b": True}], "did you mean 'map.a'?"),
        (("parts", 0, "when"), [], "parts[0].when"),
        (("parts", 0, "when"), [{"on": "yes"}], "parts[0].when[0].on"),
        (("notices", 0, "variable"), "off", "notices[0].variable: unknown variable 'off'"),
        (("notices", 0, "severity"), "info", "notices[0].severity"),
        (("extra",), 1, "unknown key 'extra'"),
    ],
)
def test_a_mistake_in_the_data_is_named(place: tuple[Any, ...], value: Any, expected: str) -> None:
    data = copy.deepcopy(DATA)
    node: Any = data
    for key in place[:-1]:
        node = node[key]
    node[place[-1]] = value
    with pytest.raises(InputError) as caught:
        parse_blueprint(data, SCHEMA, file="blueprints/x.yaml")
    assert expected in str(caught.value)


def test_conditions_may_name_a_key_of_a_map() -> None:
    data = copy.deepcopy(DATA)
    data["parts"][0]["when"] = [{"map.a": False}]
    assert parse_blueprint(data, SCHEMA, file="x").parts[0].when == ({"map.a": False},)


def kind(text: str, name: str = "x.tfvars") -> str:
    return recognise(read_blueprints(ROOT), parse_settings(text, file=f"some/folder/{name}")).title


def test_a_stack_of_data_on_eks_is_known_by_its_variables_and_by_its_files_name() -> None:
    for name in read_blueprints(ROOT)[0].marks:
        assert kind(f'name = "x"\n{name} = true\n') == "Data on EKS"
    assert kind('name = "x"\nenable_jupyterhub = true\n', "data-stack.tfvars") == "Data on EKS"


def test_every_other_file_is_a_blueprint_of_ai_on_eks() -> None:
    assert kind("") == kind("enable_jupyterhub = true\nenable_nvidia_gpu_operator = true\n") == "AI on EKS"


def test_no_mark_of_one_kind_is_a_variable_of_another() -> None:
    data, jark = read_blueprints(ROOT)
    assert data.marks.isdisjoint(jark.variables.keys() | jark.others)
