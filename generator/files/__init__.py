"""The lowest layer: YAML, schemas, templates, trees of files, and how they reach a disk whole."""
