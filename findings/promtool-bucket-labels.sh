#!/usr/bin/env bash
# Guess:   a rule that asks for le="1" and whose promtool test passes on series with le="1" works on a target that shows
#          le="1".
# Really:  Prometheus 3 rewrites le (and quantile) when it scrapes a family whose TYPE line says histogram (summary): the
#          stored label is "1.0". The series of a promtool test are taken as they are written. So the test passes and the
#          rule finds nothing in life, without an error.
#          Write le="1.0" in both, or le=~"1|1.0" for what an older Prometheus has stored.
# Seen:    Prometheus 3.14 (module v0.314.0).
# Source:  prometheus/prometheus, model/textparse/openmetricsparse.go: normalizeFloatsInLabelValues, which the parsers of
#          scraped pages call and promql/parser's ParseSeriesDesc (promtool's input_series) does not; docs/migration.md.
# shellcheck source=lib.sh disable=SC1091
source "$(dirname "$0")/lib.sh"

go_module labels github.com/prometheus/prometheus@v0.314.0 <<'GO'
package main

import (
	"fmt"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/textparse"
	"github.com/prometheus/prometheus/promql/parser"
)

func main() {
	page := textparse.NewPromParser([]byte("# TYPE h histogram\nh_bucket{le=\"1\"} 3\n"), labels.NewSymbolTable(), false)
	for entry, err := page.Next(); err == nil; entry, err = page.Next() {
		if entry == textparse.EntrySeries {
			var scraped labels.Labels
			page.Labels(&scraped)
			fmt.Println("scraped:", scraped)
		}
	}
	tested, _, err := parser.NewParser(parser.Options{}).ParseSeriesDesc(`h_bucket{le="1"} 3`)
	fmt.Println("in a test:", tested, err)
}
GO
expect 'h_bucket{le="1"} 3' 'scraped: {__name__="h_bucket", le="1.0"}
in a test: {__name__="h_bucket", le="1"} <nil>' "$(cd labels && go run .)"
