"""One real OpenSearch for all tests of a process; skipped, with the reason, where there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from generator.build.profile import load_profile
from tests.opensearch import server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.build.sources import Sources


@pytest.fixture(scope="session")
def single(sources: Sources, tmp_path_factory: pytest.TempPathFactory) -> Iterator[server.Cluster]:
    """Provides the kind profile's OpenSearch, one node, set up."""
    server.home()
    with server.running(tmp_path_factory.mktemp("opensearch"), load_profile("kind", sources), sources) as cluster:
        yield cluster
