"""Finding one release in a Helm repository's index, whatever its layout."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.errors import InputError
from generator.files import yamlfile
from generator.upstream import Dependency
from generator.upstream.index import Release, find_release

DIGEST = "ab" * 32
WANTED = Dependency("opensearch", "3.6.0")
INDEX = f"""apiVersion: v1
entries:
  # the charts
  loki:
  - version: 3.6.0
    urls: [loki.tgz]
  "opensearch":
  - annotations:
      changes: |-
        version: 3.6.0
      - not: an item
    dependencies:
    - name: common
      version: 3.6.0
    version: 3.5.0
    urls:
    - old.tgz

  - digest: {DIGEST}
    urls:
    - new.tgz
    - second.tgz
    version: "3.6.0"
  opensearch-dashboards:
  - version: 3.6.0
    urls: [dashboards.tgz]
generated: "2026-01-01T00:00:00Z"
""".replace("      - not: an item\n", "")


def find(text: str, wanted: Dependency = WANTED) -> Release:
    return find_release(text, wanted, file="index.yaml")


def test_the_release_is_found_among_other_charts_and_versions() -> None:
    assert find(INDEX) == Release("new.tgz", DIGEST)
    assert find(INDEX, Dependency("opensearch-dashboards", "3.6.0")) == Release("dashboards.tgz", None)


@pytest.mark.parametrize(
    "layout",
    [
        json.dumps,
        lambda data: json.dumps(data, indent=2),
        yamlfile.dump,
        lambda data: "---\n" + yamlfile.dump(data),
        lambda data: yamlfile.dump(data).replace("\n", "\n\n"),
        lambda data: "entries: " + json.dumps(data["entries"]),
    ],
)
def test_the_layout_of_the_index_does_not_matter(layout: object) -> None:
    data = yamlfile.parse(INDEX, file="")
    assert callable(layout)
    assert find(layout(data)) == Release("new.tgz", DIGEST)


def test_a_missing_version_is_refused_with_those_that_exist() -> None:
    with pytest.raises(InputError, match=r"found no opensearch 9.9.9, expected just that version .it has 3.5.0, 3.6.0"):
        find(INDEX, Dependency("opensearch", "9.9.9"))


def test_a_missing_chart_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(InputError, match=r"found no chart 'opensearh' \(did you mean 'opensearch'"):
        find(INDEX, Dependency("opensearh", "3.6.0"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not a Helm index, expected a mapping with 'entries'"),
        ("just text", "not a Helm index"),
        ("entries: []", "not a Helm index"),
        ("{]", "not a Helm index"),
        ("entries: {}", "found no chart 'opensearch'"),
        ("entries:\n  opensearch:\n  - version: 3.6.0\n", "the entry of opensearch 3.6.0 names no url"),
        ("entries:\n  opensearch:\n  - version: 3.6.0\n    urls: []\n", "names no url"),
        ("entries:\n  opensearch:\n  - version: 3.6.0\n   bad: [\n", "index.yaml"),
        ("entries:\n  opensearch: nothing\n", "it lists no versions"),
    ],
)
def test_a_broken_index_is_refused(text: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        find(text)
    assert message in str(caught.value)


NAMES = st.from_regex(r"[a-z]{1,4}(-[a-z]{1,4})?", fullmatch=True)
VERSIONS = st.from_regex(r"[0-9]\.[0-9]\.[0-9](-rc[0-9])?", fullmatch=True)
TEXT = st.text(max_size=30) | st.just("version: 1.2.3\n- version: 1.2.3\n  urls: [x]\n")
ENTRY = st.fixed_dictionaries(
    {"version": VERSIONS, "urls": st.lists(NAMES, min_size=1, max_size=2)},
    optional={
        "description": TEXT,
        "keywords": st.lists(TEXT, max_size=2),
        "maintainers": st.just([{"version": "1.2.3"}]),
    },
)


@given(st.dictionaries(NAMES, st.lists(ENTRY, min_size=1, max_size=3), min_size=1, max_size=4))
def test_cutting_an_entry_out_gives_what_parsing_the_whole_index_gives(
    charts: dict[str, list[dict[str, object]]],
) -> None:
    text = yamlfile.dump({"apiVersion": "v1", "entries": charts})
    for name, entries in charts.items():
        for entry in entries:
            first = next(one for one in entries if one["version"] == entry["version"])
            assert isinstance(first["urls"], list)
            assert find(text, Dependency(name, str(entry["version"]))).url == first["urls"][0]


@given(
    st.text(max_size=60) | st.text(max_size=60).map(lambda text: "entries:\n  opensearch:\n  - version: 3.6.0\n" + text)
)
def test_whatever_stands_in_the_index_the_outcome_is_a_release_or_a_message(text: str) -> None:
    try:
        assert find(text).url
    except InputError as error:
        assert "index.yaml" in str(error)
