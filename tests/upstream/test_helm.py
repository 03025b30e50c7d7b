"""The door to helm: what it says when there is none, and when it fails."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from generator.errors import InputError
from generator.upstream import helm

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program in helm's place; a test writes what it does."""
    path = tmp_path / "helm"
    monkeypatch.setenv(helm.VARIABLE, str(path))
    return path


def write(program: Path, script: str) -> None:
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)


def test_without_helm_the_message_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv(helm.VARIABLE, raising=False)
    with pytest.raises(InputError, match=r"helm: not found on PATH \(install Helm 3\.17 or newer"):
        helm.binary()


@pytest.mark.usefixtures("program")
def test_a_named_helm_that_is_not_there_is_named() -> None:
    with pytest.raises(InputError, match=r"GEN_CHART_HELM: found no program '.*helm'"):
        helm.run("version")


def test_helms_own_words_are_shown_on_one_line_without_its_warnings(program: Path) -> None:
    write(program, "echo 'level=WARN msg=x' >&2; echo 'Error: chart has' >&2; echo '  no templates' >&2; exit 1")
    with pytest.raises(InputError, match=r"^helm template: chart has no templates$"):
        helm.run("template", "a", "b")


def test_a_silent_failure_still_has_a_message(program: Path) -> None:
    write(program, "exit 3")
    with pytest.raises(InputError, match="helm lint: helm ended with status 3"):
        helm.run("lint")


def test_a_program_that_cannot_be_run_is_named(program: Path) -> None:
    program.write_bytes(b"\x00\x01")
    program.chmod(0o755)
    with pytest.raises(InputError, match="cannot be run: Exec format error"):
        helm.run("version")


def test_the_kinds_of_an_operator_are_left_out_on_request() -> None:
    text = "---\nkind: CustomResourceDefinition\na: 1\n---\nkind: ConfigMap\nb: |\n  kind: CustomResourceDefinition\n"
    assert [found["kind"] for found in helm.objects(text)] == ["CustomResourceDefinition", "ConfigMap"]
    assert helm.objects(text, crds=False) == [{"kind": "ConfigMap", "b": "kind: CustomResourceDefinition\n"}]


def test_empty_documents_are_left_out_and_a_bare_equals_sign_is_text() -> None:
    assert helm.objects("---\n---\na: =\n---\n# nothing\n") == [{"a": "="}]
