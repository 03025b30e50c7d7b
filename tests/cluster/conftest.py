"""A server that keeps Secrets, and a client of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cluster.secret_server import Store, secret_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.cluster.kubernetes_api import Api


@pytest.fixture
def served() -> Iterator[tuple[Store, Api]]:
    with secret_server() as pair:
        yield pair


@pytest.fixture
def store(served: tuple[Store, Api]) -> Store:
    return served[0]


@pytest.fixture
def api(served: tuple[Store, Api]) -> Api:
    return served[1]
