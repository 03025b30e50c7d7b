"""The reader of sources: every file by its name in the repository, each mistake with the file that holds it."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from generator.build import sources
from generator.errors import InputError
from tests.conftest import PROFILES, ROOT

if TYPE_CHECKING:
    from pathlib import Path

FOLDERS = ("dashboards", "logs", "metrics", "monitors", "profiles", "rules", "values-schemas")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Returns a copy of the sources that a test may break."""
    for folder in FOLDERS:
        if (ROOT / folder).is_dir():
            shutil.copytree(ROOT / folder, tmp_path / folder)
    for file in ROOT.glob("*.yaml"):
        shutil.copy(file, tmp_path)
    return tmp_path


def test_everything_is_read_by_the_stem_of_its_file(root: Path) -> None:
    found = sources.read_sources(root)
    assert tuple(found.profiles) == PROFILES
    for folder in ("monitors", "dashboards"):
        assert set(getattr(found, folder)) == {path.stem for path in (root / folder).glob("*.yaml")}
    assert {"profile", "monitor", "dashboard", "values"} <= set(found.schemas)


def test_a_file_that_is_no_yaml_is_no_source(root: Path) -> None:
    (root / "profiles" / "notes.md").write_text("# Notes\n")
    (root / "profiles" / "mine.yaml.orig").write_text("extends: jark\n")
    assert tuple(sources.read_profiles(root)) == PROFILES


@pytest.mark.parametrize(
    ("path", "text", "says"),
    [
        ("profiles/jark.yaml", "- a\n", "profiles/jark.yaml: found a list, expected a mapping (key: value)"),
        ("profiles/jark.yaml", "a: b: c\n", "profiles/jark.yaml:1:5: mapping values are not allowed"),
        ("monitors/ray.yaml", "a: 1\n", "monitors/ray.yaml: a: unknown key 'a'"),
        ("dashboards/inference.yaml", "a: 1\n", "dashboards/inference.yaml"),
        ("logs/fields.yaml", "a: 1\n", "logs/fields.yaml: a: unknown key 'a'"),
        ("pins.yaml", "charts: {}\n", "pins.yaml: the key 'asOf' is missing"),
        ("values-schemas/monitor.schema.yaml", "", "values-schemas/monitor.schema.yaml: found an empty file"),
    ],
)
def test_a_broken_source_is_named_as_it_is_called_in_the_repository(
    root: Path, path: str, text: str, says: str
) -> None:
    (root / path).write_text(text)
    with pytest.raises(InputError) as error:
        sources.read_sources(root)
    assert says in str(error.value)
    assert str(root) not in str(error.value)


@pytest.mark.parametrize("folder", ["profiles", "monitors"])
def test_an_empty_folder_means_a_broken_installation(root: Path, folder: str) -> None:
    shutil.rmtree(root / folder)
    with pytest.raises(InputError) as error:
        sources.read_sources(root)
    assert str(error.value) == (
        f"{root / folder}: no *.yaml in it; the installation is broken (install gen-chart again)"
    )


def test_an_overlay_is_shown_as_the_person_named_it_and_by_its_base_name_in_headers(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("networkPolicies: false\n")
    layer = sources.read_overlay(tmp_path / "mine.yaml")
    assert layer.data == {"networkPolicies": False}
    assert (layer.file, layer.origin) == (str(tmp_path / "mine.yaml"), "-f mine.yaml")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "found an empty file, expected a mapping"),
        (b"- a\n", "found a list, expected a mapping"),
        (b"a: \xe9\n", ":1: found the byte 0xe9, expected UTF-8 text"),
        (b"a: 1\na: 2\n", ":2:1: found the key 'a' twice"),
        (b"#" * (9 * 2**20), "larger than 8 MiB"),
    ],
)
def test_a_bad_overlay_is_an_error_that_names_it(tmp_path: Path, content: bytes, says: str) -> None:
    (tmp_path / "mine.yaml").write_bytes(content)
    with pytest.raises(InputError) as error:
        sources.read_overlay(tmp_path / "mine.yaml")
    assert str(error.value).startswith(f"{tmp_path / 'mine.yaml'}")
    assert says in str(error.value)
