"""Changes are put together only where each stays what it is alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests import libyaml
from tests.combinations.together import MOST, Before, culprits, grouped

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.combinations.together import Change

VALUES: dict[str, Any] = {
    "monitors": {"ray": {"enabled": True}, "vllm": {"enabled": True}},
    "dashboards": {"labels": {}},
}


def chart(*, a: str = "a", b: str = "b", **values: Any) -> dict[str, str]:
    monitors = {**VALUES["monitors"], **values}
    return {"templates/a.yaml": a, "templates/b.yaml": b, "values.yaml": libyaml.dump({**VALUES, "monitors": monitors})}


BEFORE = Before(chart())
RAY = BEFORE.change("monitors.ray.enabled", False, chart(ray={"enabled": False}))
VLLM = BEFORE.change("monitors.vllm.enabled", False, chart(a="none", vllm={"enabled": False}))
NAMED = BEFORE.change("rules.labels", {}, chart(a="labelled", b="labelled"))


def test_a_change_is_what_it_changes_in_files_and_values() -> None:
    assert VLLM.files == {"templates/a.yaml": "none"}
    assert VLLM.values == {("monitors", "vllm", "enabled"): False}
    assert BEFORE.change("x", 1, chart()).parts == frozenset()


def test_changes_of_the_same_file_or_value_stay_apart() -> None:
    assert grouped([RAY, VLLM, NAMED]) == [[RAY, VLLM], [NAMED]]
    assert len(grouped([VLLM, VLLM])) == 2


def test_a_group_has_an_end() -> None:
    more: list[dict[str, Any]] = [{str(number): {}} for number in range(MOST + 1)]
    many = [BEFORE.change("a choice", 1, chart(**each)) for each in more]
    assert [len(group) for group in grouped(many)] == [MOST, 1]


def test_a_chart_of_several_changes_is_their_union_or_does_not_stand_for_them() -> None:
    both: dict[str, Any] = {"ray": {"enabled": False}, "vllm": {"enabled": False}}
    assert BEFORE.united([RAY, VLLM], chart(a="none", **both))
    assert not BEFORE.united([RAY, VLLM], chart(a="other", **both))
    assert not BEFORE.united([RAY, VLLM], chart(a="none", b="too", **both))
    assert not BEFORE.united([RAY, VLLM], chart(a="none", vllm={"enabled": False}))


def test_whose_fault_it_is_is_found_among_many() -> None:
    more: list[dict[str, Any]] = [{str(number): {}} for number in range(MOST)]
    group = [BEFORE.change("a choice", number, chart(**each)) for number, each in enumerate(more)]
    asked: list[int] = []

    def fault(changes: Sequence[Change]) -> str | None:
        asked.append(len(changes))
        if len(changes) == MOST:
            return None
        return "".join("no" for change in changes if change.value in (7, 30))

    assert [(change.value, said) for change, said in culprits(group, fault)] == [(30, "no"), (7, "no")]
    assert len(asked) < MOST


def test_what_is_wrong_only_with_several_changes_at_once_is_not_passed_over() -> None:
    with pytest.raises(AssertionError, match="only together"):
        list(culprits([RAY, VLLM], lambda changes: "no" if len(changes) > 1 else ""))
