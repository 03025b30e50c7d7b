"""The files that Fluent Bit reads on every node and beside Ray: parsers, scripts, and the whole of Ray's sidecar."""

from generator.fluentbit.files import level_filter, node_parsers, parsers, script
from generator.fluentbit.ray import ray_files, ray_template

__all__ = ["level_filter", "node_parsers", "parsers", "ray_files", "ray_template", "script"]
