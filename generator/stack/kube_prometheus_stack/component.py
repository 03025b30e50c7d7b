"""kube-prometheus-stack: the operator, Prometheus, Alertmanager, Grafana and node exporter.

Facts about its values are from kube-prometheus-stack 88.5.3 values.yaml and templates, unless said otherwise.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from generator.errors import InputError
from generator.stack.alertmanager.problems import alert_problems
from generator.stack.alertmanager.values import alert_context
from generator.stack.component import Component, choices_of, from_template, mebibytes
from generator.stack.grafana import log_source
from generator.stack.kube_prometheus_stack.data_sources import longer_interval
from generator.stack.kube_prometheus_stack.remote_write import account_role, remote_write, remote_write_problems
from generator.stack.priorities import priority_context
from generator.stack.secrets.names import secret_name

if TYPE_CHECKING:
    from generator.choices.profiles import Profile

NAME = "kube-prometheus-stack"
GRAFANA_ROLE = "ai-ml-observability-grafana"
RETENTION_SHARE = 0.85
"""Share of a volume that blocks may fill: the WAL, compaction and head chunks need the rest."""


def component(profile: Profile) -> Component:
    """Builds kube-prometheus-stack as the profile wants it.

    Raises:
        InputError: see alert_problems and remote_write_problems.
    """
    choices = choices_of(profile, NAME)
    if problems := (*alert_problems(profile), *remote_write_problems(profile)):
        raise InputError(*problems)
    logs = log_source.log_context(profile, choices["grafana"]["opensearchPlugin"])
    # Grafana reads its data sources at its start only; a pod that has others is another one.
    sources = hashlib.sha256(json.dumps(logs, sort_keys=True).encode()).hexdigest()[:10]
    return from_template(
        NAME,
        "Prometheus operator, Prometheus, Alertmanager, Grafana, node exporter",
        choices=choices,
        **priority_context(profile),
        control_plane=profile.choices["cluster"]["controlPlane"],
        storage=profile.choices["storage"],
        retention_size=retention_size(choices["prometheus"]["volume"]),
        admin_secret=secret_name(profile, "grafanaAdmin"),
        role=GRAFANA_ROLE,
        sources=sources,
        longer_interval=longer_interval(profile.choices),
        remote_write=remote_write(choices["prometheus"]),
        account_role=account_role(choices["prometheus"]),
        **logs,
        **alert_context(profile),
    )


def retention_size(volume: str) -> str:
    """Returns Prometheus' retention by size for a volume such as ``50Gi``, in the operator's ByteSize form.

    Never 0, which stands for no limit.
    """
    return f"{max(int(mebibytes(volume) * RETENTION_SHARE), 1)}MiB"
