"""The cluster's network, inside a network namespace of the run's own: nodes, Services and pods.

Addresses of the control plane and of Services belong to the namespace itself. A node, and a pod that has processes,
gets a network namespace of its own with a link to a bridge; a pod that only looks as if it ran has an address of the
namespace, where a test may listen in its place. Nothing has a route to the outside, and no address is a loopback one:
the API server refuses those in EndpointSlices.
"""

from __future__ import annotations

import ctypes
import subprocess
import threading
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

SERVICES = IPv4Network("10.96.0.0/16")
KUBERNETES_SERVICE = SERVICES[1]
PODS = IPv4Network("10.244.0.0/16")
LINKED, UNLINKED = PODS.subnets(1)
"""Addresses of pods with processes, behind the bridge, and of those without."""

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


def set_up() -> None:
    """Lays the routes and the bridge in this process' network namespace, which has to be a new one."""
    ip("link", "set", "lo", "up")
    for network in (SERVICES, UNLINKED):
        ip("route", "add", "local", str(network), "dev", "lo")
    ip("address", "add", f"{CONTROL_PLANE}/32", "dev", "lo")
    ip("link", "add", BRIDGE, "type", "bridge")
    for network in (LINKED, NODES):
        ip("address", "add", f"{network[1]}/{network.prefixlen}", "dev", BRIDGE)
    ip("link", "set", BRIDGE, "up")


class Sandbox:
    """The network namespace of a pod or a node; it lasts as long as the process that holds it."""

    _lock = threading.Lock()
    _count = 0

    def __init__(self, address: str) -> None:
        """Makes the namespace and links it to the bridge under the address."""
        with Sandbox._lock:
            Sandbox._count += 1
            link = f"link{Sandbox._count}"
        network = next(each for each in (LINKED, NODES) if IPv4Address(address) in each)
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
            ["address", "add", f"{address}/{network.prefixlen}", "dev", "eth0"],
            ["link", "set", "eth0", "up"],
            ["route", "add", "default", "via", str(network[1])],
            # Pods and nodes are on one bridge: nothing between them forwards.
            *(["route", "add", str(each), "dev", "eth0"] for each in (LINKED, NODES) if each != network),
        )
        for words in inside:
            subprocess.run([*self.enter, "ip", *words], check=True, capture_output=True)

    @property
    def enter(self) -> list[str]:
        """The words that run a command in the namespace."""
        return ["nsenter", f"--net=/proc/{self._holder.pid}/ns/net"]

    def join(self) -> None:
        """Takes the calling thread into the namespace; the sockets that it opens stay there.

        Raises:
            OSError: the kernel refuses.
        """
        library = ctypes.CDLL(None, use_errno=True)
        with Path(f"/proc/{self._holder.pid}/ns/net").open("rb") as handle:
            if library.setns(handle.fileno(), 0):
                raise OSError(ctypes.get_errno(), "setns")

    def close(self) -> None:
        """Gives the namespace up; the kernel takes the link away with it."""
        self._holder.kill()
        self._holder.wait()
        if self._holder.stdout:
            self._holder.stdout.close()
