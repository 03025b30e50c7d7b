"""The schemas of KubeRay's kinds, from its Go module: nothing of it is kept here."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests import libyaml

MODULE = "github.com/ray-project/kuberay/ray-operator@v1.5.0"


@cache
def schema(kind: str) -> dict[str, Any]:
    """Returns the JSON Schema of a kind of ray.io/v1, made strict: a field that Kubernetes would drop is an error.

    The test is skipped without Go, or where Go has not got the module and cannot fetch it.
    """
    folder = _module() / "config" / "crd" / "bases"
    definition = libyaml.load((folder / f"ray.io_{kind.lower()}s.yaml").read_text(encoding="utf-8"))
    (version,) = (one for one in definition["spec"]["versions"] if one["name"] == "v1")
    found: dict[str, Any] = strict(version["schema"]["openAPIV3Schema"])
    # Kubernetes' own fields, which no definition spells out.
    found["properties"]["metadata"]["additionalProperties"] = True
    return found


def strict(node: Any) -> Any:
    """Returns a schema of Kubernetes as JSON Schema has it, with no other properties than those that it names."""
    if isinstance(node, list):
        return [strict(item) for item in node]
    if not isinstance(node, dict):
        return node
    made = {key: strict(value) for key, value in node.items()}
    if isinstance(node.get("properties"), dict) and "type" in node:
        made.setdefault("additionalProperties", bool(node.get("x-kubernetes-preserve-unknown-fields")))
    if node.get("x-kubernetes-int-or-string"):
        made.pop("anyOf", None)
        made["type"] = ["integer", "string"]
    return made


@cache
def _module() -> Path:
    go = shutil.which("go")
    if go is None:
        pytest.skip("no Go to get KubeRay's schemas with")
    with tempfile.TemporaryDirectory() as elsewhere:
        done = subprocess.run(
            [go, "mod", "download", "-json", MODULE], capture_output=True, text=True, check=False, cwd=elsewhere
        )
    if done.returncode:
        pytest.skip(f"no KubeRay schemas: go mod download {MODULE} failed")
    return Path(json.loads(done.stdout)["Dir"])
