"""What was scraped comes back from its text, and on a Prometheus, as it was: values, gaps and ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.signals.motion import START
from tests.truth import samples
from tests.truth.replay import replayed
from tests.truth.samples import Recording, Target, read, stale_or_value, write

if TYPE_CHECKING:
    from pathlib import Path

    from tests.signals.binaries import Binaries
    from tests.truth.samples import Values


def key(name: str, **labels: str) -> tuple[tuple[str, str], ...]:
    return tuple(sorted({"__name__": name, "job": "ray", "instance": "a:1", **labels}.items()))


def recording(offset: int = 4000, up: Values = (1.0,) * 8, **values: Values) -> Recording:
    """Returns a recording of one target with a series for each name."""
    series = {key("up"): up} | {key(name, path='a"b\\c'): each for name, each in values.items()}
    return Recording((Target({"job": "ray", "instance": "a:1"}, offset, series),))


ENDS = (None, 1.0, 2.5, None, None, 3.0, 4.0, 1e-7)


def test_a_recording_comes_back_from_its_text(tmp_path: Path) -> None:
    found = recording(x=ENDS)
    write(found, tmp_path / "a.gz")
    assert read(tmp_path / "a.gz") == found
    write(found, tmp_path / "b.gz")
    assert (tmp_path / "a.gz").read_bytes() == (tmp_path / "b.gz").read_bytes()


def test_a_line_that_is_broken_is_named(tmp_path: Path) -> None:
    import gzip

    (tmp_path / "a.gz").write_bytes(gzip.compress(b'target {"job": "ray"} 0\nup{} 1 1\nx{ 1\n'))
    with pytest.raises(ValueError, match=r"a\.gz:3: found 'x\{ 1', expected"):
        read(tmp_path / "a.gz")


def test_a_series_is_stale_at_the_first_scrape_without_it() -> None:
    assert list(stale_or_value(ENDS, (1.0,) * 8)) == [(1, 1.0), (2, 2.5), (3, None), (5, 3.0), (6, 4.0), (7, 1e-7)]


def test_nothing_is_stale_while_nobody_scrapes() -> None:
    up = (1.0, 1.0, 1.0, None, None, 1.0, 1.0, 1.0)
    assert list(stale_or_value(ENDS, up)) == [(1, 1.0), (2, 2.5), (5, 3.0), (6, 4.0), (7, 1e-7)]
    down = recording(x=ENDS).with_gap(3, 2).targets[0]
    assert down.up == (*(1.0,) * 3, None, None, *(1.0,) * 5)
    assert down.series[key("x", path='a"b\\c')] == (*ENDS[:3], None, None, *ENDS[3:])


def test_what_nobody_wants_goes_but_what_tells_of_scrapes() -> None:
    assert [dict(each)["__name__"] for each in recording(x=ENDS, y=ENDS).only("x".__eq__).targets[0].series] == [
        "up",
        "x",
    ]


def test_a_failed_scrape_takes_every_series_away_at_once() -> None:
    failed = recording(x=(1.0,) * 8).without_scrape(2, lambda labels: labels["job"] == "ray")
    assert failed.targets[0].up == (1.0, 1.0, 0.0, *(1.0,) * 5)
    assert failed.targets[0].series[key("x", path='a"b\\c')] == (1.0, 1.0, None, *(1.0,) * 5)
    other = recording(x=(1.0,) * 8)
    assert other.without_scrape(2, lambda labels: labels["job"] == "vllm") == other


@pytest.mark.slow
def test_prometheus_has_the_samples_at_their_moments_and_none_after_a_series_ended(binaries: Binaries) -> None:
    with replayed(binaries, recording(x=ENDS), ()) as api:
        (series,) = api.matrix("x[10m]", START + 300).series
        assert series[1] == tuple(
            (START + 4 + 30 * index, repr(value).removesuffix(".0"))
            for index, value in enumerate(ENDS)
            if value is not None
        )
        assert not api.instant("x", START + 4 + 3 * 30).answers  # stale, not the value of a minute ago
        assert not api.instant("x", START + 4 + 4 * 30).answers
        assert api.instant("x", START + 4 + 5 * 30).answers


@pytest.mark.slow
def test_what_a_prometheus_holds_is_recorded_as_it_was_scraped(binaries: Binaries) -> None:
    """Read back from a server that got the samples with their stale markers; those are found again from what lacks."""
    found = recording(x=ENDS, up=(1.0,) * 8)
    with replayed(binaries, found, ()) as api:
        assert samples.record(api, START, START + found.seconds + 1) == found


@pytest.mark.slow
def test_samples_that_prometheus_refuses_are_told(binaries: Binaries) -> None:
    from tests.truth.remote_write import Samples, send

    with (
        replayed(binaries, recording(x=ENDS), ()) as api,
        pytest.raises(RuntimeError, match="Prometheus refuses samples"),
    ):
        send(api, [Samples(dict(key("x", path='a"b\\c')), [(START * 1000, 1.0)])])  # older than what is there
