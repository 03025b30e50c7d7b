"""Fluent Bit, the log shipper on every node (fluent-bit chart 0.58.1 values.yaml, Fluent Bit 5.1.1).

What a line becomes: joined as CRI writes it, then with the rest of its traceback; given its pod's metadata, its JSON
under ``parsed`` and its level under ``level`` (generator/templates/fluent-bit). The settings against loss (filesystem
buffer, position database on the host, retries without end) are tested on the real binary in tests/logs.
"""

from __future__ import annotations

import re
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from generator.components import opensearch
from generator.components.component import Component, choices_of, mebibytes
from generator.errors import bad_input

if TYPE_CHECKING:
    from collections.abc import Mapping

    from generator.profiles import Profile

NAME = "fluent-bit"
_STATE = "/var/lib/fluent-bit"
_SCRIPT = "records.lua"

# Uncapped, the wait between retries grows to 2,000 s: an hour's outage would end half an hour late.
_SERVICE = """\
[SERVICE]
    Daemon Off
    Flush {{ .Values.flush }}
    Log_Level {{ .Values.logLevel }}
    Parsers_File /fluent-bit/etc/parsers.conf
    Parsers_File /fluent-bit/etc/conf/custom_parsers.conf
    HTTP_Server On
    HTTP_Listen 0.0.0.0
    HTTP_Port {{ .Values.metricsPort }}
    Health_Check On
    scheduler.base 2
    scheduler.cap 60
    storage.path STATE/buffer
    storage.sync normal
    storage.checksum off
    storage.max_chunks_up CHUNKS_UP
    storage.backlog.mem_limit 16M
    storage.metrics on
"""

# Nothing pauses an input: a pause leaves lines in files that the kubelet rotates away, while the disk buffer is empty.
# A container's line comes in pieces of 16 KB, so what is over 1 MB is no line; it is cut, not skipped.
# Files are looked at four times a second and read 128 KB at a time: told of each write by inotify, it would read a
# traceback before it is whole.
_INPUTS = f"""\
[INPUT]
    Name tail
    Tag kube.*
    Path /var/log/containers/*.log
    Exclude_Path /var/log/containers/{{{{ include "fluent-bit.fullname" . }}}}-*.log
    multiline.parser cri
    DB {_STATE}/containers.db
    DB.locking true
    Read_from_Head true
    Skip_Long_Lines On
    Truncate_Long_Lines On
    Buffer_Chunk_Size 128K
    Buffer_Max_Size 1M
    Rotate_Wait 30
    Refresh_Interval 5
    Inotify_Watcher false
    storage.type filesystem

[INPUT]
    Name systemd
    Tag host.*
    Systemd_Filter _SYSTEMD_UNIT=kubelet.service
    Systemd_Filter _SYSTEMD_UNIT=containerd.service
    Systemd_Filter _SYSTEMD_UNIT=nvidia-fabricmanager.service
    Systemd_Filter _SYSTEMD_UNIT=nvidia-persistenced.service
    Systemd_Filter _TRANSPORT=kernel
    DB {_STATE}/systemd.db
    Read_From_Tail On
    Lowercase On
    Strip_Underscores On
    storage.type filesystem
"""

# Unbuffered: a buffer of tracebacks is in memory only, with the file's position already past them when a kill comes.
_FILTERS = f"""\
[FILTER]
    Name multiline
    Match kube.*
    multiline.key_content log
    multiline.parser traces
    Buffer Off

[FILTER]
    Name kubernetes
    Match kube.*
    Merge_Log On
    Merge_Log_Key parsed
    Keep_Log On
    Annotations Off
    K8S-Logging.Parser On
    K8S-Logging.Exclude On
    Buffer_Size 1M

[FILTER]
    Name modify
    Match host.*
    Rename message log

[FILTER]
    Name parser
    Match host.*
    Key_Name log
    Parser nvidia_xid
    Parser nvidia_sxid
    Reserve_Data On
    Preserve_Key On

[FILTER]
    Name parser
    Match *
    Key_Name log
    Parser level_ray_cpp
    Parser level_after_time
    Parser level_first
    Parser level_klog
    Parser level_in_brackets
    Parser level_logfmt
    Parser level_of_exception
    Reserve_Data On
    Preserve_Key On

[FILTER]
    Name lua
    Match *
    script /fluent-bit/scripts/{_SCRIPT}
    call normalise
"""

