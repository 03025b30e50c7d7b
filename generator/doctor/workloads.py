"""What keeps a workload's metrics from Prometheus: pods, monitors, targets, the first that fails."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

from generator.doctor.causes import Found, found
from generator.doctor.scrapes import down_cause, kind_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from generator.doctor.expected import Finder
    from generator.doctor.snapshot import Container, Target
    from generator.doctor.view import View

_IMAGE_NAME = re.compile(r"(?P<name>.*?)(?:[:@][^/]*)?")


def workload_cause(view: View, job: str, endpoint: str = "") -> Found | None:
    """Returns why nothing of a workload is stored; None if a target of it is up.

    Args:
        view: what is known.
        job: the job that its series carry, which is its monitor's name.
        endpoint: the endpoint that has what is looked for; "" for any.
    """
    targets = of_endpoint(view.targets.get(job, ()), endpoint)
    if any(target.health == "up" for target in targets):
        return None
    down = [target for target in targets if target.health == "down"]
    if down:
        cause = kind_of(down[0].error, down[0].url)
        return down_cause(view, job, cause, [one for one in down if kind_of(one.error, one.url) == cause])
    for lost in unscraped(view, job):
        return lost
    pool = next((name for name in view.server.pools or () if _of_pool(name, job)), "")
    if pool:
        return found("pool-empty", job, ours=job in view.expected.monitors, pool=pool)
    return found("absent", job, ours=job in view.expected.monitors)


def of_endpoint(targets: Iterable[Target], endpoint: str) -> tuple[Target, ...]:
    """Returns the targets of an endpoint; all where the series do not say which it is."""
    known = tuple(targets)
    own = tuple(target for target in known if target.labels.get("endpoint") == endpoint)
    return own or (() if endpoint and any("endpoint" in one.labels for one in known) else known)


def unscraped_causes(view: View) -> Iterator[Found]:
    """Yields the workloads that run and that nobody scrapes."""
    for workload in view.expected.monitors:
        yield from unscraped(view, workload)


def unscraped(view: View, workload: str) -> tuple[Found, ...]:
    """Returns why containers that look like a workload are no targets, if there are such."""
    return view.once(f"unscraped {workload}", lambda: tuple(_unscraped(view, workload)))


def _unscraped(view: View, workload: str) -> Iterator[Found]:
    if view.containers is None or view.server.targets is None:
        return
    lost: dict[str, list[tuple[Container, Finder]]] = {}
    for container in view.containers:
        finder = finder_of(view, container, workload)
        if finder and not _is_target(view, container, workload):
            lost.setdefault(_why(container, finder), []).append((container, finder))
    cluster = view.snapshot.cluster
    if cluster is not None and any(one.ready for each in lost.values() for one, _ in each):
        monitor = cluster.monitor_of(workload)
        refused = list(cluster.of_monitor(monitor)) if monitor else []
        if refused:
            yield replace(refused[0], workload=workload)
            return
        if monitor is None and "unscraped" in lost:
            lost["monitor-not-there"] = lost.pop("unscraped")
    for cause, containers in lost.items():
        yield _lost(view, workload, cause, containers)


def finder_of(view: View, container: Container, workload: str) -> Finder | None:
    """Returns how a container is recognized as one of a workload; None if it is none."""
    if any(_fits(finder, container) for finder in view.expected.exceptions if finder.workload == workload):
        return None
    ways = (finder for finder in view.expected.finders if finder.workload == workload)
    return next((finder for finder in ways if _fits(finder, container)), None)


def _fits(finder: Finder, container: Container) -> bool:
    if finder.like:
        return bool(container.labels) and container.name == finder.like and not _labelled(finder, container)
    if finder.image is None and finder.container is None and not _tells(finder, container):
        return False
    if finder.image and not _has_image(finder.image, container.image):
        return False
    if finder.container and not finder.container.fullmatch(container.name):
        return False
    # kube-state-metrics tells no labels unless it is asked to; then the image has to do.
    return not container.labels or _labelled(finder, container)


@lru_cache(maxsize=16384)
def _has_image(pattern: re.Pattern[str], image: str) -> bool:
    """Returns whether an image is one of a workload's, by an end of its name; few images run in many pods."""
    name = _IMAGE_NAME.fullmatch(image)
    return any(pattern.fullmatch(part) for part in _tails(name["name"] if name else image))


