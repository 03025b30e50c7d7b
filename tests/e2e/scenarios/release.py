"""A release of the chart in a cluster: installed, upgraded, looked at, uninstalled."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests import install
from tests.e2e import configuration, snapshots, targets

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from tests.e2e.cluster import Cluster

from tests.e2e.cluster import wait

NAMESPACE = "monitoring"
NAME = "observability"
NAME_OF_TESTS = "ai-ml-observability-test"
MARK = "prometheus-operator-validated"
"""The annotation of a rule that the operator's webhook has seen."""

PATIENCE = 300.0
"""Seconds until pods are ready and the operator has written; thirty on an idle machine."""


@dataclass(frozen=True)
class Release:
    """The chart's release, by one helm.

    Attributes:
        cluster: where it is.
        helm: the helm program.
        namespace: its namespace.
        name: its name.
    """

    cluster: Cluster
    helm: Path
    namespace: str = NAMESPACE
    name: str = NAME

    @property
    def _home(self) -> str:
        return f"namespaces/{self.namespace}"

    def upgrade(self, chart: Path, *more: str) -> str:
        """Installs or upgrades with hooks and returns what helm prints, NOTES.txt in it."""
        words = ("upgrade", "--install", self.name, chart, "--namespace", self.namespace, "--create-namespace")
        return self.cluster.helm(self.helm, *words, "--timeout", "5m", *more).stdout

    def test(self, *questions: str, check: bool = True) -> str:
        """Runs `helm test` for some questions and returns what it prints, the Pods' logs in it."""
        words = ["test", self.name, "--namespace", self.namespace, "--logs", "--timeout", "5m"]
        words += [f"--filter=name={NAME_OF_TESTS}-{question}" for question in questions]
        done = self.cluster.helm(self.helm, *words, check=check)
        return done.stdout + done.stderr

    def rollback(self) -> None:
        """Goes back to the revision before."""
        self.cluster.helm(self.helm, "rollback", self.name, "--namespace", self.namespace, "--timeout", "5m")

    def uninstall(self, *, check: bool = True) -> None:
        """Uninstalls, with hooks; ``check`` says whether it has to be there."""
        self.cluster.helm(self.helm, "uninstall", self.name, "--namespace", self.namespace, "--wait", check=check)

    def clear(self) -> None:
        """Removes what an uninstallation leaves, so that the next release starts from nothing."""
        ask = self.cluster.client.ask
        for crd in self.cluster.client.items("apis/apiextensions.k8s.io/v1/customresourcedefinitions"):
            ask("DELETE", f"apis/apiextensions.k8s.io/v1/customresourcedefinitions/{crd['metadata']['name']}")
        for service in self.cluster.client.items("api/v1/namespaces/kube-system/services"):
            if service["metadata"]["name"].endswith("-kubelet"):
                ask("DELETE", f"api/v1/namespaces/kube-system/services/{service['metadata']['name']}")
        self.clear_namespace()
        wait(PATIENCE, self._volumes)

    def _volumes(self) -> list[str]:
        """Returns the volumes of claims of its namespace, which may be gone."""
        volumes = self.cluster.client.items("api/v1/persistentvolumes")
        return [
            each["metadata"]["name"]
            for each in volumes
            if each["spec"].get("claimRef", {}).get("namespace") == self.namespace
        ]

    def clear_namespace(self) -> None:
        """Removes its namespace with all that is in it."""
        self.cluster.client.ask("DELETE", f"api/v1/{self._home}")
        wait(PATIENCE, lambda: self.cluster.client.get(f"api/v1/{self._home}"))

    def pending(self) -> list[str]:
        """Returns the names of pods that no node has taken."""
        return [pod["metadata"]["name"] for pod in self.pods() if not pod["spec"].get("nodeName")]

    def pods(self) -> list[dict[str, Any]]:
        """Returns the pods of its namespace."""
        return self.cluster.client.items(f"api/v1/{self._home}/pods")

    def secrets(self) -> list[dict[str, Any]]:
        """Returns the Secrets of its namespace."""
        return self.cluster.client.items(f"api/v1/{self._home}/secrets")

    def unready(self) -> list[str]:
        """Returns what is not ready: pods, Jobs that are not done, and pods that are not there yet."""
        jobs = self.cluster.client.items(f"apis/batch/v1/{self._home}/jobs")
        return [*install.unready(self.pods()), *install.unfinished(jobs), *self._unscaled()]

    def _unscaled(self) -> Iterator[str]:
        for kind in ("deployments", "statefulsets", "daemonsets"):
            for each in self.cluster.client.items(f"apis/apps/v1/{self._home}/{kind}"):
                status = each.get("status", {})
                wanted = status.get("desiredNumberScheduled", each["spec"].get("replicas", 0))
                there = status.get("numberReady", status.get("readyReplicas", 0))
                if there < wanted or status.get("observedGeneration", 0) < each["metadata"]["generation"]:
                    yield f"{kind} {each['metadata']['name']} has {there} of {wanted} pods ready"

    def wait_ready(self) -> None:
        """Waits until every pod is ready and every Job is done, and what the operator makes is there, too."""
        wait(PATIENCE, self._incomplete)

    def _incomplete(self) -> list[str]:
        group = f"{configuration.GROUP}/{self._home}"
        made = {
            each["metadata"]["name"] for each in self.cluster.client.items(f"apis/apps/v1/{self._home}/statefulsets")
        }
        wanted = {
            f"{kind}-{each['metadata']['name']}"
            for kind in ("prometheus", "alertmanager")
            for each in self.cluster.client.items(f"{group}/{kind}{'e' if kind.endswith('s') else ''}s")
        }
        return [*(f"the operator has made no {name}" for name in sorted(wanted - made)), *self.unready()]

    def prometheus(self) -> dict[str, Any] | None:
        """Returns the Prometheus object of the release."""
        found = self.cluster.client.items(f"{configuration.GROUP}/{self._home}/prometheuses")
        return found[0] if found else None

    def unconfigured(self) -> list[str]:
        """Returns what Prometheus' configuration lacks of the release's monitors and rules."""
        found = self.prometheus()
        if found is None:
            return ["there is no Prometheus"]
        return configuration.missing(self.cluster.client, found, [self.namespace])

    def unvalidated(self) -> list[str]:
        """Returns the rules that the operator's webhook has not seen: it marks each that it lets in.

        The webhook's failure policy is Ignore, upstream's default. Before the operator is there, or where it needs
        longer than the ten seconds that the API server waits, a rule is stored unseen, and marked by the next upgrade
        (both Helms send every custom resource in every upgrade).
        """
        rules = self.cluster.client.items(f"{configuration.GROUP}/{self._home}/prometheusrules")
        return [each["metadata"]["name"] for each in rules if MARK not in each["metadata"].get("annotations", {})]

    def upgrade_until_validated(self, chart: Path) -> None:
        """Upgrades until the webhook has seen every rule; once on an idle machine.

        Raises:
            AssertionError: it has not after five times.
        """
        left: list[str] = []
        for _ in range(5):
            self.upgrade(chart)
            self.wait_ready()
            left = self.unvalidated()
            if not left:
                return
        raise AssertionError(f"the operator's webhook has not seen {', '.join(left)}")

    def unevaluated(self) -> list[str]:
        """Returns the rules that its Prometheus has not evaluated, and what it has not loaded of those written."""
        loaded = {group["file"].rsplit("/", 1)[-1] for group in targets.groups(self.cluster, self.namespace)}
        _, files = configuration.wanted(self.cluster.client, [self.namespace])
        unread = [f"{file} is not loaded" for file in sorted(files - loaded)]
        return unread or list(install.unevaluated(targets.groups(self.cluster, self.namespace)))

    def unreached(self) -> list[str]:
        """Returns what its Prometheus has not found of the release itself, and which of our processes is not up."""
        active = targets.active(self.cluster, self.namespace)
        jobs = {each["labels"].get("job") for each in active}
        absent = [f"no target has the job {job}" for job in install.JOBS if job not in jobs]
        return absent + list(targets.down(active, self._processes()))

    def _processes(self) -> set[str]:
        """Returns the addresses of pods all of whose containers have a process."""
        return {
            pod["status"]["podIP"]
            for pod in self.pods()
            if pod.get("status", {}).get("podIP")
            and all(self.cluster.has_process(container) for container in pod["spec"]["containers"])
        }

    def commands(self, notes: str) -> list[str]:
        """Returns the commands of NOTES.txt that end by themselves: all but the port forwards."""
        lines = (line.strip() for line in notes.splitlines())
        return [line for line in lines if re.match(r"kubectl .*\bget\b", line)]

    def apply(self, rendered: Iterable[Mapping[str, Any]]) -> None:
        """Applies what helm template printed, as ArgoCD does: on the server, as another manager, without hooks."""
        for item in rendered:
            if "helm.sh/hook" not in str(item["metadata"].get("annotations", "")):
                self.cluster.client.apply(item, self.namespace, manager="argocd")

    def snapshot(self) -> dict[snapshots.Key, dict[str, Any]]:
        """Returns everything in the cluster that counts."""
        return snapshots.take(self.cluster.client)
