"""Bringing a scrape into a file of metrics/."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest

from generator.catalogue.capture import Update, add_capture, guessed_unit, updated
from generator.catalogue.exposition import parse_exposition
from generator.catalogue.reader import parse_exporter
from generator.errors import InputError
from generator.files import yamlfile
from tests.catalogue.conftest import DROPS, ROOT
from tests.conftest import CAPTURES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from generator.catalogue.spec import Exporter

    Bring = Callable[..., Update]

FILE = """\
# What this file is about.
title: Sample
version: "1.0"
source: a scrape
labelSets:
  node: [ip, zone]
exposures:
  - {monitor: vllm, endpoint: api}
families:
  # The first one.
  a_total: counter [code]
  c_seconds: {type: histogram, unit: seconds, labels: [$node], help: waiting, needs: a queue}  # kept
  d: gauge bytes [$node, pid]
"""
SCRAPE = """\
# TYPE a_total counter
a_total{code="200"} 1
# TYPE a_created gauge
a_created{code="200"} 1.7e9
# TYPE d gauge
d{ip="192.0.2.1",zone="a",pid="1"} 1
"""


@pytest.fixture
def bring(schema: Mapping[str, Any], catalogue: Mapping[str, Any]) -> Bring:
    """Brings a scrape into FILE, beside the shipped catalogue."""

    def brought(scrape: str, *, file: str = FILE, version: str = "1.0") -> Update:
        exporter = parse_exporter("sample", yamlfile.parse(file, file="x"), schema, file="x")
        return updated(
            file,
            parse_exposition(scrape, file="scrape.prom"),
            {**catalogue, "sample": exporter},
            "sample",
            schema,
            drops=DROPS,
            version=version,
            capture="scrape.prom",
        )

    return brought


def lines(diff: str) -> list[str]:
    return [line for line in diff.splitlines() if line[:1] in {"+", "-"} and line[:3] not in {"+++", "---"}]


def test_a_scrape_that_shows_what_is_known_changes_nothing(bring: Bring) -> None:
    update = bring(SCRAPE)
    assert (update.diff(), update.added, update.changed, update.gone) == ("", (), (), ())


def test_a_new_family_comes_in_with_type_labels_and_help_and_its_unit_is_marked_as_a_guess(bring: Bring) -> None:
    update = bring(SCRAPE + '# HELP b_bytes Size: all.\n# TYPE b_bytes gauge\nb_bytes{ip="1",zone="a",kind="x"} 1\n')
    assert update.added == ("b_bytes",)
    (line,) = lines(update.diff())
    assert line.startswith("+  b_bytes: {type: gauge, unit: bytes, labels: [$node, kind], help: 'Size: all.'}")
    assert line.endswith("# unit guessed from the name")


def test_a_new_family_stands_where_the_alphabet_puts_it_and_comments_stay(bring: Bring) -> None:
    after = bring(SCRAPE + "# TYPE b gauge\nb 1\n").after
    assert "# unit not known" in after
    assert "# What this file is about." in after
    assert "  # The first one.\n  a_total:" in after
    assert "# kept" in after
    assert after.index("a_total:") < after.index("b: {type: gauge}") < after.index("c_seconds:")


def test_another_version_is_written_down_and_dates_what_is_new(bring: Bring) -> None:
    update = bring(SCRAPE + "# TYPE e gauge\ne 1\n", version="2.0")
    added = [line for line in lines(update.diff()) if line[0] == "+"]
    assert added[0] == '+version: "2.0"'
    assert 'e: {type: gauge, since: "2.0"}' in added[1]


def test_a_family_that_vanished_in_another_version_gets_until(bring: Bring) -> None:
    update = bring('# TYPE a_total counter\na_total{code="1"} 1\n', version="2.0")
    assert update.gone == ("d",)
    assert '+  d: {type: gauge, unit: bytes, labels: [$node, pid], until: "2.0"}' in lines(update.diff())


def test_a_family_that_needs_something_or_is_missing_in_the_same_version_is_left_alone(bring: Bring) -> None:
    assert bring('# TYPE a_total counter\na_total{code="1"} 1\n').diff() == ""
    assert "c_seconds" not in bring(SCRAPE, version="2.0").gone


def test_what_the_whole_file_needs_is_no_excuse_once_the_scrape_shows_the_exporter(bring: Bring) -> None:
    file = FILE.replace("labelSets:", "needs: a GPU\nlabelSets:")
    assert bring('# TYPE a_total counter\na_total{code="1"} 1\n', file=file, version="2.0").gone == ("d",)


def test_a_family_that_is_back_loses_until(bring: Bring) -> None:
    file = FILE.replace("d: gauge bytes [$node, pid]", 'd: {type: gauge, labels: [$node, pid], until: "1.0"}')
    update = bring(SCRAPE, file=file)
    assert update.changed == ("d",)
    assert "+  d: {type: gauge, labels: [$node, pid]}" in lines(update.diff())


def test_a_type_that_differs_is_replaced_and_a_new_label_is_added(bring: Bring) -> None:
    update = bring(SCRAPE.replace("# TYPE d gauge", "# TYPE d counter").replace('pid="1"', 'pid="1",x="y"'))
    assert update.changed == ("d",)
    assert "+  d: {type: counter, unit: bytes, labels: [$node, pid, x]}" in lines(update.diff())


def test_what_monitors_drop_and_what_other_files_hold_stays_out(bring: Bring) -> None:
    more = "".join(
        f"# TYPE {name} gauge\n{name} 1\n"
        for name in ("process_open_fds", "http_requests_total", "vllm:num_requests_running")
    )
    assert bring(SCRAPE.replace('code="200"', 'code="200",otel_scope_name="x"') + more).diff() == ""


def test_a_second_time_changes_nothing(bring: Bring) -> None:
    scrape = SCRAPE.replace("# TYPE d gauge", "# TYPE d counter") + '# TYPE e_ms gauge\ne_ms{code="1"} 1\n'
    once = bring(scrape, version="2.0")
    assert once.diff()
    assert bring(scrape, file=once.after, version="2.0").diff() == ""


def test_a_scrape_of_something_else_is_refused_and_its_owner_named(bring: Bring) -> None:
    with pytest.raises(
        InputError, match=r"scrape\.prom: found no family of 'sample'.*most of it is in metrics/dcgm\.yaml"
    ):
        bring("# TYPE DCGM_FI_DEV_GPU_UTIL gauge\nDCGM_FI_DEV_GPU_UTIL 1\n")


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("x_seconds_total", "seconds"),
        ("x_start_time_seconds", "timestamp"),
        ("x_bytes", "bytes"),
        ("x_ms", "milliseconds"),
        ("build_info", "info"),
        ("kv_cache_usage_perc", ""),
        ("seconds", ""),
    ],
)
def test_a_unit_is_guessed_from_the_end_of_a_name_only(name: str, unit: str) -> None:
    assert guessed_unit(name) == unit


@pytest.fixture
def root(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "metrics", tmp_path / "metrics")
    return tmp_path


def test_a_scrape_that_a_shipped_file_was_made_from_changes_nothing(
    root: Path, schema: Mapping[str, Any], catalogue: Mapping[str, Exporter]
) -> None:
    measured = {
        (name, exposure.measured)
        for name, exporter in catalogue.items()
        for exposure in exporter.exposures
        if exposure.measured and not exposure.prefix
    }
    assert len(measured) > 15
    for name, capture in sorted(measured):
        before = (root / "metrics" / f"{name}.yaml").read_bytes()
        assert (name, add_capture(root, CAPTURES / capture, name, schema, drops=DROPS).diff()) == (name, "")
        assert (root / "metrics" / f"{name}.yaml").read_bytes() == before


def test_every_shipped_file_survives_an_edit_byte_for_byte_but_for_the_edit(
    root: Path, schema: Mapping[str, Any], catalogue: Mapping[str, Any], tmp_path: Path
) -> None:
    for name, exporter in catalogue.items():
        family = next(iter(exporter.families.values()))
        capture = tmp_path / "scrape.prom"
        capture.write_text(f"# TYPE {family.name} {family.type}\n# TYPE zzz gauge\nzzz 1\n")
        update = add_capture(root, capture, name, schema, drops=DROPS, write=False)
        assert [line[:6] for line in lines(update.diff())] == ["+  zzz"], name


def test_a_file_is_written_unless_only_the_difference_is_asked_for(
    root: Path, schema: Mapping[str, Any], tmp_path: Path
) -> None:
    path, capture = root / "metrics" / "vllm.yaml", tmp_path / "new.prom"
    capture.write_text("# TYPE vllm:num_requests_running gauge\n# TYPE vllm:new gauge\nvllm:new 1\n")
    before = path.read_text()
    update = add_capture(root, capture, "vllm", schema, drops=DROPS, version="0.33.0", write=False)
    assert path.read_text() == before
    assert "vllm:new" in update.added
    add_capture(root, capture, "vllm", schema, drops=DROPS, version="0.33.0")
    assert path.read_text() == update.after


def test_an_unknown_exporter_is_an_input_error(root: Path, schema: Mapping[str, Any]) -> None:
    with pytest.raises(InputError, match=r"no exporter 'vlm' in metrics/.*did you mean 'vllm'"):
        add_capture(root, CAPTURES / "vllm-0.32.0.prom", "vlm", schema, drops=DROPS)