def _tells(finder: Finder, container: Container) -> bool:
    return bool(finder.labels) and bool(container.labels) and _labelled(finder, container)


def _labelled(finder: Finder, container: Container) -> bool:
    return all(pattern.fullmatch(container.labels.get(label, "")) for label, pattern in finder.labels.items())


def _tails(path: str) -> Iterator[str]:
    """Yields the ends of an image's name that begin behind a slash."""
    parts = path.split("/")
    for index in range(len(parts)):
        yield "/".join(parts[index:])


def _is_target(view: View, container: Container, workload: str) -> bool:
    """Returns whether somebody scrapes a pod as this workload, under whatever job."""
    by_pod = view.once("targets by pod", lambda: _by_pod(view.server.targets or ()))
    for target in by_pod.get((container.namespace, container.pod), ()):
        name = target.discovered.get("__meta_kubernetes_pod_container_name") or target.labels.get("container")
        if target.job == workload or name in (None, container.name):
            return True
    return False


def _by_pod(targets: Iterable[Target]) -> dict[tuple[str | None, str | None], list[Target]]:
    found: dict[tuple[str | None, str | None], list[Target]] = {}
    for target in targets:
        labels, seen = target.labels, target.discovered
        pod = seen.get("__meta_kubernetes_pod_name") or labels.get("pod")
        namespace = seen.get("__meta_kubernetes_namespace") or labels.get("namespace")
        found.setdefault((namespace, pod), []).append(target)
    return found


def _why(container: Container, finder: Finder) -> str:
    if not container.ready:
        return "pod-not-running"
    if finder.like:
        return "label-differs"
    if container.ports is not None and not _declares(container, finder):
        return "port-undeclared"
    return "unscraped"


def _declares(container: Container, finder: Finder) -> bool:
    return not finder.ports or any(
        port in (name, str(number)) for name, number in container.ports or () for port in finder.ports
    )


def _lost(view: View, workload: str, cause: str, containers: Sequence[tuple[Container, Finder]]) -> Found:
    first, finder = containers[0]
    ports: Mapping[str, int] = dict(first.ports or ())
    return found(
        cause,
        workload,
        ours=True,
        count=len(containers),
        namespace=first.namespace,
        pod=first.pod,
        container=first.name,
        image=first.image,
        endpoint=finder.endpoint,
        ports=", ".join(finder.ports[:6]),
        found=", ".join(f"{name} {number}".strip() for name, number in ports.items()) or "none",
        first=next(iter(ports.values()), "PORT"),
        reason=first.reason or "its container is not ready; kubectl describe pod tells why",
        label=", ".join(f"{label}: {pattern.pattern}" for label, pattern in finder.labels.items()),
        advice=_advice(view, workload),
    )


def _advice(view: View, workload: str) -> str:
    if not view.installed:
        return (
            f"no monitor of this Prometheus finds it; gen-chart's chart has one for {workload} "
            f"(gen-chart --profile bring-your-own-prometheus)"
        )
    pool = next((name for name in view.server.pools or () if _of_pool(name, workload)), "")
    if pool:
        return (
            f"the monitor is there ({pool}) and does not take this pod; --kube-context says which label or port differs"
        )
    return "the monitor is not in Prometheus' configuration; switch it on, or see why it is not selected"


def _of_pool(pool: str, workload: str) -> bool:
    """Returns whether a job of the configuration is of a workload's monitor: kind/namespace/name/endpoint."""
    parts = pool.split("/")
    name = parts[2] if len(parts) == 4 else pool
    return name == workload or name.endswith(f"-{workload}")
