"""Where lines of logs are held up: the reader on each node, its queue, OpenSearch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from generator.doctor.causes import Found, found
from generator.doctor.web import AnswerError
from generator.files.nested import mapping

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.doctor.view import View
    from generator.doctor.web import Server

INDEX = "logs-*"
"""The data streams that lines lie in."""

_READERS = "count by (node) (fluentbit_uptime)"
_NODES = "count by (node) (kube_node_info)"
_RETRIES = (
    "sum by (pod) (increase(fluentbit_output_retries_total[10m])) > 0 and on (pod) count by (pod) (fluentbit_uptime)"
)
"""Of readers that are there still: one that is gone holds nothing up."""

_SENT = "sum by (pod) (increase(fluentbit_output_proc_records_total[10m]))"
_CHUNKS = "sum by (pod) (fluentbit_input_storage_chunks)"
_DROPPED = "sum(increase(fluentbit_output_dropped_records_total[10m])) > 0"


@dataclass(frozen=True)
class Logs:
    """What OpenSearch showed.

    Attributes:
        url: its address.
        error: why it showed nothing; "" if it did.
        status: its colour.
        unassigned: shards without a node.
        blocked: indices that take nothing new.
        recent: lines of the last 15 minutes; None if they could not be counted.
    """

    url: str
    error: str = ""
    status: str = ""
    unassigned: int = 0
    blocked: tuple[str, ...] = ()
    recent: int | None = None

    def causes(self, view: View) -> Iterator[Found]:  # noqa: ARG002 - as all that is looked at beside Prometheus
        """Yields what keeps OpenSearch from taking lines."""
        if self.error:
            yield found("logs-unreachable", "opensearch", error=self.error, url=self.url)
            return
        if self.blocked:
            yield found("logs-read-only", "opensearch", count=len(self.blocked))
        if self.status == "red":
            yield found("logs-store-red", "opensearch", count=self.unassigned)
        if self.recent == 0 and not self.blocked:
            yield found("logs-none", "opensearch", index=INDEX)


def read_logs(server: Server) -> Logs:
    """Returns what OpenSearch shows to the login; it never raises for what the server does."""
    try:
        health, _ = server.json("/_cluster/health")
        settings, _ = server.json("/_all/_settings/index.blocks.*", {"flat_settings": "true"})
    except AnswerError as error:
        return Logs(server.where, error=str(error))
    state = mapping(health)
    return Logs(
        server.where,
        status=str(state.get("status") or ""),
        unassigned=_whole(state.get("unassigned_shards")),
        blocked=tuple(
            sorted(name for name, one in mapping(settings).items() if _blocked(mapping(mapping(one).get("settings"))))
        ),
        recent=_recent(server),
    )


def _blocked(settings: dict[str, object]) -> bool:
    return any(
        str(settings.get(f"index.blocks.{kind}")).lower() == "true" for kind in ("read_only_allow_delete", "write")
    )


def _recent(server: Server) -> int | None:
    query = {"query": {"range": {"@timestamp": {"gte": "now-15m"}}}}
    try:
        answer, _ = server.json(f"/{INDEX}/_count", body=query)
    except AnswerError:
        return None
    return _whole(mapping(answer).get("count"))


def _whole(value: object) -> int:
    return int(value) if isinstance(value, (int, float)) else 0


def reader_causes(view: View) -> Iterator[Found]:
    """Yields what Fluent Bit's own counters in Prometheus say of lines that do not arrive."""
    readers, nodes = view.ask(_READERS), view.ask(_NODES)
    if not readers or not readers.there or not nodes:
        return
    read = {labels.get("node", "") for labels, _ in readers.series}
    unread = sorted({labels.get("node", "") for labels, _ in nodes.series} - read)
    if unread and "" not in read:
        yield found("logs-reader-down", "fluent-bit", ours=True, count=len(unread), where=", ".join(unread[:3]))
    retries, sent, chunks = view.ask(_RETRIES), view.ask(_SENT), view.ask(_CHUNKS)
    if retries and retries.there and sent and chunks:
        flowing = {labels.get("pod", "") for labels, value in sent.series if value > 0}
        waiting = {labels.get("pod", ""): value for labels, value in chunks.series}
        held = sorted(pod for labels, _ in retries.series if (pod := labels.get("pod", "")) not in flowing)
        if held:
            count = f"{sum(waiting.get(pod, 0) for pod in held):.0f}"
            yield found("logs-blocked", "fluent-bit", count=count, where=held[0])
    dropped = view.ask(_DROPPED)
    if dropped and dropped.there:
        yield found("logs-refused", "fluent-bit", count=f"{dropped.series[0][1]:.0f}")
