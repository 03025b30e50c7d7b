"""A cluster of somebody's is left alone where the scenarios would take something from it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.e2e.client import Client
from tests.e2e.given import OccupiedError, check_free


class Theirs(Client):
    """A cluster with some objects."""

    objects: frozenset[str] = frozenset()
    crds: tuple[str, ...] = ()

    def get(self, path: str) -> Any:
        return {} if path in self.objects else None

    def items(self, path: str) -> list[dict[str, Any]]:
        assert path.endswith("customresourcedefinitions")
        return [{"metadata": {"name": name}} for name in self.crds]


def theirs(*crds: str, objects: tuple[str, ...] = ()) -> Client:
    kind = type("Cluster", (Theirs,), {"objects": frozenset(objects), "crds": crds})
    return kind("http://127.0.0.1:1", Path(), "", Path())  # type: ignore[no-any-return]


def test_an_empty_cluster_is_taken() -> None:
    check_free(theirs("clusters.ray.io", objects=("api/v1/namespaces/default",)))


@pytest.mark.parametrize(
    ("cluster", "named"),
    [
        (theirs(objects=("api/v1/namespaces/monitoring",)), "namespace monitoring"),
        (theirs("clusters.ray.io", "prometheuses.monitoring.coreos.com"), r"prometheuses\.monitoring\.coreos\.com"),
    ],
)
def test_what_would_be_deleted_is_named(cluster: Client, named: str) -> None:
    with pytest.raises(OccupiedError, match=named):
        check_free(cluster)
