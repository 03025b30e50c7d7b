"""renovate.json finds every pin."""

from __future__ import annotations

import json
import re

from tests import libyaml
from tests.conftest import ROOT

CONFIG = json.loads((ROOT / "renovate.json").read_text(encoding="utf-8"))
TEXT = (ROOT / "pins.yaml").read_text(encoding="utf-8")
PINS = libyaml.load(TEXT)


def found(datasource: str) -> list[dict[str, str]]:
    managers = [one for one in CONFIG["customManagers"] if one["datasourceTemplate"] == datasource]
    patterns = [text.replace("(?<", "(?P<") for one in managers for text in one["matchStrings"]]
    return [match.groupdict() for pattern in patterns for match in re.finditer(pattern, TEXT)]


def test_every_chart_is_found_with_its_version_and_repository() -> None:
    expected = [
        {"depName": name, "currentValue": pin["version"], "registryUrl": pin["repository"]}
        for name, pin in PINS["charts"].items()
    ]
    assert found("helm") == expected


def test_every_image_is_found_with_its_tag() -> None:
    expected = [{"depName": one["repository"], "currentValue": one["tag"]} for one in PINS["images"].values()]
    assert found("docker") == expected


def test_rules_name_what_is_pinned() -> None:
    known = PINS["charts"].keys() | {one["repository"] for one in PINS["images"].values()}
    for rule in CONFIG["packageRules"]:
        assert set(rule.get("matchDepNames", ())) <= known
