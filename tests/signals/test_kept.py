"""With ``monitors.keep: asked`` the proof's Prometheus holds, of what any query reads, all that it holds without."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from generator.build.build import fit
from generator.build.keeping import keep_rules, kept, scrape_class
from generator.build.profile import load_profile
from generator.choices.profiles import Layer
from generator.rules.groups import expressions
from tests.conftest import ROOT
from tests.monitors.prometheus import relabel
from tests.signals.proof import boards_of, wanted_by, worlds
from tests.thorough import THOROUGH

if TYPE_CHECKING:
    from pathlib import Path

    from generator.build.sources import Sources

OWN = {"up", "ALERTS", "ALERTS_FOR_STATE"}


@pytest.mark.slow
@pytest.mark.skipif(not THOROUGH, reason="GEN_CHART_THOROUGH=1 makes the proof's whole world")
def test_every_series_that_the_proof_loads_passes_the_list_of_its_target(sources: Sources, tmp_path: Path) -> None:
    rules = list(expressions(sources.rules))
    wanted = wanted_by([*boards_of(ROOT, sources.rules), *boards_of(ROOT, {})], rules)
    measured, added = worlds(ROOT, tmp_path, rules, wanted, [])
    profile = load_profile("standalone", sources, [Layer("mine.yaml", {"monitors": {"keep": "asked"}})])
    build = fit(profile, sources)
    lists, endpoints = kept(build.profile, sources), keep_rules(build.profile, sources)
    stack = scrape_class(lists)["metricRelabelings"]
    checked = 0
    for series in (*measured.values(), *added.values()):
        labels = series.labels
        name, job = labels["__name__"], labels.get("job", "")
        if name in OWN or name.startswith("scrape_"):
            continue
        if job in endpoints:
            assert relabel(labels, [endpoints[job][labels["endpoint"]]]), labels
        elif job == "kube-state-metrics":
            assert name in lists.state, labels
        elif job in lists.stack:
            assert relabel(labels, stack) == labels
        else:
            continue
        checked += 1
    assert checked > 5_000
