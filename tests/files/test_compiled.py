"""What was compiled with the package is used for equal content only, and changes no byte."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import jinja2
import pytest
import yaml

from generator.files import compiled, location, templating, yamlfile
from generator.files.compiling import compile_sources
from generator.files.location import DATA

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

FILE = "monitors/vllm.yaml"
TEMPLATE = "monitors/templates/monitor.yaml"


@pytest.fixture
def checkout(compiled_program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of the program whose sources have been compiled."""
    folder = tmp_path / "checkout"
    shutil.copytree(compiled_program, folder)
    monkeypatch.setattr(location, "__file__", str(folder / "generator" / "files" / "location.py"))
    compiled._yaml_reader.cache_clear()
    yield folder
    compiled._yaml_reader.cache_clear()


@pytest.mark.thorough
def test_every_yaml_file_of_the_program_is_compiled_to_what_it_says(checkout: Path) -> None:
    files = [
        path for name in DATA for path in [checkout / name, *(checkout / name).rglob("*")] if path.suffix == ".yaml"
    ]
    assert len(files) > 60
    for path in files:
        file = path.relative_to(checkout).as_posix()
        assert compiled.compiled_data(file, path.read_text()) == yamlfile.load(path), file


def test_a_file_that_has_changed_is_read_anew(checkout: Path) -> None:
    path = checkout / FILE
    path.write_text(path.read_text() + "\nnew: true\n")
    assert compiled.compiled_data(FILE, path.read_text()) is None
    assert yamlfile.load_data(path, file=FILE)["new"] is True


def test_another_pyyaml_or_another_reader_of_ours_reads_anew(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (checkout / FILE).read_text()
    monkeypatch.setattr(yaml, "__version__", "7.0")
    compiled._yaml_reader.cache_clear()
    assert compiled.compiled_data(FILE, text) is None
    monkeypatch.undo()
    monkeypatch.setattr(location, "__file__", str(checkout / "generator" / "files" / "location.py"))
    compiled._yaml_reader.cache_clear()
    assert compiled.compiled_data(FILE, text) is not None
    reader = checkout / "generator" / "files" / "yamlfile.py"
    reader.write_text(reader.read_text() + "\n")
    compiled._yaml_reader.cache_clear()
    assert compiled.compiled_data(FILE, text) is None


@pytest.mark.parametrize(
    "damage",
    [
        lambda _raw: b"",
        lambda _raw: b"{}",
        lambda _raw: b"\xff",
        lambda raw: raw[:-1],
        lambda raw: raw[: len(raw) // 2],
        lambda raw: raw[:64] + b" " + b"[" * 100_000 + b"\n",
        lambda raw: raw.replace(b"vllm", b"vlln", 1),
    ],
    ids=["empty", "no line", "not UTF-8", "cut by one", "cut in half", "deep", "changed"],
)
def test_what_is_damaged_is_passed_over(checkout: Path, damage: Callable[[bytes], bytes]) -> None:
    path = checkout / "generator" / compiled.FOLDER / f"{FILE}.json"
    path.write_bytes(damage(path.read_bytes()))
    assert compiled.compiled_data(FILE, (checkout / FILE).read_text()) is None
    expected = made(checkout)
    for template in (checkout / "generator" / compiled.FOLDER).glob("jinja-*/*"):
        template.write_bytes(damage(template.read_bytes()))
    assert made(checkout) == expected


def made(_checkout: Path) -> str:
    return (
        templating.environment(compiled.compiled_templates())
        .get_template(TEMPLATE)
        .render(header="a", name="b", component="")
    )


def test_other_settings_of_jinja_are_followed(checkout: Path) -> None:
    module = checkout / "generator" / "files" / "templating.py"
    before = compiled._module("templating.py")
    module.write_text(module.read_text().replace("trim_blocks=True", "trim_blocks=False"))
    assert compiled._module("templating.py") != before
    bytecode = compiled.compiled_templates()
    bucket = bytecode.get_bucket(
        templating.environment(bytecode), TEMPLATE, None, (checkout / "generator" / TEMPLATE).read_text()
    )
    assert bucket.code is None


def test_a_broken_source_is_left_to_the_run_that_needs_it(checkout: Path) -> None:
    (checkout / FILE).write_text("title: [")
    (checkout / "pins.yaml").write_bytes(b"\xff")
    compile_sources()
    assert compiled.compiled_data(FILE, "title: [") is None


def test_a_template_is_taken_from_what_was_compiled_unless_it_has_changed(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def rendered(**values: Any) -> str:
        return templating.environment(compiled.compiled_templates()).get_template(TEMPLATE).render(**values)

    expected = rendered(header="a", name="b", component="")
    with monkeypatch.context() as patch:
        patch.setattr(jinja2.Environment, "compile", None)
        assert rendered(header="a", name="b", component="") == expected
    path = checkout / "generator" / TEMPLATE
    path.write_text(path.read_text() + "[[ name ]]!")
    assert rendered(header="a", name="b", component="") == expected + "b!"


def test_nothing_is_written_into_the_package_by_a_run(checkout: Path) -> None:
    folder = checkout / "generator" / compiled.FOLDER
    shutil.rmtree(folder)
    templating.environment(compiled.compiled_templates()).get_template(TEMPLATE)
    assert not folder.exists()


@pytest.mark.thorough
@pytest.mark.slow
def test_a_chart_is_the_same_with_and_without_what_was_compiled(
    checkout: Path, tmp_path: Path, run: Callable[..., Any]
) -> None:
    def made(name: str) -> dict[str, bytes]:
        templating._environment.cache_clear()
        assert run("--profile", "jark", "--no-cache", "-o", str(tmp_path / name))[0] == 0
        return {str(path.relative_to(tmp_path / name)): path.read_bytes() for path in (tmp_path / name).rglob("*.*")}

    with_it = made("with")
    shutil.rmtree(checkout / "generator" / compiled.FOLDER)
    assert made("without") == with_it
    templating._environment.cache_clear()
