"""How large an upstream chart may be before it is taken for a mistake or an attack."""

MAX_UNPACKED = 64 * 1024 * 1024
"""Bytes of the unpacked tar. The largest chart pinned, kube-prometheus-stack 88.5.3, has 8 MiB; Helm itself
stops at 100 MiB."""

MAX_ENTRIES = 10_000
"""Files and directories in one archive; kube-prometheus-stack 88.5.3 has under 400."""

MAX_ARCHIVE = 64 * 1024 * 1024
"""Bytes of the packed archive; kube-prometheus-stack 88.5.3 has under 1 MiB."""

MAX_INDEX = 64 * 1024 * 1024
"""Bytes of a Helm repository's index.yaml; a large public one has some 10 MiB."""

MAX_MANIFEST = 4 * 1024 * 1024
"""Bytes of a registry's manifest or token answer; the OCI distribution specification lets registries stop there."""
