"""An overlay that adds to all that this chart fills in takes no object, key, item or line of it away."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from generator.build.build import fit
from generator.build.profile import load_profile
from generator.choices.profiles import Layer
from tests import helm
from tests.additions import ALL, additions, holds

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from generator.build.sources import Sources

pytestmark = [pytest.mark.upstream, pytest.mark.slow]


def test_all_of_ours_is_rendered_beside_what_a_person_adds(
    sources: Sources,
    write_chart: Callable[..., Path],
    upstream_charts: Path,
    tmp_path: Path,
    helm_binary: Path,
) -> None:
    added = additions(fit(load_profile("standalone", sources, [Layer("all.yaml", ALL)]), sources).components)

    def objects(name: str, choices: dict[str, Any]) -> dict[tuple[str, str], Any]:
        chart = write_chart(tmp_path / name, "standalone", choices)
        helm.add_archives(chart, upstream_charts)
        done = helm.run(helm_binary, "template", "observability", chart, "--namespace", "monitoring")
        return {(each["kind"], each["metadata"]["name"]): each for each in helm.documents(done.stdout)}

    before, after = objects("before", ALL), objects("after", {**ALL, "values": added})
    assert [key for key in before if not holds(after.get(key), before[key])] == []
    assert "theirs" in str(after["DaemonSet", "ai-ml-observability-fluent-bit"])
