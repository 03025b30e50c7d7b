"""Documentation in its forms: what it says of families, and how much that counts beside a scrape and source."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from generator.catalogue.documents import read_documentation
from generator.catalogue.evidence import read_evidence
from generator.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

    from generator.catalogue.exposition import ScrapedFamily

TABLE = """\
# Metrics of the server

| Metric | Type | Labels | Description |
|--------|:----:|--------|-------------|
| `srv_requests_total` | Counter | `code`, `method` | Requests, by *code*. |
| **srv_depth** | gauge | none | How deep \\| how far. |
| srv_wait_seconds_bucket | | queue, le | Time to wait. |
| srv_wait_seconds_sum | | queue | |
| srv:rate5m | Gauge | | A record. |
| anything | gauge | | no name of a metric |

| Option | Default |
|---|---|
| srv_port_number | 80 |
"""
ITEMS = """\
The server has:

* `srv_requests_total{code, method}` - Counter of requests.
- `srv_info{version="1.0",mode=~"a|b"}`: build.
+ srv_not_in_backticks: no item of a metric
* `up` is a word
"""
PAGE = """\
<div class="metric"><div class="metric_name">srv_requests_total</div>
<div class="metric_help">Requests.</div><ul><li><span class="metric_type">Counter</span></li>
<li class="metric_labels_varying"><span class="metric_label">code</span>
<span class="metric_label">method</span></li></ul></div>
<div class="metric"><div class="metric_name">srv_odd</div><span class="metric_type">Custom</span></div>
"""
LIST = """\
- {name: requests_total, subsystem: srv, help: Requests., type: Counter, labels: [method, code], stabilityLevel: ALPHA}
- {name: busy_seconds, namespace: a, subsystem: srv, type: TimingRatioHistogram, constLabels: {zone: "1"}}
- {name: odd, subsystem: srv, type: Custom}
- {other: 1}
"""


def read(folder: Path, name: str, text: str) -> dict[str, ScrapedFamily]:
    (folder / name).write_text(text, encoding="utf-8")
    return read_documentation(folder / name)


def said(families: dict[str, ScrapedFamily]) -> dict[str, tuple[str, list[str]]]:
    return {name: (family.type, sorted(family.labels)) for name, family in families.items()}


def test_a_table_is_read_by_the_heads_of_its_columns(tmp_path: Path) -> None:
    found = read(tmp_path, "metrics.md", TABLE)
    assert said(found) == {
        "srv_requests_total": ("counter", ["code", "method"]),
        "srv_depth": ("gauge", []),
        "srv:rate5m": ("gauge", []),
        "srv_wait_seconds": ("histogram", ["queue"]),
    }
    assert found["srv_depth"].help == "How deep | how far."


def test_items_of_a_list_that_begin_with_a_name_are_read(tmp_path: Path) -> None:
    assert said(read(tmp_path, "README.md", ITEMS)) == {
        "srv_requests_total": ("counter", ["code", "method"]),
        "srv_info": ("untyped", ["mode", "version"]),
    }


def test_the_page_and_the_list_of_kubernetes_are_read(tmp_path: Path) -> None:
    requests = {"srv_requests_total": ("counter", ["code", "method"])}
    assert said(read(tmp_path, "page.md", PAGE)) == requests | {"srv_odd": ("untyped", [])}
    assert said(read(tmp_path, "list.yaml", LIST)) == requests | {
        "a_srv_busy_seconds": ("histogram", ["zone"]),
        "srv_odd": ("untyped", []),
    }


@pytest.mark.parametrize(("name", "text"), [("a.md", "# Nothing\n"), ("a.yaml", "families: {}\n"), ("a.yaml", "[1]\n")])
def test_a_file_that_names_no_metric_is_refused(tmp_path: Path, name: str, text: str) -> None:
    with pytest.raises(InputError, match="no metric in it"):
        read(tmp_path, name, text)


def test_a_scrape_and_source_count_more_than_documentation(tmp_path: Path) -> None:
    (tmp_path / "a.prom").write_text('# TYPE srv_depth counter\nsrv_depth{at="1"} 1\n')
    (tmp_path / "made.py").write_text('from prometheus_client import Gauge\nGauge("srv_requests_total", "")\n')
    (tmp_path / "docs.md").write_text(TABLE)
    evidence = read_evidence([tmp_path / "docs.md", tmp_path / "a.prom", tmp_path / "made.py"])
    assert (evidence.families["srv_depth"].type, evidence.families["srv_depth"].labels) == ("counter", {"at"})
    assert evidence.families["srv_requests_total"].type == "gauge"
    assert {name for name in evidence.families if evidence.read_in_documentation(name)} == {
        "srv:rate5m",
        "srv_wait_seconds",
    }
    assert not evidence.is_gone("srv_anything")
