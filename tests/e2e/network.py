"""The cluster's network, inside a network namespace of the run's own: nodes, Services and pods.

Addresses of nodes and Services belong to the namespace itself. A pod that has processes gets a network namespace of
its own with a link to a bridge; a pod that only looks as if it ran has an address of the namespace, where a test may
listen in its place. Nothing has a route to the outside, and no address is a loopback one: the API server refuses those
in EndpointSlices.
"""

from __future__ import annotations

import subprocess
import threading
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

SERVICES = IPv4Network("10.96.0.0/16")
KUBERNETES_SERVICE = SERVICES[1]
PODS = IPv4Network("10.244.0.0/16")
LINKED, UNLINKED = PODS.subnets(1)
"""Addresses of pods with processes, behind the bridge, and of those without."""

GATEWAY = LINKED[1]
NODES = IPv4Network("172.31.255.0/24")
CONTROL_PLANE = NODES[2]
BRIDGE = "pods"


class AddressesError(Exception):
    """Every address of a range is taken."""


@dataclass
class Addresses:
    """Hands out the addresses of a range, the one that was freed longest ago last."""

    network: IPv4Network
    first: int = 2
    taken: set[IPv4Address] = field(default_factory=set)
    _next: int = 0

    def take(self) -> str:
        """Returns a free address.

        Raises:
            AddressesError: there is none.
        """
        count = self.network.num_addresses - 1 - self.first
        for step in range(count):
            address = self.network[self.first + (self._next + step) % count]
            if address not in self.taken:
                self.taken.add(address)
                self._next = (self._next + step + 1) % count
                return str(address)
        raise AddressesError(f"every address of {self.network} is taken")

    def give_back(self, address: str) -> None:
        """Frees an address."""
        self.taken.discard(IPv4Address(address))


def ip(*words: str) -> None:
    """Runs ip(8); raises with its words if it fails."""
    done = subprocess.run(["ip", *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise OSError(f"ip {' '.join(words)}: {done.stderr.strip()}")


def set_up(nodes: Iterable[str]) -> None:
    """Lays the routes and the bridge in this process' network namespace, which has to be a new one."""
    ip("link", "set", "lo", "up")
    for network in (SERVICES, UNLINKED):
        ip("route", "add", "local", str(network), "dev", "lo")
    for address in (str(CONTROL_PLANE), *nodes):
        ip("address", "add", f"{address}/32", "dev", "lo")
    ip("link", "add", BRIDGE, "type", "bridge")
    ip("address", "add", f"{GATEWAY}/{LINKED.prefixlen}", "dev", BRIDGE)
    ip("link", "set", BRIDGE, "up")


class Sandbox:
    """The network namespace of one pod; it lasts as long as the process that holds it."""

    _lock = threading.Lock()
    _count = 0

    def __init__(self, address: str) -> None:
        """Makes the namespace and links it to the bridge under the address."""
        with Sandbox._lock:
            Sandbox._count += 1
            link = f"pod{Sandbox._count}"
        self.address = address
        self._holder = subprocess.Popen(
            ["unshare", "--net", "sh", "-c", "echo ready; exec sleep infinity"],
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        assert self._holder.stdout is not None
        self._holder.stdout.readline()
        holder = str(self._holder.pid)
        ip("link", "add", link, "master", BRIDGE, "type", "veth", "peer", "name", "eth0", "netns", holder)
        ip("link", "set", link, "up")
        inside = (
            ["link", "set", "lo", "up"],
            ["address", "add", f"{address}/{LINKED.prefixlen}", "dev", "eth0"],
            ["link", "set", "eth0", "up"],
            ["route", "add", "default", "via", str(GATEWAY)],
        )
        for words in inside:
            subprocess.run([*self.enter, "ip", *words], check=True, capture_output=True)

    @property
    def enter(self) -> list[str]:
        """The words that run a command in the namespace."""
        return ["nsenter", f"--net=/proc/{self._holder.pid}/ns/net"]

    def close(self) -> None:
        """Gives the namespace up; the kernel takes the link away with it."""
        self._holder.kill()
        self._holder.wait()
        if self._holder.stdout:
            self._holder.stdout.close()
