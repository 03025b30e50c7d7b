"""What Grafana shows to a token: its data sources, whether each works, and its dashboards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from generator.doctor.boards import foreign_board
from generator.doctor.causes import Found, found
from generator.doctor.web import AnswerError
from generator.errors import InputError
from generator.files.nested import mapping
from generator.promql.durations import milliseconds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.doctor.boards import Board
    from generator.doctor.view import View
    from generator.doctor.web import Server

MOST_BOARDS = 300
"""Dashboards that are read."""


@dataclass(frozen=True)
class Source:
    """A data source; ``interval`` is its scrape interval in seconds, 0 for Grafana's default, ``error`` its trouble."""

    uid: str
    name: str
    kind: str
    url: str
    default: bool
    interval: float = 0.0
    error: str = ""


@dataclass(frozen=True)
class Grafana:
    """What Grafana showed; ``sources`` is None where the token may not list them."""

    sources: tuple[Source, ...] | None
    boards: tuple[Board, ...]

    @property
    def interval(self) -> float:
        """The scrape interval of the Prometheus data source that dashboards take first, in seconds."""
        found = [one for one in self.sources or () if one.kind == "prometheus"]
        found.sort(key=lambda one: not one.default)
        return (found[0].interval or 15.0) if found else 0.0

    def causes(self, view: View) -> Iterator[Found]:  # noqa: ARG002 - as all that is looked at beside Prometheus
        """Yields what is wrong with data sources."""
        if self.sources is None:
            return
        for one in self.sources:
            if one.error:
                yield found("source-unhealthy", "grafana", name=one.name, error=one.error, url=one.url)
        there = {one.uid for one in self.sources} | {one.name for one in self.sources}
        names = ", ".join(sorted(f"{one.uid} ({one.kind})" for one in self.sources)) or "none"
        for uid in sorted({uid for board in self.boards for uid in board.sources} - there):
            yield found("source-missing", "grafana", uid=uid, found=names)
        if not any(one.kind == "prometheus" for one in self.sources):
            yield found("source-none", "grafana", type="prometheus")


def read_grafana(server: Server, unseen: dict[str, str]) -> Grafana:
    """Returns what Grafana shows to the token.

    Raises:
        AnswerError: it does not answer, or is no Grafana.
    """
    listed, _ = server.json("/api/search", {"type": "dash-db", "limit": MOST_BOARDS})
    if not isinstance(listed, list):
        raise AnswerError(f"{server.where} does not answer as Grafana does")
    uids = [str(mapping(one).get("uid") or "") for one in listed[:MOST_BOARDS]]
    boards = server.each(lambda uid: _board(server, uid, unseen), [uid for uid in uids if uid])
    return Grafana(_sources(server, unseen), tuple(one for one in boards if one is not None))


def _board(server: Server, uid: str, unseen: dict[str, str]) -> Board | None:
    try:
        data, _ = server.json(f"/api/dashboards/uid/{quote(uid, safe='')}")
        return foreign_board(data, uid)
    except (AnswerError, InputError) as error:
        unseen[f"dashboard {uid}"] = str(error)
        return None


def _sources(server: Server, unseen: dict[str, str]) -> tuple[Source, ...] | None:
    try:
        listed, _ = server.json("/api/datasources")
    except AnswerError as error:
        unseen["data sources"] = f"{error}; a token of the role Admin may list them"
        return None
    if not isinstance(listed, list):
        return None
    return tuple(server.each(lambda one: _source(server, mapping(one)), listed))


def _source(server: Server, data: dict[str, Any]) -> Source:
    uid, interval = str(data.get("uid") or ""), str(mapping(data.get("jsonData")).get("timeInterval") or "")
    return Source(
        uid,
        str(data.get("name") or ""),
        str(data.get("type") or ""),
        str(data.get("url") or ""),
        bool(data.get("isDefault")),
        (milliseconds(interval) or 0) / 1000,
        _trouble(server, uid),
    )


def _trouble(server: Server, uid: str) -> str:
    """Returns what Grafana says of a data source that does not work; "" where it works or has no such check."""
    try:
        data, _ = server.json(f"/api/datasources/uid/{quote(uid, safe='')}/health")
    except AnswerError as error:
        return "" if error.status in (0, 403, 404, 501) else str(error)
    health = mapping(data)
    return "" if str(health.get("status") or "OK").upper() == "OK" else str(health.get("message") or "it does not work")
