"""Reads a cluster through the Kubernetes API: lists only, page by page, and what may not be read is said."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from generator.doctor.cluster import Cluster, Resource
from generator.doctor.snapshot import Container
from generator.doctor.web import AnswerError
from generator.errors import bad_input, printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import requests

PAGE = 500
"""Objects of one answer."""

MOST = 50_000
"""Objects of one kind that are read."""

_GROUP, _VERSION = "monitoring.coreos.com", "v1"
_REFUSALS = ("InvalidConfiguration", "ReconcileFailed", "ConfigurationInvalid")
"""Reasons of the operator's events about an object that it leaves out."""


class Api:
    """The Kubernetes API, as a kubeconfig or the pod's ServiceAccount says."""

    def __init__(self, context: str | None, kubeconfig: Path | None, seconds: float) -> None:
        """Reads how to reach it.

        Raises:
            InputError: the client is not installed, or there is no such context.
        """
        try:
            from kubernetes import client, config
        except ImportError:
            hint = "pipx install 'gen-chart[kubernetes]'"
            raise bad_input(
                "needs the package kubernetes, which is not installed", file="--kube-context", hint=hint
            ) from None
        configuration = client.Configuration()
        try:
            if context is None and kubeconfig is None:
                with contextlib.suppress(config.ConfigException):
                    config.load_incluster_config(client_configuration=configuration)
            if configuration.host in ("", "http://localhost", "http://localhost:80"):
                file = str(kubeconfig) if kubeconfig else None
                config.load_kube_config(file, context=context, client_configuration=configuration)
        except (config.ConfigException, OSError) as error:
            raise bad_input(str(error), file=str(kubeconfig or "--kube-context")) from None
        configuration.retries = 1
        self.configuration = configuration
        self.seconds = seconds
        self._api = client.ApiClient(configuration)
        self._core = client.CoreV1Api(self._api)
        self._custom = client.CustomObjectsApi(self._api)

    def read(self, unseen: dict[str, str]) -> Cluster:
        """Returns what there is of monitoring; what may not be read is noted.

        Raises:
            AnswerError: not even pods can be listed.
        """
        pods = list(self._listed("pods", self._core.list_pod_for_all_namespaces))
        refused = self._events(unseen)
        kinds = {"podmonitors": "PodMonitor", "servicemonitors": "ServiceMonitor", "prometheusrules": "PrometheusRule",
                 "prometheuses": "Prometheus"}  # fmt: skip
        found = {plural: self._resources(plural, kind, refused, unseen) for plural, kind in kinds.items()}
        namespaces = self._part("namespaces", self._core.list_namespace, unseen)
        return Cluster(
            tuple(one for pod in pods for one in containers_of(pod)),
            (*found["podmonitors"], *found["servicemonitors"]),
            found["prometheusrules"],
            found["prometheuses"],
            {one.metadata.name: dict(one.metadata.labels or {}) for one in namespaces},
        )

    def prometheus_address(self, cluster: Cluster) -> str:
        """Returns an address of a Prometheus through the API server, for who gave none.

        Raises:
            InputError: there is none, or there are several.
        """
        services = self._listed(
            "services",
            lambda **how: self._core.list_service_for_all_namespaces(label_selector="operated-prometheus=true", **how),
        )
        found = sorted((one.metadata.namespace, one.metadata.name) for one in services)
        if len(found) != 1:
            names = ", ".join("/".join(one) for one in found) or ", ".join(one.path for one in cluster.prometheuses)
            raise bad_input(
                f"found {len(found)} Prometheus servers of the operator{': ' if names else ''}{names}",
                file="--kube-context",
                hint="say which: kubectl port-forward and --prometheus http://localhost:9090",
            )
        (namespace, name), host = found[0], self.configuration.host.rstrip("/")
        return f"{host}/api/v1/namespaces/{namespace}/services/{name}:web/proxy"

    def lend(self, session: requests.Session) -> requests.Session:
        """Puts the login and the authority of the cluster on a session, and returns it."""
        settings = self.configuration
        session.trust_env = False
        session.verify = (settings.ssl_ca_cert or True) if settings.verify_ssl else False
        if settings.cert_file:
            session.cert = (settings.cert_file, settings.key_file)
        token = settings.get_api_key_with_prefix("authorization") or settings.get_api_key_with_prefix("BearerToken")
        if token:
            session.headers["Authorization"] = token
        return session

    def _part(self, name: str, ask: Callable[..., Any], unseen: dict[str, str]) -> list[Any]:
        try:
            return list(self._listed(name, ask))
        except AnswerError as error:
            unseen[name] = str(error)
            return []

    def _listed(self, name: str, ask: Callable[..., Any]) -> Iterator[Any]:
        """Yields objects page by page."""
        count, after = 0, ""
        while True:
            answer = self._asked(name, ask, limit=PAGE, **({"_continue": after} if after else {}))
            if isinstance(answer, dict):  # of a kind that the client does not know
                items, after = answer.get("items") or [], str((answer.get("metadata") or {}).get("continue") or "")
            else:
                items, after = answer.items, str(answer.metadata._continue or "")
            yield from items
            count += len(items)
            if not after or count >= MOST:
                return

    def _asked(self, name: str, ask: Callable[..., Any], **how: Any) -> Any:
        from kubernetes.client import ApiException
        from urllib3.exceptions import HTTPError

        try:
            return ask(_request_timeout=self.seconds, **how)
        except ApiException as error:
            reasons = {
                401: "the login is not accepted",
                403: "the login may not list them",
                404: "there is no such kind",
            }
            words = reasons.get(error.status, f"the API server answers {error.status}")
            raise AnswerError(f"{name}: {words}", error.status or 0) from None
        except (HTTPError, OSError, ValueError) as error:
            reason = getattr(error, "reason", None) or error
            raise AnswerError(
                f"the API server {self.configuration.host} cannot be reached: {str(reason)[-160:]}"
            ) from None

    def _events(self, unseen: dict[str, str]) -> dict[tuple[str, str, str], str]:
        """Returns the operator's last words about each object that it refuses."""

        def ask(**how: Any) -> Any:
            return self._core.list_event_for_all_namespaces(field_selector="type=Warning", **how)

        return {
            (one.involved_object.kind, one.involved_object.namespace, one.involved_object.name): printable(
                one.message or ""
            )
            for one in self._part("events", ask, unseen)
            if one.reason in _REFUSALS and one.involved_object.namespace
        }

    def _resources(
        self, plural: str, kind: str, refused: dict[tuple[str, str, str], str], unseen: dict[str, str]
    ) -> tuple[Resource, ...]:
        def ask(**how: Any) -> Any:
            return self._custom.list_cluster_custom_object(_GROUP, _VERSION, plural, **how)

        found = (_resource(one, kind) for one in self._part(plural, ask, unseen))
        return tuple(replace(one, refused=refused.get((kind, one.namespace, one.name), "")) for one in found)


