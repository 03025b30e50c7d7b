"""Inputs of every kind, made of good ones by cutting, doubling, nesting and swapping parts of them."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from generator.build.profile import load_profile
from generator.build.sources import read_schema
from generator.catalogue.exposition import parse_exposition
from generator.choices.pins import parse_pins
from generator.choices.profiles import Layer, parse_set
from generator.choices.tfvars.reader import parse_settings
from generator.dashboards.brought import parse_brought as parse_brought_dashboard
from generator.dashboards.reader import parse_dashboard
from generator.errors import InputError
from generator.files import schemas, yamlfile
from generator.instrument import Options, instrument
from generator.logs.queries import query_problems
from generator.monitors import monitor_templates
from generator.promql.filling import PromQLError
from generator.promql.parser import parse
from generator.rules.brought import are_brought
from generator.rules.brought import parse_brought as parse_brought_rules
from generator.rules.groups import marked_groups
from generator.rules.reader import parse_rules
from generator.stack.images.reference import parse_reference
from generator.upstream.index import find_release
from generator.upstream.lock import Dependency
from generator.verify.grafana import grafana_dashboard, parse_json
from tests.conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from generator.build.sources import Sources

_PARTS = re.compile(r"\w+|\s+|.", re.DOTALL)

_SCRAPS = (
    *"[]{}()\"'`:,;|>&*!%@#\\/$=~^<?-+.\n\t ",
    *("{{", "}}", "---\n", "- ", ": ", "null", "true", "~", "0x1f", "1e400", "-1", "9" * 400, "\x00", "\x85"),
    *("<<: *a", "&a ", "*a", "!!python/none", "[[1]]", "{a: [1, {b: 2}]}", "ports: [[1]]", "expr: {}", "name: [a]"),
    *("\ufeff", "\udc80", "é😀"),
)
"""What is put into a good text."""


@dataclass(frozen=True)
class Door:
    """A way into gen-chart.

    Attributes:
        name: what comes in.
        samples: good texts.
        read: reads one, and raises InputError or PromQLError if it is not taken.
    """

    name: str
    samples: tuple[str, ...]
    read: Callable[[str], object]


def changed(text: str, source: random.Random) -> str:
    """Returns a text with one to six changes."""
    parts = _PARTS.findall(text)
    for _ in range(source.randint(1, 6)):
        at = source.randrange(len(parts) + 1)
        end = min(len(parts), at + source.randint(0, 12))
        match source.randrange(6):
            case 0:
                del parts[at:end]
            case 1:
                parts[at:at] = parts[at:end] * source.randint(1, 8)
            case 2:
                parts.insert(at, source.choice(_SCRAPS))
            case 3:
                opening, closing = source.choice(("[]", "{}", "()"))
                levels = source.choice((1, 3, 70, 110, 210))
                parts[at:end] = [opening * levels, *parts[at:end], closing * levels]
            case 4:
                parts[at:end] = [source.choice(_SCRAPS) for _ in parts[at:end]]
            case _:
                other = source.randrange(len(parts) + 1)
                parts[at:end] = parts[other : other + source.randint(0, 12)]
        if not parts:
            break
    return "".join(parts)


def doors(sources: Sources) -> tuple[Door, ...]:
    """Returns every kind of text that people, or servers, hand to gen-chart."""
    here = ROOT / "tests" / "texts" / "files"

    def sample(path: str) -> str:
        return (ROOT / path).read_text(encoding="utf-8")

    rule_schema = read_schema(ROOT, "prometheus-rule")

    def overlay(text: str) -> None:
        data = yamlfile.expect_mapping(yamlfile.parse(text, file="x.yaml"), file="x.yaml")
        yamlfile.check_texts(data, file="x.yaml")
        load_profile("jark", sources, [Layer("x.yaml", data)])

    def rules(text: str) -> None:
        marked_groups(parse_rules("x", yamlfile.parse(text, file="x.yaml"), sources.schemas["rule"], file="x.yaml"))

    def prometheus_rule(text: str) -> None:
        documents = yamlfile.parse_all(text, file="x.yaml")
        if are_brought(documents):
            one, _ = parse_brought_rules("x", documents, rule_schema, file="x.yaml")
            for _, _, rule in one.rules():
                parse(rule["expr"])

    def dashboard(text: str) -> None:
        parse_dashboard("x", yamlfile.parse(text, file="x.yaml"), sources.schemas["dashboard"], file="x.yaml")

    def grafana(text: str) -> None:
        data = yamlfile.expect_mapping(parse_json(text, "x.json"), file="x.json")
        grafana_dashboard(data, "x.json")
        parse_brought_dashboard("x", data, file="x.json")

    def monitor(text: str) -> None:
        data = yamlfile.parse(text, file="x.yaml")
        schemas.validate(data, sources.schemas["monitor"], file="x.yaml")
        monitor_templates({"x": data}, header="x")

    queries = ("level:error AND ray.cluster:/$job(-raycluster)?/", '(log:"a b" OR xid:[1 TO 5]) AND NOT app:vllm')
    index = (
        "apiVersion: v1\nentries:\n  opensearch:\n  - name: opensearch\n    version: 3.6.0\n    digest: aa\n"
        "    urls: [https://charts.example/opensearch-3.6.0.tgz]\n"
    )
    manifests = ("ray-cluster.yaml", "ray-job.yaml", "ray-service.yaml")
    return (
        Door("overlay", (_overlay(sample("profiles/kind.yaml")), "storage: {className: a}\n"), overlay),
        Door("--set", ("components.opensearch.nodes=5", "a.b\\.c={d: [e, 1.5]}"), parse_set),
        Door("rules", (sample("tests/texts/files/rules.yaml"),), rules),
        Door("PrometheusRule", (sample("tests/texts/files/prometheus-rule.yaml"),), prometheus_rule),
        Door("dashboard", (sample("tests/texts/files/dashboard.yaml"),), dashboard),
        Door("Grafana's JSON", (_json(here / "grafana.yaml"),), grafana),
        Door("monitor", (sample("tests/texts/files/monitor.yaml"),), monitor),
        Door("tfvars", (sample("tests/choices/tfvars/blueprint.tfvars"), 'a = ["b", { c = 1 }]\n'), _tfvars),
        Door("Lucene", queries, partial(query_problems, fields=sources.log_fields)),
        Door("PromQL", ('sum by (a) (rate(b{c=~"d|e"}[5m] offset 1h)) / on (a) group_left count(f > bool 2)',), parse),
        Door("scrape", ('# TYPE a counter\na_total{b="c"} 1\n',), partial(parse_exposition, file="x")),
        Door("image", ("registry.example:5000/a/b:1.0@sha256:" + "0" * 64,), parse_reference),
        Door("Ray manifest", tuple(sample(f"tests/instrument/manifests/{name}") for name in manifests), _manifest),
        Door("pins", (sample("pins.yaml"),), _pins),
        Door("index of a repository", (index,), _index),
    )


def _json(path: object) -> str:
    import json
    from pathlib import Path

    return json.dumps(yamlfile.load(Path(str(path))), indent=1)


def _overlay(profile: str) -> str:
    return "".join(line for line in profile.splitlines(True) if not line.startswith(("extends:", "description:")))


def _pins(text: str) -> None:
    parse_pins(yamlfile.parse(text, file="x"), read_schema(ROOT, "pins"), file="x")


def _tfvars(text: str) -> None:
    parse_settings(text, file="x.tfvars")


def _manifest(text: str) -> None:
    instrument(text, file="x.yaml", options=Options("fluent-bit:1", vllm_metrics=False, report_interval=None))


def _index(text: str) -> None:
    find_release(text, Dependency("opensearch", "3.6.0", "https://charts.example"), file="index.yaml")


def tried(every: tuple[Door, ...], number: int) -> Iterator[tuple[Door, str, BaseException]]:
    """Reads so many inputs, the same in each run, and yields those that end in anything but an error for people."""
    source = random.Random(number)  # noqa: S311 - no secret
    for turn in range(number):
        door = every[turn % len(every)]
        text = changed(source.choice(door.samples), source)
        if door.name != "--set":  # Python hands over bytes that are no UTF-8 in arguments alone
            text = text.encode(errors="replace").decode()
        try:
            door.read(text)
        except (InputError, PromQLError):
            continue
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - what is looked for; a panic of Rust is no Exception
            yield door, text, error
