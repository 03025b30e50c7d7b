"""How large a Prometheus, an OpenSearch and their volumes have to be for a fleet that a few numbers describe."""
