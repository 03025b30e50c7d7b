"""Reading metrics/*.yaml: what the schema accepts, the reader takes, and nothing else."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.catalogue.reader import parse_exporter, read_catalogue
from generator.catalogue.spec import Family
from generator.errors import InputError
from generator.files import schemas, yamlfile
from tests.catalogue.conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from generator.catalogue.spec import Exporter

SAMPLE = """
title: Sample
version: "1.0"
source: a scrape
needs: a node
complete: [short_, plain_]
labelSets:
  node: [ip, zone]
exposures:
  - {monitor: ray, endpoint: metrics, prefix: ray_, sanitize: true, labels: [$node], measured: a.prom, lives: 20s,
     sum: estimated}
  - {component: kube-prometheus-stack, job: kubelet, targetLabels: [node], honorLabels: true}
families:
  short_bytes: gauge bytes [$node, pid]
  plain_total: counter
  brief: {type: gauge, lives: 90s}
  full: {type: histogram, unit: seconds, labels: [a], help: h, since: "0.2", until: "3", needs: x, source: s}
renamed:
  old: {to: full, since: "0.3"}
  gone: {}
"""


def test_a_family_is_written_short_or_as_a_mapping(parse: Callable[[str], Exporter]) -> None:
    assert parse(SAMPLE).families == {
        "short_bytes": Family("short_bytes", "gauge", "bytes", frozenset({"ip", "zone", "pid"}), needs="a node"),
        "plain_total": Family("plain_total", "counter", "", frozenset(), needs="a node"),
        "brief": Family("brief", "gauge", "", frozenset(), needs="a node", lives=90),
        "full": Family("full", "histogram", "seconds", frozenset({"a"}), "h", "0.2", "3", "x", "s"),
    }


def test_an_exposure_is_a_monitors_endpoint_or_a_charts_job(parse: Callable[[str], Exporter]) -> None:
    ours, theirs = parse(SAMPLE).exposures
    assert (ours.monitor, ours.endpoint, ours.job, ours.prefix, ours.sanitize) == (
        "ray",
        "metrics",
        "ray",
        "ray_",
        True,
    )
    assert ours.labels == {"ip", "zone"}
    assert (ours.lives, ours.sums_estimated) == (20, True)
    assert (theirs.lives, theirs.sums_estimated) == (0, False)
    assert (theirs.component, theirs.job, set(theirs.target_labels), theirs.honor_labels) == (
        "kube-prometheus-stack",
        "kubelet",
        {"node"},
        True,
    )


def test_a_renamed_name_has_a_successor_and_a_version_where_they_are_known(parse: Callable[[str], Exporter]) -> None:
    assert parse(SAMPLE).renamed == {"old": ("full", "0.3"), "gone": ("", "")}


@pytest.mark.parametrize(
    ("found", "replacement", "message"),
    [
        (
            "gauge bytes [$node, pid]",
            "gauge byte [pid]",
            "families.short_bytes: found the unit 'byte', expected one of the schema's (did you mean 'bytes'?)",
        ),
        ("gauge bytes [$node, pid]", "gauge bytes [$nodes]", "families.short_bytes: found '$nodes', expected a set"),
        (
            "gauge bytes [$node, pid]",
            "gage bytes",
            "families.short_bytes: found 'gage bytes', expected TYPE UNIT [LABELS]",
        ),
        ("gauge bytes [$node, pid]", "gauge bytes [a, a]", "families.short_bytes: found 'a' twice"),
        ("unit: seconds", "unit: second", "families.full.unit: found 'second', expected one of"),
        ("type: histogram", "type: histgram", "did you mean 'histogram'?"),
        ("help: h", "hepl: h", "unknown key 'hepl' (did you mean 'help'?)"),
        (
            "  plain_total: counter",
            "  plain-total: counter",
            "key 'plain-total': found 'plain-total', expected a metric's name",
        ),
        ("endpoint: metrics, ", "", "the key 'endpoint' is missing"),
        ("job: kubelet, ", "", "the key 'job' is missing"),
        ("title: Sample", "titel: Sample", "the key 'title' is missing"),
        ("labels: [a]", "labels: []", "found an empty list"),
        ("labels: [a]", "labels: a", "found 'a', expected a list"),
        ('version: "1.0"', "version: 1.0", "version: found '1.0', expected text"),
        ("sanitize: true", "sanitize: yes please", "expected true or false"),
        ("lives: 90s", "lives: 90", "families.brief.lives: found '90', expected text"),
        ("lives: 90s", "lives: 2m", "families.brief.lives: found '2m', expected a number of seconds, as 20s"),
        ("{type: gauge, lives", "{type: counter, lives", "families.brief.type"),
        (
            "[short_, plain_]",
            "[short_, plan_]",
            "complete[1]: found 'plan_', expected the beginning of a family's name (did you mean 'plain_'?)",
        ),
        ("[short_, plain_]", "[short]", "complete[0]: found 'short', expected the beginning of metrics' names"),
        ("[short_, plain_]", "[_]", "complete[0]: found '_', expected the beginning of metrics' names"),
        ("sum: estimated", "sum: guessed", "exposures[0].sum: found 'guessed', expected"),
    ],
)
def test_a_mistake_is_named_with_its_place(
    parse: Callable[[str], Exporter], found: str, replacement: str, message: str
) -> None:
    assert found in SAMPLE
    with pytest.raises(InputError) as caught:
        parse(SAMPLE.replace(found, replacement))
    assert message in str(caught.value)


@pytest.mark.parametrize("text", ["[]", "text", "", "a: 1"])
def test_what_is_no_catalogue_file_is_an_input_error(parse: Callable[[str], Exporter], text: str) -> None:
    with pytest.raises(InputError, match=r"sample\.yaml"):
        parse(text)


def test_every_problem_of_every_file_is_named_at_once(tmp_path: Path, schema: Mapping[str, Any]) -> None:
    (tmp_path / "metrics").mkdir()
    for name in ("a", "b"):
        (tmp_path / "metrics" / f"{name}.yaml").write_text(SAMPLE.replace("histogram", "histgram"))
    with pytest.raises(InputError) as caught:
        read_catalogue(tmp_path, schema)
    assert {problem.file for problem in caught.value.problems} == {"metrics/a.yaml", "metrics/b.yaml"}


PLACES = [
    (),
    ("title",),
    ("labelSets",),
    ("labelSets", "node"),
    ("exposures",),
    ("exposures", 0),
    ("exposures", 0, "monitor"),
    ("exposures", 0, "labels"),
    ("exposures", 0, "sanitize"),
    ("exposures", 0, "lives"),
    ("exposures", 0, "sum"),
    ("families", "brief", "lives"),
    ("exposures", 1),
    ("exposures", 1, "targetLabels"),
    ("exposures", 1, "prefix"),
    ("families",),
    ("families", "short_bytes"),
    ("families", "full"),
    ("families", "full", "type"),
    ("families", "full", "unit"),
    ("families", "full", "labels"),
    ("families", "full", "help"),
    ("families", "new name"),
    ("renamed",),
    ("renamed", "old"),
    ("renamed", "old", "to"),
    ("extra",),
]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["", "gauge", "bytes", "gauge bytes", "$node", "a b"]),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["type", "labels", "to", "x y"]), inner)
    ),
    max_leaves=4,
)


@given(st.sampled_from(PLACES), VALUES)
def test_the_reader_takes_what_the_schema_accepts_and_nothing_else(place: tuple[str | int, ...], value: Any) -> None:
    schema = yamlfile.load_mapping(ROOT / "values-schemas" / "metrics.schema.yaml")
    data: Any = copy.deepcopy(yamlfile.parse(SAMPLE, file="sample"))
    if place:
        inside = data
        for key in place[:-1]:
            inside = inside[key]
        inside[place[-1]] = value
    else:
        data = value
    valid = not schemas.problems(data, schema, file="sample")
    try:
        parse_exporter("sample", data, schema, file="sample")
    except InputError as error:
        beyond_schema = any(word in str(error) for word in ("found '$", "found the unit", "' twice"))
        assert not valid or beyond_schema
    else:
        assert valid
