"""Fluent Bit beside a Ray container: the ConfigMap that the sidecar of ``gen-chart instrument`` mounts.

It prints Ray's log files on its standard output, one JSON object a line, and the node's Fluent Bit ships that: users'
namespaces need no password, no certificate and no way to OpenSearch. Which files are read and which lines are copies is
told in docs/logs-path.md.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from generator.files.templating import render
from generator.stack.fluent_bit.files import LEVEL_PARSERS, parsers, script
from generator.stack.fluent_bit.sidecar import CONFIG_MAP, CONFIG_PATH, LOG_PATH, STATE_PATH

if TYPE_CHECKING:
    from collections.abc import Mapping

_JSON_PARSER = "\n# Serve, Train and events write JSON.\n[PARSER]\n    Name json_line\n    Format json\n"

_READ = (
    "*.log*",
    "*.out*",
    "*.err*",
    # Ray moves the files of workers that have ended here, where there are many (2.60 log_monitor.py).
    "old/*",
    "serve/*.log*",
    "train/*.log*",
    "ray-data/*.log*",
    "events/event_*.log*",
)
"""Of a session's folder ``logs``. A name that Ray rotated to is read too: after a pause of the sidecar, its last lines
are in it. The position database knows a file by its inode, so a renamed one goes on where it was."""

_LEFT_OUT = (
    # KubeRay's autoscaler prints the same lines on its container's output (2.60 kuberay/run_autoscaler.py).
    "monitor.log*",
)


def ray_files() -> Mapping[str, str]:
    """Returns the ConfigMap's data: every key is a file below ``/fluent-bit/etc`` of the sidecar."""
    # Every session's folder is read, not session_latest alone: the last lines of a Ray that died tell why it did.
    folder = f"{LOG_PATH}/session_2*/logs"
    conf = render(
        "stack/fluent_bit/templates/ray.conf",
        config=CONFIG_PATH,
        state=STATE_PATH,
        paths=",".join(f"{folder}/{pattern}" for pattern in _READ),
        excluded=",".join(f"*/{pattern}" for pattern in _LEFT_OUT),
        level_parsers=("json_line", *LEVEL_PARSERS),
    )
    return MappingProxyType(
        {"fluent-bit.conf": conf, "parsers.conf": parsers() + _JSON_PARSER, "ray.lua": script("ray.lua")}
    )


def ray_template(header: str) -> str:
    """Returns the template of that ConfigMap, one for each namespace in the values."""
    return render("stack/fluent_bit/templates/ray-configmap.yaml", header=header, name=CONFIG_MAP, files=ray_files())
