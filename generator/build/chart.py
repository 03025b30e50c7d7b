"""The umbrella chart as a function of a Build."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from generator.build import metadata, schema, values
from generator.build.absent import foreign_workloads
from generator.build.contradictions import refuse_contradictions
from generator.build.library import with_library
from generator.build.profile import BLOCKS, own_schema
from generator.dashboards.chart import dashboard_files
from generator.files import schemas
from generator.files.schema_values import filled, listed
from generator.files.templating import render
from generator.files.tree import MARKER
from generator.monitors import monitor_templates
from generator.rules.chart import rule_templates
from generator.rules.recorded import recorded
from generator.stack.fluent_bit.ray import ray_template
from generator.stack.grafana.log_source import data_source_template
from generator.stack.images import image_values
from generator.stack.kube_prometheus_stack.component import GRAFANA_ROLE
from generator.stack.mcp.servers import mcp_templates, mcp_values
from generator.stack.opencost.opencost import opencost_templates, opencost_values
from generator.stack.opensearch import component as opensearch
from generator.stack.opensearch.external import external_values
from generator.stack.opensearch.setup import opensearch_templates, setup_values
from generator.stack.opensearch_exporter.exporter import APP as EXPORTER_APP
from generator.stack.opensearch_exporter.exporter import exporter_templates, exporter_values
from generator.stack.priorities import NODE_CLASS
from generator.stack.programs import program_templates
from generator.stack.release_tests.release_tests import TEST_APPS, release_test_templates
from generator.stack.runbooks.runbooks import runbook_templates, runbook_values
from generator.stack.secrets.secret_templates import secret_templates, secret_values

if TYPE_CHECKING:
    from collections.abc import Iterable

    from generator.build.build import Build
    from generator.build.sources import Sources
    from generator.choices.profiles import Profile
    from generator.files.tree import Chart
    from generator.stack.component import Component


HEADER = f"{MARKER}. Chart.yaml has the command. Change the sources, not this file."
"""The first line of every generated file but Chart.yaml.

Were the command in each, ``--check`` would show a difference in every file after the change of one value.
"""


def command_header(profile: Profile) -> str:
    """Returns the first line of Chart.yaml, which names the command that makes the chart; README.md shows it too."""
    return f"{MARKER}: {profile.command.removeprefix('gen-chart ')}. Change the sources, not this file."


def chart_values(profile: Profile, sources: Sources, stack: Iterable[Component]) -> dict[str, Any]:
    """Returns the chart's values as data.

    Args:
        profile: every choice, resolved.
        sources: the sources.
        stack: the profile's components; see generator.stack.components.

    Raises:
        InputError: choices contradict each other, or see generator.build.keeping.kept.
    """
    decided: dict[str, Any] = {
        "networkPolicies": {"enabled": profile.choices["networkPolicies"]},
        "logs": profile.choices["logs"],
        "secrets": secret_values(profile, sources.pins),
        "opencost": opencost_values(profile, sources.pins),
        "mcp": mcp_values(profile, sources.pins),
        "runbooks": runbook_values(profile),
        "opensearchExporter": exporter_values(profile, sources.pins),
        "opensearchSetup": setup_values(profile),
        "opensearchExternal": external_values(profile),
    }
    own = own_schema(sources)
    for block in BLOCKS:
        # Without what only gen-chart reads, and choices about dashboards and rules that this profile goes without.
        decided[block] = listed(own["properties"][block], profile.choices[block])
    if _keeps_asked(profile):
        from generator.build.keeping import with_lists

        stack = with_lists(stack, profile, sources)
    foreign = {*decided["monitors"].get("foreign", ()), *foreign_workloads(profile, sources)}
    decided["monitors"] = {**decided["monitors"], "foreign": sorted(foreign)}
    return values.chart_values(profile, stack, filled(own, decided), image_values(profile, sources.pins))


def _keeps_asked(profile: Profile) -> bool:
    return bool(profile.choices["monitors"]["keep"] == "asked")


def _kept(profile: Profile, sources: Sources) -> dict[str, dict[str, dict[str, Any]]]:
    """Returns the relabeling of each endpoint that keeps what is asked for; {} where all is kept."""
    if not _keeps_asked(profile):
        return {}
    from generator.build.keeping import keep_rules

    return keep_rules(profile, sources)


def chart_schema(build: Build) -> dict[str, Any]:
    """Builds the JSON Schema of the chart's values as data."""
    return schema.values_schema(own_schema(build.sources), build.components)


