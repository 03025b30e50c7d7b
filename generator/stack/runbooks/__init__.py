"""The runbooks in the cluster, optional."""
