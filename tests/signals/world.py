"""The series that the proof loads: first what real exporters served, then what the catalogue says is there besides."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.signals import fleet
from tests.signals.motion import Stored
from tests.signals.scrapes import ScrapeTarget, capture, of_every_scrape

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from generator.catalogue.spec import Exporter, Exposure
    from generator.promql.expression import Expression
    from tests.monitors.prometheus import Pod
    from tests.signals.exposition import Series
    from tests.signals.needed import Needed

Key = frozenset[tuple[str, str]]
World = dict["Key", "Stored"]

_ENTITY = ("namespace", "pod", "container", "node", "uid")
"""Labels that name whom a series is about; kube-state-metrics and the kubelet write them themselves."""

ABOUT_PODS = ("kube-state-metrics", "kubelet")
"""Jobs whose series are about all pods; their captures are of another cluster and get this one's names."""


def add(world: World, series: Iterable[Stored]) -> None:
    """Adds series; one that is there already stays as it is."""
    for one in series:
        world.setdefault(frozenset(one.labels.items()), one)


class Targets:
    """Every target of the pretended cluster, by the exposure of the catalogue that it belongs to."""

    def __init__(self, scraped: Iterable[ScrapeTarget], foreign: Iterable[str] = ()) -> None:
        """Takes what the monitors find, and the exporters that their own charts' monitors scrape instead."""
        self.foreign = frozenset(foreign)
        self.scraped = [target for target in scraped if target.labels["job"] not in self.foreign]

    def of(self, exporter: str, exposure: Exposure) -> list[ScrapeTarget]:
        """Returns the targets of one exposure that answer."""
        if exporter in self.foreign and exposure.component:
            return [_behind_service(pod, exposure) for pod in fleet.PODS[exporter]]
        found = [
            target
            for target in self.scraped
            if target.labels["job"] == (exposure.job or exposure.monitor)
            and target.labels["endpoint"] == (exposure.endpoint or target.labels["endpoint"])
            and not _down(target)
        ]
        return found or list(_of_component(exporter, exposure))


def _of_component(exporter: str, exposure: Exposure) -> Iterator[ScrapeTarget]:
    """Yields the targets of an upstream chart's own monitor: the pods behind its Service, or the nodes' kubelets."""
    endpoint = {"honorLabels": exposure.honor_labels}
    if exposure.job == "kubelet":
        for index, node in enumerate(fleet.ALL_NODES):
            known = {
                "endpoint": "https-metrics",
                "instance": f"10.0.9.{index + 1}:10250",
                "metrics_path": "/metrics/cadvisor" if exporter == "cadvisor" else "/metrics",
                "namespace": "kube-system",
                "node": node,
                "service": "kube-prometheus-stack-kubelet",
            }
            yield ScrapeTarget(_limited(exposure, known), endpoint)
        return
    for pod in fleet.OWN:
        if pod.service == exposure.job:
            yield _behind_service(pod, exposure)


def _behind_service(pod: Pod, exposure: Exposure) -> ScrapeTarget:
    known = {
        "container": next(iter(pod.containers)),
        "endpoint": "http-metrics",
        "instance": f"{pod.ip}:9090",
        "namespace": pod.namespace,
        "node": pod.node,
        "pod": pod.name,
        "service": pod.service,
    }
    return ScrapeTarget(_limited(exposure, known), {"honorLabels": exposure.honor_labels})


def _limited(exposure: Exposure, known: Mapping[str, str]) -> dict[str, str]:
    labels = {"job": exposure.job, "instance": known["instance"], "__address__": known["instance"]}
    return labels | {label: known.get(label, label) for label in exposure.target_labels - {"job"}}


def _down(target: ScrapeTarget) -> bool:
    return any(_at(target, pod) for pod in fleet.DOWN)


def _at(target: ScrapeTarget, pod: Pod) -> bool:
    return target.labels["__address__"].startswith(f"{pod.ip}:")


