"""`helm test`."""
