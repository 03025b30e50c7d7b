"""What every component module makes: the Helm values of one upstream chart and why they are set."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from generator.files import yamlfile
from generator.files.cache import cached
from generator.files.templating import render

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from generator.choices.profiles import Profile

KeyPath = tuple[str, ...]
"""The keys that lead to a value."""


@dataclass(frozen=True)
class Component:
    """One upstream chart as this profile wants it.

    Attributes:
        name: the chart's name; also its key in the umbrella chart's values and in pins.yaml.
        summary: what it brings, a few words.
        values: its Helm values, ``enabled`` included.
        comments: path inside values → the reason shown above that key in values.yaml.
    """

    name: str
    summary: str
    values: Mapping[str, Any]
    comments: Mapping[KeyPath, str] = field(default_factory=dict)


def from_template(name: str, summary: str, **context: Any) -> Component:
    """Builds a component from ``generator/stack/NAME/values.yaml``, a template of commented YAML.

    Args:
        name: the upstream chart's name; the folder has it with ``_`` for ``-``.
        summary: what it brings, a few words.
        context: what the template is filled with; a person's text goes through its filter ``json``.
    """
    file = f"stack/{name.replace('-', '_')}/values.yaml"
    text = render(file, **context)
    values, comments = _read(text, file)
    return Component(name, summary, values, {tuple(path): reason for path, reason in comments})


@cached("components", shape=(dict, [([str], str)]))
def _read(text: str, file: str) -> list[Any]:
    """Returns the data of commented YAML, and [path, comment] for each key with a comment right above it."""
    return [
        yamlfile.parse(text, file=f"generator/{file}"),
        [[list(path), reason] for path, reason in comments_above(text).items()],
    ]


def comments_above(text: str) -> dict[KeyPath, str]:
    """Returns path → the lines of comment right above a key, at the key's indent, joined; keys in lists have none."""
    import yaml

    lines = text.split("\n")

    def of_mapping(node: yaml.Node | None, path: KeyPath) -> Iterator[tuple[KeyPath, str]]:
        if not isinstance(node, yaml.MappingNode) or node.flow_style:
            return
        for key, value in node.value:
            key_path = (*path, key.value)
            if reason := _above(lines, key.start_mark.line, key.start_mark.column):
                yield key_path, reason
            yield from of_mapping(value, key_path)

    return dict(of_mapping(yaml.compose(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)), ()))


def _above(lines: list[str], line: int, column: int) -> str:
    """Returns the comment that ends right above a line; a block of text is further in than the key after it."""
    sign = f"{' ' * column}# "
    block: list[str] = []
    for text in reversed(lines[:line]):
        if not text.startswith(sign):
            break
        block.insert(0, text.removeprefix(sign))
    return " ".join(block)


def choices_of(profile: Profile, name: str) -> Mapping[str, Any]:
    """Returns the profile's choices for the component ``name``."""
    choices: Mapping[str, Any] = profile.choices["components"][name]
    return choices


_MEBIBYTES = {"Mi": 1, "Gi": 1024, "Ti": 1024 * 1024}


def mebibytes(size: str) -> int:
    """Returns a Kubernetes size such as ``50Gi`` in MiB; the profile schema admits Mi, Gi and Ti only."""
    return int(size[:-2]) * _MEBIBYTES[size[-2:]]