def subjects(exporter: str, target: ScrapeTarget) -> list[dict[str, str]]:
    """Returns the pods that a target reports about: those that use its devices, all, those of its node, or only itself.

    What begins with ``$`` is no label: the accelerator of the ``$node`` or that the ``$pod`` has, and the ``$share`` of
    it that is in use where it is not the usual one.
    """
    node = target.labels.get("node", "")
    if exporter in fleet.DEVICE_USERS:
        # The exporter's own labels name its node even where its target's do not.
        (node,) = (pod.node for pod in fleet.PODS[exporter] if _at(target, pod))
        return [{**_entity(pod), "Hostname": node} for pod in fleet.DEVICE_USERS[exporter] if pod.node == node]
    if target.labels["job"] == "kube-state-metrics":
        return [_entity(pod) for pod in fleet.every_pod()]
    if target.labels["job"] == "kubelet":
        return [_entity(pod) for pod in fleet.every_pod() if pod.node == node] or [{"node": node}]
    return [{"namespace": "default"}]


def _entity(pod: Pod) -> dict[str, str]:
    found = {
        "namespace": pod.namespace,
        "pod": pod.name,
        "container": next(iter(pod.containers)),
        "node": pod.node,
        "uid": f"uid-{pod.name}",
    }
    accelerator = fleet.ACCELERATORS.get(pod.node)
    if accelerator:
        found["$node"] = accelerator
        if any(pod in users for users in fleet.DEVICE_USERS.values()):
            found["$pod"] = accelerator
    if pod == fleet.IDLE:
        found["$share"] = "0.01"
    stem, _, number = pod.name.rpartition("-")
    if pod.name in fleet.CLAIMS:
        return {**found, "statefulset": stem, "persistentvolumeclaim": fleet.CLAIMS[pod.name]}
    return {**found, "daemonset": stem} if number.isdigit() and pod.namespace == fleet.MONITORING else found


def measured(exporters: Mapping[str, Exporter], targets: Targets, wanted: Needed) -> World:
    """Returns the series of the captures as the pods' targets store them, each once, and ``up`` and its kin for all."""
    found: World = {}
    feeds: dict[tuple[str, str], list[fleet.Feed]] = {}
    for feed in fleet.FEEDS:
        feeds.setdefault((feed.pod.ip, feed.endpoint), []).append(feed)
    for target in targets.scraped:
        samples = 0 if _down(target) else 500
        add(found, (one for one in of_every_scrape(target, samples) if one.labels["__name__"] in wanted))
        for feed in feeds.get((target.labels["__address__"].partition(":")[0], target.labels["endpoint"]), ()):
            add(found, _stored(target, feed.capture, "", wanted, feed.prefix))
    for exporter in exporters.values():
        for exposure in exporter.exposures:
            for target in targets.of(exporter.name, exposure):
                if not exposure.monitor:
                    add(found, (one for one in of_every_scrape(target, 500) if one.labels["__name__"] in wanted))
                elif (target.labels["__address__"].partition(":")[0], exposure.endpoint) in feeds:
                    continue
                if exposure.measured:
                    name = exposure.measured.removesuffix(".gz").removesuffix(".prom")
                    add(found, _stored(target, name, exporter.name, wanted))
    return found


def firing(rules: Iterable[Expression], wanted: Needed) -> World:
    """Returns ``ALERTS`` as Prometheus writes it while the alerts fire."""
    found: World = {}
    if "ALERTS" in wanted:
        for rule in rules:
            if rule.kind == "alert":
                labels = {"__name__": "ALERTS", "alertname": rule.name, "alertstate": "firing", **rule.labels}
                add(found, [Stored({**labels, "namespace": "default"}, "constant", 1.0)])
    return found


def _stored(target: ScrapeTarget, name: str, exporter: str, wanted: Needed, prefix: str = "") -> Iterator[Stored]:
    scrape = capture(name)
    if scrape is None:
        return
    about = subjects(exporter, target) if target.labels["job"] in ABOUT_PODS else []
    for one in scrape.series:
        if one.name in wanted and one.name.startswith(prefix):
            for labels in _rehomed(one, about):
                stored = target.store(one.name, labels, scrape.type(one.name), one.value)
                if stored:
                    yield stored


def _rehomed(one: Series, about: Iterable[Mapping[str, str]]) -> Iterator[dict[str, str]]:
    """Yields the labels with each subject's names in the place of those of the cluster that was scraped."""
    named = [label for label in _ENTITY if one.labels.get(label)]
    if not named or not about:
        yield dict(one.labels)
        return
    for subject in about:
        yield {**one.labels, **{label: subject[label] for label in named if label in subject}}
