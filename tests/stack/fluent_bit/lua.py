"""Runs the filters' scripts in LuaJIT, the Lua of Fluent Bit, with records as Fluent Bit hands them over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Mapping

NOW = 1795520661.5
"""2026-11-24T11:44:21.5Z: when a record's line was read."""


class Script:
    """A script with a container's environment, and one of its functions to call."""

    def __init__(self, text: str, call: str, variables: Mapping[str, str] | None = None) -> None:
        lupa = pytest.importorskip("lupa.luajit21", reason="no LuaJIT: install lupa")
        self._lua = lupa.LuaRuntime(unpack_returned_tuples=True, encoding="utf-8")
        known = dict(variables or {})
        self._lua.globals().os.getenv = known.get
        self._lua.execute(text)
        self._call = self._lua.globals()[call]

    def run(self, record: Mapping[str, Any], now: float = NOW) -> tuple[dict[str, Any] | None, float]:
        """Returns what the record becomes and its time in seconds; None where it is left out."""
        at = self._table({"sec": int(now), "nsec": round((now - int(now)) * 1e9)})
        code, time, out = self._call("tag", at, self._table(dict(record)))
        assert code in (-1, 1, 2)
        if code == -1:
            return None, now
        return self._plain(out), (time["sec"] + time["nsec"] / 1e9 if code == 1 else now)

    def _table(self, value: Any) -> Any:
        if isinstance(value, dict):
            return self._lua.table_from({key: self._table(item) for key, item in value.items()})
        if isinstance(value, list):
            return self._lua.table_from([self._table(item) for item in value])
        return value

    def _plain(self, value: Any) -> Any:
        if hasattr(value, "items"):
            return {key: self._plain(item) for key, item in value.items()}
        return value


def leaves(record: Mapping[str, Any], known: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Returns dotted path → value, down to the fields that are known or are no objects."""
    found: dict[str, Any] = {}
    for key, value in record.items():
        path = f"{prefix}{key}"
        if isinstance(value, dict) and path not in known:
            found |= leaves(value, known, f"{path}.")
        else:
            found[path] = value
    return found
