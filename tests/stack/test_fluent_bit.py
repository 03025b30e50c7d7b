"""The log shipper: it has somewhere to send, keeps what it cannot send, and never more than its share of the disk."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.build.profile import load_profile
from generator.choices.profiles import Layer
from generator.errors import InputError
from generator.stack.component import mebibytes
from generator.stack.fluent_bit.component import chunks_in_memory
from generator.stack.fluent_bit.destination import Destination
from generator.stack.fluent_bit.destination import outputs as outputs_of
from tests.conftest import PROFILES

if TYPE_CHECKING:
    from collections.abc import Callable

    from generator.build.sources import Sources

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


@pytest.mark.parametrize(
    "host", ["logs example", "logs.example\n    HTTP_Passwd x", "https://logs.example", "${HOME}", ""]
)
def test_what_is_no_host_does_not_reach_the_configuration(sources: Sources, host: str) -> None:
    overlay = Layer("mine.yaml", {"components": {NAME: {"host": host}}})
    with pytest.raises(InputError, match="expected a host's name or address"):
        load_profile("standalone", sources, [overlay])


def test_logs_go_to_this_charts_opensearch_unless_a_host_is_named(values: Values) -> None:
    assert {(out["host"], out["port"]) for out in outputs(values())} == {("opensearch-cluster-master", "9200")}
    found = sections(values("standalone", off(host="logs.example.com", port=443))[NAME]["config"]["outputs"])
    assert {(out["host"], out["port"]) for out in found} == {("logs.example.com", "443")}


def test_logs_that_have_nowhere_to_go_are_an_error_that_names_both_ways_out(values: Values) -> None:
    with pytest.raises(InputError) as error:
        values("standalone", off())
    (problem,) = error.value.problems
    assert (problem.file, problem.path) == ("changes", "components.opensearch.enabled")
    assert problem.message == "found false while components.fluent-bit.host is null, so the logs have nowhere to go"
    assert problem.hint == (
        "name components.opensearch.external or a host, or set components.fluent-bit.enabled to false"
    )


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"port": 443}, "found 443 while components.fluent-bit.host is null; this chart's OpenSearch listens on 9200"),
        ({"tls": False}, "found false while components.fluent-bit.host is null; this chart's OpenSearch has a"),
        ({"caSecret": "ca"}, "found ca while components.fluent-bit.host is null; this chart's OpenSearch has a"),
        ({"host": "logs.example", "caSecret": "ca", "tls": False}, "found 'ca' while components.fluent-bit.tls is"),
    ],
)
def test_a_choice_about_a_host_that_is_not_named_is_refused_in_the_file_that_says_it(
    values: Values, choices: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError) as error:
        values("standalone", {"components": {NAME: choices}})
    (problem,) = error.value.problems
    key = "port" if "port" in choices else "caSecret" if "caSecret" in choices else "tls"
    assert (problem.file, problem.path) == ("changes", f"components.{NAME}.{key}")
    assert problem.message.startswith(message)


def test_switched_off_it_needs_nowhere_to_send(values: Values) -> None:
    assert values("standalone", off(enabled=False))[NAME]["enabled"] is False


def secured(found: dict[str, Any]) -> list[dict[str, str]]:
    """Returns what each output says of TLS and the login."""
    keys = ("tls", "tls.verify", "tls.verify_hostname", "tls.ca_file", "http_user", "http_passwd")
    return [{key: out[key] for key in keys if key in out} for out in outputs(found)]


VERIFIED = {"tls": "On", "tls.verify": "On", "tls.verify_hostname": "On"}
LOGIN = {"http_user": "${OPENSEARCH_USER}", "http_passwd": "${OPENSEARCH_PASSWORD}"}
CA = "/fluent-bit/opensearch/ca.crt"


def login_of(found: dict[str, Any]) -> set[str]:
    """Returns the Secrets that the container's variables are from."""
    sources = [variable["valueFrom"] for variable in found[NAME]["env"]]
    return {source["secretKeyRef"]["name"] for source in sources if "secretKeyRef" in source}


def authority_of(found: dict[str, Any]) -> list[Any]:
    return [volume["secret"] for volume in found[NAME]["daemonSetVolumes"] if "secret" in volume]


@pytest.mark.parametrize("profile", PROFILES)
def test_this_charts_opensearch_is_verified_by_certificate_and_name_and_asked_with_a_login(
    values: Values, profile: str
) -> None:
    found = values(profile)
    assert secured(found) == [{**VERIFIED, "tls.ca_file": CA, **LOGIN}] * 2
    assert login_of(found) == {"opensearch-fluent-bit"}


