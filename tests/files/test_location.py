from __future__ import annotations

from typing import TYPE_CHECKING

from generator.files import location

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_the_data_of_an_installed_package_lies_inside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(location, "__file__", str(tmp_path / "generator" / "files" / "location.py"))
    assert location.sources_root() == tmp_path
    (tmp_path / "generator" / "data").mkdir(parents=True)
    assert location.sources_root() == tmp_path / "generator" / "data"
