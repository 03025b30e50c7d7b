"""The cluster that KUBECONFIG names, asked through ``kubectl proxy``."""

from __future__ import annotations

import contextlib
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from tests import helm
from tests.e2e.client import Client

if TYPE_CHECKING:
    from collections.abc import Iterator

NAMESPACES = ("monitoring", "second", "prom")
"""What the scenarios make, and remove with all that is in it."""


class OccupiedError(Exception):
    """The cluster has what a scenario would change or remove; the text says what."""


@contextlib.contextmanager
def client(kubeconfig: Path) -> Iterator[Client]:
    """Yields a client with the rights of the kubeconfig's current context, until the block ends."""
    program = helm.kubectl()
    assert program is not None
    command = [program, "--kubeconfig", kubeconfig, "proxy", "--port=0"]
    with subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, text=True) as proxy:
        try:
            assert proxy.stdout is not None
            said = proxy.stdout.readline()
            place = re.search(r"127\.0\.0\.1:\d+", said)
            assert place, f"kubectl proxy said {said!r}"
            yield Client(f"http://{place[0]}", Path(), "", kubeconfig)
        finally:
            proxy.terminate()


def check_free(asked: Client) -> None:
    """Makes sure that nothing of anybody's is in the way of scenarios that clear up behind them.

    Raises:
        OccupiedError: a namespace of theirs is there, or the operator's kinds are.
    """
    for name in NAMESPACES:
        if asked.get(f"api/v1/namespaces/{name}") is not None:
            raise OccupiedError(f"the cluster has a namespace {name}, which the scenarios make and delete")
    crds = asked.items("apis/apiextensions.k8s.io/v1/customresourcedefinitions")
    theirs = [crd["metadata"]["name"] for crd in crds if crd["metadata"]["name"].endswith(".monitoring.coreos.com")]
    if theirs:
        raise OccupiedError(f"the cluster has {theirs[0]}, which the scenarios delete: take one without an operator")
