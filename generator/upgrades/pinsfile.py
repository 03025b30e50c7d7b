"""Changes pins.yaml in place: comments, order and spelling of all else stay."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from generator.errors import bad_input
from generator.files import yamlfile

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from generator.upgrades.bump import Bump


def pins_file(root: Path) -> Path:
    """Returns the pins.yaml of a checkout.

    Raises:
        InputError: the sources are those of an installed package, which an update would overwrite.
    """
    path = root / "pins.yaml"
    if not (root / "pyproject.toml").is_file():
        raise bad_input(
            "gen-chart is installed, and its pins belong to the package",
            file=str(path),
            hint="run it from a checkout of its sources, installed with 'pip install -e .'",
        )
    return path


def edited_pins(text: str, bump: Bump, *, digest: str | None, today: str, reason: str | None = None) -> str:
    """Returns the text of pins.yaml with a pin moved, and the pins of images that follow it.

    Args:
        text: pins.yaml.
        bump: what moves.
        digest: sha256 of the new archive as published; None if it is not known, and then none is kept.
        today: the day of the comparison, YYYY-MM-DD.
        reason: why this version; None leaves the old reason.

    Raises:
        InputError: it does not hold the pin.
    """
    from ruamel.yaml import YAML

    editor = YAML()
    editor.preserve_quotes = True
    editor.width = 4096  # lines end where they ended
    data: Any = editor.load(text)
    pin = _entry(data, "charts", bump.chart.name)
    pin["version"] = bump.chart.after
    if bump.app.after:
        pin["appVersion"] = bump.app.after
    if digest is None:
        pin.pop("digest", None)
    elif "digest" in pin:
        pin["digest"] = digest
    else:
        pin.insert(list(pin).index("repository") + 1, "digest", digest)
    if reason is not None:
        pin["reason"] = reason
    for step in bump.images:
        _entry(data, "images", step.name)["tag"] = step.after
    data["asOf"] = _quoted(today)
    written = io.StringIO()
    editor.dump(data, written)
    return written.getvalue()


def _entry(data: Mapping[str, Any], kind: str, name: str) -> Any:
    try:
        return data[kind][name]
    except KeyError:
        raise bad_input(f"the key '{name}' is missing", file="pins.yaml", path=kind) from None


def _quoted(text: str) -> Any:
    from ruamel.yaml.scalarstring import DoubleQuotedScalarString

    return DoubleQuotedScalarString(text)


def read_pins_text(path: Path) -> str:
    """Reads pins.yaml as text.

    Raises:
        InputError: it cannot be read.
    """
    return yamlfile.read_text(path, file="pins.yaml")
