"""The log shipper: it has somewhere to send, keeps what it cannot send, and never more than its share of the disk."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.components.component import mebibytes
from generator.components.fluent_bit import _outputs
from generator.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    Values = Callable[..., dict[str, Any]]

NAME = "fluent-bit"


def sections(text: str) -> list[dict[str, str]]:
    """Reads Fluent Bit's classic configuration: a mapping for each section, keys in small letters."""
    found: list[dict[str, str]] = []
    for line in text.splitlines():
        if line.startswith("["):
            found.append({"": line})
        elif line.strip():
            key, value = line.split(maxsplit=1)
            found[-1][key.lower()] = value
    return found


def outputs(found: dict[str, Any]) -> list[dict[str, str]]:
    return sections(found[NAME]["config"]["outputs"])


def off(**more: Any) -> dict[str, Any]:
    return {"components": {"opensearch": {"enabled": False}, NAME: more}}


def test_logs_go_to_this_charts_opensearch_unless_a_host_is_named(values: Values) -> None:
    assert {(out["host"], out["port"]) for out in outputs(values())} == {("opensearch-cluster-master", "9200")}
    found = outputs(values("standalone", off(host="logs.example.com", port=443)))
    assert {(out["host"], out["port"]) for out in found} == {("logs.example.com", "443")}


def test_logs_that_have_nowhere_to_go_are_an_error_that_names_both_ways_out(values: Values) -> None:
    with pytest.raises(InputError) as error:
        values("standalone", off())
    assert str(error.value) == (
        "profile standalone: components.fluent-bit.host: found null while components.opensearch.enabled is false, "
        "so the logs have nowhere to go (name a host, or set components.fluent-bit.enabled to false)"
    )


def test_switched_off_it_needs_nowhere_to_send(values: Values) -> None:
    assert values("standalone", off(enabled=False))[NAME]["enabled"] is False


@given(st.integers(1, 10**6), st.sampled_from(["Mi", "Gi", "Ti"]))
def test_the_buffers_together_keep_to_the_size_that_the_profile_names(number: int, unit: str) -> None:
    size = f"{number}{unit}"
    limits = [out["storage.total_limit_size"] for out in sections(_outputs("h", 1, size))]
    assert all(re.fullmatch(r"[1-9][0-9]*M", limit) for limit in limits)
    assert sum(int(limit[:-1]) for limit in limits) <= max(mebibytes(size), 2)


def test_what_cannot_be_sent_is_kept_on_the_node_and_retried_without_end(values: Values) -> None:
    config = values()[NAME]["config"]
    assert {out["retry_limit"] for out in sections(config["outputs"])} == {"no_limits"}
    assert {source["storage.type"] for source in sections(config["inputs"])} == {"filesystem"}
    state = sections(config["service"])[0]["storage.path"]
    mounts = {mount["mountPath"]: mount["name"] for mount in values()[NAME]["daemonSetVolumeMounts"]}
    volumes = {volume["name"]: volume["hostPath"]["path"] for volume in values()[NAME]["daemonSetVolumes"]}
    (place,) = [path for path in mounts if state.startswith(path)]
    assert volumes[mounts[place]] == place
    assert all(source["db"].startswith(place) for source in sections(config["inputs"]))


def test_every_input_has_an_output(values: Values) -> None:
    config = values()[NAME]["config"]
    assert {source["tag"] for source in sections(config["inputs"])} == {
        out["match"] for out in sections(config["outputs"])
    }


def test_label_names_with_dots_cannot_make_an_index_refuse_a_line(values: Values) -> None:
    assert all((out["replace_dots"], out["suppress_type_name"]) == ("On", "On") for out in outputs(values()))


def test_its_own_log_is_not_read(values: Values) -> None:
    (excluded,) = [
        source["exclude_path"] for source in sections(values()[NAME]["config"]["inputs"]) if source["name"] == "tail"
    ]
    assert 'include "fluent-bit.fullname" .' in excluded


def test_tainted_nodes_have_logs_too(values: Values) -> None:
    assert values()[NAME]["tolerations"] == [{"operator": "Exists"}]


def test_it_may_read_the_nodes_logs_and_change_nothing_but_its_state(values: Values) -> None:
    found = values()[NAME]
    assert found["securityContext"]["readOnlyRootFilesystem"] is True
    assert found["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    writable = [mount["name"] for mount in found["daemonSetVolumeMounts"] if not mount.get("readOnly")]
    assert writable == ["state"]
