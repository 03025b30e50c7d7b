"""Which version is newer, and by which step."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from generator.upgrades.versions import Updates, newer


def test_the_newest_of_each_step_is_found() -> None:
    there = ["1.2.3", "1.2.4", "1.2.10", "1.3.0", "1.9.1", "2.0.0", "10.0.0", "0.9.0"]
    assert newer("1.2.3", there) == Updates(patch="1.2.10", minor="1.9.1", major="10.0.0")


def test_nothing_newer_is_nothing() -> None:
    assert not newer("1.2.3", ["1.2.3", "1.2.2", "0.1.0"])


def test_pre_releases_count_only_for_a_pre_release() -> None:
    assert not newer("1.2.3", ["1.2.4-rc.1"])
    assert newer("1.2.4-rc.1", ["1.2.4-rc.2", "1.2.4"]).patch == "1.2.4"


def test_tags_that_are_no_versions_or_are_written_the_other_way_are_passed_over() -> None:
    assert newer("1.2.3", ["latest", "1.3", "v1.4.0", "1.2.4-alpine", "sha-abc", "1.2.4"]) == Updates(patch="1.2.4")
    assert newer("v1.2.3", ["1.4.0", "v1.2.4"]) == Updates(patch="v1.2.4")


_NUMBERS = st.tuples(st.integers(0, 20), st.integers(0, 20), st.integers(0, 20))


@given(_NUMBERS, st.lists(_NUMBERS, max_size=10))
def test_every_step_is_beyond_the_current_version_and_the_highest_of_its_kind(
    here: tuple[int, int, int], there: list[tuple[int, int, int]]
) -> None:
    found = newer(".".join(map(str, here)), [".".join(map(str, one)) for one in there])
    beyond = [one for one in there if one > here]
    expected = {
        "patch": [one for one in beyond if one[:2] == here[:2]],
        "minor": [one for one in beyond if one[0] == here[0] and one[1] > here[1]],
        "major": [one for one in beyond if one[0] > here[0]],
    }
    for step, versions in expected.items():
        assert getattr(found, step) == (".".join(map(str, max(versions))) if versions else None)
