"""What Grafana needs beside its chart: the way to the logs, and its role."""
