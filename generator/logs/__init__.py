"""What a log record holds: the fields of ``logs/fields.yaml``."""
