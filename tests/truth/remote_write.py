"""Writes samples to a Prometheus by remote write 1.0, stale markers among them, which no text format carries.

The request is prometheus.WriteRequest (prompb/remote.proto, prompb/types.proto) in protobuf, in a block of Snappy.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tests.signals.server import Api

STALE = struct.pack("<Q", 0x7FF0000000000002)
"""The NaN by which Prometheus marks the end of a series (model/value/value.go)."""

_BATCH = 2000
"""Series in one request."""


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
    encoded = [_field(1, _series(one)) for one in series if one.points]
    for begin in range(0, len(encoded), _BATCH):
        reply = api.session.post(
            f"{api.url}/api/v1/write",
            data=_snappy(b"".join(encoded[begin : begin + _BATCH])),
            headers={
                "Content-Encoding": "snappy",
                "Content-Type": "application/x-protobuf",
                "X-Prometheus-Remote-Write-Version": "0.1.0",
            },
            timeout=60,
        )
        if not reply.ok:
            raise RuntimeError(f"Prometheus refuses samples: {reply.text}")


def _series(one: Samples) -> bytes:
    labels = (
        _field(1, _field(1, name.encode()) + _field(2, value.encode())) for name, value in sorted(one.labels.items())
    )
    points = (
        _field(2, b"\x09" + (STALE if value is None else struct.pack("<d", value)) + b"\x10" + _varint(at))
        for at, value in one.points
    )
    return b"".join((*labels, *points))


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
