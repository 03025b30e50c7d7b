"""The registry of checks: one file a check, one page a check in docs/checks/.

A new check is a file here that defines its CHECK, an entry below, and a page with a bad and a good example; `make docs`
brings the list of checks and the schema of exemptions up to date.
"""

from __future__ import annotations

from generator.verify.checks import (
    absent,
    births,
    counter,
    estimate,
    exemption,
    experimental,
    histogram,
    join,
    label,
    le,
    lives,
    logs,
    name,
    off,
    operator,
    rate,
    syntax,
    unit,
    unread,
    variable,
)
from generator.verify.hooks import Check, hooks_of

CHECKS: tuple[Check, ...] = tuple(
    module.CHECK
    for module in (
        syntax,
        experimental,
        operator,
        name,
        off,
        absent,
        rate,
        counter,
        births,
        lives,
        estimate,
        histogram,
        le,
        label,
        join,
        unit,
        variable,
        unread,
        exemption,
        logs,
    )
)
"""Every check, in the order in which the pages list them and findings of one expression come."""

BY_NAME = {check.name: check for check in CHECKS}
EXEMPTIBLE = tuple(sorted(check.name for check in CHECKS if check.exemptible))
"""What an exemption may name."""

HOOKS = hooks_of(CHECKS)
