"""The whole of it, on a fleet of two nodes: what is measured answers, and wrong options are refused."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from generator.errors import Exit, InputError
from tests.cost.__main__ import main
from tests.cost.sides import of_commit

if TYPE_CHECKING:
    from pathlib import Path

    from tests.signals.binaries import Binaries


@pytest.mark.thorough
@pytest.mark.slow
def test_every_query_of_a_dashboard_is_measured_beside_another_commits(
    binaries: Binaries, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--nodes=2", "--hours=1", "--rounds=1", "--only=ray-data", "--range=1h", "--beside=HEAD"]
    assert main([*options, "--output=json"]) == Exit.DONE
    found = json.loads(capsys.readouterr().out)
    assert {(row["owner"], row["kind"], row["span"]) for row in found["queries"]} == {
        ("ray-data", "panel", 1800),
        ("ray-data", "panel", 3600),
    }
    assert all(min(row["ms"].values()) > 0 for row in found["queries"])
    # Targets that are being added or taken out have one side alone.
    assert sum(set(row["ms"]) == {"now", "HEAD"} for row in found["queries"]) > len(found["queries"]) / 2
    # A query over a whole range that finds something answers with more than an empty list.
    assert sum(row["bytes"]["now"] > 200 for row in found["queries"]) > len(found["queries"]) / 2


@pytest.mark.thorough
def test_a_dashboard_that_is_not_there_is_refused_with_the_nearest_that_is(
    binaries: Binaries, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--only=ray-dota"]) == Exit.BAD_INPUT
    said = capsys.readouterr().err
    assert "found 'ray-dota', expected a dashboard" in said
    assert "did you mean 'ray-data'?" in said


def test_a_commit_that_git_does_not_know_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="found 'no-such-commit', expected a commit"):
        of_commit("no-such-commit", tmp_path)
