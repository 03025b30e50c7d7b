"""The library chart: every template of the chart is an include of what it has, and a chart without it says so."""

from __future__ import annotations

import re
import shutil
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import pytest

from generator.build.build import fit
from generator.build.chart import chart
from generator.build.library import FOLDER, with_library
from generator.build.profile import load_profile
from tests import helm
from tests.conftest import PROFILES

if TYPE_CHECKING:
    from pathlib import Path

    from generator.build.sources import Sources

HEADER = "{{- /* Generated. */ -}}\n"
DEFINED = re.compile(r'\{\{-?\s*define "([^"]+)"')
CONFIG_MAP = (
    HEADER
    + """{{- if .Values.enabled }}
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}-{{ .Chart.Name }}
data:
  text: |
    its last line break is a part of it
{{- end }}
"""
)


@pytest.mark.parametrize("profile", PROFILES)
def test_a_chart_has_nothing_of_its_own_but_includes(sources: Sources, profile: str) -> None:
    files = chart(fit(load_profile(profile, sources), sources))
    for path, text in files.items():
        assert path.startswith((FOLDER, "templates/")) or path in {
            ".helmignore",
            "Chart.lock",
            "Chart.yaml",
            "README.md",
            "values.schema.json",
            "values.yaml",
        }
        if path.startswith("templates/"):
            _header, include = text.splitlines()
            assert re.fullmatch(r"\{\{- include .* -?\}\}", include), path


@pytest.mark.parametrize("profile", PROFILES)
def test_helm_reads_every_file_of_the_library_and_no_name_is_defined_twice(sources: Sources, profile: str) -> None:
    files = chart(fit(load_profile(profile, sources), sources))
    texts = {path: text for path, text in files.items() if path.startswith(f"{FOLDER}/templates/")}
    assert [path for path in texts if not PurePosixPath(path).name.startswith("_")] == []
    names = [name for text in texts.values() for name in DEFINED.findall(text)]
    assert len(names) == len(set(names)) > 50


def test_what_moves_renders_the_same_bytes_under_the_same_path(helm_binary: Path, tmp_path: Path) -> None:
    files = {
        "Chart.yaml": "apiVersion: v2\nname: ai-ml-observability\nversion: 0.1.0\n",
        "values.yaml": "enabled: true\n",
        "templates/NOTES.txt": HEADER + "{{ .Chart.Name }}\n{{ .Release.Name }}\n\n",
        "templates/deep/er/map.yaml": CONFIG_MAP,
        "templates/_helpers.tpl": HEADER + '{{- define "a" -}}a{{- end -}}\n',
        "templates/stub.yaml": HEADER + '# {{ include "a" . }}\n',
    }
    printed = []
    for name, chart_files in (("plain", files), ("moved", with_library(files, "Generated."))):
        for path, text in chart_files.items():
            (tmp_path / name / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name / path).write_text(text)
        printed.append(helm.run(helm_binary, "template", "x", tmp_path / name).stdout)
        helm.run(helm_binary, "template", "x", tmp_path / name, "--show-only", "templates/deep/er/map.yaml")
    assert printed[0] == printed[1]
    assert "name: x-ai-ml-observability" in printed[0]
    shutil.rmtree(tmp_path / "moved" / FOLDER)
    assert helm.run(helm_binary, "template", "x", tmp_path / "moved", check=False).returncode != 0


def test_a_template_that_defines_another_is_refused_since_go_has_no_nested_ones() -> None:
    with pytest.raises(ValueError, match=r"templates/a.yaml defines a named template; move it into a file whose name"):
        with_library({"templates/a.yaml": HEADER + '{{- define "a" -}}\n{{- end -}}\na: b\n'}, "Generated.")
