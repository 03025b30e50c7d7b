"""The line at the end of a run that says what was not tested."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.conftest import skip_summary

if TYPE_CHECKING:
    import pytest

CASES = """
import pytest

@pytest.mark.sample(3)
@pytest.mark.parametrize("number", range(5))
def test_similar(number): pass

@pytest.mark.thorough
def test_long(): pass

def test_quick(): pass
"""


def test_reasons_are_counted_without_what_to_do_about_them() -> None:
    reasons = ["Skipped: no helm: put it on PATH", "Skipped: no promtool: make tools", "Skipped: no helm: install it"]
    assert skip_summary(reasons) == "skipped: 3 (no helm: 2, no promtool: 1)"


def test_the_sample_has_each_nth_case_and_nothing_that_is_thorough(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Run by pytest itself, with the hooks of this project's conftest."""
    monkeypatch.setattr("tests.thorough.THOROUGH", False)
    pytester.makeconftest("from tests.conftest import LEFT, pytest_collection_modifyitems, pytest_terminal_summary")
    pytester.makepyfile(CASES)
    run = pytester.runpytest_inprocess("-p", "no:cacheprovider", "-p", "no:randomly")
    run.assert_outcomes(passed=3, deselected=4)
    run.stdout.fnmatch_lines(["4 long or very similar cases were left to 'make test-thorough'"])


def test_a_test_that_a_person_names_runs_whole(pytester: pytest.Pytester) -> None:
    pytester.makeconftest("from tests.conftest import pytest_collection_modifyitems")
    path = pytester.makepyfile(CASES)
    pytester.runpytest_inprocess(f"{path}::test_similar").assert_outcomes(passed=5)
    pytester.runpytest_inprocess(f"{path}::test_long").assert_outcomes(passed=1)
