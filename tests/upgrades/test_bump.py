"""`gen-chart bump` and `outdated` in a checkout of their own: what is written, and what is refused."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from generator.choices.pins import parse_pins
from generator.files import location, yamlfile
from generator.upgrades.bump import Bump, Change
from generator.upgrades.pinsfile import edited_pins
from tests import libyaml
from tests.conftest import ROOT
from tests.upstream.charts import sha256

from .charts import publish, write_chart

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PINS = (ROOT / "pins.yaml").read_text(encoding="utf-8")
PINNED = libyaml.load(PINS)["charts"]["metrics-server"]
OURS = {"args": [], "replicas": 1, "resources": {}, "apiService": {"create": True}, "hostNetwork": {"enabled": False}}


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the sources, which the command takes for its own."""
    root = tmp_path / "checkout"
    root.mkdir()
    for folder in {file.parent for file in ROOT.glob("[a-z]*/*.yaml")}:
        shutil.copytree(folder, root / folder.name)
    for file in (*ROOT.glob("[a-z]*.yaml"), ROOT / "pyproject.toml"):
        shutil.copy(file, root / file.name)
    monkeypatch.setattr(location, "sources_root", lambda: root)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("GEN_CHART_DEBUG", "1")
    return root


@pytest.fixture
def mirror(tmp_path: Path, checkout: Path) -> Path:
    """A mirror with metrics-server as pinned, 9.0.0 that keeps all keys, and 9.1.0 that lacks one."""
    text = PINS.replace(f"    digest: {PINNED['digest']}\n", "")
    (checkout / "pins.yaml").write_text(text, encoding="utf-8")
    folder = tmp_path / "mirror"
    defaults = {**OURS, "podDisruptionBudget": {"enabled": False, "minAvailable": None}}
    keys = set(libyaml.load((ROOT / "charts/ai-ml-observability/values.yaml").read_text())["metrics-server"])
    defaults |= {key: {} for key in keys - defaults.keys() - {"enabled"}}
    publish(folder, tmp_path, "metrics-server", PINNED["version"], defaults)
    publish(folder, tmp_path, "metrics-server", "9.0.0", defaults, appVersion="9.9.9")
    publish(folder, tmp_path, "metrics-server", "9.1.0", {key: {} for key in defaults if key != "replicas"})
    return folder


@pytest.mark.slow
def test_a_pin_moves_with_its_app_version_digest_and_day_and_all_else_stays(
    run: Callable[..., Any], checkout: Path, mirror: Path
) -> None:
    before = (checkout / "pins.yaml").read_text()
    code, out, err = run("bump", "metrics-server", "9.0.0", "--chart-mirror", str(mirror))
    assert (code, out.splitlines()[0]) == (0, f"metrics-server {PINNED['version']} → 9.0.0")
    assert "moved" in err
    after = (checkout / "pins.yaml").read_text()
    pin = libyaml.load(after)["charts"]["metrics-server"]
    assert (pin["version"], pin["appVersion"]) == ("9.0.0", "9.9.9")
    assert pin["digest"] == sha256((mirror / "metrics-server-9.0.0.tgz").read_bytes())
    changed = set(before.splitlines()) ^ set(after.splitlines())
    assert {line.split(":")[0].strip() for line in changed} <= {"version", "appVersion", "digest", "asOf"}
    parse_pins(yamlfile.parse(after, file="x"), yamlfile.load(ROOT / "values-schemas/pins.schema.yaml"), file="x")


@pytest.mark.slow
def test_a_key_that_is_gone_stops_it_and_force_moves_the_pin_anyway(
    run: Callable[..., Any], checkout: Path, mirror: Path
) -> None:
    before = (checkout / "pins.yaml").read_text()
    code, out, err = run("bump", "metrics-server", "9.1.0", "--chart-mirror", str(mirror))
    assert code == 1
    assert "gone: " in out
    assert "pins.yaml is as it was" in err
    assert (checkout / "pins.yaml").read_text() == before
    assert run("bump", "metrics-server", "9.1.0", "--chart-mirror", str(mirror), "--force")[0] == 0
    assert libyaml.load((checkout / "pins.yaml").read_text())["charts"]["metrics-server"]["version"] == "9.1.0"


