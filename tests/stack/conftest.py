"""The choices of a shipped profile with changes laid over it, checked as a person's would be, and their components."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from generator.build.sources import read_profiles
from generator.choices.profiles import Layer, Profile, resolve
from generator.stack import components
from tests.conftest import ROOT
from tests.schema_openings import open_schema

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from generator.stack.component import Component


@pytest.fixture(scope="session")
def choose() -> Callable[..., Profile]:
    """Returns a function from a profile's name and changes to a resolved profile."""
    schema = open_schema()
    available = read_profiles(ROOT)

    def make(name: str = "standalone", changes: Mapping[str, Any] | None = None) -> Profile:
        return resolve(name, available, [Layer("changes", changes or {})], schema)

    return make


@pytest.fixture(scope="session")
def made(choose: Callable[..., Profile]) -> Callable[..., dict[str, Component]]:
    """Returns a function from a profile's name and changes to its components by name."""

    def make(name: str = "standalone", changes: Mapping[str, Any] | None = None) -> dict[str, Component]:
        return {component.name: component for component in components(choose(name, changes))}

    return make


@pytest.fixture(scope="session")
def values(made: Callable[..., dict[str, Component]]) -> Callable[..., dict[str, Any]]:
    """Returns a function from a profile's name and changes to the Helm values of each component."""

    def make(name: str = "standalone", changes: Mapping[str, Any] | None = None) -> dict[str, Any]:
        return {name: component.values for name, component in made(name, changes).items()}

    return make
