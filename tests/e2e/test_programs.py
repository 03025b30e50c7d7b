"""Which programs ``make e2e`` builds, and with which words."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.e2e import containers, programs
from tests.e2e.programs import BuildError, Module, build, link_flags, located, modules, required
from tests.signals import binaries

GO_MOD = """module gen-chart/tools/x

require (
\texample.org/other v0.1.0 // indirect
\texample.org/server/v3 v3.7.3 // indirect
)
replace example.org/other => example.org/other v0.2.0
"""


def test_the_version_is_the_one_that_go_mod_requires() -> None:
    assert required(GO_MOD, "example.org/server/v3") == "3.7.3"
    assert required("require example.org/server/v3 v3.7.4\n", "example.org/server/v3") == "3.7.4"


def test_a_module_that_go_mod_does_not_require_is_named() -> None:
    with pytest.raises(BuildError, match=r"example\.org/absent"):
        required(GO_MOD, "example.org/absent")


def test_the_linker_gets_the_version_and_its_minor() -> None:
    flags = {"a/v.gitVersion": "vVERSION", "a/v.gitMinor": "MINOR"}
    assert link_flags(flags, "1.37.2") == "-s -w -X a/v.gitVersion=v1.37.2 -X a/v.gitMinor=37"


def test_every_module_is_pinned_with_its_sums() -> None:
    found = modules()
    assert {"etcd", "kubernetes", "prometheus-operator"} <= {module.name for module in found}
    for module in found:
        sums = (programs.ROOT / "tools" / module.name / "go.sum").read_text("utf-8")
        assert f"{module.path} v{module.version} h1:" in sums, module.name


def test_two_versions_of_a_module_are_kept_apart() -> None:
    one, other = (Module("etcd", "example.org/etcd", version, {}) for version in ("3.7.3", "3.7.4"))
    assert one.folder != other.folder


def test_only_what_is_built_is_located(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binaries, "cache", lambda: tmp_path / "prometheus")
    module = Module("etcd", "example.org/etcd", "1.0", {"etcd": "example.org/etcd", "etcdctl": "example.org/etcdctl"})
    module.folder.mkdir()
    (module.folder / "etcd").touch()
    assert located([module]) == {"etcd": module.folder / "etcd"}


def test_without_go_the_way_out_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binaries, "cache", lambda: tmp_path / "prometheus")
    monkeypatch.setenv("PATH", "")
    with pytest.raises(BuildError, match=r"Go 1\.26"):
        build([Module("etcd", "example.org/etcd", "1.0", {"etcd": "example.org/etcd"})], lambda _: None)


def test_what_go_says_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a Go that refuses: the folder keeps nothing half-built."""
    fake = tmp_path / "bin" / "go"
    fake.parent.mkdir()
    fake.write_text("#!/bin/sh\necho 'no such package' >&2\nexit 1\n", encoding="utf-8")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{fake.parent}:/usr/bin:/bin")
    monkeypatch.setattr(binaries, "cache", lambda: tmp_path / "tools" / "prometheus")
    module = Module("etcd", "example.org/etcd", "1.0", {"etcd": "example.org/etcd"})
    with pytest.raises(BuildError, match="no such package"):
        build([module], lambda _: None)
    assert list(module.folder.iterdir()) == []


def test_an_image_that_a_program_stands_for_names_one_that_is_built() -> None:
    built = {name for module in modules() for name in module.programs}
    known = built | {"prometheus", "alertmanager", "python", "certgen"}
    assert set(containers.images(dict.fromkeys(known, Path("/bin/true")))) == set(
        yaml.safe_load(containers.FILE.read_text("utf-8"))
    )
