"""Log queries: filters written out, and each variable in the form that fits what can be chosen."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.dashboards.spec import Variable
from generator.logs.lucene import write_query
from generator.promql.shorthands import ShorthandError
from tests.opensearch.grafana import All, filled

ENDING = "(-raycluster)?(-[bcdfghjklmnpqrstvwxz2456789]{5})?"
VARIABLES = (
    Variable("namespace", "", query="x"),
    Variable("job", "", query="x"),
    Variable("cluster", "", query="x", multi=True),
    Variable("model", "", query="x", multi=True, include_all=True, all_value=".*"),
    Variable("server", "", query="x", include_all=True, all_value=".*"),
    Variable("listed", "", query="x", include_all=True),
    Variable("app", "", field="app", multi=True, include_all=True),
    Variable("search", "", search=True),
)


def text(query: str, **filters: str) -> str:
    return write_query(query, filters, VARIABLES).text


def refusal(query: str, **filters: str) -> str:
    with pytest.raises(ShorthandError) as raised:
        text(query, **filters)
    return str(raised.value)


def test_one_value_is_quoted_so_that_a_menu_without_entries_is_no_syntax_error() -> None:
    assert text("app:$namespace") == 'app:"${namespace:lucene}"'
    assert filled(text("app:$namespace"), {"namespace": ""}, "lucene") == 'app:""'


def test_several_values_are_a_regular_expression() -> None:
    assert text("app:$cluster") == "app:/${cluster:regex}/"
    assert filled(text("app:$cluster"), {"cluster": ("a/b", "c.d")}, "lucene") == r"app:/(a\/b|c\.d)/"


def test_all_fits_lines_without_the_field_too() -> None:
    written = text("model:$model")
    assert filled(written, {"model": All(".*")}, "lucene") == "(model:/.*/ OR (node:/.*/ AND NOT _exists_:model))"
    assert filled(written, {"model": ("m",)}, "lucene") == "(model:/m/ OR (node:/m/ AND NOT _exists_:model))"


def test_every_line_has_a_node_so_that_all_of_them_need_no_more() -> None:
    assert text("node:$model") == "node:/${model:regex}/"


def test_the_ending_that_kuberay_adds_stays_a_regular_expression() -> None:
    assert text(f"ray.cluster:/$job{ENDING}/") == f"ray.cluster:/${{job:regex}}{ENDING}/"
    assert text(f"ray.cluster:/$server{ENDING}/").startswith(f"(ray.cluster:/${{server:regex}}{ENDING}/ OR (node:/")


def test_words_to_look_for_are_one_phrase_and_nothing_typed_is_no_error() -> None:
    assert text("level:error AND log:$search") == 'level:error AND log:"${search:lucene}"'
    typed = filled(text("log:$search"), {"search": 'a "b" (c:d) /e\\'}, "lucene")
    assert typed == r'log:"a\ \"b\"\ \(c\:d\)\ \/e\\"'


def test_a_filter_stands_in_parentheses() -> None:
    written = write_query("@job AND NOT @bad", {"job": "app:$namespace", "bad": "level:error"}, VARIABLES)
    assert written.text == '(app:"${namespace:lucene}") AND NOT (level:error)'
    assert written.plain == "(app:$namespace) AND NOT (level:error)"
    assert written.used == {"job", "bad"}


def test_the_time_and_quoted_text_are_no_filters() -> None:
    assert text('@timestamp:x AND log:"a @b"') == '@timestamp:x AND log:"a @b"'


@pytest.mark.parametrize(
    ("query", "filters", "expected"),
    [
        ("@jub", {"job": "a:b"}, "unknown filter '@jub'"),
        ("@a", {"a": "@b", "b": "x:y"}, "found '@b' inside the filter '@a'"),
        ("app:${namespace}", {}, "found '${'; the compiler chooses the form of a variable"),
        ("app:[[namespace]]", {}, "found '[['; the compiler chooses the form of a variable"),
        ('app:"$namespace"', {}, 'found a variable inside the quotes of "$namespace"'),
        ("app:x$namespace", {}, "found a variable that does not stand alone behind its field"),
        ("app:($namespace OR b)", {}, "found a variable that does not stand alone behind its field"),
        ("app:/$search/", {}, "found the words of '$search' between slashes"),
        ("app:$listed", {}, "found '$listed', whose \"All\" is a list of all values"),
        ("app:/$listed-x/", {}, "found '$listed', whose \"All\" is a list of all values"),
    ],
)
def test_a_variable_in_an_unsafe_place_is_refused(query: str, filters: dict[str, str], expected: str) -> None:
    assert refusal(query, **filters).startswith(expected)


NAMES = st.text("abcXYZ019-._/:", min_size=1, max_size=20)


@given(st.lists(NAMES, min_size=1, max_size=4, unique=True), NAMES)
def test_chosen_names_fit_and_no_other_does(chosen: list[str], other: str) -> None:
    query = filled(text("app:$cluster"), {"cluster": tuple(chosen)}, "lucene")
    pattern = query.removeprefix("app:/").removesuffix("/")
    assert not re.search(r"(?<!\\)/", pattern), "no slash ends the expression early"
    assert all(re.fullmatch(pattern, name) for name in chosen)
    assert (other in chosen) == bool(re.fullmatch(pattern, other))


@given(st.text(st.characters(exclude_characters="$"), max_size=30))
def test_whatever_is_typed_stays_inside_its_quotes(typed: str) -> None:
    query = filled(text("log:$search"), {"search": typed}, "lucene")
    assert re.fullmatch(r'log:"(?:[^"\\]|\\.)*"', query, re.DOTALL)
    assert re.sub(r"\\(.)", r"\1", query[5:-1], flags=re.DOTALL) == typed


@given(st.text('abc$@:/"()[]{} \\-ANDORnamespacejob', max_size=30))
def test_any_text_is_written_out_or_refused(query: str) -> None:
    try:
        written = write_query(query, {"job": "a:b"}, VARIABLES)
    except ShorthandError:
        return
    assert "@job" not in written.plain or '"' in query or "/" in query or "\\" in query or "@job:" in query
