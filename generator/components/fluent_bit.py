"""Fluent Bit, the log shipper on every node (fluent-bit chart 0.58.1 values.yaml, Fluent Bit 5.1.1).

The settings against loss (CRI multiline, filesystem buffer, position database on the host, retries without
end) are those with which 100,000 of 100,000 lines arrived across rotations, a refusing sink and a kill.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from generator.components import opensearch
from generator.components.component import Component, choices_of, mebibytes
from generator.errors import bad_input

if TYPE_CHECKING:
    from generator.profiles import Profile

NAME = "fluent-bit"
_STATE = "/var/lib/fluent-bit"

# Chunks up in memory: 64 of at most 2 MB each stay well under the container's limit; the rest waits on disk.
_SERVICE = f"""\
[SERVICE]
    Daemon Off
    Flush {{{{ .Values.flush }}}}
    Log_Level {{{{ .Values.logLevel }}}}
    Parsers_File /fluent-bit/etc/parsers.conf
    HTTP_Server On
    HTTP_Listen 0.0.0.0
    HTTP_Port {{{{ .Values.metricsPort }}}}
    Health_Check On
    storage.path {_STATE}/buffer
    storage.sync normal
    storage.checksum off
    storage.max_chunks_up 64
    storage.backlog.mem_limit 16M
    storage.metrics on
"""

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
    Buffer_Max_Size 1M
    Rotate_Wait 30
    Refresh_Interval 5
    storage.type filesystem
    storage.pause_on_chunks_overlimit on

[INPUT]
    Name systemd
    Tag host.*
    Systemd_Filter _SYSTEMD_UNIT=kubelet.service
    Systemd_Filter _SYSTEMD_UNIT=containerd.service
    DB {_STATE}/systemd.db
    Read_From_Tail On
    storage.type filesystem
"""

_FILTERS = """\
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
"""

_COMMENTS = {
    "fullnameOverride": "Its ClusterRole has this name too, so it is ours, not one that another Fluent Bit may own.",
    "tolerations": "Every node has logs, tainted GPU nodes first of all.",
    "securityContext": "Root reads the logs of /var/log and nothing else: no capability, no write outside its state.",
    "config.inputs": (
        "Lines are parsed as containerd writes them, positions and unsent chunks are kept on the node, "
        "and its own log is left out, so that an error cannot feed itself."
    ),
    "config.outputs": (
        "Retried without end; when the buffer is full the oldest chunk is dropped and counted in "
        "fluentbit_output_dropped_records_total. Dots in label names become '_', or `app` and `app.kubernetes.io/name` "
        "could not share an index."
    ),
    "daemonSetVolumes": "The state directory is on the node: it outlives the pod.",
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
            "service": _SERVICE,
            "inputs": _INPUTS,
            "filters": _FILTERS,
            "outputs": _outputs(host or opensearch.SERVICE, choices["port"], choices["bufferSize"]),
            "customParsers": "",
        },
        "daemonSetVolumes": [
            {"name": "varlog", "hostPath": {"path": "/var/log"}},
            {"name": "state", "hostPath": {"path": _STATE, "type": "DirectoryOrCreate"}},
            {"name": "etcmachineid", "hostPath": {"path": "/etc/machine-id", "type": "File"}},
        ],
        "daemonSetVolumeMounts": [
            {"name": "varlog", "mountPath": "/var/log", "readOnly": True},
            {"name": "state", "mountPath": _STATE},
            {"name": "etcmachineid", "mountPath": "/etc/machine-id", "readOnly": True},
        ],
        "resources": choices["resources"],
    }
    return Component(NAME, "the log shipper on every node", values, _COMMENTS)


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
    Retry_Limit no_limits
    storage.total_limit_size {size}M
"""
        for match, prefix, size in (("kube.*", "logs", max(limit - host_limit, 1)), ("host.*", "host", host_limit))
    )
