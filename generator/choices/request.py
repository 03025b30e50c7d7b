"""What a person asks for, as typed: which profile, what is laid over it, and a blueprint's variables."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Request:
    """What a chart is to be made from.

    Attributes:
        profile: a built-in profile's name or, with a slash or ``.yaml``, the file of a person's own; "" for the one
            that the blueprint's variables start from.
        overlays: the files of ``-f``, in order.
        sets: the arguments of ``--set``, in order; they lie over the files.
        tfvars: a blueprint's variables, whose choices lie below all others; None for none.
    """

    profile: str = ""
    overlays: tuple[Path, ...] = ()
    sets: tuple[str, ...] = ()
    tfvars: Path | None = None

    @property
    def own_profile(self) -> Path | None:
        """The file of a person's own profile; None for a built-in one."""
        named = "/" in self.profile or self.profile.endswith((".yaml", ".yml"))
        return Path(self.profile) if named else None
