#!/usr/bin/env bash
# Guess:   str() of a tree that promql-parser gives is the query again.
# Really:  it is for people to look at. A subquery without a step loses its colon and turns into a plain range, a
#          negative `@` becomes 0, milliseconds are dropped: other queries, accepted without an error. Backslashes and
#          quoted label names are written bare, so regular expressions do not parse any more. prettify() keeps all but `@`.
# Seen:    promql-parser 0.12.0.
# Source:  GreptimeTeam/promql-parser, src/parser/ast.rs and src/label/matcher.rs: fmt::Display beside Prettier.
# shellcheck source=lib.sh disable=SC1091
source "$(dirname "$0")/lib.sh"

pip_install promql-parser==0.12.0
cat >again.py <<'PY'
from promql_parser import parse


def again(text):
    try:
        return type(parse(text)).__name__
    except ValueError:
        return "refused"


for query in ("x[1h:]", "x[1m1ms]", "x @ -5", r'x{a=~"\\d+"}', 'sum by ("a.b") (x)'):
    tree = parse(query)
    for form in (str(tree), tree.prettify()):
        print(f"{query} ({type(tree).__name__}) -> {form} ({again(form)})")
PY
expect 'str(), then prettify()' 'x[1h:] (SubqueryExpr) -> x{}[1h] (MatrixSelector)
x[1h:] (SubqueryExpr) -> x[1h:] (SubqueryExpr)
x[1m1ms] (MatrixSelector) -> x{}[1m] (MatrixSelector)
x[1m1ms] (MatrixSelector) -> x[1m1ms] (MatrixSelector)
x @ -5 (VectorSelector) -> x{} @ 0.000 (VectorSelector)
x @ -5 (VectorSelector) -> x @ 0.000 (VectorSelector)
x{a=~"\\d+"} (VectorSelector) -> x{a=~"\d+"} (refused)
x{a=~"\\d+"} (VectorSelector) -> x{a=~"\\d+"} (VectorSelector)
sum by ("a.b") (x) (AggregateExpr) -> sum by (a.b)(x{}) (refused)
sum by ("a.b") (x) (AggregateExpr) -> sum by ("a.b") (x) (AggregateExpr)' "$(python again.py)"
