"""The language of metrics: Grafana's references, shorthands, parsing, filling in, units."""
