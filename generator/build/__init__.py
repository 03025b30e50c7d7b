"""From a request to a Build, and from a Build to a chart and to findings."""
