"""`python -m tests.install`: does the chart that was installed work? Asks the cluster that kubectl points at.

The bootstrap made its Secrets, every pod is ready, every Job is done, Prometheus reaches every target and evaluates
every rule, and a line that a container writes is found in OpenSearch. Exit 1 and what is missing if that is not so in
time.
"""

from __future__ import annotations

import argparse
import json
import secrets
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

from generator.stack.secrets.names import SECRETS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

MINUTES = 10
"""How long each check may take; a first scrape and the first rollout of users take about one."""

JOBS = ("apiserver", "fluent-bit", "kube-state-metrics", "kubelet", "node-exporter", "opensearch")
"""What has targets in any cluster: ours and upstream's monitors, each with the job that rules and panels query."""

PROMETHEUS = "services/kube-prometheus-stack-prometheus:9090/proxy/api/v1"
OPENSEARCH = "opensearch-cluster-master-0"
AUTHORITY = "/usr/share/opensearch/config/tls/ca.crt"
LINE_IMAGE = "busybox:1.37"


def kubectl(*arguments: str, stdin: str = "") -> str:
    """Runs kubectl and gives what it prints.

    Raises:
        subprocess.CalledProcessError: it fails; ``stderr`` says why.
    """
    done = subprocess.run(["kubectl", *arguments], input=stdin, capture_output=True, text=True, check=True)
    return done.stdout


