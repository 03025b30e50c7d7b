"""The check on log queries: what parses and means something else than it says, and fields that no record has."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.build.sources import read_log_fields
from generator.dashboards.logs import log_queries
from generator.logs.queries import LEVELS, query_problems
from generator.verify.checks.logs import log_findings
from tests.conftest import ROOT
from tests.dashboards.conftest import SHIPPED, parse

if TYPE_CHECKING:
    from generator.build.sources import Sources

FIELDS = read_log_fields(ROOT)


def problems(query: str) -> list[str]:
    found = query_problems(query, FIELDS, searches={"search"})
    return [f"{one.message} ({one.hint})" if one.hint else one.message for one in found]


@pytest.mark.parametrize(
    "query",
    [
        "*:*",
        "level:error",
        "level:*",
        'level:(error OR critical) AND log:"out of memory"',
        "kubernetes.namespace_name:$ns AND ray.cluster:/$job(-raycluster)?(-[bcd]{5})?/ AND log:$search",
        "(model:$model OR (*:* AND NOT _exists_:model))",
        "xid:* OR sxid:12028 OR xid:[40 TO 79] OR ray.offset:>=5",
        r"kubernetes.labels.app_kubernetes_io\/name:x",
        "parsed.request.id:5",
        "log:(fail* OR foo~1) AND app:argo*",
        "app:/[^a]b|c/",
        "NOT level:info",
    ],
)
def test_a_query_that_means_what_it_says_passes(query: str) -> None:
    assert problems(query) == []


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", "found no Lucene query: unexpected end of expression"),
        ("level:(error", "found no Lucene query"),
        (
            "kubernetes.namespac_name:x",
            "unknown field 'kubernetes.namespac_name' (did you mean 'kubernetes.namespace_name'?)",
        ),
        ("_exists_:modell", "unknown field 'modell' (did you mean 'model'?)"),
        ("kubernetes.pod:x", "unknown field 'kubernetes.pod'"),
        ("error", "found 'error' without a field (write log:error)"),
        ("app:a app:b", "found 'app:a' and 'app:b' side by side, which OpenSearch reads as OR (write AND or OR)"),
        ("app:a && app:b", "found 'app:a' and '&&' side by side"),
        ("+app:a", "found '+app:a' with a sign in front (write AND or NOT)"),
        ("-app:a", "found '-app:a' with a sign in front"),
        ("app:a AND app:b OR app:c", "found AND beside OR without parentheses (put one of them in parentheses)"),
        (
            "app:a OR NOT app:b",
            "found 'OR NOT app:b', which OpenSearch reads as AND NOT app:b (write OR (*:* AND NOT app:b))",
        ),
        ("*:x", "found '*:x', which asks every field (name the field)"),
        ("app:(a OR log:b)", "found 'log' inside the parentheses of 'app'"),
        ('app:"a"^2', "found '\"a\"^2'; '^' changes an order that logs do not have"),
        ("@timestamp:[1 TO 2]", "the time range is the dashboard's (remove it)"),
        ("level:err", "unknown level 'err' (did you mean 'error'?)"),
        ("level:(error OR fatal)", "unknown level 'fatal'"),
        ("level:/err.*/", "found '/err.*/', expected a level"),
        ("xid:foo", "found 'foo', expected a number, for 'xid' is one"),
        ("xid:7*", "found '7*', expected a number"),
        ("xid:/7./", "found '/7./', expected a number"),
        ("app:[a TO b]", "found the range '[a TO b]' of 'app', a keyword (only a number has ranges)"),
        ("app:a~", "found 'a~'; '~' works on the words of a line, and 'app' is a keyword"),
        ("app:*a", "found 'app:*a'; a wildcard in front reads every value there is"),
        ("app:!a", "found '!a' (write AND, OR, NOT)"),
        ("app:team/web", "found 'app:team/web'; to OpenSearch '/' is a sign of the language"),
        ("app:a!b", "to OpenSearch '!' is a sign of the language, not part of a word (write app:\"a!b\")"),
        ("app:done!", "to OpenSearch '!' is a sign"),
        ("app:(a OR team/web)", "to OpenSearch '/' is a sign"),
        ("app:/^a/", "no regular expression to Lucene: found '^'; a pattern fits the whole value and knows no ends"),
        ("app:/(?:a)/", "found '(?', which Lucene does not know"),
        ("app:/a(/", "found '(' without the ')' that closes it"),
        ("log:/Error/", "a regular expression sees the single words of 'log', in lower case"),
        ("app:$search", "found the words of '$search' behind 'app', a keyword (write log:$search)"),
        ("log:$ns", "found the menu '$ns' behind 'log', a match_only_text, expected a keyword"),
        ("xid:$ns", "found the menu '$ns' behind 'xid', a integer, expected a keyword"),
        ("app:$ns-x", "found '$ns-x', expected $ns alone behind 'app'"),
        ("log:$search~2", "found '$search~2', expected $search alone behind 'log'"),
    ],
)
def test_a_query_that_means_something_else_is_refused_with_what_to_write(query: str, expected: str) -> None:
    assert any(expected in found for found in problems(query)), problems(query)


VALUES = st.text("abc019", min_size=1, max_size=6)
CLAUSES = st.one_of(
    st.builds("app:{}".format, VALUES),
    st.builds('log:"{} {}"'.format, VALUES, VALUES),
    st.builds("level:{}".format, st.sampled_from(LEVELS)),
    st.builds("xid:{}".format, st.integers(0, 999)),
    st.builds("model:/{}-.*/".format, VALUES),
    st.just("_exists_:ray.cluster"),
    st.just("log:$search"),
)


def _combined(parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    several = st.lists(parts, min_size=2, max_size=3)
    return st.one_of(
        several.map(lambda them: f"({' AND '.join(them)})"),
        several.map(lambda them: f"({' OR '.join(them)})"),
        parts.map(lambda one: f"(*:* AND NOT {one})"),
    )


@given(st.recursive(CLAUSES, _combined, max_leaves=8))
def test_clauses_over_known_fields_combine_with_parentheses(query: str) -> None:
    assert problems(query) == []


@given(st.recursive(CLAUSES, _combined, max_leaves=8))
def test_one_unknown_field_anywhere_is_found(query: str) -> None:
    assert any("unknown field 'nowhere'" in found for found in problems(f"({query} OR nowhere:x) AND app:y"))


@given(st.text('aelv:()"/*? ~^[]{}+-!&|\\$ANDORNOT\n', max_size=40))
def test_any_text_is_judged_without_a_crash(query: str) -> None:
    assert isinstance(problems(query), list)


USED = sorted(
    {
        name
        for name in FIELDS
        if any(
            name in query.lines.plain or name in query.logs.by
            for spec in SHIPPED.values()
            for _, query in log_queries(spec)
        )
    }
)


@pytest.mark.parametrize("name", USED)
def test_no_field_that_a_dashboard_uses_can_go_unnoticed(name: str) -> None:
    fewer = {key: field for key, field in FIELDS.items() if key != name}
    found = [one for spec in SHIPPED.values() for one in log_findings(spec, fewer)]
    subjects = {subject for finding in found for subject in finding.subjects}
    assert subjects == {name} or any(subject.startswith(f"{name}.") for subject in subjects)


def test_a_finding_names_the_panel_the_place_and_the_nearest_field(sources: Sources) -> None:
    target = {"logs": "app:x", "count": {"by": ["kubernetes.pod"]}}
    item = {
        "title": "Lines",
        "type": "timeseries",
        "unit": "cpm",
        "description": "Lines of logs, by the pod.",
        "targets": [target],
    }
    (finding,) = log_findings(parse(item), sources.log_fields)
    assert (finding.file, finding.place, finding.name) == (
        "dashboards/test.yaml",
        "rows[0].panels[0].targets[0]",
        "Lines",
    )
    assert finding.message == "unknown field 'kubernetes.pod'"
    assert finding.hint == "did you mean 'kubernetes.pod_id'?"
    assert (finding.check, finding.severity) == ("logs", "error")


def test_lines_are_counted_by_keywords_and_numbers_and_only_a_keyword_has_words_for_missing(sources: Sources) -> None:
    def messages(**count: object) -> list[str]:
        item = {
            "title": "Lines",
            "type": "timeseries",
            "unit": "cpm",
            "description": "Lines of logs, by something.",
            "targets": [{"logs": "app:x", "count": count}],
        }
        return [finding.message for finding in log_findings(parse(item), sources.log_fields)]

    assert messages(by=["app", "parsed.status"], missing="none") == []
    assert messages(by=["xid"]) == []
    (text,) = messages(by=["log"])
    assert text.startswith(
        "found 'log', a match_only_text, expected keyword or integer or long to be what 'Lines' counts by"
    )
    (number,) = messages(by=["xid"], missing="none")
    assert number == "found 'missing' with 'xid', a integer; words stand for a keyword only"


@pytest.mark.parametrize("name", sorted(SHIPPED))
def test_every_shipped_dashboard_asks_only_for_fields_that_records_have(name: str) -> None:
    assert list(log_findings(SHIPPED[name], FIELDS)) == []


def test_a_first_run_prints_nothing_about_the_parsers_tables() -> None:
    program = (
        "import sys; sys.modules['luqum.parsetab'] = None\n"
        "from generator.logs.queries import query_problems\n"
        "assert list(query_problems('log:x', {}))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
