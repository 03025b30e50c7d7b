"""Runs checkov over the objects that this chart renders itself and holds what it finds against reasons.yaml."""

from __future__ import annotations

import json
import os
import re
import subprocess
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from generator.files import yamlfile
from tests.conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

REASONS = Path(__file__).with_name("reasons.yaml")
UPSTREAM = Path(__file__).with_name("upstream.yaml")

ALL = ("opencost.enabled=true", "mcp.kubernetes.enabled=true", "mcp.prometheus.enabled=true", "runbooks.enabled=true")
"""Values that switch on what standalone leaves out."""

_LOOKED_AT = re.compile(
    r"^kind: (CronJob|DaemonSet|Deployment|Ingress|Job|Pod|StatefulSet|Service(Account)?|(Cluster)?Role(Binding)?)$",
    re.MULTILINE,
)
"""Kinds of which the scanner has an opinion; the others are most of what is rendered."""

_OWN = re.compile(r"^# Source: ai-ml-observability/templates/", re.MULTILINE)


@dataclass(frozen=True)
class Reason:
    """Why findings of one check are right as they are.

    Attributes:
        check: the check's id.
        objects: KIND/NAME of the objects, ``*`` standing for any text.
        reason: in one sentence.
    """

    check: str
    objects: tuple[str, ...]
    reason: str

    def covers(self, check: str, name: str) -> bool:
        """Returns whether it is about a check of an object."""
        return check == self.check and any(fnmatchcase(name, pattern) for pattern in self.objects)


@dataclass(frozen=True)
class Finding:
    """One finding: the check's id and what it asks for, and KIND/NAME of the object."""

    check: str
    asks: str
    name: str


def checkov() -> Path | None:
    """Returns the scanner: of GEN_CHART_CHECKOV, else the one that `make scan` installs; None if there is none."""
    found = Path(os.environ.get("GEN_CHART_CHECKOV") or ROOT / ".venv-scanner" / "bin" / "checkov")
    return found if found.is_file() else None


def read_reasons(path: Path = REASONS) -> tuple[Reason, ...]:
    return tuple(Reason(each["check"], tuple(each["objects"]), each["reason"]) for each in yamlfile.load(path))


def own_objects(rendered: str) -> list[str]:
    """Returns what ``helm template`` printed of this chart's own objects, a text each."""
    return [text for text in _objects(rendered) if _OWN.search(text)]


def upstream_objects(rendered: str) -> list[str]:
    """Returns what ``helm template`` printed of the upstream charts and the scanner looks at, a text each.

    The policies of this chart are with them, for they are about their pods.
    """
    return [
        text
        for text in _objects(rendered)
        if (_LOOKED_AT.search(text) and not _OWN.search(text)) or "\nkind: NetworkPolicy\n" in text
    ]


def _objects(rendered: str) -> list[str]:
    return [text for text in re.split(r"^---$", rendered, flags=re.MULTILINE) if "kind:" in text]


def scan(binary: Path, objects: Iterable[str], folder: Path) -> tuple[Finding, ...]:
    """Returns what checkov finds.

    Args:
        binary: the scanner.
        objects: texts of one object each.
        folder: an empty one.

    Raises:
        RuntimeError: it could not read one of them.
    """
    for number, text in enumerate(objects):
        (folder / f"{number:04}.yaml").write_text(text, encoding="utf-8")
    words = ["--framework", "kubernetes", "--compact", "--quiet", "--skip-download", "--output", "json"]
    done = subprocess.run([binary, "--directory", folder, *words], capture_output=True, text=True, check=False)
    report = json.loads(done.stdout)
    results, summary = report["results"], report["summary"]
    if summary["parsing_errors"] or not summary["passed"]:
        raise RuntimeError(f"checkov could not read the objects: {summary}")
    return tuple(
        Finding(each["check_id"], each["check_name"], _name(each["resource"])) for each in results["failed_checks"]
    )


def _name(resource: str) -> str:
    """Returns KIND/NAME of ``Kind.namespace.name``; a name may have dots."""
    kind, _, rest = resource.partition(".")
    return f"{kind}/{rest.partition('.')[2] or rest}"


def problems(findings: Sequence[Finding], reasons: Sequence[Reason]) -> list[str]:
    """Returns a line for each finding without a reason, and for each pattern of a reason that fits no finding."""
    bare = [
        f"{each.name}: {each.asks} ({each.check})"
        for each in findings
        if not any(reason.covers(each.check, each.name) for reason in reasons)
    ]
    unused = [
        f"reasons.yaml: {reason.check} of {pattern} fits nothing any more"
        for reason in reasons
        for pattern in reason.objects
        if not any(each.check == reason.check and fnmatchcase(each.name, pattern) for each in findings)
    ]
    return [*bare, *unused]
