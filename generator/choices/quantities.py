"""Amounts as Kubernetes writes them, such as ``500m``, ``1.5Gi`` or ``2``, as numbers that can be compared."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

_QUANTITY = re.compile(
    r"(?P<number>[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+))"
    r"(?:(?P<binary>[KMGTPE])i|(?P<decimal>[numkMGTPE])|[eE](?P<exponent>[+-]?[0-9]{1,3}))?"
)
"""k8s.io/apimachinery v0.36.3 pkg/api/resource/quantity.go, ParseQuantity. That reads a suffix alone as 0, too."""

_BINARY = {letter: Decimal(1024) ** (index + 1) for index, letter in enumerate("KMGTPE")}
_DECIMAL = {
    letter: Decimal(10) ** power for letter, power in zip("numkMGTPE", (-9, -6, -3, 3, 6, 9, 12, 15, 18), strict=True)
}


def amount(value: Any) -> Decimal | None:
    """Returns a quantity as a number, in cores, bytes or pieces; None if it is none, or a suffix without a number.

    Args:
        value: text, or a number as YAML gives it.
    """
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return None
    match = _QUANTITY.fullmatch(str(value))
    if not match:
        return None
    number = Decimal(match["number"])
    if match["binary"]:
        return number * _BINARY[match["binary"]]
    if match["decimal"]:
        return number * _DECIMAL[match["decimal"]]
    return number.scaleb(int(match["exponent"] or 0))
