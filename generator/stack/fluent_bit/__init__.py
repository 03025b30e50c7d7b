"""Fluent Bit: on every node, and beside Ray."""
