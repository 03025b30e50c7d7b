"""Reckons with units: what a value's unit becomes under PromQL's operators, and whether Grafana shows it right.

A unit is a product of powers of base units and a scale: a millisecond is 0.001 seconds, a MiB 1048576 bytes, a percent
0.01. Things that are counted (requests, tokens) are a base unit of their own, so that requests by requests is a ratio
while requests alone is not; in all other respects a count is no unit: bytes per request are bytes.
"""

from __future__ import annotations

import math
from functools import cache
from typing import NamedTuple

Dims = tuple[tuple[str, int], ...]

_COUNT, _SECOND, _BYTE, _EPOCH = "count", "second", "byte", "epoch"


class Unit(NamedTuple):
    """A unit; ``flag`` marks a number that is 0 or 1, which takes on the unit of what it is multiplied with."""

    dims: Dims
    scale: float = 1.0
    flag: bool = False


def _base(name: str, scale: float = 1.0) -> Unit:
    return Unit(((name, 1),), scale)


PLAIN = _base(_COUNT)
RATIO = Unit(())
PERCENT = Unit((), 0.01)
FLAG = Unit((), flag=True)
SECONDS = _base(_SECOND)
EPOCH = _base(_EPOCH)
_BYTES = _base(_BYTE)
_BITS = _base(_BYTE, 0.125)
_WATTS = _base("watt")

_NAMED = {
    "": PLAIN,
    "count": PLAIN,
    "tokens": PLAIN,
    "requests": PLAIN,
    "flag": FLAG,
    "boolean": FLAG,
    "info": FLAG,
    "ratio": RATIO,
    "percent": PERCENT,
    "seconds": SECONDS,
    "milliseconds": _base(_SECOND, 1e-3),
    "microseconds": _base(_SECOND, 1e-6),
    "nanoseconds": _base(_SECOND, 1e-9),
    "minutes": _base(_SECOND, 60.0),
    "hours": _base(_SECOND, 3600.0),
    "days": _base(_SECOND, 86400.0),
    "timestamp": EPOCH,
    "timestamp_seconds": EPOCH,
    "timestamp_milliseconds": _base(_EPOCH, 1e-3),
    "bits": _BITS,
    "bytes": _BYTES,
    **{f"{name}bytes": _base(_BYTE, 1000.0**power) for power, name in enumerate(("kilo", "mega", "giga", "tera"), 1)},
    **{f"{name}bytes": _base(_BYTE, 1024.0**power) for power, name in enumerate(("kibi", "mebi", "gibi", "tebi"), 1)},
    "celsius": _base("celsius"),
    "watts": _WATTS,
    "milliwatts": _base("watt", 1e-3),
    "joules": Unit((("second", 1), ("watt", 1))),
    "millijoules": Unit((("second", 1), ("watt", 1)), 1e-3),
    "microjoules": Unit((("second", 1), ("watt", 1)), 1e-6),
    "hertz": _base("hertz"),
    "megahertz": _base("hertz", 1e6),
    "volts": _base("volt"),
    "millivolts": _base("volt", 1e-3),
    "amperes": _base("ampere"),
    "cores": PLAIN,
    "millicores": _base(_COUNT, 1e-3),
    "dollars": _base("dollar"),
}


@cache
def named(name: str) -> Unit | None:
    """Returns a unit of the catalogue by its name, as ``mebibytes`` or ``bytes_per_second``; None if unknown."""
    known = _NAMED.get(name)
    if known or "per_" not in name:
        return known
    over, _, under = name.rpartition("per_")
    top, bottom = _NAMED.get(over.rstrip("_")), _NAMED.get(f"{under}s")
    return quotient(top, bottom) if top and bottom else None


def names() -> tuple[str, ...]:
    """Returns the units of the catalogue that have a name of their own, "" (a plain number) included."""
    return tuple(_NAMED)


def product(left: Unit | None, right: Unit | None) -> Unit | None:
    """Returns the unit of a product; None if it cannot be told.

    A plain number may be an info series with the value 1, so that a share times a plain number may be either.
    """
    if left is None or right is None:
        return None
    if left.flag or right.flag:
        return right if left.flag else left
    if _dimensionless(left) and _dimensionless(right) and left.dims != right.dims:
        return None
    return Unit(_sum_dims(left.dims, right.dims, 1), left.scale * right.scale)


