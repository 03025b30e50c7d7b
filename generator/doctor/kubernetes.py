"""Reads a cluster through the Kubernetes API: lists only, page by page, and what may not be read is said.

The official client reads the kubeconfig, or the pod's ServiceAccount, and logs in as kubectl does; the lists themselves
are asked like everything else, within the same bounds.
"""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from generator.doctor.cluster import Cluster, Resource
from generator.doctor.release import CHART, of_secret
from generator.doctor.snapshot import Container
from generator.doctor.web import Access, AnswerError, Limits, Load, Server, open_server
from generator.errors import bad_input, printable
from generator.files.nested import mapping

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PAGE = 500
"""Objects of one answer."""

MOST = 50_000
"""Objects of one kind that are read."""

_MONITORING = "/apis/monitoring.coreos.com/v1"
_KINDS = {"podmonitors": "PodMonitor", "servicemonitors": "ServiceMonitor", "prometheusrules": "PrometheusRule",
          "prometheuses": "Prometheus"}  # fmt: skip
_REFUSALS = ("InvalidConfiguration", "ReconcileFailed", "ConfigurationInvalid")
"""Reasons of the operator's events about an object that it leaves out."""

_WORDS = {401: "the login is not accepted", 403: "the login may not list them", 404: "the cluster has no such kind"}


def open_cluster(context: str | None, kubeconfig: Path | None, limits: Limits, load: Load) -> Server:
    """Returns the API server that a kubeconfig, or the pod's ServiceAccount, names; nothing is asked yet.

    Raises:
        InputError: the client is not installed, or there is no such context.
    """
    try:
        from kubernetes import client, config
    except ImportError:
        hint = "pipx install 'gen-chart[kubernetes]'"
        message = "needs the package kubernetes, which is not installed"
        raise bad_input(message, file="--kube-context", hint=hint) from None
    settings: Any = client.Configuration()
    loaders: Any = config
    loaded = False
    try:
        if context is None and kubeconfig is None:
            with contextlib.suppress(loaders.ConfigException):
                loaders.load_incluster_config(client_configuration=settings)
                loaded = True
        if not loaded:
            file = str(kubeconfig) if kubeconfig else None
            loaders.load_kube_config(file, context=context, client_configuration=settings)
    except (loaders.ConfigException, OSError) as error:
        raise bad_input(str(error), file=str(kubeconfig or "--kube-context")) from None
    server = open_server(settings.host, "--kube-context", Access(), limits, load)
    session = server.session
    session.trust_env = False
    session.verify = (settings.ssl_ca_cert or True) if settings.verify_ssl else False
    if settings.cert_file:
        session.cert = (str(settings.cert_file), str(settings.key_file))
    token = next((text for name in ("authorization", "BearerToken") if (text := _token(settings, name))), "")
    if token:
        session.headers["Authorization"] = token
    return server


def _token(settings: Any, name: str) -> str:
    """Returns a login of the client's settings, with the word in front of it; "" for none."""
    if name not in settings.api_key:
        return ""
    prefix = settings.api_key_prefix.get(name)
    return f"{prefix} {settings.api_key[name]}" if prefix else str(settings.api_key[name])


def read_cluster(server: Server, unseen: dict[str, str]) -> Cluster:
    """Returns what there is of monitoring; what may not be read is noted.

    Raises:
        AnswerError: not even pods can be listed.
    """
    pods = _listed(server, "/api/v1/pods", "pods")
    refused = _refusals(_part(server, "/api/v1/events", "events", unseen, fieldSelector="type=Warning"))
    found = {
        plural: tuple(
            replace(one, refused=refused.get((kind, one.namespace, one.name), ""))
            for data in _part(server, f"{_MONITORING}/{plural}", plural, unseen)
            for one in [_resource(data, kind)]
        )
        for plural, kind in _KINDS.items()
    }
    namespaces = _part(server, "/api/v1/namespaces", "namespaces", unseen)
    return Cluster(
        tuple(one for pod in pods for one in containers_of(pod)),
        (*found["podmonitors"], *found["servicemonitors"]),
        found["prometheusrules"],
        found["prometheuses"],
        {_text(mapping(one.get("metadata")).get("name")): _labels(one) for one in namespaces},
    )


def read_release(server: Server, cluster: Cluster, unseen: dict[str, str]) -> dict[str, Any] | None:
    """Returns the values of this chart's release; None, and a note, if there is none that may be read.

    Its monitors say what it is called; no Secret of another release is asked for.
    """
    found = {
        (one.namespace, one.labels.get("app.kubernetes.io/instance", ""))
        for one in cluster.monitors
        if one.labels.get("app.kubernetes.io/part-of") == CHART
    }
    for namespace, name in sorted(found):
        selector = f"owner=helm,status=deployed,name={name}"
        path = f"/api/v1/namespaces/{namespace}/secrets"
        for secret in _part(server, path, "the release's Secret", unseen, labelSelector=selector):
            values = of_secret(_text(mapping(secret.get("data")).get("release")))
            if values is not None:
                return values
    return None


