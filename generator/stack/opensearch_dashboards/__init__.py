"""OpenSearch Dashboards: OpenSearch's own user interface."""
