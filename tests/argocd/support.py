"""The manifests of a profile as data, the way a person's command makes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from generator import argocd
from generator.build.assemble import load_profile

if TYPE_CHECKING:
    from collections.abc import Mapping

    from generator.build.sources import Sources
    from generator.choices.profiles import Profile

REPO = "https://git.example.com/platform.git"
MADE_BY = "argocd --profile test"


def settings(**changes: Any) -> argocd.Settings:
    """Gives the settings of a command without further options, some of them changed."""
    given: dict[str, Any] = {
        "repo": REPO,
        "revision": "v1.0.0",
        "path": "charts/ai-ml-observability",
        "chart": None,
        "apps_repo": None,
        "apps_revision": None,
        "apps_path": None,
        "target": "argocd",
        "plain": False,
        "namespace": "monitoring",
        "argocd_namespace": "argocd",
        "project": "ai-ml-observability",
        "parent_project": "default",
        "release": "observability",
    }
    return argocd.settings(**{**given, **changes})


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
    """Gives a profile's app-of-apps; ``base`` is what the chart was made from, if not ``wanted`` itself."""
    wanted = wanted or load_profile(profile, sources)
    texts = argocd.for_one(base or wanted, wanted, sources, settings(**changes), MADE_BY)
    data = {path: yaml.safe_load(text) for path, text in texts.items()}
    children = {
        path.removeprefix("apps/").removesuffix(".yaml"): each
        for path, each in data.items()
        if path.startswith("apps/") and each["kind"] == "Application"
    }
    return Made(texts, data["parent.yaml"], data["apps/project.yaml"], children)


def plain_for(profile: str, sources: Sources, **changes: Any) -> dict[str, Any]:
    """Gives a profile's single Application."""
    loaded = load_profile(profile, sources)
    given = {"plain": True, "project": "default", "release": argocd.PLAIN_RELEASE, **changes}
    texts = argocd.plain(loaded, loaded, sources, settings(**given), MADE_BY)
    return dict(yaml.safe_load(texts["application.yaml"]))
