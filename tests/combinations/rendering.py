"""What both helms make of a generated chart, with the upstream charts in it."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

from generator.stack import NAMES
from tests import helm, libyaml, objects
from tests.combinations.together import VALUES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from generator.files.tree import Chart
    from tests.combinations.together import Before

KINDS = ("PodMonitor", "ServiceMonitor", "PrometheusRule")


def write(chart: Chart, folder: Path, archives: Path) -> Path:
    """Writes a chart with the upstream charts' archives, which lie on the same file system, into a folder."""
    for path, text in chart.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    helm.add_archives(folder, archives)
    return folder


def linted(binary: Path, folder: Path, *words: str) -> None:
    """Fails unless ``helm lint --strict`` finds nothing."""
    printed = helm.run(binary, "lint", "--strict", folder, *words).stdout
    assert "0 chart(s) failed" in printed
    assert "[WARNING]" not in printed


def rendered(binary: Path, folder: Path, *words: str) -> list[dict[str, Any]]:
    """Returns the objects that a cluster with the Prometheus operator's kinds would get."""
    versions = [f"--api-versions=monitoring.coreos.com/v1/{kind}" for kind in KINDS]
    done = helm.run(binary, "template", "observability", folder, "--namespace", "monitoring", *versions, *words)
    return helm.documents(done.stdout)


def unchanged(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Returns the upstream charts that render as before: a chart sees its own values and the global ones alone.

    Args:
        before: values of our chart.
        now: other ones.
    """
    if before.get("global") != now.get("global"):
        return []
    return [name for name in NAMES if before.get(name) == now.get(name)]


def without(names: Iterable[str]) -> list[str]:
    """Returns the words that have Helm pass upstream charts over."""
    return [word for name in names for word in ("--set", f"{name}.rendered=false")]


class Helms:
    """Both helms, to look at many charts that differ little from one."""

    def __init__(self, archives: Path, binaries: tuple[Path, Path], folder: Path) -> None:
        """Takes the upstream charts, helm 3.17 and 4.3, and a folder on the same file system as the charts."""
        self._archives = archives
        self._binaries = binaries
        self._folder = folder
        self._number = 0

    def refuse(self, before: Before, chart: Chart) -> str:
        """Returns what one of them does not take in a chart, or what is wrong with its objects; "" if nothing.

        One lints and the other renders, in turns; both leave out upstream charts that render as ``before``.
        """
        self._number += 1
        folder = write(chart, self._folder / str(self._number), self._archives)
        passed_over = without(unchanged(before.values, libyaml.load(chart[VALUES])))
        newer, older = self._binaries[:: 1 if self._number % 2 else -1]
        try:
            linted(older, folder, *passed_over)
            archive = next(self._archives.glob("kube-prometheus-stack-*.tgz"))
            faults = objects.faults(rendered(newer, folder, *passed_over), archive)
            return "\n".join(map(str, faults))
        except AssertionError as error:
            return str(error)
        finally:
            shutil.rmtree(folder)
