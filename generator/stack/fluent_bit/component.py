"""Fluent Bit, the log shipper on every node (fluent-bit chart 0.58.1 values.yaml, Fluent Bit 5.1.1).

What a line becomes: joined as CRI writes it, then with the rest of its traceback; given its pod's metadata, its JSON
under ``parsed`` and its level under ``level`` (templates/ beside this file). The settings against loss (filesystem
buffer, position database on the host, retries without end) are tested on the real binary in tests/logs.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from generator.files.templating import render
from generator.stack.component import Component, choices_of, from_template
from generator.stack.fluent_bit import destination, files
from generator.stack.priorities import priority_context

if TYPE_CHECKING:
    from collections.abc import Mapping

    from generator.choices.profiles import Profile

NAME = "fluent-bit"
_STATE = "/var/lib/fluent-bit"
_SCRIPT = "records.lua"


def component(profile: Profile) -> Component:
    """Builds Fluent Bit as the profile wants it.

    Raises:
        InputError: it has nowhere to send, or the choices about TLS contradict each other.
    """
    choices = choices_of(profile, NAME)
    where = destination.destination(profile)
    return from_template(
        NAME,
        "the log shipper on every node",
        choices=choices,
        **priority_context(profile),
        where=where,
        state=_STATE,
        ca_folder=destination.CA_FOLDER,
        service=_section("service", state=_STATE, chunks=chunks_in_memory(choices["resources"])),
        inputs=_section("inputs", state=_STATE),
        filters=_section(
            "filters",
            level_parsers=files.LEVEL_PARSERS,
            script=_SCRIPT,
            probe_lines=choices["probeLines"],
            may_exclude=choices["podsMayExclude"],
        ),
        outputs=destination.outputs(where, choices["bufferSize"]),
        parsers=files.node_parsers(),
        scripts={_SCRIPT: files.script(_SCRIPT)},
    )


def _section(name: str, **context: Any) -> str:
    return render(f"stack/fluent_bit/templates/{name}.conf", **context)


def chunks_in_memory(resources: Mapping[str, Any]) -> int:
    """Returns how many chunks, 2 MB each, are in memory: a quarter of its limit; the rest waits on disk."""
    limit = _bytes(resources.get("limits", {}).get("memory", "512Mi"))
    return min(max(int(limit / 4 / 2_000_000), 8), 128)


_UNITS = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}


def _bytes(quantity: str | float) -> float:
    """Returns a Kubernetes quantity in bytes; 512 MiB for one that Kubernetes alone can read, such as 1e9."""
    match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)([kMGT]|[KMGT]i|)", str(quantity))
    return float(match[1]) * _UNITS[match[2]] if match else 512.0 * 2**20
