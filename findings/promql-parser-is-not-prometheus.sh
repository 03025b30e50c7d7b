#!/usr/bin/env bash
# Guess:   what promql-parser accepts, Prometheus accepts, and the other way round; one is a translation of the other.
# Really:  promql-parser takes VictoriaMetrics' `or` between matchers, and every experimental function, aggregation and
#          modifier without a flag, all of which a Prometheus as it comes refuses (one such rule, and it does not start).
#          It refuses number separators, the histogram operators `</` and `>/`, and \Q…\E in a regular expression, which
#          Prometheus takes. And it lets a wrong repeat count through, since its regular expressions are Rust's.
# Seen:    promql-parser 0.12.0, Prometheus 3.14 (module v0.314.0).
# Source:  GreptimeTeam/promql-parser, src/parser/lex.rs, src/parser/function.rs, src/label/matcher.rs;
#          prometheus/prometheus, promql/parser/lex.go, functions.go ("Experimental: true"), parse.go (Options).
# shellcheck source=lib.sh disable=SC1091
source "$(dirname "$0")/lib.sh"

pip_install promql-parser==0.12.0
go_module prometheus github.com/prometheus/prometheus@v0.314.0 <<'GO'
package main

import (
	"fmt"
	"os"

	"github.com/prometheus/prometheus/promql/parser"
)

func main() {
	asItComes := parser.NewParser(parser.Options{})
	for _, query := range os.Args[1:] {
		if _, err := asItComes.ParseExpr(query); err != nil {
			fmt.Println("no ", query)
		} else {
			fmt.Println("yes", query)
		}
	}
}
GO
cat >rust.py <<'PY'
import sys, promql_parser

for query in sys.argv[1:]:
    try:
        promql_parser.parse(query)
        print("yes", query)
    except ValueError:
        print("no ", query)
PY

generous=('x{a="1" or a="2"}' 'info(up)' 'limitk(2, x)' 'x + fill(0) y' 'x{a=~"a{2000}"}')
strict=('sum(x) > 1_000' 'x </ 5' 'x{a=~"\\Qa.b\\E"}')
lines() { printf "$1 %s\n" "${@:2}"; }
program=$work/prometheus/finding
(cd prometheus && go build -o "$program" .)
expect 'promql-parser accepts' "$(lines yes "${generous[@]}")" "$(python rust.py "${generous[@]}")"
expect 'Prometheus refuses the same' "$(lines 'no ' "${generous[@]}")" "$("$program" "${generous[@]}")"
expect 'promql-parser refuses' "$(lines 'no ' "${strict[@]}")" "$(python rust.py "${strict[@]}")"
expect 'Prometheus accepts the same' "$(lines yes "${strict[@]}")" "$("$program" "${strict[@]}")"
