"""Checks data against the JSON Schemas of ``values-schemas/`` and says plainly what is wrong."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from generator.errors import InputError, Problem, nearest
from generator.files import cache
from generator.files.fingerprints import fingerprint, fingerprint_of
from generator.files.same import Same

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    # jsonschema types a keyword's value as "anything or unset"; which keyword it is decides its type.
    ValidationError = Any

MOST_KEYS = 20
"""Unknown keys of one mapping that are named: to look for the nearest name of thousands takes minutes."""

_TYPE_NAMES = {
    "object": "a mapping",
    "array": "a list",
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "nothing (null)",
}


def dotted(path: Iterable[str | int]) -> str:
    """Returns ``monitors.ray.endpoints[0].port`` for the keys and indexes that lead to a value."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def validate(data: Any, schema: Mapping[str, Any], *, file: str) -> None:
    """Checks ``data`` against a JSON Schema (draft 2020-12).

    Args:
        data: what yamlfile.parse gives.
        schema: a schema as a mapping; its ``$ref`` stay inside it.
        file: the name shown in errors.

    Raises:
        InputError: one Problem for each violation, in the order of their paths.
    """
    violations = problems(data, schema, file=file)
    if violations:
        raise InputError(*violations)


def problems(data: Any, schema: Mapping[str, Any], *, file: str) -> tuple[Problem, ...]:
    """Returns one Problem for each violation of ``schema``, in the order of their paths; () if none."""
    doubts = _doubts(data, schema)
    if doubts == ():
        return ()
    from jsonschema import Draft202012Validator

    errors = list(Draft202012Validator(schema).iter_errors(data))
    violations = [problem for error in errors for problem in _explain(error, file)]
    if not violations:  # what _explain passes over is said by another error, or else here
        violations = [Problem(error.message, file, dotted(error.absolute_path)) for error in errors]
    if not violations:  # for Python's regular expressions a text may end in a line break that the pattern does not have
        violations = [Problem(message, file, dotted(path)) for path, message in doubts or ()]
    return tuple(sorted(set(violations), key=lambda problem: (problem.path, problem.message)))


def _doubts(data: Any, schema: Mapping[str, Any]) -> tuple[tuple[list[str | int], str], ...] | None:
    """Asks the fast validator: returns each violation's path and message, () if there is none, None if it cannot tell.

    Its messages are the last resort: jsonschema's errors carry what _explain needs.
    """
    memo = cache.current().memo("valid")
    key = fingerprint(fingerprint_of(schema), repr(data)) if memo.on else ""
    if key and memo.get(key) is not None:
        return ()
    try:
        validator = _compiled(Same(schema))
        if validator.is_valid(data):
            memo.set(key, 1)
            return ()
        return tuple((list(error.instance_path), error.message) for error in validator.iter_errors(data))
    except ValueError:  # a number or text that it cannot take over from Python
        return None


@lru_cache(maxsize=1)
def _compiled(key: Same) -> Any:
    """Compiles a schema once for all files of a folder, and only as long: some take megabytes."""
    import jsonschema_rs

    from generator.files.schema_sharing import shared

    return jsonschema_rs.Draft202012Validator(shared(key.value))


def _explain(error: ValidationError, file: str) -> Iterator[Problem]:
    """Translates one jsonschema error; of a failed choice, explains the branch that came closest."""
    if error.validator in ("anyOf", "oneOf") and error.context:
        yield from _explain_closest(error, file)
        return
    path = dotted(error.absolute_path)
    if "propertyNames" in error.relative_schema_path:
        yield from _explain_name(error, path, file)
    elif error.validator in ("additionalProperties", "unevaluatedProperties"):
        yield from _explain_keys(error, path, file)
    elif error.validator == "required":
        for name in error.validator_value:
            if name not in error.instance:
                yield Problem(f"the key '{name}' is missing", file, path)
    else:
        message, hint = _message(error)
        yield Problem(message, file, path, hint=hint)


