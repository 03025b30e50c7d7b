// Says what the Prometheus operator refuses in PrometheusRules.
//
// Standard input is a JSON array of PrometheusRules, standard output a JSON array with a list of errors for each: the
// operator leaves a whole object out for one of them. The parser and the validation of names are those with which the
// operator looks at the rules of a Prometheus that sets neither feature flags nor a scheme of names.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"github.com/prometheus-operator/prometheus-operator/pkg/operator"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/promql/parser"
)

func main() {
	var rules []monitoringv1.PrometheusRule
	if err := json.NewDecoder(os.Stdin).Decode(&rules); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	refused := make([][]string, len(rules))
	for index, rule := range rules {
		refused[index] = []string{}
		for _, err := range operator.ValidateRule(rule.Spec, model.LegacyValidation, parser.Options{}) {
			refused[index] = append(refused[index], err.Error())
		}
	}
	if err := json.NewEncoder(os.Stdout).Encode(refused); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
