"""Puts the pages of the repository where a site generator finds them, and sees to it that every link leads somewhere.

Pages stay readable where they lie. What changes on the way are links that leave docs/: to another page of the site they
are moved, to anything else in the repository they become its address, or words where there is no address.
"""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from generator.files import yamlfile

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_FENCE = re.compile(r"^ {0,3}(```+|~~~+)")
_LINK = re.compile(r"(?<!\\)(!?)\[((?:[^\]\[]|\[[^\]]*\])*)\]\(([^)\s]+)\)")
_ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:|#|/")


class SiteError(Exception):
    """What keeps the site from being built, a problem a line."""


@dataclass(frozen=True)
class Plan:
    """What the site has: pages by their path in the repository, each with its path in the site; and the navigation."""

    name: str
    pages: Mapping[str, str]
    nav: list[Any]


def read_plan(root: Path, file: Path) -> Plan:
    """Returns the plan of a site.

    Args:
        root: the repository.
        file: site.yaml.

    Raises:
        SiteError: a page that is named and is not there, or is there and is named nowhere.
    """
    data = yamlfile.load_mapping(file)
    pages = {f"docs/{path.relative_to(root / 'docs').as_posix()}": "" for path in (root / "docs").rglob("*.md")}
    pages = {source: _placed(source.removeprefix("docs/")) for source in pages} | dict(data["root"])
    known = set(pages.values())
    nav = [{heading: list(_entries(names, known))} for heading, names in data["nav"].items()]
    named = {page for section in nav for entries in section.values() for page in _leaves(entries)}
    problems = [f"{file.name}: found '{page}', which is no page of docs/" for page in sorted(named - known)]
    problems += [f"{file.name}: '{page}' of docs/ is named nowhere; add it below nav" for page in sorted(known - named)]
    if problems:
        raise SiteError("\n".join(problems))
    return Plan(data["name"], pages, nav)


def _placed(page: str) -> str:
    return f"{page.removesuffix('README.md')}index.md" if page.endswith("/README.md") else page


def _entries(names: list[str], known: set[str]) -> Iterator[Any]:
    for name in names:
        if name.endswith("/"):
            inside = sorted(page for page in known if page.startswith(name) and page != f"{name}index.md")
            yield {name.rstrip("/").capitalize(): [f"{name}index.md", *inside]}
        else:
            yield name


def _leaves(entries: list[Any]) -> Iterator[str]:
    for entry in entries:
        if isinstance(entry, str):
            yield entry
        else:
            for inside in entry.values():
                yield from _leaves(inside)


def stage(root: Path, plan: Plan, target: Path, repository: str = "") -> None:
    """Writes every page, with its pictures, below an empty folder.

    Args:
        root: the repository.
        plan: what the site has.
        target: the folder.
        repository: where the repository's files can be read, as ``https://…/blob/main``; "" for nowhere.

    Raises:
        SiteError: a link to a file that is not in the repository.
    """
    problems: list[str] = []
    for source, page in plan.pages.items():
        text = (root / source).read_text(encoding="utf-8")
        written = target / page
        written.parent.mkdir(parents=True, exist_ok=True)
        written.write_text("".join(_moved(text, source, root, plan, repository, problems)), encoding="utf-8")
    for picture in (root / "docs").rglob("*.png"):
        place = target / picture.relative_to(root / "docs")
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(picture, place)
    shutil.copy(root / "docs" / "values.schema.json", target)
    if problems:
        raise SiteError("\n".join(problems))


def _moved(text: str, source: str, root: Path, plan: Plan, repository: str, problems: list[str]) -> Iterator[str]:
    """Yields the lines of a page with its links moved; those in fenced code stay."""
    fence = ""
    for number, line in enumerate(text.splitlines(keepends=True), start=1):
        mark = _FENCE.match(line)
        if mark and not fence:
            fence = mark[1]
        elif mark and line.strip() == fence:
            fence = ""
        if fence or mark:
            yield line
            continue

        def link(found: re.Match[str], number: int = number) -> str:
            bang, words, goal = found.groups()
            words = _LINK.sub(link, words)
            if _ELSEWHERE.match(goal):
                return f"{bang}[{words}]({goal})"
            path, _, anchor = goal.partition("#")
            there = _resolved(source, path)
            if not (root / there).exists():
                problems.append(f"{source}:{number}: found a link to '{goal}', which is not in the repository")
            if there in plan.pages or f"{there}/README.md" in plan.pages:
                page = plan.pages.get(there) or plan.pages[f"{there}/README.md"]
                return f"{bang}[{words}]({_way(plan.pages[source], page)}{'#' if anchor else ''}{anchor})"
            if there.startswith("docs/") and (root / there).is_file():
                return f"{bang}[{words}]({_way(plan.pages[source], there.removeprefix('docs/'))})"
            return f"[{words}]({repository}/{there})" if repository else f"{words} (`{there}`)"

        yield _LINK.sub(link, line)


def _resolved(source: str, path: str) -> str:
    """Returns the path in the repository to which a link of a page leads."""
    parts: list[str] = []
    for part in (*PurePosixPath(source).parent.parts, *PurePosixPath(path).parts):
        if part == ".." and parts:
            parts.pop()
        elif part not in (".", ".."):
            parts.append(part)
    return "/".join(parts)


def _way(start: str, goal: str) -> str:
    return f"{'../' * (len(PurePosixPath(start).parts) - 1)}{goal}"
