"""Names of Secrets: fixed, or the profile's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from generator.build.profile import load_profile
from generator.choices.profiles import Layer
from generator.stack.secrets.names import SECRETS, secret_name

if TYPE_CHECKING:
    from generator.build.sources import Sources


@pytest.mark.parametrize("key", SECRETS)
def test_a_secret_has_its_fixed_name_unless_the_profile_names_one(key: str, sources: Sources) -> None:
    own = Layer("mine.yaml", {"secrets": {"existing": {key: "mine"}}})
    assert secret_name(load_profile("standalone", sources), key) == SECRETS[key].name
    assert secret_name(load_profile("standalone", sources, [own]), key) == "mine"


def test_every_secret_can_be_named_in_a_profile(sources: Sources) -> None:
    assert set(load_profile("standalone", sources).choices["secrets"]["existing"]) == set(SECRETS)
    assert len({secret.name for secret in SECRETS.values()}) == len(SECRETS)
