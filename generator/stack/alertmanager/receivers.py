"""Receivers: each choice below ``alerts.receivers`` as an item of Alertmanager's list ``receivers``.

What a receiver may say, and what that is called in Alertmanager, stands in values-schemas/alerts.schema.yaml. No
secret is in it: the configuration names the file at which the operator mounts a Secret's key.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from generator.files import yamlfile
from generator.files.location import sources_root
from generator.files.schema_values import inlined

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from generator.choices.profiles import Profile

NOBODY = "null"
"""The receiver that tells nobody; kube-prometheus-stack names it so, and values of people may name it too."""

MOUNTED = "/etc/alertmanager/secrets"
"""Where the operator mounts the Secrets of ``alertmanagerSpec.secrets`` (0.93.1 pkg/alertmanager/statefulset.go)."""


@dataclass(frozen=True)
class ReceiverType:
    """One way to tell somebody.

    Attributes:
        items: the list of a receiver that it is an item of, such as ``slack_configs``.
        needs: of each of these groups of options exactly one has to be there.
        together: options that need another one, and which.
        always: what an item has unless an option says otherwise.
        fields: what options are called in an item; a dot leads into a mapping. An option without one is not in it.
        secrets: the options that name a Secret's key, and what that holds: ``url``, ``text`` or ``certificate``.
    """

    items: str
    needs: tuple[tuple[str, ...], ...]
    together: Mapping[str, str]
    always: Mapping[str, Any]
    fields: Mapping[str, str]
    secrets: Mapping[str, str]


@dataclass(frozen=True)
class SecretKey:
    """A key of a Secret that Alertmanager reads.

    Attributes:
        name: the Secret, in the release's namespace.
        key: the key in it.
        holds: what is in it: ``url``, ``text`` or ``certificate``.
        place: where the profile names it, as ``alerts.receivers.chat.slack.secret``.
    """

    name: str
    key: str
    holds: str
    place: str

    @property
    def file(self) -> str:
        """The path at which Alertmanager reads it."""
        return f"{MOUNTED}/{self.name}/{self.key}"


@cache
def receiver_types() -> Mapping[str, ReceiverType]:
    """Returns the types of receivers by name, as values-schemas/alerts.schema.yaml has them."""
    file = "values-schemas/alerts.schema.yaml"
    schema = inlined(yamlfile.load_data(sources_root() / file, file=file))
    types = schema["properties"]["receivers"]["additionalProperties"]["properties"]
    return {name: _type(part) for name, part in types.items()}


def _type(schema: Mapping[str, Any]) -> ReceiverType:
    options: Mapping[str, Mapping[str, Any]] = schema["properties"]
    return ReceiverType(
        items=schema["x-list"],
        needs=tuple(map(tuple, schema["x-needs"])),
        together=schema.get("x-together", {}),
        always=schema.get("x-always", {}),
        fields={name: option["x-field"] for name, option in options.items() if "x-field" in option},
        secrets={name: option["x-holds"] for name, option in options.items() if "x-holds" in option},
    )


def named_receivers(profile: Profile) -> dict[str, dict[str, dict[str, Any]]]:
    """Returns name → type → options of each receiver, without what null has taken back."""
    return {
        name: {
            kind: {option: value for option, value in options.items() if value is not None}
            for kind, options in receiver.items()
            if options is not None
        }
        for name, receiver in profile.choices["alerts"]["receivers"].items()
        if receiver is not None
    }


def secret_keys(profile: Profile) -> Iterator[SecretKey]:
    """Yields the keys of Secrets that the receivers name, in their order; problems.py says where one is missing."""
    for name, receiver in named_receivers(profile).items():
        for kind, options in receiver.items():
            for option, holds in receiver_types()[kind].secrets.items():
                if option in options and options[option].keys() >= {"name", "key"}:
                    place = f"alerts.receivers.{name}.{kind}.{option}"
                    yield SecretKey(options[option]["name"], options[option]["key"], holds, place)


def receiver_items(name: str, receiver: Mapping[str, Mapping[str, Any]], *, resolved: bool = True) -> dict[str, Any]:
    """Returns an item of Alertmanager's list ``receivers``.

    Args:
        name: what it is called.
        receiver: type → options.
        resolved: false has it never told that an alert is over.
    """
    item: dict[str, Any] = {"name": name}
    for kind, options in receiver.items():
        form = receiver_types()[kind]
        content = copy.deepcopy(dict(form.always))
        for option, field in form.fields.items():
            if option in options:
                value = options[option]
                if option in form.secrets:
                    value = f"{MOUNTED}/{value['name']}/{value['key']}"
                _set(content, field, value)
        if not resolved:
            content["send_resolved"] = False
        item[form.items] = [content]
    return item


def _set(tree: dict[str, Any], path: str, value: Any) -> None:
    *parents, last = path.split(".")
    for key in parents:
        tree = tree.setdefault(key, {})
    tree[last] = value


def credentials_file(profile: Profile) -> str:
    """Returns the path of the file of AWS credentials that receivers name; "" where the pod has an identity."""
    files = [key.file for key in secret_keys(profile) if key.place.endswith(".sns.secret")]
    return files[0] if files else ""
