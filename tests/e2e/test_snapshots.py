"""What counts as a change between two snapshots."""

from __future__ import annotations

from typing import Any

from tests.e2e.snapshots import content, differences, kept


def item(uid: str = "1", **more: Any) -> dict[str, Any]:
    return {"metadata": {"name": "x", "uid": uid, "resourceVersion": more.pop("version", "1")}, **more}


KEY = ("ConfigMap", "monitoring", "x")


def test_what_came_went_was_remade_and_changed_is_named() -> None:
    other, third = ("Secret", "monitoring", "y"), ("Node", "", "z")
    before = {KEY: item(data={"a": "1", "b": "1"}), other: item()}
    after = {KEY: item(data={"a": "2", "b": "1"}), third: item()}
    assert differences(before, after) == [
        "ConfigMap/monitoring/x changed: data.a",
        "Node/z is new",
        "Secret/monitoring/y is gone",
    ]
    assert differences({KEY: item("1")}, {KEY: item("2")}) == ["ConfigMap/monitoring/x was made anew"]


def test_a_new_status_is_no_change() -> None:
    one, other = item(version="1", status={"ready": 1}), item(version="2", status={"ready": 2})
    assert differences({KEY: content(one)}, {KEY: content(other)}) == []


def test_helm_s_record_and_what_a_cron_job_starts_do_not_count() -> None:
    assert not kept("Secret", {"metadata": {"name": "sh.helm.release.v1.observability.v1"}})
    assert not kept("Job", {"metadata": {"name": "x-1", "ownerReferences": [{"kind": "CronJob"}]}})
    assert not kept("Event", {"metadata": {"name": "x"}})
    assert kept("Secret", {"metadata": {"name": "opensearch-admin"}})
