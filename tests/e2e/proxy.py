"""kube-proxy: listens on each Service's address and ports, and passes connections on to a ready endpoint."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import threading
from typing import TYPE_CHECKING, Any

from tests.e2e.client import Client, Informer

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def wanted(services: Iterable[Mapping[str, Any]]) -> dict[tuple[str, int], tuple[str, str, str]]:
    """Returns what to listen on: address and port → the Service's namespace, its name and the port's name."""
    return {
        (service["spec"]["clusterIP"], port["port"]): (
            service["metadata"]["namespace"],
            service["metadata"]["name"],
            port.get("name", ""),
        )
        for service in services
        if service["spec"].get("clusterIP", "None") not in {"None", ""}
        for port in service["spec"].get("ports", ())
        if port.get("protocol", "TCP") == "TCP"
    }


def endpoints(slices: Iterable[Mapping[str, Any]], namespace: str, service: str, port: str) -> list[tuple[str, int]]:
    """Returns the ready addresses behind a Service's port."""
    return sorted(
        (address, entry["port"])
        for each in slices
        if each["metadata"]["namespace"] == namespace
        and each["metadata"].get("labels", {}).get("kubernetes.io/service-name") == service
        for entry in each.get("ports") or ()
        if (entry.get("name") or "") == port
        for endpoint in each.get("endpoints") or ()
        if endpoint.get("conditions", {}).get("ready", True)
        for address in endpoint["addresses"]
    )


class Proxy:
    """Follows Services and EndpointSlices until it is closed."""

    def __init__(self, client: Client) -> None:
        """Takes the administrator's client."""
        self._services = Informer(client, "api/v1/services")
        self._slices = Informer(client, "apis/discovery.k8s.io/v1/endpointslices")
        self._turns = itertools.count()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)

    def start(self) -> None:
        """Starts to listen."""
        self._services.start()
        self._slices.start()
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._follow(), self._loop)

    def close(self) -> None:
        """Stops."""
        self._services.stop()
        self._slices.stop()
        asyncio.run_coroutine_threadsafe(self._end(), self._loop)

    async def _end(self) -> None:
        """Ends every connection with its task, then the loop."""
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        self._loop.stop()

    async def _follow(self) -> None:
        open_ports: dict[tuple[str, int], tuple[tuple[str, str, str], asyncio.Server]] = {}
        while True:
            now = wanted(self._services.all())
            for place in [place for place, (service, _) in open_ports.items() if now.get(place) != service]:
                open_ports.pop(place)[1].close()
            for place, service in now.items():
                if place not in open_ports:
                    with contextlib.suppress(OSError):
                        server = await asyncio.start_server(self._connected(service), *place)
                        open_ports[place] = service, server
            await asyncio.sleep(0.3)

    def _connected(self, service: tuple[str, str, str]) -> Any:
        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            found = endpoints(self._slices.all(), *service)
            try:
                if not found:
                    return
                to_reader, to_writer = await asyncio.open_connection(*found[next(self._turns) % len(found)])
                await asyncio.gather(_copy(reader, to_writer), _copy(to_reader, writer))
            except OSError:
                pass
            finally:
                writer.close()

        return handle


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
    except (OSError, ConnectionError):
        pass
    finally:
        with contextlib.suppress(OSError, RuntimeError):
            writer.close()
