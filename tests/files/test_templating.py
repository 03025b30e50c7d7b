"""Templates of templates: our own marks are filled in, Helm's are left alone, a name that is missing is an error."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import UndefinedError

from generator.files import yamlfile
from generator.files.templating import _environment, render


def filled(template: str, **values: object) -> str:
    return _environment().from_string(template).render(**values)


def test_helms_own_marks_pass_through() -> None:
    text = '{{- if .Values.x }}\n{{ include "a" . | nindent 4 }} {# not ours #} {% nor this %}\n{{- end }}\n'
    assert filled(text) == text


def test_ours_are_filled_in_beside_them() -> None:
    assert filled('{{ include "[[ name ]].labels" . }}', name="chart") == '{{ include "chart.labels" . }}'


def test_a_line_with_nothing_but_a_statement_leaves_no_line() -> None:
    assert filled("a\n  [% if on %]\nb\n  [% endif %]\n[# why #]\nc\n", on=True) == "a\nb\nc\n"


def test_nothing_is_escaped_as_html() -> None:
    assert filled("[[ text ]]", text="a < b & 'c'") == "a < b & 'c'"


@pytest.mark.parametrize(
    "text",
    [
        'say "hi"',
        "it's",
        "a: b # c",
        "yes",
        "0o17",
        "1e3",
        "null",
        "~",
        "a\nb\n",
        "\ttab",
        "{{ .Values }}",
        "[[ x ]]",
        "é\u2028",
        "",
    ],
)
def test_a_persons_text_in_yaml_stays_that_text(text: str) -> None:
    written = filled("a: [[ text | json ]]\nb: [[ [text, 1, none, true] | json ]]\n", text=text)
    assert yaml.safe_load(written) == {"a": text, "b": [text, 1, None, True]}


@given(st.text() | st.text("\x7f\x85\x9f\u2028\u2029\ufeff\ufffe\uffff\x00\x1b\U0001f600", max_size=5))
def test_whatever_text_it_is_yaml_reads_it_back(text: str) -> None:
    written = filled("a: [[ text | json ]]\nb: [[ [text] | json ]]\n", text=text)
    assert yamlfile.parse(written, file="a.yaml") == {"a": text, "b": [text]}
    assert written.count("\n") == 2


def test_json_for_a_template_of_helms_leaves_no_action_for_it() -> None:
    written = filled("[[ text | helm_json ]]", text='{{ fail "x" }}')
    assert written == '"{{`{{`}} fail \\"x\\" }}"'


def test_a_missing_name_is_an_error_not_an_empty_text() -> None:
    with pytest.raises(UndefinedError, match="header"):
        render("build/templates/helmignore")


def test_a_template_is_named_by_its_path() -> None:
    assert render("build/templates/helmignore", header="Generated.").startswith("# Generated.\n")
