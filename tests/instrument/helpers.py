"""What the tests of this folder share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from generator.instrument import Instrumented, Options, instrument
from tests import libyaml

MANIFESTS = Path(__file__).parent / "manifests"
NAMES = sorted(path.name for path in MANIFESTS.iterdir())
LOGS = "/tmp/ray"  # noqa: S108 - where Ray writes
IMAGE = "cr.fluentbit.io/fluent/fluent-bit:5.1.1"


def manifest(name: str) -> str:
    return (MANIFESTS / name).read_text(encoding="utf-8")


def run(text: str, *, vllm_metrics: bool = False, report_interval: int | None = None) -> Instrumented:
    return instrument(text, file="ray.yaml", options=Options(IMAGE, vllm_metrics, report_interval))


def first(text: str) -> dict[str, Any]:
    """Reads the first document with a library that the code under test does not write with."""
    document = next(iter(libyaml.load_all(text)))
    assert isinstance(document, dict)
    return document


def head(cluster: dict[str, Any]) -> dict[str, Any]:
    template = cluster["headGroupSpec"]["template"]
    assert isinstance(template, dict)
    return template


def workers(cluster: dict[str, Any]) -> list[dict[str, Any]]:
    groups: list[dict[str, Any]] = cluster["workerGroupSpecs"]
    return [group["template"] for group in groups]


def container(template: dict[str, Any], name: str) -> dict[str, Any]:
    found: list[dict[str, Any]] = [one for one in template["spec"]["containers"] if one["name"] == name]
    assert len(found) == 1, f"{name} is there {len(found)} times"
    return found[0]


def volumes(template: dict[str, Any]) -> dict[str, Any]:
    listed = template["spec"]["volumes"]
    named = {one["name"]: one for one in listed}
    assert len(named) == len(listed)
    return named


def only_added(before: str, after: str) -> bool:
    """Returns whether every line of ``before`` is in ``after``, in the same order."""
    rest = iter(after.split("\n"))
    return all(line in rest for line in before.split("\n"))


def minimal(container: str = "", *, spec: str = "", group: str = "", template: str = "", top: str = "") -> str:
    """Returns a RayCluster of a head alone, with lines added to one of its parts, indented as the part is."""
    return f"""\
apiVersion: ray.io/v1
kind: RayCluster
metadata:
  name: small
{top}spec:
  headGroupSpec:
{group}    template:
{template}      spec:
{spec}        containers:
        - name: ray-head
          image: rayproject/ray:2.52.0
{container}"""
