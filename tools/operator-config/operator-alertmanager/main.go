// Prints the configuration that the Prometheus operator writes for an Alertmanager, or says why it writes none.
//
// Standard input is a JSON object: "version" of the Alertmanager, its "namespace", the "strategy" of its matchers, the text of
// its own "config", the AlertmanagerConfigs of teams that it selects ("configs"), and the Secrets that those name ("secrets").
// Where the operator refuses any of it, it keeps the configuration that it had, without an event; this program ends with 1.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"

	"github.com/blang/semver/v4"
	"github.com/prometheus-operator/prometheus-operator/pkg/alertmanager"
	validation "github.com/prometheus-operator/prometheus-operator/pkg/alertmanager/validation/v1alpha1"
	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	monitoringv1alpha1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1alpha1"
	"github.com/prometheus-operator/prometheus-operator/pkg/assets"
	corev1 "k8s.io/api/core/v1"
)

type input struct {
	Version   string
	Namespace string
	Strategy  monitoringv1.AlertmanagerConfigMatcherStrategyType
	Config    string
	Configs   []*monitoringv1alpha1.AlertmanagerConfig
	Secrets   []*corev1.Secret
}

func main() {
	written, err := configuration()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Stdout.Write(written)
}

func configuration() ([]byte, error) {
	var in input
	if err := json.NewDecoder(os.Stdin).Decode(&in); err != nil {
		return nil, err
	}
	version, err := semver.ParseTolerant(in.Version)
	if err != nil {
		return nil, err
	}
	owner := &monitoringv1.Alertmanager{}
	owner.Namespace = in.Namespace
	owner.Spec.AlertmanagerConfigMatcherStrategy.Type = in.Strategy
	objects := make([]any, 0, len(in.Secrets))
	for _, secret := range in.Secrets {
		objects = append(objects, secret)
	}
	store := assets.NewTestStoreBuilder(objects...)
	// Its warnings say which fields it drops for this version.
	builder := alertmanager.NewConfigBuilder(slog.New(slog.NewTextHandler(os.Stderr, nil)), version, store, owner)
	if err := builder.InitializeFromRawConfiguration([]byte(in.Config)); err != nil {
		return nil, err
	}
	configs := map[string]*monitoringv1alpha1.AlertmanagerConfig{}
	for _, each := range in.Configs {
		if err := validation.ValidateAlertmanagerConfig(each); err != nil {
			return nil, fmt.Errorf("%s/%s: %w", each.Namespace, each.Name, err)
		}
		configs[each.Namespace+"/"+each.Name] = each
	}
	if err := builder.AddAlertmanagerConfigs(context.Background(), configs); err != nil {
		return nil, err
	}
	return builder.MarshalJSON() // which writes YAML
}
