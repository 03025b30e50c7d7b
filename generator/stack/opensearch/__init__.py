"""OpenSearch: its chart's values, and the set-up of templates, retention, roles and users."""
