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


def test_documentation_adds_what_it_gives_a_type_and_says_what_it_leaves_out(run: Any, tmp_path: Path) -> None:
    page = tmp_path / "metrics.md"
    page.write_text(
        "| Name | Type | Labels |\n|---|---|---|\n"
        "| `coredns_cache_entries` | Histogram | `server`, `brand_new` |\n"
        "| `coredns_new_seconds` | Histogram | `server` |\n"
        "| `coredns_odd_total` | | `server` |\n"
        "| `kubelet_active_pods` | Gauge | |\n"
        "| `mine_total` | Counter | |\n"
    )
    code, out, err = run("metrics", "add", str(page), "--exporter", "coredns", "--check")
    added = [" ".join(line[1:].split()) for line in out.splitlines() if line.startswith("+") and line[:3] != "+++"]
    assert code == 1
    assert added == [
        "coredns_cache_entries: {type: gauge, labels: [server, type, view, zones, brand_new]}",
        "coredns_new_seconds: {type: histogram, unit: seconds, labels: [server],"
        " source: CoreDNS 1.15.0 metrics.md} # unit guessed from the name",
    ]
    assert "without a type, and they were not added: coredns_odd_total\n" in err
    assert "begin as none in metrics/coredns.yaml does, and were not added: 1\n" in err
