"""Bringing scrapes and source into a file of metrics/."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest

from generator.catalogue.capture import Update, add_evidence, updated
from generator.catalogue.constructors import read_source
from generator.catalogue.entries import guessed_unit
from generator.catalogue.evidence import Evidence, read_evidence
from generator.catalogue.exposition import parse_exposition
from generator.catalogue.python_tree import Modules
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
    """Brings a scrape, source or both into FILE, beside the shipped catalogue."""

    def brought(
        scrape: str = "", *, file: str = FILE, version: str = "1.0", source: str = "", previous: str = ""
    ) -> Update:
        scraped = parse_exposition(scrape, file="scrape.prom") if scrape else {}
        made, before = (
            read_source(Modules({"sample/metrics.py": text})) if text else None for text in (source, previous)
        )
        exporter = parse_exporter("sample", yamlfile.parse(file, file="x"), schema, file="x")
        return updated(
            file,
            Evidence(("scrape.prom",), scraped, made, before),
            {**catalogue, "sample": exporter},
            "sample",
            schema,
            drops=DROPS,
            version=version,
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


SOURCE = """\
from prometheus_client import Counter, Gauge

A = Counter("a", "Things.", ["code"])
D = Gauge("d", "Size.", ["ip", "zone", "pid"])
"""


def test_another_version_is_written_down(bring: Bring) -> None:
    update = bring(SCRAPE + "# TYPE e gauge\ne 1\n", version="2.0")
    added = [line for line in lines(update.diff()) if line[0] == "+"]
    assert added[0] == '+version: "2.0"'
    assert "e: {type: gauge}" in added[1]


def test_an_older_version_than_the_files_is_refused(bring: Bring) -> None:
    with pytest.raises(InputError, match=r"--version: found version 0\.9, expected 1\.0 or newer"):
        bring(SCRAPE, version="0.9")


@pytest.mark.parametrize("version", ["1.0", "2.0"])
def test_what_a_scrape_does_not_show_stays_and_is_named(bring: Bring, version: str) -> None:
    """A scrape shows what was on, ran and happened; c_seconds needs something and is not even missed."""
    update = bring('# TYPE a_total counter\na_total{code="1"} 1\n', version=version)
    assert update.gone == ()
    assert "until" not in update.after
    assert update.unseen == ("d",)
    assert [*update.notes()] == ["1 families of metrics/sample.yaml were not shown and stay as they are: d"]


@pytest.mark.parametrize("name", ["ray", "ray-serve"])
def test_a_scrape_of_the_same_ray_given_as_the_next_version_marks_nothing(
    name: str, root: Path, schema: Mapping[str, Any]
) -> None:
    evidence = read_evidence([CAPTURES / "ray-2.60.0-serve-vllm-0.32.0.prom.gz"])
    update = add_evidence(root, evidence, name, schema, drops=DROPS, version="2.61.0")
    assert (update.gone, [line[:9] for line in lines(update.diff())]) == ((), ["-version:", "+version:"])
    assert update.unseen


def test_the_source_of_both_versions_tells_what_is_new_and_what_is_gone(bring: Bring) -> None:
    after = SOURCE.replace('D = Gauge("d", "Size.", ["ip", "zone", "pid"])', 'E = Gauge("e_seconds", "Age.", ["ip"])')
    update = bring(source=after, previous=SOURCE, version="2.0")
    assert (update.added, update.gone) == (("e_seconds",), ("d",))
    changes = lines(update.diff())
    assert '+  d: {type: gauge, unit: bytes, labels: [$node, pid], until: "2.0"}' in changes
    (added,) = [line for line in changes if line.startswith("+  e_seconds")]
    assert 'labels: [ip], help: Age., since: "2.0", source: Sample 2.0 sample/metrics.py}' in added


@pytest.mark.parametrize(
    "still",
    [
        '# d is made elsewhere\nNAMES = ["d"]\n',
        'from prometheus_client import Gauge\ndef make(kind):\n    return Gauge(f"dd{kind}", "")\nname = "d"\n',
    ],
)
def test_a_family_that_the_new_source_so_much_as_names_is_not_gone(bring: Bring, still: str) -> None:
    after = SOURCE.replace('D = Gauge("d", "Size.", ["ip", "zone", "pid"])', "") + still
    assert bring(source=after, previous=SOURCE, version="2.0").gone == ()


def test_a_family_that_a_scrape_of_the_new_version_shows_is_not_gone(bring: Bring) -> None:
    after = SOURCE.replace('D = Gauge("d", "Size.", ["ip", "zone", "pid"])', "")
    assert bring(SCRAPE, source=after, previous=SOURCE, version="2.0").gone == ()
    assert bring('# TYPE a_total counter\na_total{code="1"} 1\n', source=after, previous=SOURCE, version="2.0").gone


def test_what_the_source_of_the_version_before_had_too_is_not_new(bring: Bring) -> None:
    both = SOURCE + 'E = Gauge("e", "More.")\n'
    update = bring(source=both, previous=both, version="2.0")
    assert update.added == ("e",)
    assert "since" not in update.after


def test_labels_that_the_source_does_not_tell_are_for_a_person(bring: Bring) -> None:
    update = bring(source=SOURCE + 'def make(labels):\n    return Gauge("e", "More.", labels)\n')
    (line,) = [line for line in lines(update.diff()) if line[0] == "+"]
    assert line.endswith("# unit not known, labels not known")


def test_names_that_the_source_has_in_a_table_are_named(bring: Bring) -> None:
    file = FILE.replace("a_total:", "sample_a_total:").replace("c_seconds:", "sample_c:").replace("  d:", "  sample_d:")
    source = """\
