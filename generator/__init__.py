"""gen-chart: one umbrella Helm chart for the observability of AI/ML workloads on Kubernetes."""

__version__ = "0.1.0"
