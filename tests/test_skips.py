"""The line at the end of a run that says what was not tested."""

from __future__ import annotations

from tests.conftest import skip_summary


def test_reasons_are_counted_without_what_to_do_about_them() -> None:
    reasons = ["Skipped: no helm: put it on PATH", "Skipped: no promtool: make tools", "Skipped: no helm: install it"]
    assert skip_summary(reasons) == "skipped: 3 (no helm: 2, no promtool: 1)"