from prometheus_client import Gauge
D = Gauge("sample_d", "")
TABLE = {"sample_new_one": "gauge", "y": 1, "sample_c": 1}
for name in TABLE:
    Gauge(name, "")
"""
    update = bring(file=file, source=source)
    assert update.named == ("sample_new_one",)
    assert update.unread == ("sample/metrics.py:5",)
    assert len([*update.notes()]) == 3


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
        assert (name, add_evidence(root, read_evidence([CAPTURES / capture]), name, schema, drops=DROPS).diff()) == (
            name,
            "",
        )
        assert (root / "metrics" / f"{name}.yaml").read_bytes() == before


@pytest.mark.thorough
def test_every_shipped_file_survives_an_edit_byte_for_byte_but_for_the_edit(
    root: Path, schema: Mapping[str, Any], catalogue: Mapping[str, Any], tmp_path: Path
) -> None:
    for name, exporter in catalogue.items():
        family = next(iter(exporter.families.values()))
        capture = tmp_path / "scrape.prom"
        capture.write_text(f"# TYPE {family.name} {family.type}\n# TYPE zzz gauge\nzzz 1\n")
        update = add_evidence(root, read_evidence([capture]), name, schema, drops=DROPS, write=False)
        assert [line[:6] for line in lines(update.diff())] == ["+  zzz"], name


def test_a_file_is_written_unless_only_the_difference_is_asked_for(
    root: Path, schema: Mapping[str, Any], tmp_path: Path
) -> None:
    path, capture = root / "metrics" / "vllm.yaml", tmp_path / "new.prom"
    capture.write_text("# TYPE vllm:num_requests_running gauge\n# TYPE vllm:new gauge\nvllm:new 1\n")
    before = path.read_text()
    update = add_evidence(root, read_evidence([capture]), "vllm", schema, drops=DROPS, version="0.99.0", write=False)
    assert path.read_text() == before
    assert "vllm:new" in update.added
    add_evidence(root, read_evidence([capture]), "vllm", schema, drops=DROPS, version="0.99.0")
    assert path.read_text() == update.after


def test_an_unknown_exporter_is_an_input_error(root: Path, schema: Mapping[str, Any]) -> None:
    with pytest.raises(InputError, match=r"no exporter 'vlm' in metrics/.*did you mean 'vllm'"):
        add_evidence(root, read_evidence([CAPTURES / "vllm-0.32.0.prom"]), "vlm", schema, drops=DROPS)
