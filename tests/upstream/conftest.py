"""A server, and vendor_chart with a scratch cache and little patience."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from generator.upstream import Patience, Upstream, vendor_chart

from .charts import make_archive, make_umbrella, pins
from .server import running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from generator.upstream import VendoredChart

    from .server import Web

IMPATIENT = Patience(attempts=3, pause=0, connect=5, read=5)


@pytest.fixture(autouse=True)
def _own_credentials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy, and no login of the person who runs the tests."""
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    monkeypatch.delenv("HELM_REGISTRY_CONFIG", raising=False)


@pytest.fixture
def web() -> Iterator[Web]:
    with running() as server:
        yield server


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def vendor(cache: Path) -> Callable[..., tuple[VendoredChart, ...]]:
    def call(chart: Path, **options: Any) -> tuple[VendoredChart, ...]:
        digests = options.pop("pins", None) or pins()
        return vendor_chart(chart, digests, Upstream(**{"cache": cache, "patience": IMPATIENT, **options}))

    return call


@pytest.fixture
def archive(tmp_path: Path) -> bytes:
    """The published archive of opensearch 3.6.0, large enough to break off."""
    return make_archive(tmp_path / "published", "opensearch", "3.6.0", size=300_000)


@pytest.fixture
def chart(tmp_path: Path, web: Web) -> Path:
    """A chart that depends on opensearch in a repository on the server, and has an older one in charts/."""
    folder = make_umbrella(tmp_path / "umbrella", ("opensearch", "3.6.0", f"{web.url}/stable/"))
    (folder / "charts").mkdir()
    (folder / "charts" / "opensearch-3.5.0.tgz").write_bytes(b"the older one")
    return folder
