"""What a real Prometheus makes of the monitors in a cluster of pods: its own discovery, relabelling and scrapes.

The configuration is either what the tests' model of the operator says or, where tools/operator-config is built, what
the operator's own code writes.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import json
import os
import ssl
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from tests.monitors.conftest import endpoints_of
from tests.monitors.prometheus import target_rules
from tests.signals import binaries, server

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from tests.monitors.corpus import Entry
    from tests.signals.binaries import Binaries
    from tests.signals.server import Api

OPERATOR = "0.93.1"
"""The operator whose code tools/operator-config is built from; kube-prometheus-stack 88.5.3 brings it."""

_KEYS = {
    "honorLabels": "honor_labels",
    "interval": "scrape_interval",
    "path": "metrics_path",
    "scheme": "scheme",
    "sourceLabels": "source_labels",
    "targetLabel": "target_label",
}


def operator_folder() -> Path:
    """Returns the folder that ``make operator-config`` builds into; this module prints it when it is run."""
    return binaries.cache().parent / f"operator-config-{OPERATOR}"


def operator_program() -> Path | None:
    """Returns the program of tools/operator-config, None if nobody has built it."""
    found = Path(os.environ.get("GEN_CHART_OPERATOR_CONFIG") or operator_folder() / "operator-config")
    return found if found.is_file() else None


def modelled(monitors: Iterable[Mapping[str, Any]], api_server: str) -> dict[str, Any]:
    """Returns the scrape configuration of PodMonitors as the tests' model of the operator writes it."""
    jobs: list[dict[str, Any]] = []
    for monitor in monitors:
        name = monitor["metadata"]["name"]
        for index, endpoint in enumerate(endpoints_of(monitor)):
            job = {_KEYS[key]: value for key, value in endpoint.items() if key in _KEYS}
            if "tlsConfig" in endpoint:
                job["tls_config"] = {"insecure_skip_verify": True}
            rules = [*_selector_rules(monitor["spec"]["selector"]), *target_rules(monitor["kind"], endpoint)]
            jobs.append(
                job
                | {
                    "job_name": f"podMonitor/monitoring/{name}/{index}",
                    "kubernetes_sd_configs": [{"role": "pod", "api_server": api_server}],
                    "relabel_configs": [{_KEYS.get(key, key): value for key, value in rule.items()} for rule in rules],
                }
            )
    return {"scrape_configs": jobs}


def _selector_rules(selector: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yields what the operator v0.93 makes of a selector (pkg/prometheus/promcfg.go, generatePodMonitorConfig)."""
    expressions = [
        {"key": key, "operator": "In", "values": [value]} for key, value in selector.get("matchLabels", {}).items()
    ]
    for expression in (*expressions, *selector.get("matchExpressions", ())):
        name = "".join(each if each.isalnum() else "_" for each in expression["key"])
        label, present = f"__meta_kubernetes_pod_label_{name}", f"__meta_kubernetes_pod_labelpresent_{name}"
        action = "keep" if expression["operator"] in ("In", "Exists") else "drop"
        if "values" in expression:
            yield {
                "action": action,
                "sourceLabels": [label, present],
                "regex": f"({'|'.join(expression['values'])});true",
            }
        else:
            yield {"action": action, "sourceLabels": [present], "regex": "true"}


def written_by_the_operator(program: Path, monitors: Iterable[Mapping[str, Any]], api_server: str) -> dict[str, Any]:
    """Returns the scrape configuration that the operator's own code writes.

    Args:
        program: what operator_program gives.
        monitors: PodMonitors and ServiceMonitors, with the Prometheus that says how they are read or without.
        api_server: the address of the Kubernetes API, "" for that of the cluster that the Prometheus runs in.
    """
    done = subprocess.run(
        [program, "-prometheus", "v3.14.0", "-api-server", api_server],
        input=json.dumps(list(monitors)),
        capture_output=True,
        text=True,
        check=True,
    )
    # Its reloader fills in which of the Prometheus servers this is; there is one.
    text = done.stdout.replace("$(SHARD)", "0")
    return {"scrape_configs": yaml.load(text, yaml.CSafeLoader)["scrape_configs"]}


@contextlib.contextmanager
def prometheus(binaries: Binaries, config: Mapping[str, Any], folder: Path, seconds: float = 1.0) -> Iterator[Api]:
    """Runs a Prometheus with a scrape configuration, each target asked anew after some seconds."""
    for job in config["scrape_configs"]:
        job |= {"scrape_interval": f"{seconds:g}s", "scrape_timeout": f"{seconds:g}s"}
        job.pop("metric_relabel_configs", None)
    file = folder / "prometheus.yml"
    file.write_text(yaml.safe_dump(dict(config)), "utf-8")
    with server.running(binaries, folder / "data", config=file) as api:
        yield api


def settled(api: Api, expected: int) -> list[dict[str, Any]]:
    """Returns the active targets once there are as many as expected, each asked, and nothing more comes."""
    until = time.monotonic() + 90
    steady = 0
    active: list[dict[str, Any]] = []
    while time.monotonic() < until and steady < 4:
        time.sleep(1.5)
        active = api.get("targets", state="active")["data"]["activeTargets"]
        asked = all(not target["lastScrape"].startswith("0001") for target in active)
        steady = steady + 1 if len(active) >= expected and asked else 0
    return active


def discovered(api: Api, expected: int) -> list[dict[str, Any]]:
    """Returns the active targets once there are as many as expected, scraped or not, or after half a minute."""
    until = time.monotonic() + 30
    while True:
        active: list[dict[str, Any]] = api.get("targets", state="active")["data"]["activeTargets"]
        if len(active) >= expected or time.monotonic() > until:
            return active
        time.sleep(1)


@contextlib.contextmanager
def serving(pods: Sequence[Entry], folder: Path) -> Iterator[None]:
    """Serves metrics where the pods do: at the addresses, ports and paths of their targets, and nowhere else.

    Raises:
        OSError: this machine has not all addresses of 127.0.0.0/8.
    """
    places = {(pod.ip, int(address.split("/")[0])): (f"/{address.split('/', 1)[1]}", pod.tls)
              for pod in pods for address in pod.targets.values()}  # fmt: skip
    tls = self_signed(folder) if any(secure for _, secure in places.values()) else None
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def listen() -> list[asyncio.Server]:
        return [
            await asyncio.start_server(_answer(path), ip, port, ssl=tls if secure else None)
            for (ip, port), (path, secure) in places.items()
        ]

    servers = asyncio.run_coroutine_threadsafe(listen(), loop).result(30)
    try:
        yield
    finally:
        for each in servers:
            loop.call_soon_threadsafe(each.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()


def _answer(path: str) -> Any:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                found = head.split(" ", 2)[1] == path
                body = b"up_and_serving 1\n" if found else b""
                status = "200 OK" if found else "404 Not Found"
                kind = "text/plain; version=0.0.4"
                writer.write(
                    f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
                )
                await writer.drain()
        writer.close()

    return answer


def self_signed(folder: Path) -> ssl.SSLContext:
    """Makes a certificate that signs itself, as for an exporter nobody can verify."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "exporter.example.com")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    text = certificate.public_bytes(pem) + key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "exporter.pem").write_bytes(text)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "exporter.pem")
    return context


if __name__ == "__main__":
    sys.stdout.write(f"{operator_folder()}\n")
