"""A plan as the chart renders it, and Secrets of a person's own."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from generator.cluster.certificates import Pair, Subject, issue, make_authority
from generator.cluster.kubernetes_api import encoded
from generator.cluster.secrets_plan import Leaf, Login, Plan, Wanted

NOW = datetime(2026, 8, 22, 12, tzinfo=UTC)
CA, NODE, ADMIN = "opensearch-ca", "opensearch-node-tls", "opensearch-admin-tls"
HOSTS = (
    "localhost",
    "127.0.0.1",
    "opensearch-cluster-master.monitoring.svc",
    "*.opensearch-cluster-master-headless.monitoring",
)
NODE_SUBJECT = Subject("opensearch-node", HOSTS, server=True)
ADMIN_SUBJECT = Subject("opensearch-admin")


def plan(*existing: str, grafana: str = "") -> Plan:
    """Returns a plan; ``existing`` are the keys whose Secrets the profile names."""
    grafana_pod = (("Deployment", "kube-prometheus-stack-grafana"),)
    logins = [
        Login(key, name, key in existing, "username", user, "password", "opensearch", restarts)
        for key, name, user, restarts in (
            ("opensearchAdmin", "opensearch-admin", "admin", ()),
            ("opensearchGrafana", "opensearch-grafana", "grafana", grafana_pod),
            ("opensearchFluentBit", "opensearch-fluent-bit", "fluent-bit", (("DaemonSet", "fluent-bit"),)),
        )
    ]
    admin = Login(
        "grafanaAdmin",
        "grafana-admin",
        "grafanaAdmin" in existing,
        "admin-user",
        "admin",
        "admin-password",
        "grafana",
        grafana_pod,
    )
    return Plan(
        authority=Wanted("opensearchCa", CA, "opensearchCa" in existing),
        leaves=(
            Leaf("opensearchNodeTls", NODE, "opensearchNodeTls" in existing, NODE_SUBJECT),
            Leaf("opensearchAdminTls", ADMIN, "opensearchAdminTls" in existing, ADMIN_SUBJECT),
        ),
        logins=(*logins, admin),
        opensearch="https://opensearch-cluster-master:9200",
        grafana=grafana or "http://127.0.0.1:1",
    )


def secret(name: str, data: dict[str, bytes], labels: dict[str, str] | None = None) -> dict[str, Any]:
    """Returns a Secret as a person would make it."""
    metadata: dict[str, Any] = {"name": name, "labels": labels} if labels else {"name": name}
    return {"metadata": metadata, "type": "Opaque", "data": encoded(data)}


def authority_secret(authority: Pair) -> dict[str, Any]:
    """Returns an authority as a Secret."""
    return secret(CA, {"tls.crt": authority.certificate, "tls.key": authority.key})


def leaf_secret(name: str, subject: Subject, authority: Pair, now: datetime = NOW, **labels: str) -> dict[str, Any]:
    """Returns a certificate signed by an authority as a Secret."""
    leaf = issue(authority, subject, now)
    content = {"ca.crt": authority.certificate, "tls.crt": leaf.certificate, "tls.key": leaf.key}
    return secret(name, content, labels)


def an_authority() -> Pair:
    """Returns an authority of a person's own."""
    return make_authority("their-ca", NOW)
