"""The exporter that tells Prometheus of OpenSearch."""
