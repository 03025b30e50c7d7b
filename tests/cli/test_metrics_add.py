"""`gen-chart metrics add` as people see it: a diff, and notes on what they have to look at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.conftest import CAPTURES

if TYPE_CHECKING:
    from pathlib import Path

SOURCE = """\
from prometheus_client import Counter, Gauge

Gauge("vllm:num_requests_running", "Running.", ["model_name", "engine"])
Gauge("vllm:brand_new_ratio", "New.", ["model_name", "engine"])


def make(kind):
    Counter(f"vllm:computed_{kind}", "")
"""


def test_source_and_scrapes_are_laid_over_the_catalogue_and_what_is_left_to_a_person_is_said(
    run: Any, tmp_path: Path
) -> None:
    (tmp_path / "vllm").mkdir()
    (tmp_path / "vllm" / "__init__.py").write_text("")
    (tmp_path / "vllm" / "made.py").write_text(SOURCE)
    scrape = str(CAPTURES / "vllm-0.32.0.prom")
    code, out, err = run("metrics", "add", scrape, "vllm", "--exporter", "vllm", "--check")
    assert code == 1
    added = [line for line in out.splitlines() if line.startswith("+") and line[:3] != "+++"]
    assert len(added) == 1
    assert added[0].startswith("+  vllm:brand_new_ratio: {type: gauge, unit: ratio, labels: [$me], help: New., source:")
    assert err == "note: vllm/made.py:8: the name is put together while the program runs; look there\n"


def test_a_version_before_that_is_a_scrape_is_refused(run: Any) -> None:
    scrape = str(CAPTURES / "vllm-0.32.0.prom")
    code, out, err = run("metrics", "add", scrape, "--exporter", "vllm", "--previous", scrape, "--check")
    assert (code, out) == (2, "")
    assert "found a scrape or no file, expected Python source" in err
