"""Equal content has equal fingerprints, and what anything depends on changes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from generator.files import fingerprints
from generator.files.fingerprints import fingerprint, text_of

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


@dataclass(frozen=True)
class Large:
    text: str


def test_parts_are_told_apart() -> None:
    prints = [fingerprint("ab", "c"), fingerprint("a", "bc"), fingerprint("abc"), fingerprint("abc", "")]
    assert len(set(prints)) == 4
    assert fingerprint("é") == fingerprint("é".encode())


def test_equal_values_have_equal_texts_and_others_do_not() -> None:
    assert text_of("a") == "'a'"
    assert text_of(Large("a")) == text_of(Large("a")) != text_of(Large("b"))
    assert len(text_of(Large("a" * 1000))) == 64


def test_the_fingerprint_of_the_program_follows_its_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "package" / "part").mkdir(parents=True)
    (tmp_path / "package" / "a.py").write_text("1")
    monkeypatch.setattr(fingerprints, "package_root", lambda: tmp_path / "package")
    monkeypatch.setattr(fingerprints, "sources_root", lambda: tmp_path)
    prints = [fingerprints.program_fingerprint(fingerprints.code_fingerprint())]
    (tmp_path / "package" / "part" / "b.tpl").write_text("1")
    prints.append(fingerprints.program_fingerprint(fingerprints.code_fingerprint()))
    (tmp_path / "package" / "part" / "b.tpl").write_text("2")
    prints.append(fingerprints.program_fingerprint(fingerprints.code_fingerprint()))
    (tmp_path / "package" / "__pycache__").mkdir()
    (tmp_path / "package" / "__pycache__" / "a.pyc").write_text("x")
    assert len(set(prints)) == 3
    assert fingerprints.program_fingerprint(fingerprints.code_fingerprint()) == prints[-1]