def prometheus_through(server: Server) -> Server:
    """Returns the Prometheus of the operator, asked through the API server, for who gave no address.

    Raises:
        AnswerError: Services may not be listed.
        InputError: there is none, or there are several.
    """
    services = _listed(server, "/api/v1/services", "services", labelSelector="operated-prometheus=true")
    found = sorted(
        (_text(metadata.get("namespace")), _text(metadata.get("name")))
        for metadata in (mapping(one.get("metadata")) for one in services)
    )
    if len(found) != 1:
        names = ", ".join("/".join(one) for one in found)
        raise bad_input(
            f"found {len(found)} Prometheus servers of the operator{': ' if names else ''}{names}, expected one",
            file="--kube-context",
            hint="say which: kubectl port-forward, and --prometheus http://localhost:9090",
        )
    namespace, name = found[0]
    return replace(server, url=f"{server.url}/api/v1/namespaces/{namespace}/services/{name}:web/proxy")


def _part(server: Server, path: str, name: str, unseen: dict[str, str], **how: str) -> list[dict[str, Any]]:
    try:
        return _listed(server, path, name, **how)
    except AnswerError as error:
        unseen[name] = str(error)
        return []


def _listed(server: Server, path: str, name: str, **how: str) -> list[dict[str, Any]]:
    """Returns the objects of a list, page by page.

    Raises:
        AnswerError: it cannot be read; in words about what was to be listed.
    """
    found: list[dict[str, Any]] = []
    after = ""
    while True:
        try:
            data, _ = server.json(path, {"limit": PAGE, **how, **({"continue": after} if after else {})})
        except AnswerError as error:
            raise AnswerError(f"{name}: {_WORDS.get(error.status, str(error))}", error.status) from None
        answer = mapping(data)
        items = answer.get("items")
        found += [mapping(one) for one in items] if isinstance(items, list) else []
        after = _text(mapping(answer.get("metadata")).get("continue"))
        if not after or len(found) >= MOST:
            return found


def _refusals(events: list[dict[str, Any]]) -> dict[tuple[str, str, str], str]:
    """Returns the operator's last words about each object that it refuses."""
    found = {}
    for event in events:
        about = mapping(event.get("involvedObject"))
        if event.get("reason") in _REFUSALS:
            key = (_text(about.get("kind")), _text(about.get("namespace")), _text(about.get("name")))
            found[key] = printable(_text(event.get("message")))
    return found


def _resource(data: dict[str, Any], kind: str) -> Resource:
    metadata = mapping(data.get("metadata"))
    return Resource(
        kind, _text(metadata.get("namespace")), _text(metadata.get("name")), _labels(data), mapping(data.get("spec"))
    )


def containers_of(pod: dict[str, Any]) -> Iterator[Container]:
    """Yields the containers of a Pod object; none of one that has ended."""
    metadata, spec, status = (mapping(pod.get(key)) for key in ("metadata", "spec", "status"))
    if status.get("phase") in ("Succeeded", "Failed"):
        return
    states = {_text(one.get("name")): one for one in _mappings(status.get("containerStatuses"))}
    held = next(
        (_text(one.get("message") or one.get("reason")) for one in _mappings(status.get("conditions"))
         if one.get("status") == "False"), ""
    )  # fmt: skip
    for one in _mappings(spec.get("containers")):
        name = _text(one.get("name"))
        state = states.get(name)
        yield Container(
            _text(metadata.get("namespace")),
            _text(metadata.get("name")),
            name,
            _text(one.get("image")),
            _labels(pod),
            tuple(
                (_text(port.get("name")), int(port.get("containerPort") or 0))
                for port in _mappings(one.get("ports"))
                if port.get("protocol") != "UDP"
            ),
            ready=status.get("phase") == "Running" and (state is None or bool(state.get("ready"))),
            reason=_why(mapping(state.get("state"))) if state else held or "it is not started yet",
        )


def _why(state: dict[str, Any]) -> str:
    """Returns why a container does not run, in Kubernetes' words."""
    waiting, ended = mapping(state.get("waiting")), mapping(state.get("terminated"))
    if waiting:
        return ": ".join(text for text in (_text(waiting.get("reason")), _text(waiting.get("message"))) if text)
    if ended:
        return f"{ended.get('reason') or 'ended'} with exit code {ended.get('exitCode')}"
    return "it runs and is not ready"


def _labels(data: dict[str, Any]) -> dict[str, str]:
    return {key: _text(value) for key, value in mapping(mapping(data.get("metadata")).get("labels")).items()}


def _mappings(value: Any) -> list[dict[str, Any]]:
    return [mapping(one) for one in value] if isinstance(value, list) else []


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
