"""The set-up program, run as its pod runs it, against a real OpenSearch."""

from __future__ import annotations

import copy
import hashlib
import shutil
import ssl
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
import requests

from generator.build.profile import load_profile
from generator.choices.profiles import Layer
from generator.cluster.certificates import Subject, issue
from generator.cluster.secrets_content import new_password
from generator.stack.opensearch.indices import FIELDS, POLICY, STREAMS
from generator.stack.secrets.names import NODE_NAME
from tests.opensearch import server
from tests.opensearch.plan import setup_plan

if TYPE_CHECKING:
    from pathlib import Path

    from generator.build.sources import Sources
    from tests.opensearch.server import Cluster

pytestmark = pytest.mark.slow

ADMIN, WRITER, READER = "opensearchAdmin", "opensearchFluentBit", "opensearchGrafana"
LINE = {"@timestamp": "2026-01-01T00:00:00Z", "log": "a line"}


def lines(cluster: Cluster, sources: Sources, plan: dict[str, Any] | None = None) -> list[str]:
    done = cluster.set_up(sources, plan)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


def write(cluster: Cluster, count: int = 1) -> None:
    batch = [line for _ in range(count) for line in ({"create": {"_index": STREAMS[0]}}, LINE)]
    answer = cluster.bulk(WRITER, *batch)
    assert answer.get("errors") is False, answer


def until(seconds: float, check: Any) -> None:
    end = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < end, f"not within {seconds} s"
        time.sleep(0.2)


def test_a_new_cluster_knows_nobody_and_is_ready_after_the_set_up_which_then_has_nothing_to_do(
    sources: Sources, tmp_path: Path
) -> None:
    server.home()
    with server.running(tmp_path, load_profile("kind", sources), sources, set_up=False) as cluster:
        until(60, lambda: cluster.ask("GET", "/").status_code == 401)  # the security configuration is read
        for key in cluster.passwords:
            assert cluster.ask("GET", "/", key=key).status_code == 401
        for login in (("admin", "admin"), ("kibanaserver", "kibanaserver"), ("logstash", "logstash")):
            answer = requests.get(cluster.url, auth=login, verify=str(cluster.ca), timeout=30)
            assert answer.status_code == 401, login

        made = lines(cluster, sources)
        assert made[0].startswith("component template")
        assert [line.split(":")[0] for line in made[-4:]] == [
            "user admin",
            "user fluent-bit",
            "user grafana",
            "user exporter",
        ]
        assert lines(cluster, sources) == []
        health = cluster.ask("GET", "/_cluster/health", key=ADMIN).json()
        assert health["status"] == "green", "one node must not wait for copies that no other node can hold"
        write(cluster)

        # kind keeps no data over a restart of the pod; the CronJob's next run makes all of it again.
        cluster.stop()
        shutil.rmtree(cluster.nodes[0].folder / "data")
        cluster.start()
        cluster.wait()
        assert cluster.ask("GET", "/", key=WRITER).status_code in (401, 503)
        assert set(made) <= set(lines(cluster, sources))
        write(cluster)


def test_indices_are_rolled_over_and_deleted_by_the_policy(single: Cluster) -> None:
    for stream in STREAMS:
        found = single.ask("GET", f"/_plugins/_ism/explain/.ds-{stream}-*", key=ADMIN).json()
        managed = [state for state in found.values() if isinstance(state, dict)]
        assert managed
        assert all(state["policy_id"] == POLICY for state in managed)


def test_what_somebody_changed_is_put_right(single: Cluster, sources: Sources) -> None:
    role = "/_plugins/_security/api/roles/ai-ml-observability-writer"
    api = single.admin()
    api.put(role, {"cluster_permissions": ["*"], "index_permissions": []})
    api.ask("DELETE", "/_plugins/_security/api/internalusers/grafana")
    template = api.get(f"/_component_template/{FIELDS}")["component_templates"][0]["component_template"]
    changed = copy.deepcopy(template)
    changed["template"]["mappings"]["dynamic"] = "true"
    api.put(f"/_component_template/{FIELDS}", changed)
    assert lines(single, sources) == [
        f"component template {FIELDS}: changed",
        *(f"data stream {stream}: rolled over, for the templates that changed" for stream in STREAMS),
        "role ai-ml-observability-writer: changed",
        "user grafana: made",
    ]
    assert single.ask("GET", "/_cluster/health", key=WRITER).status_code == 403
    assert single.ask("GET", "/", key=READER).status_code == 200
    assert lines(single, sources) == []


def test_users_that_people_gave_a_role_keep_it(single: Cluster, sources: Sources) -> None:
    path = "/_plugins/_security/api/rolesmapping/ai-ml-observability-reader"
    single.admin().put(path, {"users": ["ana"], "backend_roles": ["team"]})
    assert lines(single, sources) == ["role ai-ml-observability-reader: given to grafana too"]
    found = single.admin().get(path)["ai-ml-observability-reader"]
    assert (sorted(found["users"]), found["backend_roles"]) == (["ana", "grafana"], ["team"])