def test_of_the_certificates_secret_only_the_authority_is_mounted_never_the_key(values: Values) -> None:
    assert authority_of(values()) == [
        {"secretName": "opensearch-node-tls", "items": [{"key": "ca.crt", "path": "ca.crt"}]}
    ]


def test_secrets_of_other_names_are_read_instead(values: Values) -> None:
    existing = {"opensearchFluentBit": "mine", "opensearchNodeTls": "own-tls"}
    found = values("standalone", {"secrets": {"existing": existing}})
    assert login_of(found) == {"mine"}
    assert [secret["secretName"] for secret in authority_of(found)] == ["own-tls"]


def test_a_foreign_host_is_verified_by_the_public_authorities_and_gets_no_login_of_this_cluster(values: Values) -> None:
    found = values("standalone", {"components": {NAME: {"host": "logs.example.com"}}})
    assert secured(found) == [VERIFIED] * 2
    assert (login_of(found), authority_of(found)) == (set(), [])


def test_a_foreign_host_may_have_an_authority_and_a_login_of_its_own(values: Values) -> None:
    changes = off(host="logs.example.com", caSecret="their-ca")
    found = values("standalone", {**changes, "secrets": {"existing": {"opensearchFluentBit": "theirs"}}})
    assert secured(found) == [{**VERIFIED, "tls.ca_file": CA, **LOGIN}] * 2
    assert login_of(found) == {"theirs"}
    assert [secret["secretName"] for secret in authority_of(found)] == ["their-ca"]


def test_a_foreign_host_without_tls_is_possible_where_it_is_said(values: Values) -> None:
    assert secured(values("standalone", off(host="logs.example.com", tls=False))) == [{}] * 2


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"tls": False}, "tls: found false while components.fluent-bit.host is null"),
        ({"caSecret": "x"}, "caSecret: found x while components.fluent-bit.host is null"),
        ({"host": "h", "tls": False, "caSecret": "x"}, "caSecret: found 'x' while components.fluent-bit.tls is false"),
    ],
)
def test_choices_about_tls_that_contradict_each_other_are_an_error(
    values: Values, choices: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError) as error:
        values("standalone", {"components": {NAME: choices}})
    assert f"components.fluent-bit.{message}" in str(error.value)


def test_no_password_stands_in_the_values(values: Values) -> None:
    assert {out.get("http_passwd") for out in outputs(values())} == {"${OPENSEARCH_PASSWORD}"}


def test_every_record_can_name_its_node(values: Values) -> None:
    node = {"name": "NODE_NAME", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}}
    assert node in values()[NAME]["env"]


def test_each_tag_has_its_data_stream_and_no_index_is_named_by_the_day(values: Values) -> None:
    assert {out["match"]: out["index"] for out in outputs(values())} == {
        "kube.*": "logs-kubernetes",
        "host.*": "logs-host",
    }
    assert all("logstash_format" not in out for out in outputs(values()))


def test_equal_lines_of_one_millisecond_get_two_ids(values: Values) -> None:
    """An id is a hash of the record, and of its time as it is written."""
    assert {(out["time_key"], out["time_key_nanos"]) for out in outputs(values())} == {("@timestamp", "On")}


def test_it_is_ready_before_opensearch_has_users_or_an_installation_that_waits_would_never_end(values: Values) -> None:
    assert values()[NAME]["readinessProbe"] == {"httpGet": {"path": "/"}}
    assert "Health_Check" not in values()[NAME]["config"]["service"]


@given(st.integers(1, 10**6), st.sampled_from(["Mi", "Gi", "Ti"]))
def test_the_buffers_together_keep_to_the_size_that_the_profile_names(number: int, unit: str) -> None:
    size = f"{number}{unit}"
    limits = [
        out["storage.total_limit_size"] for out in sections(outputs_of(Destination("h", 1, True, None, None), size))
    ]
    assert all(re.fullmatch(r"[1-9][0-9]*M", limit) for limit in limits)
    assert sum(int(limit[:-1]) for limit in limits) <= max(mebibytes(size), 2)


def test_what_cannot_be_sent_is_kept_on_the_node_and_retried_without_end(values: Values) -> None:
    config = values()[NAME]["config"]
    assert {out["retry_limit"] for out in sections(config["outputs"])} == {"no_limits"}
    assert {source["storage.type"] for source in sections(config["inputs"])} == {"filesystem"}
    state = sections(config["service"])[0]["storage.path"]
    mounts = {mount["mountPath"]: mount["name"] for mount in values()[NAME]["daemonSetVolumeMounts"]}
    volumes = {
        volume["name"]: volume["hostPath"]["path"]
        for volume in values()[NAME]["daemonSetVolumes"]
        if "hostPath" in volume
    }
    (place,) = [path for path in mounts if state.startswith(path)]
    assert volumes[mounts[place]] == place
    assert all(source["db"].startswith(place) for source in sections(config["inputs"]))