def unready(pods: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yields a line for each pod that is not ready.

    A Job's pods end, and may have failed before another one did it; those of `helm test` end, too, and stay.
    """
    for pod in pods:
        hook = pod["metadata"].get("annotations", {}).get("helm.sh/hook")
        if not _met(pod, "Ready") and "Job" not in _owners(pod) and hook != "test":
            yield f"pod {pod['metadata']['name']} is not ready ({pod['status'].get('phase', 'Unknown')})"


def unfinished(jobs: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yields a line for each Job that has not done its work; what a CronJob starts comes again."""
    for job in jobs:
        if not _met(job, "Complete") and "CronJob" not in _owners(job):
            yield f"job {job['metadata']['name']} is not complete"


def _met(item: Mapping[str, Any], condition: str) -> bool:
    return any(
        one["type"] == condition and one["status"] == "True" for one in item.get("status", {}).get("conditions", ())
    )


def _owners(item: Mapping[str, Any]) -> set[str]:
    return {owner["kind"] for owner in item["metadata"].get("ownerReferences", ())}


def unmade(made: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yields a line for each Secret that the bootstrap makes in the kind profile and that is not there, or is empty."""
    keys = {secret["metadata"]["name"]: set(secret.get("data") or {}) for secret in made}
    for key, secret in SECRETS.items():
        # OpenSearch Dashboards is off, and so has no user.
        if key == "opensearchDashboards":
            continue
        wanted = {secret.user_key, secret.password_key} if secret.username else {"tls.crt", "tls.key"}
        if secret.name not in keys:
            yield f"there is no Secret {secret.name}"
        elif missing := sorted(wanted - keys[secret.name]):
            yield f"the Secret {secret.name} has no {', '.join(missing)}"


def unreached(targets: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yields a line for each target of Prometheus that is not up, and for each job without one."""
    for target in targets:
        if target["health"] != "up":
            yield f"target {target['scrapePool']} {target['scrapeUrl']} is {target['health']} {target['lastError']}"
    jobs = {target["labels"].get("job") for target in targets}
    yield from (f"no target has the job {job}" for job in JOBS if job not in jobs)


def unevaluated(groups: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yields a line for each rule that Prometheus cannot evaluate or has not yet; one if there is no rule at all."""
    rules = [rule for group in groups for rule in group["rules"]]
    if not rules:
        yield "Prometheus has no rules"
    for rule in rules:
        if rule["health"] != "ok":
            yield f"rule {rule['name']} is {rule['health']} {rule.get('lastError', '')}"


class Cluster:
    """The cluster that kubectl points at, and the namespace of the release."""

    def __init__(self, namespace: str) -> None:
        self.namespace = namespace

    def items(self, kind: str) -> list[Mapping[str, Any]]:
        """Returns the objects of one kind in the namespace."""
        found: list[Mapping[str, Any]] = json.loads(
            kubectl("--namespace", self.namespace, "get", kind, "--output", "json")
        )["items"]
        return found

    def prometheus(self, path: str) -> Mapping[str, Any]:
        """Returns the data of an answer of Prometheus."""
        answer = kubectl("get", "--raw", f"/api/v1/namespaces/{self.namespace}/{PROMETHEUS}/{path}")
        data: Mapping[str, Any] = json.loads(answer)["data"]
        return data

    def hits(self, word: str) -> int:
        """Returns the number of containers' log records with a word, as the administrator of OpenSearch sees them."""
        admin = SECRETS["opensearchAdmin"]
        password = kubectl(
            *("--namespace", self.namespace, "get", "secret", admin.name),
            *("--output", f'go-template={{{{index .data "{admin.password_key}" | base64decode}}}}'),
        )
        # By standard input: what stands among the arguments is seen by all who may list processes.
        asked = (
            f'url = "https://localhost:9200/logs-kubernetes/_count?q=log:{word}"\n'
            f'user = "{admin.username}:{password}"\ncacert = "{AUTHORITY}"\nsilent\nshow-error\nfail\n'
        )
        counted = kubectl(
            *("--namespace", self.namespace, "exec", "--stdin", OPENSEARCH, "--container", "opensearch"),
            *("--", "curl", "--config", "-"),
            stdin=asked,
        )
        return int(json.loads(counted)["count"])


def wait(title: str, missing: Callable[[], Iterator[str]]) -> bool:
    """Asks until nothing is missing; prints what is, and gives False, if the time is up before."""
    end = time.monotonic() + MINUTES * 60
    while True:
        try:
            lines = list(missing())
        except subprocess.CalledProcessError as error:
            lines = [f"kubectl {error.cmd[1]}: {error.stderr.strip()}"]
        if not lines:
            sys.stdout.write(f"{title}: yes\n")
            return True
        if time.monotonic() > end:
            sys.stdout.write("".join(f"{title}: {line}\n" for line in lines))
            return False
        time.sleep(5)


def line_arrives(cluster: Cluster) -> bool:
    """Lets a container say a word that nobody said before, and waits for it in OpenSearch."""
    word = f"installed{secrets.token_hex(8)}"
    # Not named after the word: the kubelet's log, which is collected too, names the pod.
    pod = f"log-line-{secrets.token_hex(4)}"
    kubectl("run", pod, f"--image={LINE_IMAGE}", "--restart=Never", "--", "echo", f"the word is {word}")

    def missing() -> Iterator[str]:
        found = cluster.hits(word)
        if found != 1:
            yield f"OpenSearch has {found} records of the line that one pod wrote once"

    try:
        return wait("a line arrives in OpenSearch, once", missing)
    finally:
        kubectl("delete", "pod", pod, "--wait=false")


def main() -> int:
    """Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.install", description=__doc__)
    parser.add_argument("--namespace", default="monitoring", help="the release's namespace")
    cluster = Cluster(parser.parse_args().namespace)
    passed = [
        wait("Secrets exist", lambda: unmade(cluster.items("secrets"))),
        wait("pods are ready", lambda: unready(cluster.items("pods"))),
        wait("Jobs are done", lambda: unfinished(cluster.items("jobs"))),
        wait("targets are up", lambda: unreached(cluster.prometheus("targets?state=active")["activeTargets"])),
        wait("rules are evaluated", lambda: unevaluated(cluster.prometheus("rules")["groups"])),
        line_arrives(cluster),
    ]
    return 0 if all(passed) else 1


if __name__ == "__main__":
    sys.exit(main())
