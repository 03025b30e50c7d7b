"""Fluent Bit, the log shipper on every node (fluent-bit chart 0.58.1 values.yaml, Fluent Bit 5.1.1).

What a line becomes: joined as CRI writes it, then with the rest of its traceback; given its pod's metadata, its JSON
under ``parsed`` and its level under ``level`` (templates/ beside this file). The settings against loss (filesystem
buffer, position database on the host, retries without end) are tested on the real binary in tests/logs.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from generator.stack.component import Component, choices_of
from generator.stack.fluent_bit import destination, files

if TYPE_CHECKING:
    from collections.abc import Mapping

    from generator.choices.profiles import Profile

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
    multiline.parser cri_line
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

{files.level_filter("*", "log")}
[FILTER]
    Name lua
    Match *
    script /fluent-bit/scripts/{_SCRIPT}
    call normalise
    time_as_table On
    type_int_key xid sxid offset
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
    "env": "The node's name stands on every record. The login is the Secret's; ${...} is filled in by Fluent Bit.",
    "readinessProbe": (
        "Ready is what reads and buffers. Were it ready only while OpenSearch takes its lines, `helm install --wait` "
        "could not end: OpenSearch's users are made after it."
    ),
    "config.outputs": (
        "Retried without end; when the buffer is full the oldest chunk is dropped and counted in "
        "fluentbit_output_dropped_records_total. Dots in label names become '_', or `app` and `app.kubernetes.io/name` "
        "could not share an index. Each line has an id of its own, so that a batch sent again is stored once, and the "
        "answer to a batch may be as long as it is: a cut one would be taken for a failure, the batch sent for ever. "
        "The time is written to the nanosecond, for an id is made of the record, and equal lines are two."
    ),
    "daemonSetVolumes": (
        "The state directory is on the node: it outlives the pod. A journal that is not kept on disk is under /run."
    ),
    "testFramework": "Its pod pulls busybox:latest.",
}


def component(profile: Profile) -> Component:
    """Gives Fluent Bit as the profile wants it.

    Raises:
        InputError: it has nowhere to send, or the choices about TLS contradict each other.
    """
    choices = choices_of(profile, NAME)
    where = destination.destination(profile)
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
            "outputs": destination.outputs(where, choices["bufferSize"]),
            "customParsers": files.node_parsers(),
        },
        "luaScripts": {_SCRIPT: files.script(_SCRIPT)},
        "env": destination.environment(where),
        "readinessProbe": {"httpGet": {"path": "/"}},
        "daemonSetVolumes": [
            {"name": "varlog", "hostPath": {"path": "/var/log"}},
            {"name": "runlogjournal", "hostPath": {"path": "/run/log/journal", "type": "DirectoryOrCreate"}},
            {"name": "state", "hostPath": {"path": _STATE, "type": "DirectoryOrCreate"}},
            {"name": "etcmachineid", "hostPath": {"path": "/etc/machine-id", "type": "File"}},
            *destination.volumes(where),
        ],
        "daemonSetVolumeMounts": [
            {"name": "varlog", "mountPath": "/var/log", "readOnly": True},
            {"name": "runlogjournal", "mountPath": "/run/log/journal", "readOnly": True},
            {"name": "state", "mountPath": _STATE},
            {"name": "etcmachineid", "mountPath": "/etc/machine-id", "readOnly": True},
            *destination.volume_mounts(where),
        ],
        "resources": choices["resources"],
    }
    return Component(NAME, "the log shipper on every node", values, _COMMENTS)


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
