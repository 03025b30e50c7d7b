"""What is known of an exporter at one version: scrapes, Python source, that of the version before, documentation."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from generator.errors import bad_input

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from generator.catalogue.constructors import Made, Source
    from generator.catalogue.exposition import ScrapedFamily


@dataclass(frozen=True)
class Evidence:
    """All that is given of one version.

    Attributes:
        names: what was given, as a person named it, for errors.
        scraped: families of all scrapes.
        source: what the source makes; None if none was given.
        previous: what the source of the catalogue's version makes; None if it was not given.
        documented: families that documentation names, and the name of the file that does.
    """

    names: tuple[str, ...]
    scraped: Mapping[str, ScrapedFamily] = field(default_factory=dict)
    source: Source | None = None
    previous: Source | None = None
    documented: Mapping[str, tuple[ScrapedFamily, str]] = field(default_factory=dict)

    @property
    def families(self) -> dict[str, ScrapedFamily]:
        """Every family that is shown or named.

        A scrape's word counts more than the source's, but for help and labels, and either more than documentation's.
        """
        named = {name: family for name, (family, _) in self.documented.items()}
        made = {} if self.source is None else {name: entry.family for name, entry in self.source.made.items()}
        both = {
            name: replace(family, labels=family.labels | made[name].labels, help=family.help or made[name].help)
            for name, family in self.scraped.items()
            if name in made
        }
        return {**named, **made, **self.scraped, **both}

    def read_in_source(self, name: str) -> Made | None:
        """Returns where the source makes a family that no scrape shows."""
        return None if self.source is None or name in self.scraped else self.source.made.get(name)

    def read_in_documentation(self, name: str) -> str:
        """Returns the file of documentation that names a family which nothing else shows; "" if it is shown."""
        shown = name in self.scraped or (self.source is not None and name in self.source.made)
        return "" if shown or name not in self.documented else self.documented[name][1]

    def is_new(self, name: str) -> bool:
        """Returns whether the version before is known not to have a family."""
        return self.previous is not None and not self.previous.mentions(name)

    def is_gone(self, name: str) -> bool:
        """Returns whether a family went: the version before makes it, and this one's source does not even name it.

        A scrape proves nothing here: it shows what was switched on, ran and happened, and no more.
        """
        return (
            self.previous is not None
            and self.source is not None
            and name in self.previous.made
            and name not in self.scraped
            and not self.source.mentions(name)
        )


def read_evidence(paths: Iterable[Path], previous: Iterable[Path] = ()) -> Evidence:
    """Reads scrapes and source, told apart by what they hold, and documentation, by the end of its name.

    Args:
        paths: scrapes in Prometheus' text format, packed with gzip or not; folders, modules, wheels or source archives
            with Python source; documentation as read_documentation takes it. All of one version.
        previous: source of the version that the catalogue has.

    Raises:
        InputError: one of them cannot be read, is neither, or two scrapes give a family two types.
    """
    from generator.catalogue.documents import is_documentation, read_documentation
    from generator.catalogue.exposition import read_capture
    from generator.catalogue.python_tree import is_source

    scraped: dict[str, ScrapedFamily] = {}
    shown_by: dict[str, Path] = {}
    sources: list[Path] = []
    documented: dict[str, tuple[ScrapedFamily, str]] = {}
    for path in paths:
        if is_documentation(path):
            documented |= {name: (family, path.name) for name, family in read_documentation(path).items()}
            continue
        if is_source(path):
            sources.append(path)
            continue
        for name, family in read_capture(path).items():
            _lay(scraped, family, path, shown_by)
            shown_by.setdefault(name, path)
    for path in previous:
        if not is_source(path):
            raise bad_input(
                "found a scrape or no file, expected Python source",
                file=str(path),
                hint="what a scrape does not show may be there; only the source of both versions tells what is gone",
            )
    return Evidence((*map(str, paths),), scraped, _source(sources), _source(previous), documented)


def _lay(scraped: dict[str, ScrapedFamily], family: ScrapedFamily, path: Path, shown_by: Mapping[str, Path]) -> None:
    before = scraped.get(family.name)
    if before is None:
        scraped[family.name] = family
        return
    if before.type != family.type:
        raise bad_input(
            f"found the {family.type} '{family.name}', a {before.type} in {shown_by[family.name]}",
            file=str(path),
            hint="are both of the same version?",
        )
    labels, series = before.labels | family.labels, before.series + family.series
    scraped[family.name] = replace(before, labels=labels, help=before.help or family.help, series=series)


def _source(paths: Iterable[Path]) -> Source | None:
    from generator.catalogue.constructors import Source, read_source
    from generator.catalogue.python_tree import read_modules

    found = [read_source(read_modules(path)) for path in paths]
    if not found:
        return None
    return Source(
        made={name: made for source in reversed(found) for name, made in source.made.items()},
        computed={place: pattern for source in found for place, pattern in source.computed.items()},
        text="\n".join(source.text for source in found),
        broken=[line for source in found for line in source.broken],
    )
