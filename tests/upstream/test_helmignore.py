""".helmignore is read as Helm reads it, oddities included."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.errors import InputError
from generator.upstream.helmignore import go_pattern, ignored, parse_rules


@pytest.mark.parametrize(
    ("rules", "path", "is_dir", "left_out"),
    [
        ("ci/", "ci", True, True),
        ("ci/", "charts/grafana/ci", True, True),
        ("ci/", "ci", False, False),
        ("*.md", "docs/a.md", False, True),
        ("docs/*.md", "docs/a.md", False, True),
        ("docs/*.md", "docs/deep/a.md", False, False),
        ("/a.md", "a.md", False, True),
        ("/a.md", "docs/a.md", False, False),
        ("  # a comment\n\n  a.md  ", "a.md", False, True),
        ("a?c", "abc", False, True),
        ("[^a]bc", "abc", False, False),
        ("[^a]bc", "xbc", False, True),
        ("[a-c]bc", "bbc", False, True),
        ("\\*.md", "*.md", False, True),
        ("\\*.md", "a.md", False, False),
        ("[!a]bc", "abc", False, True),  # to Go, "!" is a character like any other
        ("!keep.md", "other.md", False, True),  # a negated rule leaves out all that it does not match
        ("!keep.md", "keep.md", False, False),
        ("!keep/", "keep", False, True),
        ("", "templates/.hidden", False, True),
        ("", "templates/plain.yaml", False, False),
        ("", ".helmignore", False, False),
    ],
)
def test_a_rule_leaves_out_what_helm_leaves_out(rules: str, path: str, is_dir: bool, left_out: bool) -> None:
    assert ignored(path, is_dir, parse_rules(rules, file=".helmignore")) is left_out


@pytest.mark.parametrize("pattern", ["a**b", "[abc", "[]", "[a-]", "[-a]", "a\\"])
def test_a_pattern_that_helm_refuses_is_refused_with_its_line(pattern: str) -> None:
    with pytest.raises(InputError, match=r"\.helmignore:2: found the pattern"):
        parse_rules(f"fine\n{pattern}\n", file=".helmignore")


@given(st.text(alphabet="ab/*?[]^-\\!.é", max_size=12), st.text(alphabet="ab/.é", max_size=8))
def test_every_pattern_either_compiles_or_is_called_malformed(pattern: str, path: str) -> None:
    with contextlib.suppress(ValueError):
        go_pattern(pattern).fullmatch(path)


@given(st.text(alphabet="ab/.é", max_size=8))
def test_a_pattern_without_special_characters_matches_just_itself(path: str) -> None:
    assert go_pattern(path).fullmatch(path)
    assert not go_pattern(path).fullmatch(path + "x")
