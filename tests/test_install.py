"""What tests/install.py takes for a working installation, on answers in the shape of Kubernetes' and Prometheus'."""

from __future__ import annotations

from typing import Any

from generator.stack.secrets.names import SECRETS
from tests.install import JOBS, unevaluated, unfinished, unmade, unreached, unready


def an_object(name: str, owner: str = "", **conditions: str) -> dict[str, Any]:
    owners = [{"kind": owner, "name": "owner"}] if owner else []
    listed = [{"type": kind, "status": status} for kind, status in conditions.items()]
    return {
        "metadata": {"name": name, "ownerReferences": owners},
        "status": {"phase": "Running", "conditions": listed},
    }


def a_target(job: str, health: str = "up", error: str = "") -> dict[str, Any]:
    return {
        "labels": {"job": job},
        "scrapePool": "podMonitor/monitoring/x/0",
        "scrapeUrl": "http://10.0.0.1:80",
        "health": health,
        "lastError": error,
    }


def the_secrets() -> list[dict[str, Any]]:
    return [
        {
            "metadata": {"name": one.name},
            "data": dict.fromkeys((one.user_key, one.password_key) if one.username else ("tls.crt", "tls.key"), "eA=="),
        }
        for key, one in SECRETS.items()
        if key != "opensearchDashboards"
    ]


def test_a_pod_that_is_not_ready_is_named_but_a_jobs_pod_need_not_be() -> None:
    pods = [
        an_object("grafana", "ReplicaSet", Ready="True"),
        an_object("opensearch", "StatefulSet", Ready="False"),
        an_object("operator", "ReplicaSet"),
        an_object("setup", "Job", Ready="False"),
        an_object("test-alerts", Ready="False"),
    ]
    pods[-1]["metadata"]["annotations"] = {"helm.sh/hook": "test"}
    assert [line.split()[1] for line in unready(pods)] == ["opensearch", "operator"]


def test_a_job_that_is_not_complete_is_named_unless_it_comes_again() -> None:
    jobs = [an_object("setup"), an_object("done", Complete="True"), an_object("again-1", "CronJob")]
    assert list(unfinished(jobs)) == ["job setup is not complete"]


def test_every_secret_of_the_bootstrap_is_wanted_with_its_keys() -> None:
    made = the_secrets()
    assert list(unmade(made)) == []
    gone = made.pop()["metadata"]["name"]
    made[0]["data"] = None
    assert list(unmade(made)) == ["the Secret opensearch-ca has no tls.crt, tls.key", f"there is no Secret {gone}"]


def test_a_target_that_is_down_and_a_job_without_targets_are_named() -> None:
    up = [a_target(job) for job in JOBS]
    assert list(unreached(up)) == []
    found = list(unreached([*up[1:], a_target("ray", "down", "connection refused")]))
    assert len(found) == 2
    assert found[0].endswith("is down connection refused")
    assert found[1] == f"no target has the job {JOBS[0]}"


def test_a_rule_that_cannot_be_evaluated_is_named_and_no_rule_at_all_is_not_enough() -> None:
    rules = [
        {"name": "Up", "health": "ok"},
        {"name": "Twice", "health": "err", "lastError": "many-to-many"},
        {"name": "New", "health": "unknown"},
    ]
    assert list(unevaluated([{"rules": rules}])) == ["rule Twice is err many-to-many", "rule New is unknown "]
    assert list(unevaluated([])) == ["Prometheus has no rules"]
