"""Pages of docs/ that are made from schemas and data."""
