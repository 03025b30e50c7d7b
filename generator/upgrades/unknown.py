"""Keys of a profile's ``values`` that an upstream chart does not have, where its archive is at hand."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from generator.build.laying import place
from generator.errors import Problem, nearest
from generator.files import schemas
from generator.files.cache import cached
from generator.files.fingerprints import fingerprint
from generator.files.nested import value_at
from generator.upgrades.compare import missing_at, settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from generator.build.build import Build

_WORD = re.compile(r"[.\"]([A-Za-z_][\w-]*)")
"""A key where a template names it: ``.Values.a.b``, ``index .Values "a"``."""

_WHOLE = re.compile(r"\.Values((?:\.[\w-]+)+)(?![\w.-])|\b(?:index|get) (?:\$|\$?\.)Values \"([^\"]+)\"")
"""What a template takes as it is: ``toYaml .Values.a.b``. If that is a map, any key may stand in it."""


def unknown_values(build: Build, archives: Mapping[str, Path]) -> Iterator[Problem]:
    """Yields a warning for each key that neither the defaults of an upstream chart nor its templates have.

    Args:
        build: its profile's ``values`` are looked at.
        archives: those at hand, ``NAME-VERSION.tgz`` → path; of other charts nothing is said.

    Raises:
        InputError: an archive is no chart.
    """
    for name, pin in build.pins.charts.items():
        over = build.profile.choices["values"].get(name)
        archive = archives.get(f"{name}-{pin.version}.tgz")
        if not isinstance(over, dict) or archive is None:
            continue
        known = _read(_Archive(archive))
        names, whole = frozenset(known["names"]), tuple(known["whole"])
        reported: set[tuple[str, ...]] = set()
        for setting in settings({"": over}):
            missing = missing_at(known["keys"], setting.path)
            if missing is None or missing in reported or missing[-1] in names:
                continue
            if any(_taken_whole(missing[:end], whole) for end in range(1, len(missing))):
                continue
            reported.add(missing)
            file, path = place(build.profile, name, missing)
            siblings = value_at(known["keys"], missing[:-1]) if len(reported) <= schemas.MOST_KEYS else ()
            yield Problem(
                f"found '{missing[-1]}', which {name} {pin.version} does not have: it does nothing",
                file,
                path,
                hint=nearest(missing[-1], siblings),
            )


class _Archive:
    """An archive that its content stands for."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __repr__(self) -> str:
        return fingerprint(self.path.read_bytes())


@cached("upstream", shape={"keys": dict, "names": [str], "whole": [str]})
def _read(archive: _Archive) -> dict[str, Any]:
    """Returns the keys of a chart's defaults, without values, and what its templates name, and take whole."""
    from generator.upgrades.charts import read_chart

    chart = read_chart(archive.path)
    return {
        "keys": _keys(chart.values),
        "names": sorted(set(_WORD.findall(chart.templates))),
        "whole": sorted({f".{(path or key).lstrip('.')}" for path, key in _WHOLE.findall(chart.templates)}),
    }


def _taken_whole(path: tuple[str, ...], whole: tuple[str, ...]) -> bool:
    """Returns whether a template takes a map as it is, that of a chart inside this one too."""
    return f".{'.'.join(path)}".endswith(whole)


def _keys(tree: Mapping[str, Any]) -> dict[str, Any]:
    return {key: _keys(value) if isinstance(value, dict) else 0 for key, value in tree.items()}
