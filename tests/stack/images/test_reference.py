"""Names of images: taken apart as containerd does, and moved below another registry."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.stack.images import Reference, parse_reference

DIGEST = "sha256:" + "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("busybox", Reference("docker.io", "library/busybox")),
        ("grafana/grafana:13.2.0", Reference("docker.io", "grafana/grafana", "13.2.0")),
        ("docker.io/grafana/grafana:13.2.0", Reference("docker.io", "grafana/grafana", "13.2.0")),
        ("quay.io/thanos/thanos:v0.42.4", Reference("quay.io", "thanos/thanos", "v0.42.4")),
        ("localhost/a:1", Reference("localhost", "a", "1")),
        ("localhost:5000/a/b/c:1", Reference("localhost:5000", "a/b/c", "1")),
        (f"ghcr.io/a/b@{DIGEST}", Reference("ghcr.io", "a/b", "", DIGEST)),
        (f"ghcr.io/a/b:1.2@{DIGEST}", Reference("ghcr.io", "a/b", "1.2", DIGEST)),
    ],
)
def test_a_name_is_taken_apart_and_its_registry_written_out(text: str, expected: Reference) -> None:
    assert parse_reference(text) == expected


@pytest.mark.parametrize(
    "text", ["", ":1", "a:b:c", "quay.io/A/b:1", "a//b", "a b", f"a@{DIGEST[:-1]}", "a/-b", "$(X)"]
)
def test_what_is_no_name_of_an_image_gives_none(text: str) -> None:
    assert parse_reference(text) is None


def test_an_image_keeps_its_path_tag_and_digest_below_another_registry() -> None:
    image = parse_reference(f"quay.io/a/b:1@{DIGEST}")
    assert image is not None
    assert str(image.moved("registry.example")) == f"registry.example/a/b:1@{DIGEST}"
    assert str(image.moved("registry.example:5000/mirror/x")) == f"registry.example:5000/mirror/x/a/b:1@{DIGEST}"


PART = st.from_regex(r"[a-z0-9]{1,8}(?:[._-][a-z0-9]{1,8})?", fullmatch=True)
HOST = st.from_regex(r"[a-z0-9]{1,8}\.[a-z]{2,5}(?::[0-9]{2,5})?", fullmatch=True)
TAG = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,20}", fullmatch=True)


@given(HOST, st.lists(PART, min_size=1, max_size=4), st.one_of(st.just(""), TAG), st.sampled_from(["", DIGEST]))
def test_a_written_reference_is_read_as_itself(host: str, path: list[str], tag: str, digest: str) -> None:
    image = Reference(host, "/".join(path), tag, digest)
    assert parse_reference(str(image)) == image


@given(st.text(max_size=60))
def test_any_text_is_an_image_or_not_and_never_an_error(text: str) -> None:
    image = parse_reference(text)
    assert image is None or parse_reference(str(image)) == image
