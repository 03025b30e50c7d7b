"""Amounts are read as Kubernetes reads them; the table is what ParseQuantity of k8s.io/apimachinery 0.36.3 answered."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.choices.quantities import amount
from generator.files import schemas, yamlfile
from tests.conftest import ROOT

DEFINITIONS = yamlfile.load_mapping(ROOT / "values-schemas" / "profile.schema.yaml")["$defs"]

READ = {
    "1": "1",
    "0": "0",
    "007": "7",
    "1.": "1",
    ".5": "0.5",
    "1.5Gi": "1610612736",
    "500m": "0.5",
    "100u": "0.0001",
    "1n": "0.000000001",
    "1k": "1000",
    "1Ki": "1024",
    "2M": "2000000",
    "1T": "1000000000000",
    "1P": "1000000000000000",
    "1E": "1000000000000000000",
    "1Ei": "1152921504606846976",
    "1e3": "1000",
    "1E3": "1000",
    "1e-3": "0.001",
    "1e+3": "1000",
    "+1": "1",
    "-1": "-1",
    "1.Gi": "1073741824",
}
REFUSED = (
    "1K",
    "1ki",
    "1mi",
    "1e",
    "1Em",
    "1.5.2",
    "1m5",
    "1Mi5",
    "12e6M",
    "",
    "1GiB",
    "1 Gi",
    " 1",
    "0x10",
    "1_000",
    "\u0661",
)
KINDS = {
    "cpu": {"cores": "500m", "whole": 2, "half": 0.5},
    "memory": {"binary": "512Mi", "decimal": "1.5G", "bytes": 1073741824},
    "nvidia.com/gpu": {"text": "1", "number": 4},
}


def problems(name: str, value: Any) -> tuple[Any, ...]:
    schema = {**DEFINITIONS["quantities"], "$defs": DEFINITIONS}
    return schemas.problems({name: value}, schema, file="mine.yaml")


@pytest.mark.parametrize("text", READ)
def test_what_kubernetes_reads_is_the_same_number(text: str) -> None:
    assert amount(text) == Decimal(READ[text])


@pytest.mark.parametrize("text", REFUSED)
def test_what_kubernetes_does_not_read_is_no_amount(text: str) -> None:
    assert amount(text) is None
    assert all(problems(name, text) for name in KINDS)


@pytest.mark.parametrize("value", [None, True, [], {}, "Mi", "."])
def test_what_has_no_number_is_no_amount(value: Any) -> None:
    assert amount(value) is None


def patterns(name: str) -> st.SearchStrategy[str]:
    (text,) = (way["pattern"] for way in DEFINITIONS[name]["anyOf"] if way["type"] == "string")
    return st.from_regex(text, fullmatch=True)


@given(value=st.one_of(*map(patterns, ("cpu", "memory", "pieces")), st.integers(0, 2**62), st.floats(0, 1e6)))
def test_whatever_the_schema_admits_kubernetes_reads(value: str | float) -> None:
    admitted = [name for name in KINDS if not problems(name, value)]
    if isinstance(value, str) and value.isascii():
        assert admitted
    if admitted:
        number = amount(value)
        assert number is not None
        assert number >= 0


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, ways in KINDS.items() for value in ways.values()])
def test_usual_amounts_are_taken(name: str, value: Any) -> None:
    assert problems(name, value) == ()


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("memory", "512m", "bytes such as 512Mi or 2Gi"),
        ("memory", 0.5, "text or a whole number"),
        ("cpu", "2Gi", "cores such as 500m, 0.5 or 2"),
        ("cpu", -1, "at least 0"),
        ("nvidia.com/gpu", "500m", "a whole number"),
        ("memroy", "1Gi", "cpu, memory, ephemeral-storage"),
        ("nvidia.com/", 1, "cpu, memory, ephemeral-storage"),
    ],
)
def test_what_is_surely_meant_otherwise_is_refused(name: str, value: Any, expected: str) -> None:
    (problem,) = problems(name, value)
    assert f"expected {expected}" in problem.message
