"""From a request to a Build, and from a Build to the chart and its findings."""