@pytest.mark.slow
def test_a_dry_run_writes_nothing_and_json_is_json(run: Callable[..., Any], checkout: Path, mirror: Path) -> None:
    before = (checkout / "pins.yaml").read_text()
    arguments = ("bump", "metrics-server", "9.0.0", "--chart-mirror", str(mirror), "--dry-run", "--output", "json")
    code, out, _err = run(*arguments)
    assert code == 0
    assert json.loads(out)["chart"] == {"name": "metrics-server", "before": PINNED["version"], "after": "9.0.0"}
    assert (checkout / "pins.yaml").read_text() == before


@pytest.mark.slow
def test_a_digest_is_dropped_where_the_chart_was_packed_here(
    run: Callable[..., Any], checkout: Path, mirror: Path, tmp_path: Path
) -> None:
    (mirror / "metrics-server-9.0.0.tgz").unlink()
    values = libyaml.load((tmp_path / "metrics-server-9.0.0" / "values.yaml").read_text())
    write_chart(mirror / "metrics-server", "metrics-server", "9.0.0", values)
    assert run("bump", "metrics-server", "9.0.0", "--chart-mirror", str(mirror))[0] == 0
    assert "digest" not in libyaml.load((checkout / "pins.yaml").read_text())["charts"]["metrics-server"]


@pytest.mark.parametrize(
    ("name", "version", "expected"),
    [
        ("metric-server", "9.0.0", "did you mean 'metrics-server'?"),
        ("metrics-server", "9.x", "expected one exact version"),
        ("metrics-server", "../../x", "expected one exact version"),
        ("metrics-server", PINNED["version"], "already"),
        ("metrics-server", "9.7.0", "found no metrics-server-9.7.0.tgz"),
    ],
)
@pytest.mark.slow
def test_what_cannot_be_is_refused(
    run: Callable[..., Any], mirror: Path, name: str, version: str, expected: str
) -> None:
    code, _out, err = run("bump", name, version, "--chart-mirror", str(mirror))
    assert code == 2
    assert expected in err


def test_an_installed_package_is_not_changed(run: Callable[..., Any], checkout: Path, tmp_path: Path) -> None:
    (checkout / "pyproject.toml").unlink()
    code, _out, err = run("bump", "metrics-server", "9.0.0", "--chart-mirror", str(tmp_path))
    assert code == 2
    assert "run it from a checkout" in err


def test_outdated_exits_1_only_when_it_is_asked_to(run: Callable[..., Any], mirror: Path, checkout: Path) -> None:
    data = libyaml.load((checkout / "pins.yaml").read_text())
    data["charts"] = {"metrics-server": data["charts"]["metrics-server"]}
    (checkout / "pins.yaml").write_text(libyaml.dump(data))
    code, out, _err = run("outdated", "--chart-mirror", str(mirror))
    assert code == 0
    assert "9.1.0" in out
    assert run("outdated", "--chart-mirror", str(mirror), "--exit-code", "--output", "json")[0] == 1


def test_outdated_shows_what_answered_and_exits_2_for_the_rest(run: Callable[..., Any], mirror: Path) -> None:
    code, out, err = run("outdated", "--chart-mirror", str(mirror))
    assert code == 2
    assert "9.1.0" in out
    assert "fluent-bit" in err


def moved(**more: Any) -> Bump:
    nothing = Change("", "", "")
    facts: dict[str, Any] = {"gone": (), "changed": (), "nested": (), "crds": (), "images": (), "follow": (), **more}
    return Bump(Change("fluent-bit", "0.58.1", "1.0.0"), Change("appVersion", "1", "6.0.0"), nothing, **facts)


def test_comments_and_the_order_of_pins_stay() -> None:
    day = str(libyaml.load(PINS)["asOf"])
    old = libyaml.load(PINS)["charts"]["fluent-bit"]
    text = edited_pins(PINS, moved(), digest="a" * 64, today=day)
    expected = PINS.replace(f"version: {old['version']}", "version: 1.0.0")
    expected = expected.replace(f"appVersion: {old['appVersion']}", "appVersion: 6.0.0")
    assert text == expected.replace(old["digest"], "a" * 64)


def test_an_image_follows_and_a_reason_is_replaced() -> None:
    step = Change("k8s-sidecar", "2.10.1", "2.11.0")
    text = edited_pins(PINS, moved(images=(step,)), digest=None, today="2027-01-01", reason="Because.")
    data = libyaml.load(text)
    assert data["images"]["k8s-sidecar"]["tag"] == "2.11.0"
    assert data["charts"]["fluent-bit"]["reason"] == "Because."
    assert "digest" not in data["charts"]["fluent-bit"]
    assert data["asOf"] == "2027-01-01"