def quotient(left: Unit | None, right: Unit | None) -> Unit | None:
    """Returns the unit of a quotient; None if it cannot be told."""
    if left is None or right is None:
        return None
    if right.flag:
        return left
    if _dimensionless(left) and left.dims != right.dims and right.dims == PLAIN.dims:
        return None
    return Unit(_sum_dims(left.dims, right.dims, -1), left.scale / right.scale)


def per_second(unit: Unit | None) -> Unit | None:
    """Returns the unit of a rate."""
    return None if unit is None else quotient(PLAIN if unit.flag else unit, SECONDS)


def rescaled(unit: Unit | None, factor: float) -> Unit | None:
    """Returns the unit of a value that was multiplied by a number.

    A factor that converts (1000 and 1024 and their powers, 60, 3600, 86400 for times, 8 for bytes, 100 for shares and
    counts) changes the unit; any other leaves it; None if the value says nothing about its unit any more.
    """
    if unit is None or not factor or not math.isfinite(factor):
        return None
    size = abs(factor)
    if unit.flag:
        # 100 * (x > bool 0): the 0 or 1 becomes a weight of any unit.
        return None if size != 1 else unit
    return unit._replace(scale=unit.scale / size) if _converts(unit, size) else unit


def _converts(unit: Unit, size: float) -> bool:
    size = size if size >= 1 else 1 / size
    bases = {base for base, _ in unit.dims}
    special = {
        _SECOND: (60.0, 3600.0, 86400.0, 60e3, 3600e3),
        _BYTE: (8.0, 8e3, 8e6, 8e9),
    }
    if any(_close(size, number) for base in bases for number in special.get(base, ())):
        return True
    if _close(size, 100):
        return bases <= {_COUNT}
    return any(_close(size, base**power) for base in (1000.0, 1024.0) for power in (1, 2, 3, 4))


def inverse(unit: Unit | None) -> Unit | None:
    """Returns the unit of a number over a value."""
    return quotient(RATIO, unit) if unit is not None and unit.dims != PLAIN.dims else None


def same(left: Unit | None, right: Unit | None) -> bool:
    """Returns whether values of two units may be added or compared; units that are not known may."""
    if left is None or right is None or left.flag or right.flag:
        return True
    return _real(left.dims) == _real(right.dims) and _close(left.scale, right.scale)


def joined(left: Unit | None, right: Unit | None) -> Unit | None:
    """Returns the unit of values that are of one unit or the other; None if that cannot be told."""
    if left is None or right is None:
        return None
    if left.flag or right.flag:
        return right if left.flag else left
    return left if left.dims == right.dims and _close(left.scale, right.scale) else None


def difference(left: Unit | None, right: Unit | None) -> Unit | None:
    """Returns the unit of a difference: between two points in time it is a time."""
    if left is not None and right is not None and left.dims == right.dims == EPOCH.dims:
        return SECONDS._replace(scale=left.scale)
    return joined(left, right)


def is_time(unit: Unit) -> bool:
    """Returns whether a value is a point in time."""
    return unit.dims == EPOCH.dims


def moved(operator: str, left: Unit | None, right: Unit | None) -> Unit | None:
    """Returns the unit of a point in time that a time is added to or taken off; None if the operands are none."""
    if left is None or right is None or operator not in {"+", "-"}:
        return None
    if operator == "+" and is_time(right):
        left, right = right, left
    return left if is_time(left) and _real(right.dims) == SECONDS.dims and _close(left.scale, right.scale) else None


def _sum_dims(left: Dims, right: Dims, sign: int) -> Dims:
    powers = dict(left)
    for base, power in right:
        powers[base] = powers.get(base, 0) + sign * power
    return tuple(sorted((base, power) for base, power in powers.items() if power))


def _real(dims: Dims) -> Dims:
    return tuple(pair for pair in dims if pair[0] != _COUNT)


def _dimensionless(unit: Unit) -> bool:
    return not _real(unit.dims)


def _close(left: float, right: float) -> bool:
    return math.isclose(left, right, rel_tol=1e-6)


def _per(unit: Unit, seconds: float = 1.0) -> Unit:
    return Unit(_sum_dims(_real(unit.dims), SECONDS.dims, -1), unit.scale / seconds)


_PREFIXES = ("", "k", "m", "g", "t", "p")