def merged_values_schema(build: Build) -> dict[str, Any]:
    """Builds the JSON Schema of the chart's values as Helm has merged them, which the chart carries, as data."""
    return schema.values_schema(own_schema(build.sources), build.components, complete=True)


def chart(build: Build) -> Chart:
    """Makes the umbrella chart.

    Returns:
        The chart's files, sorted by path; the same bytes for an equal Build on every machine.

    Raises:
        InputError: ``values`` in the profile breaks the chart's own schema, or see refuse_contradictions.
    """
    profile, sources = build.profile, build.sources
    data_schema = chart_schema(build)
    schemas.validate(build.values, data_schema, file=f"profile {profile.name}: values")
    refuse_contradictions(profile, sources, build.values)
    files: Chart = {
        ".helmignore": render("build/templates/helmignore", header=HEADER),
        "Chart.lock": f"# {HEADER}\n{metadata.chart_lock(sources.pins)}",
        "Chart.yaml": metadata.chart_yaml(sources.pins, command_header(profile)),
        "README.md": render(
            "build/templates/README.md",
            header=HEADER,
            description=profile.description,
            command=profile.command,
            name=metadata.NAME,
            repositories=metadata.repositories(sources.pins),
        ),
        "templates/NOTES.txt": render(
            "build/templates/NOTES.txt",
            header=HEADER,
            service=opensearch.SERVICE,
        ),
        "templates/_notes.tpl": render("build/templates/_notes.tpl", header=HEADER),
        "templates/_helpers.tpl": render("build/templates/_helpers.tpl", header=HEADER),
        "templates/networkpolicies.yaml": render(
            "stack/templates/networkpolicies.yaml", header=HEADER, exporter=EXPORTER_APP, tests=TEST_APPS
        ),
        "templates/priorityclass.yaml": render("stack/templates/priorityclass.yaml", header=HEADER, name=NODE_CLASS),
        "templates/grafana/role.yaml": render("stack/grafana/templates/role.yaml", header=HEADER, role=GRAFANA_ROLE),
        "templates/logs/ray.yaml": ray_template(HEADER),
        "values.schema.json": schema.schema_json(schema.bare(merged_values_schema(build)), HEADER),
        "values.yaml": values.values_yaml(build.values, values.comments(build.components, data_schema), HEADER),
    }
    names = [component.name for component in build.components]
    files |= monitor_templates(sources.monitors, header=HEADER, components=names, kept=_kept(profile, sources))
    files |= dashboard_files(sources.dashboards, HEADER, recorded(sources.rules.values()), components=names)
    if sources.brought_dashboards:
        from generator.dashboards.brought import brought_files

        files |= brought_files(sources.brought_dashboards, HEADER)
    files |= data_source_template(header=HEADER)
    files |= exporter_templates(header=HEADER)
    files |= opencost_templates(header=HEADER)
    files |= mcp_templates(header=HEADER)
    files |= runbook_templates(sources.runbooks, header=HEADER)
    files |= opensearch_templates(sources.log_fields, header=HEADER)
    files |= rule_templates(sources.rules, header=HEADER, components=names)
    if sources.brought_rules:
        from generator.rules.brought import brought_templates

        files |= brought_templates(sources.brought_rules, header=HEADER)
    files |= program_templates(HEADER)
    files |= secret_templates(HEADER)
    files |= release_test_templates(sources.monitors, sources.dashboards, header=HEADER)
    return dict(sorted(with_library(files, HEADER).items()))
