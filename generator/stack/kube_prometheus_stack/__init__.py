"""kube-prometheus-stack: the operator, Prometheus, Alertmanager, Grafana, node exporter."""
