"""gen-chart size: what it counts is what captures have and a real Prometheus stores, and what follows is a profile."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from generator import cli
from generator.build.build import fit
from generator.build.profile import load_profile
from generator.build.sources import read_overlay
from generator.choices.profiles import Layer
from generator.sizing.counting import workloads
from generator.sizing.needs import needs, overlay, too_small
from generator.sizing.numbers import Fleet, fleet, series_of_things
from tests.cost.fleet import copies
from tests.cost.store import load
from tests.signals import server
from tests.sizing.measure import FILE, OTHERS, counts, everything, sizes, text

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from generator.build.build import Build
    from generator.build.sources import Sources
    from tests.signals.binaries import Binaries

THOUSAND = fleet(1000, 8, 96, 18, vllm=None, ray_clusters=None)


def build(sources: Sources, **choices: Any) -> Build:
    return fit(load_profile("standalone", sources, [Layer("mine.yaml", choices)]), sources)


@pytest.fixture(scope="module")
def everything_kept(sources: Sources) -> Build:
    return build(sources)


def total(found: Build, whole: Fleet) -> float:
    return sum(each.series for each in workloads(found, whole))


@pytest.mark.thorough
def test_the_counts_are_those_of_the_captures_and_the_catalogue() -> None:
    assert FILE.read_text(encoding="utf-8") == text(counts()), "run `python -m tests.sizing.measure` and commit it"


@pytest.mark.thorough
def test_a_real_prometheus_holds_as_many_series_as_are_reckoned(
    everything_kept: Build, binaries: Binaries, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    nodes = 6
    there = sizes(labels for one in everything() for labels in copies(one, nodes))
    whole = Fleet(
        nodes=there["node"],
        gpu_nodes=there["gpuNode"],
        gpus=there["gpu"] // there["gpuNode"],
        cpus=there["cpu"] // there["node"],
        pods=there["pod"] // there["node"],
        vllm=there["vllm"],
        ray_pods=there["rayPod"],
        ray_clusters=there["rayCluster"],
    )
    history = load(binaries, tmp_path / "data", everything(), nodes, 0.5)
    with server.running(binaries, tmp_path / "data") as api:
        answer = api.range(f'count({{job!~"{"|".join(OTHERS)}|",__name__!=""}})', history.end, history.end, 30)
    stored = float(answer.series[0][1][0][1])
    record_property("series reckoned, and stored", (round(total(everything_kept, whole)), stored))
    assert total(everything_kept, whole) == pytest.approx(stored, rel=0.2)


def test_a_gpu_node_gives_what_was_measured(everything_kept: Build) -> None:
    """The 4,400 series of a GPU node (shared/facts) had Ray's workers at rest; these work."""
    per_node = total(everything_kept, THOUSAND) / 1000
    assert 4_000 < per_node < 8_000
    dcgm = next(each for each in workloads(everything_kept, THOUSAND) if each.job == "dcgm")
    assert dcgm.series == pytest.approx(1000 * (8 * 52 + 5), rel=0.02)


def test_what_is_asked_for_is_a_part_and_is_what_asked_stores(sources: Sources, everything_kept: Build) -> None:
    asked = build(sources, monitors={"keep": "asked"})
    whole, part = (workloads(each, THOUSAND) for each in (everything_kept, asked))
    assert [(each.job, each.asked) for each in whole] == [(each.job, each.asked) for each in part]
    assert sum(each.stored for each in part) < 0.37 * sum(each.stored for each in whole)
    assert needs(asked, THOUSAND, part).memory < needs(everything_kept, THOUSAND, whole).memory / 3


def test_twice_the_nodes_are_twice_the_series_but_for_what_runs_once(everything_kept: Build) -> None:
    once = sum(sum(things.get("cluster", {}).values()) for things in series_of_things().values())
    one, two = (total(everything_kept, fleet(nodes, 8, 96, 18, vllm=None, ray_clusters=None)) for nodes in (1000, 2000))
    assert two == pytest.approx(2 * one, abs=once)


def test_a_shorter_interval_is_more_samples_of_the_same_series(sources: Sources, everything_kept: Build) -> None:
    faster = build(sources, monitors={"vllm": {"interval": "10s"}})
    slow, fast = (
        next(each for each in workloads(found, THOUSAND) if each.job == "vllm") for found in (everything_kept, faster)
    )
    assert fast.series == slow.series
    assert fast.samples == pytest.approx(3 * slow.samples)


def test_what_follows_holds_the_fleet(sources: Sources, everything_kept: Build, tmp_path: Path) -> None:
    need = needs(everything_kept, THOUSAND, workloads(everything_kept, THOUSAND))
    lacks = too_small(everything_kept, need)
    assert lacks[0] == "Prometheus' memory limit of 8Gi is too small"
    assert len(lacks) == 4
    follows = overlay(everything_kept, need)
    file = tmp_path / "size.yaml"
    file.write_text(json.dumps(follows))
    larger = fit(load_profile("standalone", sources, [read_overlay(file)]), sources)
    assert too_small(larger, needs(larger, THOUSAND, workloads(larger, THOUSAND))) == []


def test_a_small_cluster_fits_into_the_defaults(everything_kept: Build) -> None:
    small = fleet(10, 8, 16, 18, vllm=None, ray_clusters=None)
    assert too_small(everything_kept, needs(everything_kept, small, workloads(everything_kept, small))) == []


def test_the_command_prints_tables_and_writes_the_overlay(tmp_path: Path) -> None:
    words = ["size", "--profile", "kind", "--nodes", "3", "--overlay", str(tmp_path / "size.yaml"), "--no-cache"]
    done = CliRunner().invoke(cli.cli, [*words, "--output", "json"])
    assert done.exit_code == 0, done.output
    data = json.loads(done.stdout)
    assert data["overlay"] == json.loads(json.dumps(dict(read_overlay(tmp_path / "size.yaml").data)))
    assert {"job", "series", "asked", "samplesPerSecond"} == data["workloads"][0].keys()
    markdown = CliRunner().invoke(cli.cli, [*words, "--output", "markdown"]).stdout
    assert markdown.startswith("| workload | series | asked for | of it | samples/s |\n| --- |")


def test_a_fleet_of_nothing_is_refused() -> None:
    done = CliRunner().invoke(cli.cli, ["size", "--profile", "kind", "--nodes", "0"])
    assert done.exit_code == 2
    assert "--nodes" in done.output
