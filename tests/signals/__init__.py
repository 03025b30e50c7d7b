"""Every query of every dashboard and rule, run on a real Prometheus."""