def test_every_input_has_an_output(values: Values) -> None:
    config = values()[NAME]["config"]
    assert {source["tag"] for source in sections(config["inputs"])} == {
        out["match"] for out in sections(config["outputs"])
    }


def test_no_input_pauses_when_memory_is_full_for_the_disk_is_there(values: Values) -> None:
    """Paused at so many chunks in memory, a node of more containers than that would stop within a second's outage."""
    found = sections(values()[NAME]["config"]["inputs"])
    assert all(source.get("storage.pause_on_chunks_overlimit", "off") == "off" for source in found)
    assert all("mem_buf_limit" not in source for source in found)


@pytest.mark.parametrize(
    ("limits", "chunks"),
    [
        ({"memory": "128Mi"}, 16),
        ({"memory": "256Mi"}, 33),
        ({"memory": "0.25Gi"}, 33),
        ({"memory": "16Mi"}, 8),
        ({"memory": "64Gi"}, 128),
        ({"memory": 134217728}, 16),
        ({"memory": "1e9"}, 67),
        ({}, 67),
        ({"cpu": 1}, 67),
    ],
)
def test_chunks_in_memory_take_a_quarter_of_the_containers_limit(limits: dict[str, Any], chunks: int) -> None:
    assert chunks_in_memory({"limits": limits}) == chunks
    assert chunks_in_memory({}) == chunks_in_memory({"limits": {}})


def test_the_chunks_in_memory_are_those_of_the_profiles_limit(values: Values) -> None:
    found = values("standalone", {"components": {NAME: {"resources": {"limits": {"memory": "128M"}}}}})[NAME]
    assert sections(found["config"]["service"])[0]["storage.max_chunks_up"] == "16"


def test_an_outage_ends_within_a_minute_of_opensearchs_return(values: Values) -> None:
    assert int(sections(values()[NAME]["config"]["service"])[0]["scheduler.cap"]) <= 60


def test_a_batch_sent_again_is_stored_once_and_its_long_answer_is_read_to_the_end(values: Values) -> None:
    assert {(out["generate_id"], out["write_operation"], out["buffer_size"]) for out in outputs(values())} == {
        ("On", "create", "False")
    }


def test_the_script_and_the_parsers_are_mounted_where_the_configuration_reads_them(values: Values) -> None:
    found = values()[NAME]
    (script,) = [part["script"] for part in sections(found["config"]["filters"]) if part["name"] == "lua"]
    assert [script] == [f"/fluent-bit/scripts/{name}" for name in found["luaScripts"]]
    assert "/fluent-bit/etc/conf/custom_parsers.conf" in found["config"]["service"]


def test_what_helm_reads_as_a_template_is_only_what_is_meant_as_one(values: Values) -> None:
    found = values()[NAME]
    assert all("{{" not in text for text in (found["config"]["customParsers"], *found["luaScripts"].values()))


def test_kernel_messages_come_from_the_journal_and_need_no_privilege(values: Values) -> None:
    found = values()[NAME]
    (journal,) = [part for part in found["config"]["inputs"].split("[INPUT]") if "Name systemd" in part]
    assert "Systemd_Filter _TRANSPORT=kernel" in journal
    assert "Read_From_Tail Off" in journal, "what was said before it came is lost"
    assert "kmsg" not in found["config"]["inputs"]
    assert "privileged" not in found["securityContext"]
    mounts = {mount["mountPath"] for mount in found["daemonSetVolumeMounts"] if mount.get("readOnly")}
    assert mounts == {"/var/log", "/run/log/journal", "/etc/machine-id", "/fluent-bit/opensearch"}


def test_label_names_with_dots_cannot_make_an_index_refuse_a_line(values: Values) -> None:
    assert all((out["replace_dots"], out["suppress_type_name"]) == ("On", "On") for out in outputs(values()))


def test_it_has_time_to_send_what_it_has_before_its_pod_is_ended(values: Values) -> None:
    (service,) = sections(values()[NAME]["config"]["service"])
    given = values()[NAME].get("terminationGracePeriodSeconds") or 30
    assert 15 <= int(service["grace"]) <= given - 5


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


@pytest.mark.parametrize(("choices", "expected"), [({}, "On"), ({"podsMayExclude": False}, "Off")])
def test_whether_pods_may_leave_their_lines_out_is_a_choice(
    values: Values, choices: dict[str, Any], expected: str
) -> None:
    filters = values("standalone", {"components": {NAME: choices}})[NAME]["config"]["filters"]
    (kubernetes,) = (each for each in sections(filters) if each.get("name") == "kubernetes")
    assert kubernetes["k8s-logging.exclude"] == expected
