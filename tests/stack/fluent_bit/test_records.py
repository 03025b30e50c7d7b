"""What a line becomes: the fields of logs/fields.yaml, each of its one type, whichever way the line came."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.build.sources import read_log_fields
from generator.stack.fluent_bit.files import script
from tests.conftest import ROOT
from tests.stack.fluent_bit.lua import NOW, Script, leaves

if TYPE_CHECKING:
    from collections.abc import Mapping

FIELDS = read_log_fields(ROOT)

PYTHON_TYPES: dict[str, type | tuple[type, ...]] = {
    "keyword": str,
    "match_only_text": str,
    "integer": (int, float),
    "long": (int, float),
    "flat_object": dict,
}

KUBERNETES = {
    "pod_name": "trainer-0",
    "namespace_name": "team-a",
    "container_name": "main",
    "container_image": "registry.example.com/trainer:1",
    "container_hash": "sha256:0c7d",
    "docker_id": "0" * 64,
    "pod_id": "7f3e",
    "pod_ip": "10.0.0.7",
    "host": "node-1",
    "annotations": {"a": "b"},
    "labels": {"app": "trainer", "app.kubernetes.io/name": "lm", "model": "llama"},
}


@pytest.fixture(scope="module")
def node() -> Script:
    return Script(script("records.lua"), "normalise", {"NODE_NAME": "node-1"})


def container(log: str = "hello", **more: Any) -> dict[str, Any]:
    return {
        "time": "2026-11-24T11:44:21.502000001Z",
        "_p": "F",
        "stream": "stderr",
        "log": log,
        "kubernetes": KUBERNETES,
        **more,
    }


def ray_line(**more: Any) -> dict[str, Any]:
    """A line of the sidecar as the kubernetes filter gives it: the JSON that it is, parsed."""
    said = {
        "ray_log": 1,
        "time": 1795520000.25,
        "log": "loss is 0.1",
        "ray": {
            "cluster": "said",
            "job_id": "01000000",
            "worker_id": "0a",
            "file": "worker-0a-01000000-7.err",
            "offset": 12,
        },
        **more,
    }
    labels = {"ray.io/cluster": "demo", "ray.io/node-type": "worker", "ray.io/group": "gpus"}
    kubernetes = {**KUBERNETES, "container_name": "fluentbit", "labels": labels}
    return {"stream": "stdout", "log": '{"ray_log":1}', "kubernetes": kubernetes, "parsed": said}


HOST = {
    "log": "NVRM: Xid (PCI:0000:65:00): 79, pid=4242",
    "priority": "4",
    "transport": "kernel",
    "hostname": "ip-10-0-0-7",
    "syslog_identifier": "kernel",
    "systemd_unit": "kubelet.service",
    "comm": "kubelet",
    "boot_id": "0",
    "machine_id": "0",
    "cmdline": "/usr/bin/kubelet --token=of-the-node",
    "xid": 79,
    "pci": "0000:65:00",
}


def test_a_containers_line_has_these_fields_and_no_other(node: Script) -> None:
    found, time = node.run(container('{"level": "warn", "a": {"b": 1}}', parsed={"level": "warn", "a": {"b": 1}}))
    # The runtime's own stamp, not what became of it as a fraction of a second.
    assert time == NOW + 0.002
    assert found == {
        "log": '{"level": "warn", "a": {"b": 1}}',
        "stream": "stderr",
        "level": "warning",
        "parsed": {"level": "warn", "a_b": "1"},
        "app": "lm",
        "model": "llama",
        "node": "node-1",
        "kubernetes": {
            "pod_name": "trainer-0",
            "namespace_name": "team-a",
            "container_name": "main",
            "container_image": "registry.example.com/trainer:1",
            "pod_id": "7f3e",
            "host": "node-1",
            "labels": KUBERNETES["labels"],
        },
    }


def test_a_hosts_line_has_these_fields_and_no_command_line_that_may_hold_a_secret(node: Script) -> None:
    found, _ = node.run(HOST)
    dropped = {"boot_id", "machine_id", "cmdline"}
    assert found == {
        **{key: value for key, value in HOST.items() if key not in dropped},
        "level": "error",
        "node": "node-1",
    }


def test_a_line_of_a_ray_file_is_like_any_other_with_what_the_sidecar_says_on_top(node: Script) -> None:
    found, time = node.run(ray_line(level="error", component="worker", process="Trainer pid=7", parsed={"step": "1"}))
    assert found is not None
    assert time == 1795520000.25
    assert {key: found[key] for key in ("log", "level", "component", "process", "parsed", "stream", "node")} == {
        "log": "loss is 0.1",
        "level": "error",
        "component": "worker",
        "process": "Trainer pid=7",
        "parsed": {"step": "1"},
        "stream": "stderr",
        "node": "node-1",
    }


def test_the_pods_labels_say_which_cluster_it_is_whatever_the_line_says(node: Script) -> None:
    found, _ = node.run(ray_line())
    assert found is not None
    assert found["ray"] == {
        "cluster": "demo",
        "node_type": "worker",
        "group": "gpus",
        "job_id": "01000000",
        "worker_id": "0a",
        "file": "worker-0a-01000000-7.err",
        "offset": 12,
    }


def test_every_line_of_a_ray_pod_names_its_cluster(node: Script) -> None:
    labels = {"ray.io/cluster": "demo", "ray.io/node-type": "head"}
    found, _ = node.run(container(kubernetes={**KUBERNETES, "labels": labels}))
    assert found is not None
    assert found["ray"] == {"cluster": "demo", "node_type": "head"}


@pytest.mark.parametrize(
    "change",
    [
        {"kubernetes": {**KUBERNETES, "container_name": "main"}},
        {"stream": "stderr"},
        {"parsed": {"ray_log": 2, "log": "x"}},
        {"parsed": {"ray_log": 1, "log": {"no": "text"}}},
        {"parsed": None},
    ],
)
def test_only_the_sidecars_marked_lines_are_taken_apart(node: Script, change: Mapping[str, Any]) -> None:
    found, time = node.run({**ray_line(), **change})
    assert found is not None
    assert (found["log"], time) == ('{"ray_log":1}', NOW)


@pytest.mark.parametrize("time", [-1, 4102444800, 1e300, float("nan"), "now", None, {}])
def test_a_time_that_no_index_could_hold_is_that_of_the_container_runtime(node: Script, time: Any) -> None:
    assert node.run(ray_line(time=time))[1] == NOW


def test_without_a_node_name_the_pods_node_stands_in() -> None:
    found, _ = Script(script("records.lua"), "normalise").run(container())
    assert found is not None
    assert found["node"] == "node-1"


def test_the_label_app_stands_in_for_the_name(node: Script) -> None:
    found, _ = node.run(container(kubernetes={**KUBERNETES, "labels": {"app": "old", "llm-d.ai/model": "qwen"}}))
    assert found is not None
    assert (found["app"], found["model"]) == ("old", "qwen")


def test_an_object_of_many_keys_keeps_a_hundred_and_none_without_a_name(node: Script) -> None:
    found, _ = node.run(container(parsed={str(number): number for number in range(1000)}))
    assert found is not None
    assert len(found["parsed"]) == 100
    found, _ = node.run(container(parsed={"": 1, " ": {"\x00": 2}, "a": {}}))
    assert found is not None
    assert all(key.strip() for key in found["parsed"])
    assert "parsed" not in (node.run(container(parsed={}))[0] or {})


values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=True) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
names = st.sampled_from(
    [
        "log",
        "stream",
        "level",
        "process",
        "component",
        "kubernetes",
        "parsed",
        "priority",
        "xid",
        "pci",
        "hostname",
        "own",
    ]
)


@given(
    st.dictionaries(names, values),
    st.dictionaries(st.sampled_from(["labels", "pod_name", "container_name", "host", "own"]), values),
    st.dictionaries(st.sampled_from(["ray_log", "time", "log", "level", "ray", "parsed", "process", "own"]), values),
)
def test_whatever_comes_every_field_written_is_a_listed_one_of_the_listed_type(
    node: Script, record: dict[str, Any], kubernetes: dict[str, Any], parsed: dict[str, Any]
) -> None:
    """So OpenSearch cannot refuse the document, and its batch need not be sent for ever."""
    for start in (
        record,
        {**record, "kubernetes": kubernetes, "parsed": parsed},
        ray_line(**parsed),
        container(**record),
    ):
        found, _ = node.run(start)
        assert found is not None
        for path, value in leaves(found, FIELDS).items():
            assert path in FIELDS
            assert isinstance(value, PYTHON_TYPES[FIELDS[path].type]), (path, value)
            if FIELDS[path].type in ("integer", "long"):
                assert isinstance(value, (int, float))
                assert value == int(value)
                assert 0 <= value <= (2**31 - 1 if FIELDS[path].type == "integer" else 2**63 - 1)
            if isinstance(value, dict):
                assert value
                assert all(isinstance(item, str) for item in value.values())
        assert "log" in found


def test_a_keyword_is_cut_where_lucene_would_refuse_it(node: Script) -> None:
    found, _ = node.run({**HOST, "comm": "é" * 10_000})
    assert found is not None
    assert len(found["comm"].encode()) == 8000
