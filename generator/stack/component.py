"""What every component module gives: the Helm values of one upstream chart and why they are set."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from generator.choices.profiles import Profile


@dataclass(frozen=True)
class Component:
    """One upstream chart as this profile wants it.

    Attributes:
        name: the chart's name; also its key in the umbrella chart's values and in pins.yaml.
        summary: what it brings, a few words.
        values: its Helm values, ``enabled`` included.
        comments: dotted path inside values → the reason shown above that key in values.yaml.
    """

    name: str
    summary: str
    values: Mapping[str, Any]
    comments: Mapping[str, str] = field(default_factory=dict)


def choices_of(profile: Profile, name: str) -> Mapping[str, Any]:
    """Gives the profile's choices for the component ``name``."""
    choices: Mapping[str, Any] = profile.choices["components"][name]
    return choices


_MEBIBYTES = {"Mi": 1, "Gi": 1024, "Ti": 1024 * 1024}


def mebibytes(size: str) -> int:
    """Gives a Kubernetes size such as ``50Gi`` in MiB; the profile schema admits Mi, Gi and Ti only."""
    return int(size[:-2]) * _MEBIBYTES[size[-2:]]


def volume_claim(profile: Profile, size: str) -> dict[str, Any]:
    """Gives a volumeClaimTemplate for one ReadWriteOnce volume of ``size``."""
    spec: dict[str, Any] = {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": size}},
    }
    class_name = profile.choices["storage"]["className"]
    if class_name is not None:
        spec["storageClassName"] = class_name
    return {"spec": spec}
