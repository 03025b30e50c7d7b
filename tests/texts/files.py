"""One file of each kind that people bring, with a text in every field that may have one, and how each is checked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from generator.dashboards import brought as brought_dashboards
from generator.dashboards.reader import parse_dashboard
from generator.files import schemas, yamlfile
from generator.monitors import monitor_templates
from generator.promql.parser import parse
from generator.rules import brought as brought_rules
from generator.rules.reader import parse_rules
from tests.conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

    from generator.build.sources import Sources

HERE = ROOT / "tests" / "texts" / "files"


@dataclass(frozen=True)
class Kind:
    """One kind of file.

    Attributes:
        name: what it is; also the name of its file here.
        check: raises InputError if such a file is not taken.
    """

    name: str
    check: Callable[[Any], None]

    @property
    def data(self) -> Any:
        return yamlfile.load(HERE / f"{self.name}.yaml")


def kinds(sources: Sources, rule_schema: dict[str, Any]) -> tuple[Kind, ...]:
    """Returns every kind of file but overlays.

    Args:
        sources: the sources.
        rule_schema: values-schemas/prometheus-rule.schema.yaml.
    """

    def rules(data: Any) -> None:
        yamlfile.check_texts(data, file="mine.yaml")
        parse_rules("mine", data, sources.schemas["rule"], file="mine.yaml", monitors=tuple(sources.monitors))

    def prometheus_rule(data: Any) -> None:
        yamlfile.check_texts(data, file="theirs.yaml")
        one, _ = brought_rules.parse_brought("theirs", [data], rule_schema, file="theirs.yaml")
        for _, _, rule in one.rules():
            parse(rule["expr"])

    def dashboard(data: Any) -> None:
        parse_dashboard("mine", data, sources.schemas["dashboard"], file="mine.yaml")

    def grafana(data: Any) -> None:
        brought_dashboards.parse_brought("theirs", data, file="theirs.json")

    def monitor(data: Any) -> None:
        yamlfile.check_texts(data, file="monitors/mine.yaml")
        schemas.validate(data, sources.schemas["monitor"], file="monitors/mine.yaml")
        monitor_templates({"mine": data}, header="")

    return (
        Kind("rules", rules),
        Kind("prometheus-rule", prometheus_rule),
        Kind("dashboard", dashboard),
        Kind("grafana", grafana),
        Kind("monitor", monitor),
    )
