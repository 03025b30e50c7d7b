"""kube-state-metrics: metrics about Kubernetes objects."""
