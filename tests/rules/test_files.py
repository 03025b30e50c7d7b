"""gen-chart rules: the rules as files, in the form of the ruler that reads them."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from generator import cli
from generator.build.build import fit
from generator.build.profile import load_profile
from generator.choices.profiles import Layer
from generator.rules.files import RULERS, rule_files
from tests import libyaml

if TYPE_CHECKING:
    from pathlib import Path

    from generator.build.sources import Sources
    from generator.rules.files import Ruler

Files = dict[str, Any]


def written(sources: Sources, ruler: Ruler, **choices: Any) -> tuple[dict[str, str], Files]:
    build = fit(load_profile("standalone", sources, [Layer("mine.yaml", choices)]), sources)
    files = rule_files(build.sources.rules, build.sources.brought_rules, build.values["rules"], ruler)
    return files, {name: libyaml.load(text) for name, text in files.items()}


def test_promtool_reads_what_amazons_ruler_gets(sources: Sources, tmp_path: Path, promtool: str) -> None:
    for name, text in written(sources, "amp")[0].items():
        (tmp_path / name).write_text(text)
    done = subprocess.run(
        [promtool, "check", "rules", *tmp_path.iterdir()], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_each_ruler_has_its_form_of_the_same_groups(sources: Sources) -> None:
    amp, mimir, thanos = (written(sources, ruler)[1] for ruler in RULERS)
    assert amp.keys() == mimir.keys() == thanos.keys() > {"vllm.yaml", "gpu.yaml"}
    for name, plain in amp.items():
        assert mimir[name] == {"namespace": f"ai-ml-observability-{name.removesuffix('.yaml')}", **plain}
        groups = [{**group, "partial_response_strategy": "abort"} for group in plain["groups"]]
        assert thanos[name] == {"groups": groups}


def test_thresholds_and_switches_are_those_of_the_profile(sources: Sources) -> None:
    rules = {
        "vllm": {"thresholds": {"kvCache": 0.77}},
        "gpu": {"enabled": False},
        "alerts": {"RayOomKill": {"severity": "info"}},
    }
    files, data = written(sources, "amp", rules=rules)
    assert "0.77" in files["vllm.yaml"]
    assert "gpu.yaml" not in files
    alerts = [
        rule for group in data["ray.yaml"]["groups"] for rule in group["rules"] if rule.get("alert") == "RayOomKill"
    ]
    assert [rule["labels"]["severity"] for rule in alerts] == ["info"]


def test_the_command_writes_a_folder_and_says_when_it_is_stale(tmp_path: Path) -> None:
    target = tmp_path / "ruler"
    words = ["rules", "--profile", "kind", "--for", "mimir", "-o", str(target), "--no-cache"]
    assert CliRunner().invoke(cli.cli, words).exit_code == 0
    assert CliRunner().invoke(cli.cli, [*words, "--check"]).exit_code == 0
    changed = CliRunner().invoke(cli.cli, [*words, "--check", "--set", "rules.vllm.thresholds.kvCache=0.77"])
    assert changed.exit_code == 1
    assert "0.77" in changed.stdout
    assert "+++ " in changed.stdout


@pytest.mark.parametrize("ruler", ["cortex", ""])
def test_another_ruler_is_refused(ruler: str) -> None:
    done = CliRunner().invoke(cli.cli, ["rules", "--profile", "kind", "--for", ruler])
    assert done.exit_code == 2
    assert "'amp', 'mimir', 'thanos'" in done.output
