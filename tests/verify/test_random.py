"""Whatever the expression is, the check answers: property-based."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st

from generator.errors import InputError
from generator.files.positions import Document
from generator.promql import units as reckoning
from generator.promql.expression import Expression
from generator.promql.units import named, names, product, quotient, same
from generator.verify.grafana import grafana_dashboard
from generator.verify.locate import located
from generator.verify.prepare import prepare
from generator.verify.render import as_text
from generator.verify.verifier import check
from tests.thorough import examples
from tests.verify.catalogues import GONE, SMALL

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

NAMES = st.sampled_from([*sorted(SMALL), "up", "nothing_total", "$metric"])
LABELS = st.sampled_from(["pod", "model", "code", "le", "version", "nowhere", "$by"])
VALUES = st.sampled_from(["", "a", "$model", ".*", "a|b", "0.5"])
OPERATORS = st.sampled_from(["=", "!=", "=~", "!~"])
MATCHERS = st.lists(st.builds('{}{}"{}"'.format, LABELS, OPERATORS, VALUES), max_size=2)
SELECTORS = st.builds(lambda name, found: f"{name}{{{','.join(found)}}}", NAMES, MATCHERS)
WINDOWS = st.sampled_from(["5m", "$__rate_interval", "$window", "5m:1m"])
LISTS = st.lists(LABELS, max_size=2).map(", ".join)


OVER_TIME = st.sampled_from(["rate", "delta", "avg_over_time", "absent_over_time"])
AGGREGATIONS = st.sampled_from(["sum", "avg", "count", "group"])
CLAUSES = st.sampled_from(["by", "without"])
BINARY = st.sampled_from(["+", "-", "*", "/", "%", "^", "==", "> bool", "and", "or", "unless"])
JOINS = st.sampled_from(["*", "/", ">"])
NUMBERS = st.sampled_from(["0 *", "100 *", "1024 /", "$n +", "3 <"])


def _larger(inner: SearchStrategy[str]) -> SearchStrategy[str]:
    return st.one_of(
        st.builds("{}({}[{}])".format, OVER_TIME, SELECTORS, WINDOWS),
        st.builds("{}(({})[5m:])".format, st.sampled_from(["increase", "max_over_time"]), inner),
        st.builds("{} {} ({}) ({})".format, AGGREGATIONS, CLAUSES, LISTS, inner),
        st.builds("topk({}, {})".format, st.sampled_from(["3", "$k"]), inner),
        st.builds("histogram_quantile(0.9, {})".format, inner),
        st.builds('label_replace({}, "short", "$1", "{}", "(.*)")'.format, inner, LABELS),
        st.builds("({}) {} ({})".format, inner, BINARY, inner),
        st.builds("({}) {} on ({}) group_left ({}) ({})".format, inner, JOINS, LISTS, LISTS, inner),
        st.builds("{} ({})".format, NUMBERS, inner),
        st.builds("-({})".format, inner),
    )


EXPRESSIONS = st.recursive(SELECTORS, _larger, max_leaves=6)
SHOWN = st.sampled_from(["", "s", "percent", "bytes", "Bps", "reqps", "short"])


@settings(max_examples=examples(60, thorough=3000), deadline=None)
@given(EXPRESSIONS, SHOWN, st.sampled_from(["target", "variable", "record", "alert"]))
def test_promql_of_any_form_is_checked(text: str, unit: str, kind: str) -> None:
    prepared = prepare([Expression("d", "x", kind, "p", text, unit=unit, legend="{{pod}}")])  # type: ignore[arg-type]
    findings = check(prepared, SMALL, GONE)
    assert findings == check(prepared, SMALL, GONE)
    assert all(finding.message and finding.file == "d" for finding in findings)


@settings(max_examples=examples(60, thorough=3000), deadline=None)
@given(st.one_of(st.text(max_size=40), EXPRESSIONS.map(lambda text: text[: len(text) // 2])))
def test_text_of_any_form_is_checked_or_no_promql(text: str) -> None:
    for kind in ("target", "variable"):
        expression = Expression("d", "x", kind, "p", text)
        assert isinstance(check(prepare([expression]), SMALL, GONE), tuple)


WORDS = st.sampled_from(["", "query", "up", "sum(app_swapped)", "loki", "$x", "rate(", "s", "{{pod}}"])
DATA = st.recursive(
    st.one_of(st.none(), st.integers(), WORDS),
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(WORDS, inner, max_size=2)),
    max_leaves=5,
)


def _odd(expected: SearchStrategy[Any]) -> SearchStrategy[Any]:
    """Returns what is expected, and now and then something of another form."""
    return st.integers(0, 7).flatmap(lambda dice: expected if dice else DATA)


def _some(**keys: SearchStrategy[Any]) -> SearchStrategy[Any]:
    return st.fixed_dictionaries({key: _odd(value) for key, value in keys.items()})


def _lists(item: SearchStrategy[Any]) -> SearchStrategy[list[Any]]:
    return st.lists(_odd(item), min_size=1, max_size=2)


TARGET = _some(expr=WORDS, legendFormat=WORDS, datasource=_some(type=WORDS))
UNIT = _some(defaults=_some(unit=WORDS), overrides=_lists(_some(properties=_lists(_some(id=WORDS)))))
PANEL = _some(
    title=WORDS, targets=_lists(TARGET), fieldConfig=UNIT, yaxes=_lists(_some(format=WORDS)), datasource=WORDS
)
MENU = _some(name=WORDS, type=WORDS, query=st.one_of(WORDS, _some(query=WORDS)), datasource=WORDS)
BOARD = _some(
    panels=_lists(PANEL),
    rows=_lists(_some(panels=_lists(PANEL))),
    templating=_some(list=_lists(MENU)),
    annotations=_some(list=_lists(TARGET)),
)


@settings(max_examples=examples(80, thorough=5000), deadline=None)
@given(BOARD, st.sampled_from([None, 2]))
def test_a_dashboard_of_any_form_is_checked_and_its_findings_have_lines(board: Any, indent: int | None) -> None:
    try:
        expressions, scope = grafana_dashboard(board, "d.json")
    except InputError:
        return
    text = json.dumps(board, indent=indent)
    findings = located(check(prepare(expressions, [scope]), SMALL, GONE), lambda _file: Document(text))
    assert as_text(findings)
    for finding in findings:
        assert finding.line or not finding.place
        if finding.fragment and finding.fragment.line:
            assert text.splitlines()[finding.fragment.line - 1] == finding.fragment.text


UNITS = st.sampled_from([unit for name in names() if (unit := named(name))])


@given(UNITS, UNITS)
def test_a_quotient_undoes_a_product(left: reckoning.Unit, right: reckoning.Unit) -> None:
    whole = product(left, right)
    assert whole is None or same(quotient(whole, right), left) or left.flag or right.flag


@given(UNITS)
def test_every_unit_has_a_text_and_is_its_own_kind(unit: reckoning.Unit) -> None:
    assert reckoning.text(unit)
    assert same(unit, unit)


def test_a_unit_of_the_catalogue_may_be_one_per_another() -> None:
    assert named("bytes_per_second") == reckoning.per_second(named("bytes"))
    assert named("per_second") == reckoning.per_second(named(""))
    assert named("parsecs") is None
