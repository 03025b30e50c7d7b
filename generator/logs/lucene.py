"""Writes out what dashboards may leave short in their log queries, and puts Grafana's variables into a safe form.

Grafana fills variables into the text of a query. A person writes ``field:$name``; which form of the variable is right
depends on what can be chosen, and is decided here. Facts are from OpenSearch 3 (Lucene's classic query parser), from
grafana-opensearch-datasource 2.34 (it fills in with Grafana's format ``lucene``) and from Grafana's formats:

- One value: ``"${x:lucene}"``. Every sign of Lucene's language is escaped. A menu without a value gives ``""``, which
  fits nothing; outside quotes it would be a syntax error.
- Several values or "All": ``/${x:regex}/``. Several become ``(a|b)``, "All" is inserted as the dashboard says, ``.*``.
  Grafana escapes what every regular expression knows, the slash included; ``@ # & < > ~ "`` mean something to Lucene
  alone and are left, which no name in Kubernetes and no model's usual name contains.
- "All" means no choice, so it fits lines without the field too, as ``=~".*"`` does in PromQL. Lucene has no such value;
  the same regular expression is asked of ``node``, which every record carries and which only ``.*`` fits.
- A box for words: ``"${x:lucene}"`` on the analysed line. With nothing typed OpenSearch drops the clause.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from generator.errors import nearest
from generator.promql.shorthands import ShorthandError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from generator.dashboards.spec import Variable

ANYTHING = ".*"
"""What "All" stands for in a menu that log queries use: a regular expression that fits every value."""

EVERYWHERE = "node"
"""The keyword that every record carries."""

_TOKEN = re.compile(
    r"""(?P<string>"(?:\\.|[^"\\])*")"""
    r"|(?P<foreign>\$\{|\[\[)"
    r"|(?P<field>[A-Za-z_@](?:\\.|[\w.@-])*):(?:\$(?P<variable>[A-Za-z]\w*)|/(?P<regex>(?:\\.|[^/\\])*)/)"
    r"|@(?P<filter>[a-z]\w*)(?![\w:])"
    r"|(?P<other>\\.|[A-Za-z_@](?:\\.|[\w.@-])*|.)",
    re.DOTALL,
)
_NAME = re.compile(r"\$([A-Za-z]\w*)")


@dataclass(frozen=True)
class LuceneQuery:
    """A log query with its filters written out.

    Attributes:
        text: what Grafana gets, with its variables in a safe form.
        plain: the same with variables as ``$name``, for the check.
        used: the names of the filters that it uses.
    """

    text: str
    plain: str
    used: frozenset[str]


def write_query(query: str, filters: Mapping[str, str], variables: Sequence[Variable]) -> LuceneQuery:
    """Writes out a log query.

    Args:
        query: Lucene with ``@filter`` and ``$variable``.
        filters: what ``@name`` stands for; a filter may use variables, but no other filter.
        variables: the dashboard's.

    Raises:
        ShorthandError: an unknown filter, or a variable where no form of it is safe.
    """
    known = {variable.name: variable for variable in variables}
    text, plain, used = [], [], set()
    for part, original in _parts(query, known):
        name = original.removeprefix("@") if part is None else ""
        if not name:
            text.append(part or "")
            plain.append(original)
            continue
        if name not in filters:
            hint = nearest(name, filters) or "see 'logFilters'"
            raise ShorthandError(f"unknown filter '@{name}'", hint)
        used.add(name)
        inner = list(_parts(filters[name], known))
        nested = next((original for part, original in inner if part is None), None)
        if nested:
            raise ShorthandError(f"found '{nested}' inside the filter '@{name}'", "a filter cannot use another one")
        text.append(f"({''.join(part or '' for part, _ in inner)})")
        plain.append(f"({filters[name]})")
    return LuceneQuery("".join(text), "".join(plain), frozenset(used))


def _parts(query: str, known: Mapping[str, Variable]) -> Iterator[tuple[str | None, str]]:
    """Yields (what Grafana gets, what was written) piece by piece; None for a filter."""
    for token in _TOKEN.finditer(query):
        field = token["field"]
        if token["filter"]:
            yield None, token[0]
        elif field and token["variable"]:
            yield _chosen(field, token["variable"], known), token[0]
        elif field and _NAME.search(token["regex"]):
            yield _pattern(field, token["regex"], known), token[0]
        else:
            _refuse_loose(token)
            yield token[0], token[0]


def _refuse_loose(token: re.Match[str]) -> None:
    form = "write field:$name, or $name between slashes"
    if token["foreign"]:
        raise ShorthandError(f"found '{token[0]}'; the compiler chooses the form of a variable", form)
    if token["string"] and _NAME.search(token["string"]):
        raise ShorthandError(f"found a variable inside the quotes of {token['string']}", form)
    if token["other"] == "$":
        raise ShorthandError("found a variable that does not stand alone behind its field", form)


def _chosen(field: str, name: str, known: Mapping[str, Variable]) -> str:
    variable = known.get(name)
    # An unknown name is reported with those of all other texts (checks.py).
    if variable is None or variable.search or not (variable.multi or variable.include_all):
        return f'{field}:"${{{name}:lucene}}"'
    return _pattern(field, f"${name}", known)


def _pattern(field: str, regex: str, known: Mapping[str, Variable]) -> str:
    everything = False
    for name in _NAME.findall(regex):
        variable = known.get(name)
        if variable is None:
            continue
        if variable.search:
            raise ShorthandError(f"found the words of '${name}' between slashes", f"write log:${name}")
        if variable.include_all and not variable.field and variable.all_value != ANYTHING:
            hint = f"give the variable allValue: {ANYTHING}"
            raise ShorthandError(f"found '${name}', whose \"All\" is a list of all values", hint)
        everything = everything or variable.include_all
    filled = _NAME.sub(lambda match: f"${{{match[1]}:regex}}", regex)
    if not everything or field == EVERYWHERE:
        return f"{field}:/{filled}/"
    return f"({field}:/{filled}/ OR ({EVERYWHERE}:/{filled}/ AND NOT _exists_:{field}))"
