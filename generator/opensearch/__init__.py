"""What OpenSearch holds besides logs: templates, retention, roles and users, and the Job that keeps them so.

All functions here are pure; generator/cluster/opensearch_setup.py carries the result into a running OpenSearch.
"""

from generator.opensearch.chart import opensearch_templates
from generator.opensearch.exporter import exporter_templates, exporter_values

__all__ = ["exporter_templates", "exporter_values", "opensearch_templates"]
