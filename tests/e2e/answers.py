"""What the fleet's pods answer to a scrape: captures of real exporters, and pages of idle ones made from the catalogue.

Nothing grows and nothing fails: the pages are constant, counters made from the catalogue are zero, and so are gauges
but for those of healthy.yaml.
"""

from __future__ import annotations

import asyncio
import gzip
import threading
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from generator.catalogue.known import stored_name
from generator.catalogue.reader import read_catalogue
from generator.files import yamlfile
from tests.conftest import CAPTURES, ROOT
from tests.signals.synthetic import read_values

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterable, Iterator, Mapping

    from generator.catalogue.spec import Exporter, Family

HEALTHY = Path(__file__).with_name("healthy.yaml")
_BOUNDS = ("0.1", "1", "10", "60", "+Inf")


@cache
def _catalogue() -> Mapping[str, Exporter]:
    return read_catalogue(ROOT, yamlfile.load_mapping(ROOT / "values-schemas" / "metrics.schema.yaml"))


def capture(name: str) -> str | None:
    """Returns the text of a capture of tests/captures, None if there is none of that name."""
    plain, packed = CAPTURES / f"{name}.prom", CAPTURES / f"{name}.prom.gz"
    if packed.is_file():
        return gzip.decompress(packed.read_bytes()).decode()
    return plain.read_text("utf-8") if plain.is_file() else None


def idle(exporter: Exporter, gauges: Mapping[str, float], values: Mapping[str, list[str]]) -> str:
    """Returns what an exporter says that has nothing to do: each family once, in Prometheus' text format.

    Args:
        exporter: of the catalogue.
        gauges: the gauges that are not zero.
        values: what labels hold.
    """
    exposure = next(each for each in exporter.exposures if not each.records)
    lines = []
    for family in exporter.families.values():
        name = stored_name(family.name, exposure)
        labels = ",".join(
            f'{label}="{values.get(label, [label])[0].replace("#", "1")}"'
            for label in sorted(family.labels | exposure.labels)
        )
        lines += [f"# TYPE {name} {family.type}", *_samples(family, name, labels, gauges.get(family.name, 0.0))]
    return "".join(f"{line}\n" for line in lines)


def _samples(family: Family, name: str, labels: str, value: float) -> Iterator[str]:
    if family.type == "histogram":
        comma = "," if labels else ""
        yield from (f'{name}_bucket{{{labels}{comma}le="{bound}"}} 0' for bound in _BOUNDS)
    if family.type in {"histogram", "summary"}:
        yield from (f"{name}_{part}{{{labels}}} 0" for part in ("sum", "count"))
    else:
        yield f"{name}{{{labels}}} {value:g}"


def page(names: Iterable[str]) -> str:
    """Returns the page of captures and exporters, one after the other.

    Raises:
        KeyError: a name is neither.
    """
    healthy = yaml.safe_load(HEALTHY.read_text("utf-8"))
    values = read_values(ROOT / "tests" / "signals" / "values.yaml")
    parts = ["up_and_serving 1\n"]
    for name in names:
        found = capture(name)
        if found is None:
            own = healthy.get(name, {})
            labels = {**values.general, **values.labels.get(name, {})}
            labels |= {label: [value] for label, value in own.get("labels", {}).items()}
            found = idle(_catalogue()[name], own.get("gauges", {}), labels)
        parts.append(found if found.endswith("\n") else f"{found}\n")
    return "".join(parts)


class Answering:
    """Servers at addresses, ports and paths, in a thread of their own until they are closed."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        """Takes what servers with TLS show."""
        self._tls = tls
        self._pages: dict[tuple[str, int], dict[str, bytes]] = {}
        self._servers: list[asyncio.Server] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="answers", daemon=True)
        self._thread.start()

    def serve(self, address: str, port: int, path: str, text: str, *, tls: bool = False) -> None:
        """Serves a page.

        Raises:
            OSError: the address is not this network's, or the port is taken.
        """
        pages = self._pages.get((address, port))
        if pages is not None:
            pages[path] = text.encode()
            return
        pages = self._pages[address, port] = {path: text.encode()}
        context = self._tls if tls else None
        started = asyncio.start_server(_handler(pages), address, port, ssl=context)
        self._servers.append(asyncio.run_coroutine_threadsafe(started, self._loop).result(10))

    def close(self) -> None:
        """Ends all servers."""
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    async def _end(self) -> None:
        for each in self._servers:
            each.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)


def _handler(pages: Mapping[str, bytes]) -> Any:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                body = pages.get(head.split(" ", 2)[1].partition("?")[0])
                status = "404 Not Found" if body is None else "200 OK"
                kind, size = "text/plain; version=0.0.4", len(body or b"")
                writer.write(f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {size}\r\n\r\n".encode())
                writer.write(body or b"")
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, asyncio.CancelledError):
            pass  # asyncio's own callback of a connection raises what a cancelled task does
        finally:
            writer.close()

    return handle
