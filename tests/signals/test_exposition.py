"""Reading a scrape, and cutting one down to a fixture."""

from __future__ import annotations

import pytest

from .exposition import escaped, normalized_le, read
from .trim import MOST, SETS, trimmed


def test_a_sample_keeps_its_labels_and_its_value() -> None:
    scrape = read('# HELP x Help.\n# TYPE x gauge\nx{a="1",b="two words"} 1.5e3 1700000000\nx 2\n')
    assert [(one.name, dict(one.labels), one.value) for one in scrape.series] == [
        ("x", {"a": "1", "b": "two words"}, 1500.0),
        ("x", {}, 2.0),
    ]


@pytest.mark.parametrize("value", ['a"b', "a\\b", "a\nb", "}", ",", 'x="y"'])
def test_what_is_escaped_comes_back_as_it_was(value: str) -> None:
    (one,) = read(f'x{{a="{escaped(value)}"}} 1\n').series
    assert one.labels == {"a": value}


def test_the_parts_of_a_histogram_belong_to_its_family() -> None:
    scrape = read('# TYPE h histogram\nh_bucket{le="1"} 1\nh_sum 1\nh_count 1\n')
    assert {scrape.family(one.name) for one in scrape.series} == {"h"}
    assert scrape.type("h_bucket") == "histogram"
    assert scrape.type("other") == "untyped"


def test_a_line_that_is_no_sample_is_refused_by_its_number() -> None:
    with pytest.raises(ValueError, match=r"^line 2: found 'not a sample here'"):
        read("x 1\nnot a sample here\n")


@pytest.mark.parametrize(("written", "stored"), [("1", "1.0"), ("0.5", "0.5"), ("+Inf", "+Inf"), ("1.0", "1.0")])
def test_bucket_limits_are_written_as_prometheus_3_stores_them(written: str, stored: str) -> None:
    assert normalized_le({"le": written, "x": "1"}) == {"le": stored, "x": "1"}


def test_a_trimmed_histogram_keeps_every_bucket_of_few_label_sets() -> None:
    lines = ["# TYPE h histogram"]
    for number in range(9):
        lines += [f'h_bucket{{a="{number}",le="{limit}"}} 1' for limit in ("1", "+Inf")]
        lines += [f'h_sum{{a="{number}"}} 1', f'h_count{{a="{number}"}} 1']
    kept = read(trimmed("\n".join(lines) + "\n"))
    assert len({one.labels["a"] for one in kept.series}) == SETS["histogram"]
    assert len(kept.series) == 4 * SETS["histogram"]


def test_trimming_keeps_every_value_of_a_label_that_has_few() -> None:
    lines = ["# TYPE g gauge"]
    lines += [f'g{{state="running",worker="{number}"}} 1' for number in range(50)]
    lines += ['g{state="failed",worker="50"} 1']
    kept = read(trimmed("\n".join(lines) + "\n"))
    assert len(kept.series) == MOST
    assert {one.labels["state"] for one in kept.series} == {"running", "failed"}
