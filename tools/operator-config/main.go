// Prints the configuration that the Prometheus operator writes for PodMonitors and ServiceMonitors.
//
// Standard input is a JSON array of the objects, as Helm renders them; a Prometheus among them says how monitors are
// read, else the operator's own defaults do. -prometheus is the version of the Prometheus that reads the configuration,
// -api-server the address of the Kubernetes API that it asks for pods, "" for the cluster's own.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"github.com/prometheus-operator/prometheus-operator/pkg/assets"
	"github.com/prometheus-operator/prometheus-operator/pkg/prometheus"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func main() {
	version := flag.String("prometheus", "", "version of Prometheus")
	server := flag.String("api-server", "", "address of the Kubernetes API")
	flag.Parse()
	config, err := configuration(*version, *server)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Stdout.Write(config)
}

func configuration(version, server string) ([]byte, error) {
	var objects []json.RawMessage
	if err := json.NewDecoder(os.Stdin).Decode(&objects); err != nil {
		return nil, err
	}
	pods := map[string]*monitoringv1.PodMonitor{}
	services := map[string]*monitoringv1.ServiceMonitor{}
	owner := &monitoringv1.Prometheus{}
	for _, text := range objects {
		var kind metav1.TypeMeta
		if err := json.Unmarshal(text, &kind); err != nil {
			return nil, err
		}
		switch kind.Kind {
		case "PodMonitor":
			monitor := &monitoringv1.PodMonitor{}
			if err := json.Unmarshal(text, monitor); err != nil {
				return nil, err
			}
			pods[monitor.Namespace+"/"+monitor.Name] = monitor
		case "ServiceMonitor":
			monitor := &monitoringv1.ServiceMonitor{}
			if err := json.Unmarshal(text, monitor); err != nil {
				return nil, err
			}
			services[monitor.Namespace+"/"+monitor.Name] = monitor
		case "Prometheus":
			if err := json.Unmarshal(text, owner); err != nil {
				return nil, err
			}
		default:
			return nil, fmt.Errorf("%s: expected a PodMonitor, a ServiceMonitor or a Prometheus", kind.Kind)
		}
	}
	owner.ObjectMeta = metav1.ObjectMeta{Name: "p", Namespace: "monitoring"}
	owner.Spec.Version = version
	owner.Spec.ScrapeInterval = "30s"
	owner.Spec.EvaluationInterval = "30s"
	if server != "" {
		owner.Spec.APIServerConfig = &monitoringv1.APIServerConfig{Host: server}
	}
	// Without it the operator takes the cluster for one that has no EndpointSlices; all supported ones have.
	generator, err := prometheus.NewConfigGenerator(nil, owner, prometheus.WithEndpointSliceSupport())
	if err != nil {
		return nil, err
	}
	store := assets.NewTestStoreBuilder()
	return generator.GenerateServerConfiguration(owner, services, pods, nil, nil, store, nil, nil, nil, nil)
}
