"""The manifests of a profile as data, the way a person's command makes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from generator import argocd
from generator.build.build import fit
from generator.build.profile import load_profile
from tests import libyaml

if TYPE_CHECKING:
    from collections.abc import Mapping

    from generator.build.sources import Sources
    from generator.choices.profiles import Profile

REPO = "https://git.example.com/platform.git"
MADE_BY = "argocd --profile test"


def settings(*, target: str = "argocd", plain: bool = False, **changes: Any) -> argocd.Settings:
    """Builds settings as the command line would; ``changes`` are options by name."""
    names = argocd.Options(**{"repo": REPO, "revision": "v1.0.0", **changes})
    return argocd.settings(names, target=target, plain=plain)


@dataclass(frozen=True)
class Made:
    """An app-of-apps as data.

    Attributes:
        texts: path → text.
        parent: the parent Application.
        project: the AppProject.
        children: the other Applications by the last word of their names.
    """

    texts: Mapping[str, str]
    parent: dict[str, Any]
    project: dict[str, Any]
    children: Mapping[str, dict[str, Any]]


def made_for(
    profile: str, sources: Sources, *, wanted: Profile | None = None, base: Profile | None = None, **changes: Any
) -> Made:
    """Returns a profile's app-of-apps; ``base`` is what the chart was made from, if not ``wanted`` itself."""
    wanted = wanted or load_profile(profile, sources)
    build = fit(wanted, sources)
    texts = argocd.for_one(fit(base, sources) if base else build, build, settings(**changes), MADE_BY)
    data = {path: libyaml.load(text) for path, text in texts.items()}
    children = {
        path.removeprefix("apps/").removesuffix(".yaml"): each
        for path, each in data.items()
        if path.startswith("apps/") and each["kind"] == "Application"
    }
    return Made(texts, data["parent.yaml"], data["apps/project.yaml"], children)


def plain_for(profile: str, sources: Sources, **changes: Any) -> dict[str, Any]:
    """Returns a profile's single Application."""
    build = fit(load_profile(profile, sources), sources)
    texts = argocd.plain(build, build, settings(plain=True, **changes), MADE_BY)
    return dict(libyaml.load(texts["application.yaml"]))
