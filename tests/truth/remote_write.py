"""Writes samples to a Prometheus by remote write 1.0, stale markers among them, which no text format carries.

The request is prometheus.WriteRequest (prompb/remote.proto, prompb/types.proto) in protobuf, in a block of Snappy.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tests.signals.server import Api

STALE = struct.pack("<Q", 0x7FF0000000000002)
"""The NaN by which Prometheus marks the end of a series (model/value/value.go)."""

_PACK = struct.Struct("<d").pack

_BATCH = 8 * 2**20
"""Bytes of one request, about; Prometheus takes 32 MiB."""


@dataclass(frozen=True)
class Samples:
    """One series: its labels, and (milliseconds since 1970, value) in order; None marks it as stale."""

    labels: Mapping[str, str]
    points: Sequence[tuple[int, float | None]]


def send(api: Api, series: Iterable[Samples]) -> None:
    """Sends series to a Prometheus that runs with ``--web.enable-remote-write-receiver``.

    Raises:
        RuntimeError: Prometheus refuses them; the text is its own.
    """
    send_encoded(api, ((one.labels, encoded(one.points)) for one in series if one.points))


def send_encoded(api: Api, series: Iterable[tuple[Mapping[str, str], bytes]]) -> None:
    """Does what send does with samples that ``encoded`` has made: those of many series may be the same."""
    batch: list[bytes] = []
    size = 0
    for labels, points in series:
        batch.append(_field(1, _labels(labels) + points))
        size += len(batch[-1])
        if size >= _BATCH:
            _post(api, b"".join(batch))
            batch, size = [], 0
    if batch:
        _post(api, b"".join(batch))


def _post(api: Api, content: bytes) -> None:
    reply = api.session.post(
        f"{api.url}/api/v1/write",
        data=_snappy(content),
        headers={
            "Content-Encoding": "snappy",
            "Content-Type": "application/x-protobuf",
            "X-Prometheus-Remote-Write-Version": "0.1.0",
        },
        timeout=60,
    )
    if not reply.ok:
        raise RuntimeError(f"Prometheus refuses samples: {reply.text}")


def encoded(points: Iterable[tuple[int, float | None]]) -> bytes:
    """Returns samples as they stand in a request."""
    parts: list[bytes] = []
    for at, value in points:
        head, tail = _around(at)
        parts += (head, STALE if value is None else _PACK(value), tail)
    return b"".join(parts)


@lru_cache(maxsize=2**16)
def _around(at: int) -> tuple[bytes, bytes]:
    """Returns what stands before and behind a value: all series of a history have their samples at the same times."""
    tail = b"\x10" + _varint(at)
    return _varint(2 << 3 | 2) + _varint(9 + len(tail)) + b"\x09", tail


def _labels(labels: Mapping[str, str]) -> bytes:
    return b"".join(
        _field(1, _field(1, name.encode()) + _field(2, value.encode())) for name, value in sorted(labels.items())
    )


def _field(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    found = bytearray()
    while number > 127:
        found.append(number & 127 | 128)
        number >>= 7
    found.append(number)
    return bytes(found)


def _snappy(content: bytes) -> bytes:
    """Returns a block that holds its content as one literal, which every decoder reads."""
    return _varint(len(content)) + b"\xfc" + struct.pack("<I", len(content) - 1) + content
