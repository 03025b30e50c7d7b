"""Rotation with the real thing on both sides: Secrets in a Kubernetes API server, users in OpenSearch."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from generator.cluster import kubernetes_api, opensearch_api
from generator.cluster.secrets_plan import LABELS
from generator.cluster.secrets_rotate import rotate
from generator.stack.secrets.names import SECRETS
from tests.cluster import samples
from tests.kubernetes import ApiServer, NotFoundError, api_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.opensearch.server import Cluster

pytestmark = pytest.mark.slow

NAMESPACE = "monitoring"
OURS, THEIRS = ("opensearchAdmin", "opensearchFluentBit"), "opensearchGrafana"


@pytest.fixture(scope="module")
def kubernetes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    try:
        with api_server(tmp_path_factory.mktemp("kubernetes")) as running:
            running.create_namespace(NAMESPACE)
            yield running
    except NotFoundError as error:
        pytest.skip(str(error))


def password(kubernetes: ApiServer, key: str) -> str:
    secret = kubernetes.get(f"api/v1/namespaces/{NAMESPACE}/secrets/{SECRETS[key].name}")
    return base64.b64decode(secret["data"]["password"]).decode()


def test_a_rotated_password_is_the_one_that_opensearch_takes(single: Cluster, kubernetes: ApiServer) -> None:
    api = kubernetes_api.connect(kubernetes.url, kubernetes.token, NAMESPACE, ca=str(kubernetes.ca))
    for key in (*OURS, THEIRS):
        content = {"username": SECRETS[key].username.encode(), "password": single.passwords[key].encode()}
        api.create_secret(samples.secret(SECRETS[key].name, content, LABELS if key in OURS else None))
    plan = samples.plan()
    plan = replace(
        plan, authority=None, leaves=(), logins=tuple(one for one in plan.logins if one.server == "opensearch")
    )
    admin = single.admin()
    before = dict(single.passwords)

    rotate(
        api,
        plan,
        datetime.now(UTC),
        lambda user, new, since: opensearch_api.set_password(admin, user, new, rotated=since),
    )

    for key in OURS:
        old = single.ask("GET", "/_plugins/_security/authinfo", key=key)
        assert old.status_code == 401, f"{key}: the old password still works"
        single.give_password(key, password(kubernetes, key))
        assert single.ask("GET", "/_plugins/_security/authinfo", key=key).json()["user_name"] == SECRETS[key].username
    assert password(kubernetes, THEIRS) == before[THEIRS]
    assert single.ask("GET", "/_plugins/_security/authinfo", key=THEIRS).ok


def test_a_rotated_user_keeps_its_rights(single: Cluster) -> None:
    assert single.ask("GET", "/_cluster/health", key="opensearchAdmin").ok
    answer = single.bulk("opensearchFluentBit", {"create": {"_index": "logs-host"}}, {"@timestamp": 1, "log": "x"})
    assert not answer["errors"], answer
    assert single.ask("GET", "/logs-host/_search", key="opensearchFluentBit").status_code == 403
