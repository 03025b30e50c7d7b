"""One look at a cluster: every server that was named is read, and one report made of it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from generator.doctor.causes import read_causes
from generator.doctor.expected import expected_of
from generator.doctor.grafana import read_grafana
from generator.doctor.logs import read_logs
from generator.doctor.prometheus import Prometheus
from generator.doctor.reading import Others, examine, named_questions
from generator.doctor.release import with_values
from generator.doctor.report import make_report
from generator.doctor.view import View
from generator.doctor.web import Access, AnswerError, Limits, Load, open_server
from generator.files.location import sources_root

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from generator.build.build import Build
    from generator.doctor.boards import Board
    from generator.doctor.cluster import Cluster
    from generator.doctor.grafana import Grafana
    from generator.doctor.logs import Logs
    from generator.doctor.report import Report
    from generator.doctor.web import Server

_OPEN = Access()
"""A server that asks nobody who they are."""


@dataclass(frozen=True)
class Places:
    """Where to look.

    Attributes:
        prometheus: the address; "" for that which the cluster has.
        access: to it.
        cluster: whether the Kubernetes API is asked.
        context: of the kubeconfig; None for the current one.
        kubeconfig: the file; None for the usual one.
        grafana: the address; "" for none.
        grafana_access: to it.
        opensearch: the address; "" for none.
        opensearch_access: to it.
    """

    prometheus: str = ""
    access: Access = _OPEN
    cluster: bool = False
    context: str | None = None
    kubeconfig: Path | None = None
    grafana: str = ""
    grafana_access: Access = _OPEN
    opensearch: str = ""
    opensearch_access: Access = _OPEN


def look_at(
    places: Places,
    build: Build,
    limits: Limits,
    *,
    boards: Sequence[Board] | None = None,
    panel: str = "",
    chosen: bool = False,
    start: float = 0.0,
    progress: Callable[[str], None] = lambda _: None,
) -> Report:
    """Returns a report of one look.

    Args:
        places: where to look.
        build: what should be there.
        limits: what servers may be asked.
        boards: the only dashboards to look at; None for the Build's, or Grafana's where no profile was named.
        panel: the title of the only panels to look at; "" for all.
        chosen: whether a person named the profile.
        start: when the run began, of time.monotonic.
        progress: called with a line about what is being done.

    Raises:
        AnswerError: there is no Prometheus, or no cluster.
        InputError: an address, a file or a login is no good, or there is no such panel.
    """
    load = Load()
    start = start or time.monotonic()
    unseen: dict[str, str] = {}
    server, cluster, installed = _prometheus_and_cluster(places, limits, load, unseen, progress)
    if installed is not None and not chosen:
        build, chosen = with_values(build, installed), True
    grafana = _grafana(places, limits, load, unseen, progress)
    logs = _logs(places, limits, load, progress)
    if boards is None and grafana is not None and not chosen:
        boards = grafana.boards
    expected = expected_of(build, boards, chosen=chosen)
    others = Others(
        cluster,
        grafana,
        logs,
        containers=cluster.containers if cluster else None,
        interval=grafana.interval if grafana else 0.0,
        unseen=tuple(unseen.items()),
    )
    causes = read_causes(sources_root())
    snapshot, diagnosis = examine(
        Prometheus(server),
        expected,
        {name: cause.severity for name, cause in causes.items()},
        questions=named_questions(expected, panel) if panel else None,
        others=others,
        progress=progress,
    )
    whole = expected_of(build, None, chosen=chosen)
    return make_report(
        snapshot,
        diagnosis,
        expected,
        causes,
        load,
        where=server.where,
        seconds=time.monotonic() - start,
        foreign=not chosen and not View(snapshot, whole, {}).installed,
    )


def _prometheus_and_cluster(
    places: Places, limits: Limits, load: Load, unseen: dict[str, str], progress: Callable[[str], None]
) -> tuple[Server, Cluster | None, Mapping[str, Any] | None]:
    """Returns the Prometheus to ask, what the cluster shows, and the values of the release in it."""
    if not places.cluster:
        return open_server(places.prometheus, "--prometheus", places.access, limits, load), None, None
    from generator.doctor.kubernetes import open_cluster, prometheus_through, read_cluster, read_release

    api = open_cluster(places.context, places.kubeconfig, limits, load)
    progress(f"reading {api.where}")
    cluster = read_cluster(api, unseen)
    installed = read_release(api, cluster, unseen)
    if places.prometheus:
        return open_server(places.prometheus, "--prometheus", places.access, limits, load), cluster, installed
    return prometheus_through(api), cluster, installed


def _grafana(
    places: Places, limits: Limits, load: Load, unseen: dict[str, str], progress: Callable[[str], None]
) -> Grafana | None:
    if not places.grafana:
        return None
    server = open_server(places.grafana, "--grafana", places.grafana_access, limits, load)
    progress(f"reading {server.where}")
    try:
        return read_grafana(server, unseen)
    except AnswerError as error:
        unseen["Grafana"] = str(error)
        return None


def _logs(places: Places, limits: Limits, load: Load, progress: Callable[[str], None]) -> Logs | None:
    if not places.opensearch:
        return None
    server = open_server(places.opensearch, "--opensearch", places.opensearch_access, limits, load)
    progress(f"reading {server.where}")
    return read_logs(server)
