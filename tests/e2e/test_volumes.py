"""What a pod finds in its volumes."""

from __future__ import annotations

import base64
import itertools
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.volumes import MissingError, Source, field_of, files, write

if TYPE_CHECKING:
    from pathlib import Path

POD: dict[str, Any] = {
    "metadata": {"name": "p", "namespace": "n", "labels": {"b": "2", "a": "1"}},
    "spec": {"nodeName": "node-1"},
    "status": {"podIP": "10.244.0.2"},
}
OBJECTS: dict[tuple[str, str], dict[str, Any]] = {
    ("Secret", "s"): {"kind": "Secret", "data": {"k": base64.b64encode(b"secret").decode(), "l": ""}},
    ("ConfigMap", "c"): {
        "kind": "ConfigMap",
        "data": {"f": "text"},
        "binaryData": {"g": base64.b64encode(b"\0").decode()},
    },
}


@pytest.fixture
def source() -> Source:
    numbers = itertools.count(1)
    return Source(lambda kind, name: OBJECTS.get((kind, name)), lambda _: f"token {next(numbers)}", POD)


def test_a_secret_is_decoded_and_a_config_map_is_not(source: Source) -> None:
    assert files({"secret": {"secretName": "s"}}, source) == {"k": b"secret", "l": b""}
    assert files({"configMap": {"name": "c"}}, source) == {"f": b"text", "g": b"\0"}


def test_keys_that_are_named_get_the_paths_that_are_named(source: Source) -> None:
    volume = {"secret": {"secretName": "s", "items": [{"key": "k", "path": "x/y"}]}}
    assert files(volume, source) == {"x/y": b"secret"}


def test_what_is_missing_is_waited_for_unless_it_is_optional(source: Source) -> None:
    with pytest.raises(MissingError, match='"absent" not found'):
        files({"secret": {"secretName": "absent"}}, source)
    with pytest.raises(MissingError, match="has no key absent"):
        files({"configMap": {"name": "c", "items": [{"key": "absent", "path": "x"}]}}, source)
    assert files({"secret": {"secretName": "absent", "optional": True}}, source) == {}


def test_a_projected_volume_holds_all_its_parts_and_one_token(source: Source) -> None:
    parts = [
        {"serviceAccountToken": {"path": "token", "expirationSeconds": 3607}},
        {"configMap": {"name": "c"}},
        {"downwardAPI": {"items": [{"path": "namespace", "fieldRef": {"fieldPath": "metadata.namespace"}}]}},
    ]
    volume = {"projected": {"sources": parts}}
    assert files(volume, source) == {"token": b"token 1", "f": b"text", "g": b"\0", "namespace": b"n"}
    assert files(volume, source) == files(volume, source)


def test_a_folder_of_the_pod_s_own_has_no_files(source: Source) -> None:
    assert files({"emptyDir": {}}, source) is None


def test_fields_are_found_as_the_downward_api_names_them() -> None:
    assert field_of(POD, "status.podIP") == "10.244.0.2"
    assert field_of(POD, "metadata.labels['b']") == "2"
    assert field_of(POD, "metadata.labels") == 'a="1"\nb="2"'
    assert field_of(POD, "status.hostIP") == ""


def test_files_change_all_at_once_and_keep_their_place(tmp_path: Path) -> None:
    assert write(tmp_path, {"a": b"1", "gone": b"1"})
    assert not write(tmp_path, {"a": b"1", "gone": b"1"})
    before = (tmp_path / "..data").readlink()
    assert write(tmp_path, {"a": b"2", "new": b"2"})
    assert (tmp_path / "..data").readlink() != before
    assert {path.name for path in tmp_path.iterdir() if not path.name.startswith("..")} == {"a", "new"}
    assert (tmp_path / "a").read_bytes() == b"2"
    assert not (tmp_path / before).exists()
