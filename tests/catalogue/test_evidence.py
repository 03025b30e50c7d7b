"""Several scrapes, and source in its forms: which is which, and what they say together."""

from __future__ import annotations

import gzip
import tarfile
import zipfile
from typing import TYPE_CHECKING

import pytest

from generator.catalogue.evidence import read_evidence
from generator.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

MODULE = """\
from pkg.names import LABELS
from prometheus_client import Gauge

DEPTH = Gauge("depth", "How deep.", LABELS)
"""


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A package whose labels stand in another module than its metrics, and which has a test."""
    for path, text in {
        "pkg/__init__.py": "",
        "pkg/names.py": 'LABELS = ["a", "b"]\n',
        "pkg/metrics/__init__.py": "",
        "pkg/metrics/made.py": MODULE,
        "pkg/tests/test_made.py": MODULE.replace("depth", "of_a_test"),
    }.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    return tmp_path / "pkg"


def wheel(package: Path) -> Path:
    path = package.parent / "pkg-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(package.rglob("*.py")):
            archive.write(file, file.relative_to(package.parent))
    return path


def archive(package: Path) -> Path:
    path = package.parent / "pkg-1.0.tar.gz"
    with tarfile.open(path, "w:gz") as packed:
        packed.add(package, "pkg")
    return path


def part(package: Path) -> Path:
    return package / "metrics"


def module(package: Path) -> Path:
    return package / "metrics" / "made.py"


@pytest.mark.parametrize("form", [lambda package: package, part, module, wheel, archive])
def test_source_is_read_in_each_of_its_forms_with_what_lies_around_it_and_without_tests(form, package) -> None:  # type: ignore[no-untyped-def]
    evidence = read_evidence([form(package)])
    assert evidence.source is not None
    assert {name: made.place for name, made in evidence.source.made.items()} == {"depth": "pkg/metrics/made.py:4"}
    assert evidence.families["depth"].labels == {"a", "b"}


def test_several_scrapes_are_one_and_labels_of_all_count(tmp_path: Path) -> None:
    one, two = tmp_path / "one.prom", tmp_path / "two.prom.gz"
    one.write_text('# TYPE x counter\nx{a="1"} 1\n# TYPE y gauge\ny 1\n')
    two.write_bytes(gzip.compress(b'# HELP x More.\n# TYPE x counter\nx{b="1"} 1\n# TYPE z gauge\nz 1\n'))
    families = read_evidence([one, two]).families
    assert families.keys() == {"x", "y", "z"}
    assert (families["x"].labels, families["x"].help, families["x"].series) == ({"a", "b"}, "More.", 2)


def test_two_scrapes_that_contradict_each_other_are_refused_with_both_names(tmp_path: Path) -> None:
    one, two = tmp_path / "one.prom", tmp_path / "two.prom"
    one.write_text("# TYPE x counter\nx 1\n")
    two.write_text("# TYPE x gauge\nx 1\n")
    with pytest.raises(InputError, match=r"two\.prom: found the gauge 'x', a counter in \S*one\.prom"):
        read_evidence([one, two])


def test_a_scrape_counts_more_than_the_source(tmp_path: Path, package: Path) -> None:
    scrape = tmp_path / "one.prom"
    scrape.write_text('# TYPE depth counter\ndepth{c="1"} 1\n')
    evidence = read_evidence([package, scrape])
    assert (evidence.families["depth"].type, evidence.families["depth"].labels) == ("counter", {"a", "b", "c"})
    assert evidence.read_in_source("depth") is None


def test_the_version_before_is_told_by_its_source_alone(tmp_path: Path, package: Path) -> None:
    scrape = tmp_path / "one.prom"
    scrape.write_text("# TYPE x counter\nx 1\n")
    with pytest.raises(InputError, match=r"one\.prom: found a scrape or no file.* \(.*both versions"):
        read_evidence([package], [scrape])


@pytest.mark.parametrize(
    ("files", "message"),
    [({"read.me": "x"}, "no Python module in it"), ({"test_a.py": MODULE}, "no Python module in it")],
)
def test_a_folder_without_source_is_an_input_error(tmp_path: Path, files: dict[str, str], message: str) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()
    for name, text in files.items():
        (folder / name).write_text(text)
    with pytest.raises(InputError, match=f"empty: {message}.*the exporter's source"):
        read_evidence([folder])


def test_a_broken_archive_and_a_missing_file_are_input_errors(tmp_path: Path, package: Path) -> None:
    broken = tmp_path / "broken.whl"
    broken.write_bytes(wheel(package).read_bytes().replace(b"LABELS = ", b"LABELS_ ="))
    with pytest.raises(InputError, match=r"broken\.whl: cannot be unpacked"):
        read_evidence([broken])
    with pytest.raises(InputError, match=r"none\.whl: cannot be read: No such file"):
        read_evidence([tmp_path / "none.whl"])
