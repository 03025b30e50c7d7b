"""Chart.yaml and Chart.lock."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from generator import __version__
from generator import stack as components
from generator.files import yamlfile

if TYPE_CHECKING:
    from generator.choices.pins import Pin, Pins

NAME = "ai-ml-observability"
"""The chart's name; also the prefix of its template helpers and of its cluster-scoped objects."""

LIBRARY = f"{NAME}-library"
"""The chart in its ``charts/`` that holds its named templates (see library.py)."""


def chart_yaml(pins: Pins, header: str) -> str:
    """Returns Chart.yaml with every component as a dependency that its values switch; see dependencies.

    Raises:
        InputError: see dependencies.
    """
    data = {
        "apiVersion": "v2",
        "name": NAME,
        "description": "Observability of AI/ML workloads: metrics, logs, dashboards and alerts for Ray, vLLM and GPUs",
        "type": "application",
        "version": __version__,
        "appVersion": __version__,
        # The lowest that every pinned chart accepts (kube-prometheus-stack 88.5.3 Chart.yaml asks for 1.25).
        "kubeVersion": ">=1.25.0-0",
        "keywords": ["observability", "monitoring", "gpu", "ray", "vllm", "prometheus", "grafana", "opensearch"],
        "annotations": {
            "artifacthub.io/category": "monitoring-logging",
            "artifacthub.io/license": "Apache-2.0",
            "artifacthub.io/operator": "false",
            "artifacthub.io/prerelease": "true" if "-" in __version__ else "false",
        },
        "dependencies": dependencies(pins),
    }
    return f"# {header}\n{yamlfile.dump(data)}"


def dependencies(pins: Pins) -> list[dict[str, str]]:
    """Returns Chart.yaml's dependencies: the library chart, then the upstream charts in the order of components.NAMES.

    Helm takes the first value of a condition that is there (Helm 3.17 and 4.3, processDependencyConditions). So
    ``NAME.rendered: false`` leaves a chart's objects out of one rendering of several, while ``NAME.enabled`` still
    tells the templates of this chart that it runs.

    Raises:
        InputError: a component has no pin.
    """
    upstream = [_dependency(pins.pin(name)) for name in components.NAMES]
    return [
        _LIBRARY,
        *(
            {**dependency, "condition": f"{dependency['name']}.rendered,{dependency['name']}.enabled"}
            for dependency in upstream
        ),
    ]


def repositories(pins: Pins) -> list[dict[str, str]]:
    """Returns the Helm repositories of the dependencies, each once, under the name of the first chart from it.

    ``helm dependency build`` takes charts only from repositories that were added before (Helm 3.17 and 4.3).

    Raises:
        InputError: a component has no pin.
    """
    names: dict[str, str] = {}
    for name in components.NAMES:
        names.setdefault(pins.pin(name).repository, name)
    return [{"name": name, "url": url} for url, name in names.items()]


_LIBRARY = {"name": LIBRARY, "version": __version__, "repository": ""}
"""Helm takes a dependency without a repository from ``charts/NAME`` (Helm 3.17 and 4.3, internal/resolver)."""


def _dependency(pin: Pin) -> dict[str, str]:
    return {"name": pin.name, "version": pin.version, "repository": pin.repository}


def chart_lock(pins: Pins) -> str:
    """Returns the Chart.lock that ``helm dependency build`` accepts for chart_yaml's dependencies.

    The digest is the sha256 of ``[dependencies, locked]`` as Go's json.Marshal writes it
    (Helm 3.17 and 4.3, internal/resolver HashReq). The time is the day of the pins: equal pins give equal bytes.
    """
    declared = dependencies(pins)
    locked = [_LIBRARY, *(_dependency(pins.pin(name)) for name in components.NAMES)]
    data: dict[str, Any] = {
        "dependencies": locked,
        "digest": f"sha256:{hashlib.sha256(_go_json([declared, locked])).hexdigest()}",
        "generated": f"{pins.as_of}T00:00:00Z",
    }
    return yamlfile.dump(data)


def _go_json(data: Any) -> bytes:
    """Go writes compact JSON and escapes <, > and & inside strings."""
    text = json.dumps(data, separators=(",", ":"), ensure_ascii=False)
    for char in "<>&":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return text.encode()
