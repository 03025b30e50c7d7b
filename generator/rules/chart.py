"""The rules' templates: one PrometheusRule a workload, and the helper that lays the values over it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from generator.files import yamlfile
from generator.files.cache import cached
from generator.files.templating import comment_lines, literal, render, render_once
from generator.rules.groups import marked_groups
from generator.rules.numbers import defaults, fill, plain

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from generator.rules.numbers import NumberPath
    from generator.rules.spec import Rules


def rule_templates(specs: Mapping[str, Rules], *, header: str, components: Collection[str] = ()) -> dict[str, str]:
    """Returns the templates by their path in the chart.

    ``templates/rules/_NAME.tpl`` defines a file's groups, ``templates/rules/NAME.yaml`` makes the PrometheusRule of
    them with the helper ``templates/rules/_rules.tpl``. They include ``ai-ml-observability.labels``,
    ``ai-ml-observability.crd`` and ``ai-ml-observability.runbooks.url``, which the chart has to define.

    Args:
        specs: the files of rules by name.
        header: the sentence that opens a generated file, without comment signs.
        components: workloads that a component of the same name brings; with its switch off, what is about them goes.

    Raises:
        InputError: a shorthand that cannot be written out.
    """
    texts = {"templates/rules/_rules.tpl": render("rules/templates/_rules.tpl", header=header)}
    for name, spec in sorted(specs.items()):
        component = spec.workload if spec.workload in components else ""
        texts[f"templates/rules/{name}.yaml"] = render(
            "rules/templates/rules.yaml", header=header, name=name, component=component
        )
        single = {alert.alert: alert.workload for alert in spec.alerts if alert.workload in components}
        texts[f"templates/rules/_{name}.tpl"] = _template(name, spec, single, header)
    return texts


@cached("rules", shape=str)
def _template(name: str, spec: Rules, components: Mapping[str, str], header: str) -> str:
    return render_once(
        "rules/templates/_rule.tpl",
        header=header,
        name=name,
        description=literal("\n# ".join(comment_lines(spec.description, 108))),
        enabled=json.dumps(spec.enabled),
        groups=_groups(spec, components),
    )


def _groups(spec: Rules, components: Mapping[str, str]) -> str:
    """Writes the groups as YAML inside a Go template: Prometheus' own braces escaped, numbers read from the values.

    An alert that goes with a component (alert → component) names it under ``component``, which the helper takes out.
    """
    numbers = defaults(spec)

    def number(path: NumberPath) -> str:
        steps = " ".join(json.dumps(part) for part in path)
        return f"{{{{ dig {steps} {plain(numbers[path])} $own | toJson }}}}"

    groups = marked_groups(spec)
    for rule in (rule for group in groups for rule in group["rules"] if rule.get("alert") in components):
        rule["component"] = components[rule["alert"]]
    text = yamlfile.dump(groups).rstrip()
    return fill(literal(text), number)
