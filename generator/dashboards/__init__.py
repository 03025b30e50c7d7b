"""Dashboards: YAML that people read in, Grafana's JSON and the chart's files out."""
