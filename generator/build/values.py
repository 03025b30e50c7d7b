"""values.yaml: what the components, monitors and dashboards set, with the reason above each key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from generator.build.laying import laid_over
from generator.choices.profiles import merge
from generator.files import yamlfile
from generator.files.templating import comment_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from generator.choices.profiles import Profile
    from generator.stack.component import Component


def chart_values(
    profile: Profile, components: Iterable[Component], own: Mapping[str, Any], images: Mapping[str, Any]
) -> dict[str, Any]:
    """Returns the chart's values, the profile's raw ``values`` over all.

    Args:
        profile: the choices.
        components: the upstream charts' values.
        own: the chart's own keys, defaults included.
        images: what the profile says of registries and digests, as values.

    Raises:
        InputError: see laid_over.
    """
    upstream = {component.name: component.values for component in components}
    below = merge({**own, **upstream}, images)
    rest = {key: value for key, value in profile.choices["values"].items() if key not in upstream}
    values = merge({**below, **laid_over(profile, {name: below[name] for name in upstream})}, rest)
    return {key: _with_texts(value) for key, value in values.items()}


_AMOUNTS = ("limits", "requests")


def _with_texts(value: Any) -> Any:
    """Returns values with fractions of cores as text, ``"0.5"``: custom resources take text and whole numbers alone.

    Kubernetes 1.35, apiextensions: x-kubernetes-int-or-string.
    """
    if not isinstance(value, dict):
        return value
    return {
        key: {name: str(amount) if isinstance(amount, float) else amount for name, amount in child.items()}
        if key in _AMOUNTS and isinstance(child, dict)
        else _with_texts(child)
        for key, child in value.items()
    }


def comments(components: Iterable[Component], schema: Mapping[str, Any]) -> dict[tuple[str, ...], str]:
    """Returns path → comment: the components' reasons, and the descriptions of the chart's own keys."""
    by_path: dict[tuple[str, ...], str] = {}
    for component in components:
        by_path[(component.name,)] = component.summary[0].upper() + component.summary[1:] + "."
        for path, reason in component.comments.items():
            place = (component.name, *path)
            by_path[place] = reason
    upstream = {path[0] for path in by_path}
    for key, child in schema["properties"].items():
        if key not in upstream:
            by_path |= _descriptions(child, (key,))
    return by_path


def _descriptions(schema: Mapping[str, Any], path: tuple[str, ...]) -> dict[tuple[str, ...], str]:
    """Descends one level: deeper keys repeat the same words for every workload, and docs/values.md has them."""
    descriptions = {path: schema["description"]} if "description" in schema else {}
    for name, child in schema.get("properties", {}).items():
        if "description" in child:
            place = (*path, name)
            descriptions[place] = child["description"]
    return descriptions


def values_yaml(values: Mapping[str, Any], notes: Mapping[tuple[str, ...], str], header: str) -> str:
    """Writes values with the note of a path as a comment above its key.

    Args:
        values: the chart's values.
        notes: path → one or more sentences; a path that values lacks is passed over.
        header: the first line, without ``#``.
    """
    lines = [f"# {header}", *_lines(values, notes, ())]
    return "\n".join(lines) + "\n"


def _lines(values: Mapping[str, Any], notes: Mapping[tuple[str, ...], str], path: tuple[str, ...]) -> Iterable[str]:
    indent = "  " * len(path)
    for key, value in values.items():
        key_path = (*path, key)
        if not path:
            yield ""
        if key_path in notes:
            yield from (f"{indent}# {line}" for line in comment_lines(notes[key_path], 100 - len(indent)))
        deeper = any(note[: len(key_path)] == key_path and len(note) > len(key_path) for note in notes)
        if deeper and isinstance(value, dict) and value:
            yield from _indented(yamlfile.dump({key: None}).removesuffix(" null\n"), indent)
            yield from _lines(value, notes, key_path)
        else:
            yield from _indented(yamlfile.dump({key: value}).removesuffix("\n"), indent)


def _indented(text: str, indent: str) -> Iterable[str]:
    """Only empty lines stay bare: white space at the end of a line may be a value's."""
    return (indent + line if line else "" for line in text.split("\n"))
