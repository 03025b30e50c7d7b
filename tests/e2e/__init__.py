"""The chart on a real Kubernetes API server: installed, synchronised again, upgraded, uninstalled."""
