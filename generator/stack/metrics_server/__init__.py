"""metrics-server: the resource metrics API."""