def test_a_password_follows_its_secret(single: Cluster, sources: Sources) -> None:
    old = single.passwords[READER]
    single.give_password(READER, new_password())
    assert single.ask("GET", "/", key=READER).status_code == 401
    assert lines(single, sources) == ["user grafana: password changed to that of its Secret"]
    assert single.ask("GET", "/", key=READER).status_code == 200
    assert requests.get(single.url, auth=("grafana", old), verify=str(single.ca), timeout=30).status_code == 401


def test_a_password_that_is_too_weak_is_named_and_keeps_no_other_from_its_change(
    single: Cluster, sources: Sources
) -> None:
    good = single.passwords[WRITER]
    try:
        single.give_password(WRITER, "password")
        single.give_password(READER, new_password())
        done = single.set_up(sources)
        assert done.returncode == 1
        assert "error: the password in the Secret 'opensearch-fluent-bit' is refused: " in done.stderr
        assert done.stderr.count("\n") == 1
        assert "password changed" in done.stdout
    finally:
        single.give_password(WRITER, good)
    assert lines(single, sources) == []


def test_another_retention_reaches_the_indices_that_are_there(single: Cluster, sources: Sources) -> None:
    policies = copy.deepcopy(setup_plan(sources, single.profile)["policies"])
    policies[POLICY]["states"][0]["transitions"][0]["conditions"] = {"min_rollover_age": "3d"}
    assert lines(single, sources, {"policies": policies})[0] == f"policy {POLICY}: changed"
    stored = single.admin().get(f"/_plugins/_ism/policies/{POLICY}")["policy"]
    assert stored["states"][0]["transitions"][0]["conditions"] == {"min_rollover_age": "3d"}
    assert lines(single, sources)[0] == f"policy {POLICY}: changed"


def test_an_index_that_was_there_before_the_policy_comes_under_it(single: Cluster, sources: Sources) -> None:
    stream = STREAMS[1]
    for path in (f"/_plugins/_ism/policies/{POLICY}", f"/_data_stream/{stream}"):
        single.admin().ask("DELETE", path)
    single.admin().put(f"/_data_stream/{stream}", None)
    index = f".ds-{stream}-000001"
    assert {f"policy {POLICY}: made", f"index {index}: under the policy {POLICY} as it is now"} <= set(
        lines(single, sources)
    )
    until(60, lambda: single.admin().get(f"/_plugins/_ism/explain/{index}")[index].get("policy_id") == POLICY)


def test_an_index_that_somebody_took_out_of_the_policy_to_keep_it_stays_out(single: Cluster, sources: Sources) -> None:
    (stream,) = single.admin().get(f"/_data_stream/{STREAMS[0]}")["data_streams"]
    index = stream["indices"][-1]["index_name"]
    assert single.admin().post(f"/_plugins/_ism/remove/{index}")["updated_indices"] == 1

    def managed() -> bool:
        state = single.admin().get(f"/_plugins/_ism/explain/{index}")[index]
        return state["index.plugins.index_state_management.policy_id"] is not None

    until(60, lambda: not managed())
    assert lines(single, sources) == []
    assert not managed()


def test_the_certificate_of_a_node_is_not_that_of_the_admin(single: Cluster) -> None:
    node = single.nodes[0].folder / "config" / "tls"
    pair = (str(node / "tls.crt"), str(node / "tls.key"))
    answer = requests.get(
        f"{single.url}/_plugins/_security/api/internalusers", cert=pair, verify=str(single.ca), timeout=30
    )
    assert answer.status_code == 401


def test_a_renewed_certificate_is_taken_up_without_a_restart_also_with_more_names(single: Cluster) -> None:
    def served() -> str:
        pem = ssl.get_server_certificate(("127.0.0.1", single.nodes[0].port))
        return hashlib.sha256(pem.encode()).hexdigest()

    before = served()
    subject = Subject(NODE_NAME, (*server.HOSTS, "more.example"), server=True)
    leaf = issue(single.authority, subject, datetime.now(UTC))
    server.write_secret(single.nodes[0].folder / "config" / "tls", server.tls_secret(single.authority, leaf))
    until(60, lambda: served() != before)
    assert single.ask("GET", "/", key=READER).status_code == 200


def test_three_nodes_find_each_other_and_restart_one_by_one_without_losing_a_line(
    sources: Sources, tmp_path: Path
) -> None:
    server.home()
    small = Layer("small", {"components": {"opensearch": {"nodes": 3}}})
    with server.running(tmp_path, load_profile("kind", sources, [small]), sources) as cluster:
        write(cluster, 50)
        shards = cluster.ask("GET", f"/_cat/shards/{STREAMS[0]}?format=json", key=ADMIN).json()
        assert sorted(shard["prirep"] for shard in shards) == ["p", "p", "p", "r", "r", "r"]

        def whole() -> bool:
            health = cluster.ask("GET", "/_cluster/health", key=ADMIN)
            return (
                health.status_code == 200
                and health.json()["number_of_nodes"] == 3
                and health.json()["status"] == "green"
            )

        for node in reversed(cluster.nodes):
            node.stop()
            if node is not cluster.nodes[0]:
                write(cluster, 10)
            cluster.start()
            cluster.wait()
            until(120, whole)
        assert cluster.ask("POST", f"/{STREAMS[0]}/_refresh", key=ADMIN).status_code == 200
        assert cluster.ask("GET", f"/{STREAMS[0]}/_count", key=ADMIN).json()["count"] == 70
        assert lines(cluster, sources) == []
