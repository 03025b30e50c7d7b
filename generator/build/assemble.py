"""The pure core: a profile and the sources go in, a chart comes out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from generator.build import metadata, schema, values
from generator.choices.profiles import resolve
from generator.dashboards import dashboard_files, dashboard_values, dashboard_values_schema
from generator.files import schemas
from generator.files.templating import render
from generator.files.tree import MARKER
from generator.monitors import monitor_templates, monitor_values, monitor_values_schema
from generator.rules import rule_templates, rule_values, rule_values_schema
from generator.stack import components
from generator.stack.fluent_bit.ray import ray_template
from generator.stack.images import image_values
from generator.stack.kube_prometheus_stack.component import GRAFANA_CLUSTER_ROLE
from generator.stack.opensearch import component as opensearch
from generator.stack.opensearch.setup import opensearch_templates
from generator.stack.opensearch_exporter.exporter import exporter_templates, exporter_values
from generator.stack.programs import program_files
from generator.stack.secrets.names import secret_name
from generator.stack.secrets.secret_templates import secret_templates, secret_values

if TYPE_CHECKING:
    from collections.abc import Sequence

    from generator.build.sources import Sources
    from generator.choices.profiles import Layer, Profile
    from generator.files.tree import Chart


_EXTRA = {"type": "array", "items": {"type": "string", "minLength": 1}}
_LOGS = {
    "description": (
        "Whether dashboards have panels over logs. null, and leaving it out, means yes if this chart's OpenSearch is "
        "on or Fluent Bit has a host."
    ),
    "type": ["boolean", "null"],
}


def profile_schema(sources: Sources) -> dict[str, Any]:
    """Gives the profile schema with the parts that the monitors, dashboards and rules define."""
    base = sources.schemas["profile"]
    parts = _own_schemas(sources)
    for room, kind in (("dashboards", "dashboard"), ("rules", "rule")):
        more: dict[str, Any] = {
            "extra": {**_EXTRA, "description": f"Files of your own, each like values-schemas/{kind}.schema.yaml says."}
        }
        if room == "dashboards":
            more["logs"] = _LOGS
        parts[room] = {
            **{key: value for key, value in parts[room].items() if key != "propertyNames"},
            "properties": {**parts[room]["properties"], **more},
        }
    exemption = sources.schemas["exemptions"]["properties"]["exemptions"]["items"]
    return {**base, "$defs": {**base["$defs"], **parts, "exemption": exemption}}


def load_profile(name: str, sources: Sources, overlays: Sequence[Layer] = (), own: Layer | None = None) -> Profile:
    """Resolves a profile by name.

    Args:
        name: a built-in profile's name, or the name under which ``own`` is to be known.
        sources: where the built-in profiles are.
        overlays: what is laid over it, in order.
        own: a person's own profile; it may extend a built-in one.

    Raises:
        InputError: see profiles.resolve.
    """
    available = {**sources.profiles, name: own} if own else sources.profiles
    return resolve(name, available, overlays, profile_schema(sources))


HEADER = f"{MARKER}. Chart.yaml has the command. Change the sources, not this file."
"""The first line of every generated file but Chart.yaml.

Were the command in each, ``--check`` would show a difference in every file after the change of one value.
"""


def command_header(profile: Profile) -> str:
    """Returns the first line of Chart.yaml, which names the command that makes the chart; README.md shows it too."""
    return f"{MARKER}: {profile.command.removeprefix('gen-chart ')}. Change the sources, not this file."


def _own_schemas(sources: Sources) -> dict[str, dict[str, Any]]:
    """Gives the schemas of the chart's own blocks; a profile's blocks of the same names follow them too."""
    return {
        "monitors": monitor_values_schema(sources.monitors),
        "dashboards": dashboard_values_schema(sources.dashboards),
        "rules": rule_values_schema(sources.rules),
    }


def chart_values(profile: Profile, sources: Sources) -> dict[str, Any]:
    """Gives the chart's values as data.

    Raises:
        InputError: choices contradict each other.
    """
    return values.chart_values(
        profile,
        components(profile),
        {
            "monitors": monitor_values(sources.monitors),
            "dashboards": dashboard_values(sources.dashboards),
            "rules": rule_values(sources.rules),
            "secrets": secret_values(profile, sources.pins),
            "opensearchExporter": exporter_values(profile, sources.pins),
        },
        image_values(profile, sources.pins),
    )


def chart_schema(profile: Profile, sources: Sources) -> dict[str, Any]:
    """Gives the JSON Schema of the chart's values as data."""
    return schema.values_schema(
        sources.schemas["values"],
        components(profile),
        _own_schemas(sources),
    )


def assemble(profile: Profile, sources: Sources) -> Chart:
    """Makes the umbrella chart.

    Returns:
        The chart's files, sorted by path; the same bytes for the same arguments on every machine.

    Raises:
        InputError: choices contradict each other, or ``values`` breaks the chart's own schema.
    """
    data = chart_values(profile, sources)
    data_schema = chart_schema(profile, sources)
    schemas.validate(data, data_schema, file=f"profile {profile.name}: values")
    files: Chart = {
        ".helmignore": render("build/templates/helmignore", header=HEADER),
        "Chart.lock": f"# {HEADER}\n{metadata.chart_lock(sources.pins)}",
        "Chart.yaml": metadata.chart_yaml(sources.pins, command_header(profile)),
        "README.md": render(
            "build/templates/README.md",
            header=HEADER,
            profile=profile,
            name=metadata.NAME,
            repositories=metadata.repositories(sources.pins),
        ),
        "templates/NOTES.txt": render(
            "build/templates/NOTES.txt",
            header=HEADER,
            service=opensearch.SERVICE,
            node_tls=secret_name(profile, "opensearchNodeTls"),
        ),
        "templates/_helpers.tpl": render("build/templates/_helpers.tpl", header=HEADER),
        "templates/grafana/clusterrole.yaml": render(
            "stack/grafana/templates/clusterrole.yaml", header=HEADER, grafana_cluster_role=GRAFANA_CLUSTER_ROLE
        ),
        "templates/logs/ray.yaml": ray_template(HEADER),
        "values.schema.json": schema.schema_json(data_schema, HEADER),
        "values.yaml": values.values_yaml(data, values.comments(components(profile), data_schema), HEADER),
    }
    files |= monitor_templates(sources.monitors, header=HEADER)
    files |= dashboard_files(sources.dashboards, HEADER)
    files |= exporter_templates(profile, header=HEADER)
    files |= opensearch_templates(profile, sources.log_fields, header=HEADER)
    files |= rule_templates(sources.rules, header=HEADER)
    files |= program_files(HEADER)
    files |= secret_templates(profile, HEADER)
    return dict(sorted(files.items()))
