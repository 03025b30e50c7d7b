#!/usr/bin/env bash
# Guess:   a PrometheusRule that the installed Prometheus' own promtool accepts is loaded: the operator only carries it.
# Really:  the operator parses each rule with the Prometheus that it was built with, and drops a PrometheusRule that this
#          one refuses. Operator 0.93.1 has 3.13's parser, in which first_over_time() is experimental; Prometheus 3.14 takes
#          it without a flag. Try rules with the operator's parser as well as with promtool.
# Seen:    prometheus-operator 0.93.1, Prometheus 3.14 (module v0.314.0).
# Source:  prometheus-operator/prometheus-operator, go.mod and pkg/operator/rules.go: ValidateRule; prometheus/prometheus,
#          promql/parser/functions.go: "first_over_time".
# shellcheck source=lib.sh disable=SC1091
source "$(dirname "$0")/lib.sh"

go_module prometheus github.com/prometheus/prometheus@v0.314.0 <<'GO'
package main

import (
	"fmt"
	"log/slog"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
)

func main() {
	rules := "groups: [{name: g, rules: [{record: job:first, expr: 'first_over_time(up[5m])'}]}]"
	_, problems := rulefmt.Parse([]byte(rules), false, model.UTF8Validation, parser.NewParser(parser.Options{}), slog.Default())
	fmt.Println(problems)
}
GO
go_module operator github.com/prometheus-operator/prometheus-operator@v0.93.1 <<'GO'
package main

import (
	"fmt"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"github.com/prometheus-operator/prometheus-operator/pkg/operator"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/promql/parser"
	"k8s.io/apimachinery/pkg/util/intstr"
)

func main() {
	rule := monitoringv1.Rule{Record: "job:first", Expr: intstr.FromString("first_over_time(up[5m])")}
	groups := []monitoringv1.RuleGroup{{Name: "g", Rules: []monitoringv1.Rule{rule}}}
	spec := monitoringv1.PrometheusRuleSpec{Groups: groups}
	for _, problem := range operator.ValidateRule(spec, model.UTF8Validation, parser.Options{}) {
		fmt.Println(problem)
	}
}
GO

expect 'Prometheus says' '[]' "$(cd prometheus && go run .)"
expect 'the operator says' \
  '4:11: group "g", rule 1, "job:first": could not parse expression: 1:1: parse error: function "first_over_time" is not enabled' \
  "$(cd operator && go run .)"
expect "the operator's Prometheus" v0.313.1 \
  "$(cd operator && go list -m -f '{{.Version}}' github.com/prometheus/prometheus)"
