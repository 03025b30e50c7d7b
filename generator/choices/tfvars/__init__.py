"""Reads a Terraform blueprint's variables and turns them into choices: what that cluster has, and what it has not.

``reader`` gives what the file says, ``blueprint`` what each variable means (blueprints/*.yaml), ``layer`` the choices
that follow.
"""

from __future__ import annotations

from generator.choices.tfvars.blueprint import Blueprint, read_blueprints, recognise
from generator.choices.tfvars.layer import blueprint_layer, blueprint_notices
from generator.choices.tfvars.reader import Settings, read_settings

__all__ = [
    "Blueprint",
    "Settings",
    "blueprint_layer",
    "blueprint_notices",
    "read_blueprints",
    "read_settings",
    "recognise",
]
