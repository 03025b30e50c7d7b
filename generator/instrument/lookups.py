"""Reads a manifest's values and says, for each that is not what Kubernetes has there, where it stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from generator.errors import InputError, bad_input
from generator.files import schemas

if TYPE_CHECKING:
    from collections.abc import Callable

    from generator.instrument.positions import Path


@dataclass(frozen=True)
class Document:
    """A parsed document and how to name its places.

    Attributes:
        data: what yamlfile.parse gives.
        file: the name shown in errors.
        label: ``document 2`` in a file of several, else "".
        line_of: gives the 1-based line in the file of the value at a path, or of the closest thing above it.
    """

    data: Any
    file: str
    label: str
    line_of: Callable[[Path], int]

    def error(self, message: str, path: Path, hint: str = "") -> InputError:
        """Returns an InputError about the value at ``path``."""
        shown = ": ".join(part for part in (self.label, schemas.dotted(path)) if part)
        return bad_input(message, file=self.file, path=shown, line=self.line_of(path), hint=hint)

    def value(self, path: Path) -> Any:
        """Returns the value at a path; None if it or something above it is absent.

        Raises:
            InputError: something above it is neither a mapping nor a list.
        """
        value: Any = self.data
        for depth, step in enumerate(path):
            if value is None:
                return None
            if isinstance(step, int):
                value = self._expect(value, list, "a list", path[:depth])[step]
            else:
                value = self._expect(value, dict, "a mapping", path[:depth]).get(step)
        return value

    def mapping(self, path: Path, *, needed: bool = False) -> dict[str, Any]:
        """Returns the mapping at a path, an empty one if it is absent or null.

        Raises:
            InputError: it is something else, or it is ``needed`` and absent, null or empty.
        """
        mapping: dict[str, Any] = self._collection(path, dict, "a mapping", needed)
        return mapping

    def sequence(self, path: Path, *, needed: bool = False) -> list[Any]:
        """Returns the list at a path, an empty one if it is absent or null.

        Raises:
            InputError: it is something else, or it is ``needed`` and absent, null or empty.
        """
        sequence: list[Any] = self._collection(path, list, "a list", needed)
        return sequence

    def scalar(self, path: Path) -> Any:
        """Returns the text, number or truth value at a path; None if it is absent.

        Raises:
            InputError: it is a mapping or a list.
        """
        value = self.value(path)
        if isinstance(value, (dict, list)):
            raise self.error(f"found {'a mapping' if isinstance(value, dict) else 'a list'}, expected one value", path)
        return value

    def named(self, path: Path, *, needed: bool = False) -> dict[str, int]:
        """Returns the index of each item by its ``name`` in a list whose items must all have one.

        Raises:
            InputError: as sequence, or an item is no mapping, has no name, or has another's name.
        """
        indexes: dict[str, int] = {}
        for index, _ in enumerate(self.sequence(path, needed=needed)):
            name = self.mapping((*path, index), needed=True).get("name")
            if not isinstance(name, str):
                raise self.error("found no name, expected text", (*path, index, "name"))
            if name in indexes:
                raise self.error(f"found the name '{name}' twice", (*path, index, "name"))
            indexes[name] = index
        return indexes

    def _collection(self, path: Path, kind: type, expected: str, needed: bool) -> Any:
        collection = self.value(path)
        if collection is None and not needed:
            return kind()
        self._expect(collection, kind, expected, path)
        if needed and not collection:
            raise self.error(f"found {expected} without anything in it", path)
        return collection

    def _expect(self, value: Any, kind: type, expected: str, path: Path) -> Any:
        if isinstance(value, kind):
            return value
        if value is None:
            raise self.error(f"nothing there, expected {expected}", path)
        names = {"dict": "a mapping", "list": "a list"}
        shown = names.get(type(value).__name__, f"'{str(value)[:60]}'")
        raise self.error(f"found {shown}, expected {expected}", path)
