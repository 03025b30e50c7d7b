"""The texts of the umbrella chart that are not monitors or dashboards: metadata, values, schema, templates."""

NAME = "ai-ml-observability"
"""The chart's name; also the prefix of its template helpers and of its cluster-scoped objects."""
