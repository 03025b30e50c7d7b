"""Where the program and its data lie."""

from __future__ import annotations

from pathlib import Path

DATA = (
    "blueprints",
    "dashboards",
    "docs/runbooks",
    "exemptions.yaml",
    "logs",
    "metrics",
    "monitors",
    "pins.yaml",
    "profiles",
    "rules",
    "values-schemas",
)
"""The folders and files below sources_root that charts are made from."""


def package_root() -> Path:
    """Returns the folder of the package."""
    return Path(__file__).resolve().parents[1]


def sources_root() -> Path:
    """Returns the folder of profiles/, monitors/ and so on: an installed package's data, else the checkout."""
    package = package_root()
    installed = package / "data"
    return installed if installed.is_dir() else package.parent
