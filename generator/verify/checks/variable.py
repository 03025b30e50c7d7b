"""Is each variable of a dashboard defined and used?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.errors import nearest
from generator.promql.references import used_variables
from generator.verify.hooks import Check, Issue
from generator.verify.spec import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.verify.hooks import Issues
    from generator.verify.prepare import Item, Prepared
    from generator.verify.spec import Scope


def _undefined(item: Item, scope: Scope | None) -> Issues:
    if scope is None:
        return
    for name in sorted(item.variables - scope.defined.keys()):
        yield Issue((name,), f"the variable '${name}' is not defined", nearest(name, scope.defined))


def _unused(prepared: Prepared) -> Iterator[Finding]:
    """Finds variables that texts name although nothing defines them, and those that nothing uses."""
    used: dict[str, set[str]] = {}
    for item in prepared.items:
        used.setdefault(item.expression.file, set()).update(item.variables)
    for scope in prepared.scopes.values():
        names = used.get(scope.file, set()) | scope.implied
        for place, text in scope.texts:
            mentioned = used_variables(text)
            names |= mentioned
            for name in sorted(mentioned - scope.defined.keys()):
                message = f"the variable '${name}' is not defined"
                yield Finding(CHECK.name, scope.file, place, "", "", (name,), message, nearest(name, scope.defined))
        for name, place in scope.defined.items():
            if name not in names:
                message = f"the variable '{name}' is not used"
                hint = "use it or remove it"
                yield Finding(CHECK.name, scope.file, place, "variable", name, (name,), message, hint)


CHECK = Check(
    name="variable",
    summary="A dashboard's variable is used but not defined, or defined but not used.",
    on_expression=_undefined,
    on_scopes=_unused,
)
