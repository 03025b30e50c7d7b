"""Rules: records and alerts that people read as YAML in, PrometheusRule objects and plain rule files out."""
