"""Reading a scrape in Prometheus' text format."""

from __future__ import annotations

import gzip
import math
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.catalogue.exposition import ScrapedFamily, parse_exposition, read_capture
from generator.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path


def scrape(*lines: str) -> dict[str, ScrapedFamily]:
    return parse_exposition("".join(f"{line}\n" for line in lines), file="scrape.prom")


def refused(text: str) -> str:
    with pytest.raises(InputError) as caught:
        parse_exposition(text, file="scrape.prom")
    return str(caught.value)


def test_a_family_has_the_name_type_help_and_labels_that_the_exporter_gives() -> None:
    families = scrape(
        "# HELP http_requests_total Requests\\nby \\\\ code.",
        "# TYPE http_requests_total counter",
        'http_requests_total{code="200",handler="/"} 3 1700000000000',
        'http_requests_total{code="500",} 1e+3',
    )
    assert families == {
        "http_requests_total": ScrapedFamily(
            "http_requests_total", "counter", "Requests\nby \\ code.", {"code", "handler"}, series=2
        )
    }


def test_a_histogram_and_a_summary_own_their_parts_and_hide_le_and_quantile() -> None:
    families = scrape(
        "# TYPE wait_seconds histogram",
        'wait_seconds_bucket{queue="a",le="+Inf"} 2',
        'wait_seconds_sum{queue="a"} 0.5',
        'wait_seconds_count{queue="a"} 2',
        "# TYPE gc_seconds summary",
        'gc_seconds{quantile="0.5"} NaN',
        "gc_seconds_sum 1",
        "gc_seconds_count 1",
    )
    assert {name: (family.labels, family.series) for name, family in families.items()} == {
        "wait_seconds": ({"queue"}, 3),
        "gc_seconds": (set(), 3),
    }


def test_a_gauge_keeps_its_name_even_if_it_looks_like_a_part_of_a_histogram() -> None:
    families = scrape("# TYPE a histogram", 'a_bucket{le="1"} 1', "# TYPE a_count gauge", "a_count 4")
    assert families["a_count"].type == "gauge"
    assert families["a_count"].series == 1


def test_a_sample_without_a_type_is_untyped_and_a_family_without_a_sample_is_kept() -> None:
    families = scrape("# TYPE quiet counter", "lonely 1")
    assert (families["lonely"].type, families["quiet"].series) == ("untyped", 0)


def test_quotes_braces_and_line_breaks_inside_a_value_do_not_end_it() -> None:
    families = scrape('x{a="q\\"},b=\\\\",c="\\n{}"} 1')
    assert families["x"].labels == {"a", "c"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "scrape.prom: no sample in it"),
        ("# TYPE a counter\n", "scrape.prom: no sample in it"),
        ("<!doctype html>\n<html>\n", "scrape.prom:1: found HTML"),
        ("a 1\nb 2", "scrape.prom:2: the last line does not end"),
        ("a 1\n# EOF\n", "scrape.prom:2: found OpenMetrics"),
        ("a 1\nb\n", "scrape.prom:2:2: found '', expected a number"),
        ("a 1\nb one\n", "scrape.prom:2:2: found 'one', expected a number"),
        ("a 1 2 3\n", "scrape.prom:1:2: found '1 2 3', expected a number"),
        ('a{b="c" 1\n', 'scrape.prom:1:3: found \'b="c" 1\', expected label="value"'),
        ("a{b=c} 1\n", "scrape.prom:1:3: found 'b=c} 1', expected label=\"value\""),
        ("1a 1\n", "scrape.prom:1: found '1a 1', expected a sample"),
        ("# TYPE a stateset\na 1\n", "scrape.prom:1: found the type 'stateset'"),
        ("# TYPE 1a gauge\n", "scrape.prom:1: found the name '1a'"),
        ('{"error": "not found"}\n', 'scrape.prom:1: found \'{"error": "not found"}\', expected a sample'),
    ],
)
def test_what_is_no_scrape_is_refused_with_its_line(text: str, message: str) -> None:
    assert message in refused(text)


def test_a_packed_capture_is_read_like_a_plain_one(tmp_path: Path) -> None:
    plain, packed = tmp_path / "a.prom", tmp_path / "b.prom.gz"
    plain.write_bytes(b"a 1\n")
    packed.write_bytes(gzip.compress(b"a 1\n"))
    assert read_capture(plain) == read_capture(packed)


def test_a_packed_capture_that_is_cut_off_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.prom.gz"
    path.write_bytes(gzip.compress(b"a 1\n" * 1000)[:-12])
    with pytest.raises(InputError, match="cannot be unpacked"):
        read_capture(path)


def test_binary_bytes_are_refused_with_their_line(tmp_path: Path) -> None:
    path = tmp_path / "a.prom"
    path.write_bytes(b"a 1\n\xff\xfe\n")
    with pytest.raises(InputError, match=r"a\.prom:2: found the byte 0xff"):
        read_capture(path)


def test_a_file_that_is_not_there_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_capture(tmp_path / "none.prom")


NAMES = st.from_regex(r"[a-zA-Z_:][a-zA-Z0-9_:]{0,12}", fullmatch=True)
LABELS = st.dictionaries(
    st.from_regex(r"[a-zA-Z_][a-zA-Z0-9_]{0,8}", fullmatch=True), st.text(st.characters(codec="utf-8")), max_size=4
)


def written(name: str, labels: dict[str, str], value: float) -> str:
    """Writes a sample as prometheus_client does."""
    escaped = {key: text.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"') for key, text in labels.items()}
    inside = ",".join(f'{key}="{text}"' for key, text in escaped.items())
    shown = "NaN" if math.isnan(value) else {math.inf: "+Inf", -math.inf: "-Inf"}.get(value, repr(value))
    return f"{name}{{{inside}}} {shown}" if labels else f"{name} {shown}"


@given(NAMES, st.lists(st.tuples(LABELS, st.floats()), min_size=1, max_size=4), st.sampled_from(["gauge", "counter"]))
def test_whatever_an_exporter_writes_is_read_back(
    name: str, samples: list[tuple[dict[str, str], float]], kind: str
) -> None:
    text = f"# TYPE {name} {kind}\n" + "".join(f"{written(name, labels, value)}\n" for labels, value in samples)
    family = parse_exposition(text, file="x")[name]
    assert (family.type, family.series) == (kind, len(samples))
    assert family.labels == {label for labels, _ in samples for label in labels}


@given(st.text())
def test_any_text_is_read_or_refused_but_never_crashes(text: str) -> None:
    try:
        families = parse_exposition(text, file="x")
    except InputError:
        return
    assert any(family.series for family in families.values())
