"""The chart's templates about Secrets alone, rendered by Helm's engine: no upstream chart is needed for them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from generator.build.chart import chart_values
from generator.build.profile import load_profile
from generator.choices.profiles import Layer, merge
from generator.files.templating import render
from generator.stack import components
from generator.stack.programs import program_templates
from generator.stack.secrets.secret_templates import secret_templates
from tests import helm, libyaml

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from generator.build.sources import Sources
    from generator.choices.profiles import Profile
    from generator.cluster.secrets_plan import Plan

BOOTSTRAP = "ai-ml-observability-bootstrap-secrets"
ROTATE = "ai-ml-observability-rotate-secrets"
RENEW = "ai-ml-observability-renew-certificates"
PROGRAMS = "ai-ml-observability-secrets"

Objects = dict[tuple[str, str], dict[str, Any]]
"""Kind and name → object."""


def write_chart(
    folder: Path,
    sources: Sources,
    profile: Profile | str = "standalone",
    choices: Any = None,
    more: Mapping[str, str] | None = None,
) -> Path:
    """Writes a chart of these templates, the programs, the profile's values and ``more`` files, and nothing else."""
    layers = [Layer("choices", choices)] if choices else []
    chosen = load_profile(profile, sources, layers) if isinstance(profile, str) else profile
    files = {
        "Chart.yaml": libyaml.dump({"apiVersion": "v2", "name": "ai-ml-observability", "version": "1.2.3"}),
        "values.yaml": libyaml.dump(chart_values(chosen, sources, components(chosen))),
        "templates/_helpers.tpl": render("build/templates/_helpers.tpl", header="Generated."),
        **program_templates("Generated."),
        **secret_templates("Generated."),
        **(more or {}),
    }
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    return folder


def objects(chart: Path, values: Mapping[str, Any] | None = None, *, namespace: str = "monitoring") -> Objects:
    """Returns what a release of the chart consists of, hooks included; ``values`` are those of the install."""
    from helm_python import Chart

    defaults = libyaml.load((chart / "values.yaml").read_text(encoding="utf-8"))
    with Chart.load(chart) as loaded:
        manifests = loaded.render(merge(defaults, values or {}), name="observability", namespace=namespace)
    found = [document for text in manifests.values() for document in helm.documents(text)]
    by_name = {(each["kind"], each["metadata"]["name"]): each for each in found}
    assert len(by_name) == len(found), "two objects of a kind have the same name"
    return by_name


def plan_text(rendered: Objects, name: str = BOOTSTRAP) -> dict[str, Any]:
    """Returns the plan in a ConfigMap as data."""
    data: dict[str, Any] = json.loads(rendered["ConfigMap", name]["data"]["plan.json"])
    return data


def read(folder: Path, rendered: Objects, name: str = BOOTSTRAP) -> Plan:
    """Returns the plan in a ConfigMap as the programs read it."""
    from generator.cluster.secrets_plan import read_plan

    folder.mkdir(parents=True, exist_ok=True)
    (folder / "plan.json").write_text(rendered["ConfigMap", name]["data"]["plan.json"], encoding="utf-8")
    return read_plan(folder / "plan.json")
