"""Which dependencies a chart names, and directories that are no generated chart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from generator.errors import InputError
from generator.files import yamlfile
from generator.upstream import Dependency, read_dependencies

from .charts import make_umbrella

if TYPE_CHECKING:
    from pathlib import Path

UPSTREAM = "https://charts.example"


def lock(chart: Path, *entries: dict[str, object]) -> Path:
    (chart / "Chart.lock").write_text(yamlfile.dump({"dependencies": list(entries)}))
    return chart


def test_dependencies_come_from_the_lock_in_its_order_each_once(tmp_path: Path) -> None:
    twice = ("opensearch", "3.6.0", UPSTREAM)
    chart = make_umbrella(tmp_path / "c", ("fluent-bit", "0.58.1", UPSTREAM), twice, twice)
    assert read_dependencies(chart) == (
        Dependency("fluent-bit", "0.58.1", UPSTREAM),
        Dependency("opensearch", "3.6.0", UPSTREAM),
    )


def test_a_chart_without_dependencies_has_none(tmp_path: Path) -> None:
    assert read_dependencies(make_umbrella(tmp_path / "c")) == ()


@pytest.mark.parametrize("lacking", ["Chart.yaml", "Chart.lock"])
def test_a_directory_without_one_of_the_two_files_is_no_generated_chart(tmp_path: Path, lacking: str) -> None:
    chart = make_umbrella(tmp_path / "c")
    (chart / lacking).unlink()
    with pytest.raises(InputError, match=f"no {lacking} in it: not a chart that gen-chart made .make a chart first"):
        read_dependencies(chart)


def test_a_path_that_is_no_directory_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not a directory, expected a chart that gen-chart made"):
        read_dependencies(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"name": "../../etc/cron", "version": "1.0.0"}, r"dependencies\[0\].name: found '../../etc/cron'"),
        ({"name": "opensearch", "version": "../1.0.0"}, r"dependencies\[0\].version: found '../1.0.0'"),
        ({"name": "opensearch", "version": "^3.0.0"}, "expected one exact version"),
        ({"version": "1.0.0"}, "expected the name of a chart"),
    ],
)
def test_an_entry_that_is_no_exact_chart_is_refused(tmp_path: Path, entry: dict[str, object], message: str) -> None:
    chart = lock(make_umbrella(tmp_path / "c"), entry)
    with pytest.raises(InputError, match=message):
        read_dependencies(chart)


def test_a_lock_out_of_step_with_the_chart_is_refused_with_every_difference(tmp_path: Path) -> None:
    chart = make_umbrella(tmp_path / "c", ("opensearch", "3.6.0", UPSTREAM), ("fluent-bit", "0.58.1", UPSTREAM))
    lock(chart, {"name": "opensearch", "version": "3.5.0"}, {"name": "loki", "version": "1.0.0"})
    with pytest.raises(InputError) as caught:
        read_dependencies(chart)
    text = str(caught.value)
    assert "found opensearch 3.5.0, but Chart.yaml wants 3.6.0" in text
    assert "no entry for 'fluent-bit'" in text
    assert "found 'loki', which Chart.yaml does not depend on" in text
    assert "generate the chart again" in text


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(max_size=200) | st.binary(max_size=200).map(lambda raw: raw.decode("latin-1")))
def test_whatever_stands_in_the_lock_the_outcome_is_dependencies_or_a_message(tmp_path: Path, text: str) -> None:
    chart = make_umbrella(tmp_path / "c")
    (chart / "Chart.lock").write_text(text, encoding="utf-8")
    try:
        assert isinstance(read_dependencies(chart), tuple)
    except InputError as error:
        assert "Chart.lock" in str(error)