def _resource(data: Any, kind: str) -> Resource:
    metadata = data.get("metadata") or {}
    return Resource(
        kind,
        str(metadata.get("namespace") or ""),
        str(metadata.get("name") or ""),
        dict(metadata.get("labels") or {}),
        dict(data.get("spec") or {}),
    )


def containers_of(pod: Any) -> Iterator[Container]:
    """Yields the containers of a pod of the client's; none of one that has ended."""
    if pod.status.phase in ("Succeeded", "Failed"):
        return
    states = {one.name: one for one in pod.status.container_statuses or ()}
    held = next((one.message or one.reason for one in pod.status.conditions or () if one.status == "False"), "")
    running = pod.status.phase == "Running"
    for one in pod.spec.containers:
        state = states.get(one.name)
        yield Container(
            pod.metadata.namespace,
            pod.metadata.name,
            one.name,
            one.image or "",
            dict(pod.metadata.labels or {}),
            tuple((port.name or "", port.container_port) for port in one.ports or () if port.protocol != "UDP"),
            ready=running and (state is None or bool(state.ready)),
            reason=_why(state) if state else held or "it is not started yet",
        )


def _why(state: Any) -> str:
    """Returns why a container does not run, in Kubernetes' words."""
    waiting = getattr(getattr(state, "state", None), "waiting", None)
    ended = getattr(getattr(state, "state", None), "terminated", None)
    if waiting is not None:
        return ": ".join(text for text in (waiting.reason, waiting.message) if text)
    if ended is not None:
        return f"{ended.reason or 'ended'} with exit code {ended.exit_code}"
    return "it runs and is not ready"