_COMMENTS = {
    "fullnameOverride": "Its ClusterRole has this name too, so it is ours, not one that another Fluent Bit may own.",
    "tolerations": "Every node has logs, tainted GPU nodes first of all.",
    "securityContext": "Root reads logs and the journal, nothing else: no capability, no write outside its state.",
    "config.inputs": (
        "Lines are parsed as containerd writes them, positions and unsent chunks are kept on the node, "
        "and its own log is left out, so that an error cannot feed itself. Kernel messages come from the journal: "
        "/dev/kmsg needs a privileged container and has no position to go on from after a restart."
    ),
    "config.filters": "Tracebacks are joined, JSON goes to `parsed`, the level of every format to `level`.",
    "config.outputs": (
        "Retried without end; when the buffer is full the oldest chunk is dropped and counted in "
        "fluentbit_output_dropped_records_total. Dots in label names become '_', or `app` and `app.kubernetes.io/name` "
        "could not share an index. Each line has an id of its own, so that a batch sent again is stored once, and the "
        "answer to a batch may be as long as it is: a cut one would be taken for a failure and the batch sent for ever."
    ),
    "daemonSetVolumes": (
        "The state directory is on the node: it outlives the pod. A journal that is not kept on disk is under /run."
    ),
    "testFramework": "Its pod pulls busybox:latest.",
}


def component(profile: Profile) -> Component:
    """Gives Fluent Bit as the profile wants it.

    Raises:
        InputError: it is on, this chart's OpenSearch is off, and no other host is named.
    """
    choices = choices_of(profile, NAME)
    host = choices["host"]
    if choices["enabled"] and host is None and not choices_of(profile, opensearch.NAME)["enabled"]:
        raise bad_input(
            "found null while components.opensearch.enabled is false, so the logs have nowhere to go",
            file=f"profile {profile.name}",
            path=f"components.{NAME}.host",
            hint=f"name a host, or set components.{NAME}.enabled to false",
        )
    values: dict[str, Any] = {
        "enabled": choices["enabled"],
        "fullnameOverride": f"ai-ml-observability-{NAME}",
        "testFramework": {"enabled": False},
        "tolerations": [{"operator": "Exists"}],
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "config": {
            "service": _service(choices["resources"]),
            "inputs": _INPUTS,
            "filters": _FILTERS,
            "outputs": _outputs(host or opensearch.SERVICE, choices["port"], choices["bufferSize"]),
            "customParsers": _shared("parsers.conf"),
        },
        "luaScripts": {_SCRIPT: _shared(_SCRIPT)},
        "daemonSetVolumes": [
            {"name": "varlog", "hostPath": {"path": "/var/log"}},
            {"name": "runlogjournal", "hostPath": {"path": "/run/log/journal", "type": "DirectoryOrCreate"}},
            {"name": "state", "hostPath": {"path": _STATE, "type": "DirectoryOrCreate"}},
            {"name": "etcmachineid", "hostPath": {"path": "/etc/machine-id", "type": "File"}},
        ],
        "daemonSetVolumeMounts": [
            {"name": "varlog", "mountPath": "/var/log", "readOnly": True},
            {"name": "runlogjournal", "mountPath": "/run/log/journal", "readOnly": True},
            {"name": "state", "mountPath": _STATE},
            {"name": "etcmachineid", "mountPath": "/etc/machine-id", "readOnly": True},
        ],
        "resources": choices["resources"],
    }
    return Component(NAME, "the log shipper on every node", values, _COMMENTS)


@cache
def _shared(name: str) -> str:
    return resources.files("generator").joinpath("templates", "fluent-bit", name).read_text(encoding="utf-8")


def _service(wanted: Mapping[str, Any]) -> str:
    """Gives the service section: chunks, 2 MB each, take a quarter of the memory limit; the rest waits on disk."""
    limit = _bytes(wanted.get("limits", {}).get("memory", "512Mi"))
    chunks = min(max(int(limit / 4 / 2_000_000), 8), 128)
    return _SERVICE.replace("STATE", _STATE).replace("CHUNKS_UP", str(chunks))


_UNITS = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}


def _bytes(quantity: str | float) -> float:
    """Gives a Kubernetes quantity in bytes; 512 MiB for one that Kubernetes alone can read, such as 1e9."""
    found = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)([kMGT]|[KMGT]i|)", str(quantity))
    return float(found[1]) * _UNITS[found[2]] if found else 512.0 * 2**20


def _outputs(host: str, port: int, buffer_size: str) -> str:
    """Gives the outputs; the buffer is shared, the nodes' own logs are few and get a tenth of it."""
    limit = mebibytes(buffer_size)
    host_limit = max(limit // 10, 1)
    return "\n".join(
        f"""\
[OUTPUT]
    Name opensearch
    Match {match}
    Host {host}
    Port {port}
    Logstash_Format On
    Logstash_Prefix {prefix}
    Time_Key @timestamp
    Replace_Dots On
    Suppress_Type_Name On
    Trace_Error On
    Generate_ID On
    Write_Operation create
    Buffer_Size False
    Retry_Limit no_limits
    storage.total_limit_size {size}M
"""
        for match, prefix, size in (("kube.*", "logs", max(limit - host_limit, 1)), ("host.*", "host", host_limit))
    )
