"""Upgrades: which pins are behind, and what changes for this chart when one of them moves.

``versions`` compares version numbers, ``available`` asks what there is, ``outdated`` puts both together; ``charts``
reads an archive, ``compare`` says what differs between two of them, ``bump`` holds that against what the profiles set,
and ``pinsfile`` changes pins.yaml.
"""

from __future__ import annotations

from generator.upgrades.bump import Bump, plan_bump
from generator.upgrades.outdated import PinStatus, outdated
from generator.upgrades.pinsfile import edited_pins, pins_file

__all__ = ["Bump", "PinStatus", "edited_pins", "outdated", "pins_file", "plan_bump"]