def _explain_closest(error: ValidationError, file: str) -> Iterator[Problem]:
    """A branch whose type already fails was not meant; of the rest the one with the fewest errors was."""
    branches: dict[int, list[ValidationError]] = {}
    for child in error.context or ():
        branches.setdefault(int(child.schema_path[0]), []).append(child)
    meant = [
        branch
        for branch in branches.values()
        if not any(child.validator in ("type", "const") and not child.path for child in branch)
    ]
    if meant:
        for child in min(meant, key=len):
            yield from _explain(child, file)
        return
    expected = [
        _expected(child.validator_value)
        for branch in branches.values()
        for child in branch
        if child.validator == "type"
    ]
    forms = " or ".join(dict.fromkeys(expected)) or "one of the documented forms"
    yield Problem(f"found {_show(error.instance)}, expected {forms}", file, dotted(error.absolute_path))


def _explain_keys(error: ValidationError, path: str, file: str) -> Iterator[Problem]:
    known = list(error.schema.get("properties", {}))
    meant: Mapping[str, str] = error.schema.get("x-unknown", {})
    unknown = [name for name in error.instance if name not in error.schema.get("properties", {})]
    for name in unknown[:MOST_KEYS]:
        where = f"{path}.{name}" if path else name
        yield Problem(f"unknown key '{name}'", file, where, hint=meant.get(name) or nearest(name, known))
    if len(unknown) > MOST_KEYS:
        yield Problem(f"and {len(unknown) - MOST_KEYS:,} more unknown keys", file, path)


def _explain_name(error: ValidationError, path: str, file: str) -> Iterator[Problem]:
    """A key's own form is wrong. A list of names is passed over: it repeats what a closed object says."""
    if error.validator != "enum":
        message, hint = _message(error)
        yield Problem(f"key '{error.instance}': {message}", file, path, hint=hint)


def _message(error: ValidationError) -> tuple[str, str]:
    """Returns (message, hint) for an error about a single value."""
    shown, constraint = _show(error.instance), error.validator_value
    if error.schema.get("x-secret") and isinstance(error.instance, str):
        shown = "text, which may be secret and is not shown"
    if error.validator == "type":
        meaning = error.schema.get("x-expected")
        return f"found {shown}, expected {_expected(constraint)}{f': {meaning}' if meaning else ''}", ""
    if error.validator == "enum":
        texts = [str(value) for value in constraint]
        return f"found {shown}, expected one of {', '.join(texts)}", _close(error.instance, texts)
    if error.validator == "const":
        return f"found {shown}, expected {_show(constraint)}", ""
    if error.validator == "pattern":
        meaning = error.schema.get("x-expected") or f"text that matches {constraint}"
        return f"found {shown}, expected {meaning}", ""
    simple = {
        "minimum": "at least {}",
        "maximum": "at most {}",
        "exclusiveMinimum": "more than {}",
        "minLength": "at least {} character(s)",
        "maxLength": "at most {} characters",
        "minItems": "at least {} item(s)",
        "minProperties": "at least {} key(s)",
        "maxItems": "at most {} items",
        "uniqueItems": "items that all differ",
    }
    if error.validator in simple:
        return f"found {shown}, expected {simple[str(error.validator)].format(constraint)}", ""
    return error.message, ""


def _close(value: Any, valid: list[str]) -> str:
    hint = nearest(str(value), valid)
    return hint if hint.startswith("did you mean") else ""


def _expected(types: str | list[str]) -> str:
    return " or ".join(_TYPE_NAMES[name] for name in ([types] if isinstance(types, str) else types))


def _show(value: Any) -> str:
    """Returns a value as a person wrote it, shortened to 60 characters."""
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list" if value else "an empty list"
    if value is None:
        return "nothing"
    text = {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)
    text = text if len(text) <= 60 else text[:57] + "…"
    return f"'{text}'"
