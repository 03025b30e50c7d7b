"""Pages of docs/ that are made from schemas, data and the registry of checks."""