_SHOWN: dict[str, Unit] = {
    "percent": PERCENT,
    "percentunit": RATIO,
    "s": SECONDS,
    "dtdurations": SECONDS,
    "clocks": SECONDS,
    "ms": _base(_SECOND, 1e-3),
    "dtdurationms": _base(_SECOND, 1e-3),
    "clockms": _base(_SECOND, 1e-3),
    "µs": _base(_SECOND, 1e-6),
    "ns": _base(_SECOND, 1e-9),
    "m": _base(_SECOND, 60.0),
    "h": _base(_SECOND, 3600.0),
    "d": _base(_SECOND, 86400.0),
    **{f"{prefix}bytes": _base(_BYTE, 1024.0**power) for power, prefix in enumerate(_PREFIXES)},
    **{f"dec{prefix}bytes": _base(_BYTE, 1000.0**power) for power, prefix in enumerate(_PREFIXES)},
    "bits": _BITS,
    "decbits": _BITS,
    "binBps": _per(_BYTES),
    "Bps": _per(_BYTES),
    "binbps": _per(_BITS),
    "bps": _per(_BITS),
    **{f"{p}iBs": _per(_base(_BYTE, 1024.0**power)) for power, p in enumerate("KMGTP", 1)},
    **{f"{p}Bs": _per(_base(_BYTE, 1000.0**power)) for power, p in enumerate("KMGTP", 1)},
    **{f"{p}ibits": _per(_base(_BYTE, 1024.0**power / 8)) for power, p in enumerate("KMGTP", 1)},
    **{f"{p}bits": _per(_base(_BYTE, 1000.0**power / 8)) for power, p in enumerate("KMGTP", 1)},
    **{f"{name}ps": _per(PLAIN) for name in ("req", "io", "rows", "rec", "c", "o", "e", "m", "w", "r", "p")},
    "ops": _per(PLAIN),
    "pps": _per(PLAIN),
    **{f"{name}pm": _per(PLAIN, 60.0) for name in ("o", "r", "w", "c", "e", "m")},
    "celsius": _base("celsius"),
    "watt": _WATTS,
    "mwatt": _base("watt", 1e-3),
    "kwatt": _base("watt", 1e3),
    "joule": Unit((("second", 1), ("watt", 1))),
    "watth": Unit((("second", 1), ("watt", 1)), 3600.0),
    "kwatth": Unit((("second", 1), ("watt", 1)), 3.6e6),
    "rothz": _base("hertz"),
    "hertz": _base("hertz"),
    "mhertz": _base("hertz", 1e-3),
    "volt": _base("volt"),
    "mvolt": _base("volt", 1e-3),
    "amp": _base("ampere"),
    "currencyUSD": _base("dollar"),
    **{name: _base(_EPOCH, 1e-3) for name in ("dateTimeAsIso", "dateTimeAsUS", "dateTimeAsLocal", "dateTimeFromNow")},
}
"""Grafana's units by id (grafana/packages/grafana-data, valueFormats/categories.ts). ``kbytes`` are 1024 bytes."""


def shown_wrong(unit: Unit | None, shown: str) -> bool:
    """Returns whether a value is shown in a unit that it does not have.

    ``short``, ``none`` and every id that is not known fit all, as does a unit that cannot be told.
    """
    expected = _SHOWN.get(shown)
    if expected is None or unit is None:
        return False
    if unit.flag:
        return bool(expected.dims) or expected.scale != 1
    if _real(unit.dims) != expected.dims or not _close(unit.scale, expected.scale):
        return True
    return not expected.dims and bool(unit.dims)


def text(unit: Unit) -> str:
    """Returns a unit in words, as ``mebibytes`` or ``bytes per second``."""
    if unit.flag:
        return "0 or 1"
    if _dimensionless(unit) and unit.dims:
        return "a plain number" if _close(unit.scale, 1) else f"a plain number times {1 / unit.scale:g}"
    if not unit.dims:
        shares = {1.0: "a share or ratio, 1 for all", 0.01: "percent from 0 to 100"}
        return shares.get(unit.scale, f"a share times {1 / unit.scale:g}")
    real = Unit(_real(unit.dims), unit.scale)
    for name, known in _NAMED.items():
        if known.dims == real.dims and _close(known.scale, real.scale):
            return name
    return _composed(real)


def _composed(unit: Unit) -> str:
    over = Unit(_sum_dims(unit.dims, SECONDS.dims, 1), unit.scale)
    if dict(unit.dims).get(_SECOND) == -1:
        return "per second" if not over.dims and _close(over.scale, 1) else f"{text(over)} per second"
    powers = " ".join(base if power == 1 else f"{base}^{power}" for base, power in unit.dims)
    return powers if _close(unit.scale, 1) else f"{unit.scale:g} {powers}"
