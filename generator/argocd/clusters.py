"""The list of clusters that ``--clusters`` names: one profile each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from generator.choices.profiles import Layer, located
from generator.errors import InputError, Problem
from generator.files import schemas, yamlfile
from generator.files.location import sources_root

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True)
class Cluster:
    """One cluster.

    Attributes:
        name: how the Applications name it.
        server: its API server, as ArgoCD knows the cluster.
        profile: the name of its profile.
        path: the folder in Git of a chart made for this profile; "" takes the chart that all share.
        changes: what is laid over the profile for this cluster alone.
    """

    name: str
    server: str
    profile: str
    path: str
    changes: Layer


def read_clusters(file: Path) -> tuple[Cluster, ...]:
    """Reads a file of clusters; see parse_clusters.

    Raises:
        InputError: it cannot be read, or see parse_clusters.
    """
    schema = yamlfile.load(sources_root() / "values-schemas" / "clusters.schema.yaml")
    return parse_clusters(yamlfile.load_mapping(file), schema, file=str(file), folder=file.parent)


def parse_clusters(data: Any, schema: Mapping[str, Any], *, file: str, folder: Path) -> tuple[Cluster, ...]:
    """Turns what the file holds into clusters, in its order.

    Args:
        data: what yamlfile.parse gives.
        schema: values-schemas/clusters.schema.yaml as a mapping.
        file: the name shown in errors.
        folder: where files that ``values`` names are found from.

    Raises:
        InputError: the data does not follow the schema, or a name or a server comes twice.
    """
    schemas.validate(data, schema, file=file)
    problems: list[Problem] = []
    for key in ("name", "server"):
        seen: dict[str, int] = {}
        for index, entry in enumerate(data["clusters"]):
            first = seen.setdefault(entry[key], index)
            if first != index:
                message = f"found '{entry[key]}' twice; clusters[{first}] has it too"
                problems.append(Problem(message, file, f"clusters[{index}].{key}"))
    if problems:
        raise InputError(*problems)
    return tuple(
        Cluster(
            name=entry["name"],
            server=entry["server"],
            profile=entry["profile"],
            path=entry.get("path", ""),
            changes=Layer(f"{file}: clusters[{index}].values", located(entry.get("values", {}), folder)),
        )
        for index, entry in enumerate(data["clusters"])
    )
