"""What was seen in a cluster, as data: prometheus.py and its neighbours read it, causes are functions of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Target:
    """A target of Prometheus.

    Attributes:
        pool: the job of the configuration that has it, as ``podMonitor/monitoring/vllm/0``.
        url: where it is scraped.
        health: up, down, or unknown before its first scrape.
        error: Prometheus' words about the last scrape; "" if it went well.
        labels: of its series.
        interval: seconds between two scrapes; 0 where that is not told.
        discovered: labels of discovery, ``__meta_…``.
    """

    pool: str
    url: str
    health: str
    error: str
    labels: Mapping[str, str]
    interval: float = 0.0
    discovered: Mapping[str, str] = field(default_factory=dict)

    @property
    def job(self) -> str:
        """The job that its series carry."""
        return self.labels.get("job", "")

    @property
    def subject(self) -> str:
        """Whom it is about, for people: namespace/pod, else the instance."""
        pod, namespace = self.labels.get("pod"), self.labels.get("namespace")
        found = f"{namespace}/{pod}" if pod and namespace else self.labels.get("instance", "")
        return found or self.url


@dataclass(frozen=True)
class RuleState:
    """A rule as Prometheus evaluates it; ``late`` if its group takes longer than the group's interval."""

    name: str
    kind: Literal["record", "alert"]
    group: str
    file: str
    query: str
    error: str
    late: bool = False


@dataclass(frozen=True)
class ServerFacts:
    """What a Prometheus says of itself; None where it would not say (``unseen`` has its words).

    Attributes:
        version: as ``3.14.0``.
        retention: seconds for which samples are kept; 0 where only the size is limited or nothing is told.
        reload_failed: whether the configuration that was read last was refused.
        started: Unix seconds.
        now: the server's clock, Unix seconds.
        skew: how far its clock is ahead of ours, in seconds.
        targets: those that are active.
        pools: jobs of the configuration.
        sample_limits: job of the configuration → its ``sample_limit``, where it has one.
        drops: job of the configuration → its metric relabelings by name: (keep or drop, regular expression).
        rules: those that are loaded.
        alertmanagers: addresses that alerts are sent to.
        names: metric names that are stored.
        exposed: families that targets name, whether there is a series of them or not → what they are.
        series: the number of series.
        largest: the names with most series.
    """

    version: str = ""
    retention: float = 0.0
    reload_failed: bool = False
    started: float = 0.0
    now: float = 0.0
    skew: float = 0.0
    targets: tuple[Target, ...] | None = None
    pools: tuple[str, ...] | None = None
    sample_limits: Mapping[str, int] = field(default_factory=dict)
    drops: Mapping[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    rules: tuple[RuleState, ...] | None = None
    alertmanagers: tuple[str, ...] | None = None
    names: frozenset[str] = frozenset()
    exposed: Mapping[str, str] = field(default_factory=dict)
    series: int = 0
    largest: tuple[tuple[str, int], ...] = ()
    unseen: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """What one query gives now: samples, nothing, or an error."""

    state: Literal["answers", "silent", "error"]
    error: str = ""

    @property
    def answers(self) -> bool:
        """Whether a panel shows something of now."""
        return self.state == "answers"


@dataclass(frozen=True)
class Container:
    """A container that runs: of the Kubernetes API, or of kube-state-metrics where that is all there is."""

    namespace: str
    pod: str
    name: str
    image: str
    labels: Mapping[str, str] = field(default_factory=dict)
    ports: tuple[tuple[str, int], ...] | None = None
    """Name and number of each declared port; None where nobody tells."""
    ready: bool = True
    reason: str = ""
    """Why it is not ready, in Kubernetes' words."""


@dataclass(frozen=True)
class Snapshot:
    """All that was seen.

    Attributes:
        server: what Prometheus says of itself.
        outcomes: what each expression gave, variables filled in.
        leaves: whether a selector of a silent expression selects something; its text → outcome.
        values: (metric, label) → the values that the series of the metric have, "" where one lacks it.
        containers: what runs, None if nobody tells.
        samples: results of the questions of our own, by their name: each a tuple of labels and value.
        cluster: what the Kubernetes API showed; None if it was not asked.
        grafana: what Grafana showed; None if it was not asked.
        logs: what OpenSearch showed; None if it was not asked.
        unseen: parts that could not be looked at → why.
    """

    server: ServerFacts
    outcomes: Mapping[str, Outcome] = field(default_factory=dict)
    leaves: Mapping[str, Outcome] = field(default_factory=dict)
    values: Mapping[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    containers: tuple[Container, ...] | None = None
    samples: Mapping[str, tuple[tuple[Mapping[str, str], float], ...]] = field(default_factory=dict)
    cluster: Any = None
    grafana: Any = None
    logs: Any = None
    unseen: Mapping[str, str] = field(default_factory=dict)
