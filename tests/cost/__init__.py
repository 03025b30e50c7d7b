"""What it costs Prometheus to answer the dashboards and to evaluate the rules, on a fleet, beside another commit."""
