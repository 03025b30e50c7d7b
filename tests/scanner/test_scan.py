"""This chart's own objects have no finding of the scanner without a reason, and no reason is left over."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from generator.stack import NAMES
from tests import helm
from tests.scanner.scan import (
    ALL,
    REASONS,
    UPSTREAM,
    Finding,
    Reason,
    checkov,
    own_objects,
    problems,
    read_reasons,
    scan,
    upstream_objects,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FOUND = (Finding("CKV_1", "Be small", "Job/a"), Finding("CKV_2", "Be kind", "Pod/test-b"))


def test_a_finding_needs_a_reason_and_a_reason_a_finding() -> None:
    small, kind = Reason("CKV_1", ("Job/*",), "It is."), Reason("CKV_2", ("Pod/test-*", "Pod/c"), "It ends.")
    assert problems(FOUND, [small]) == ["Pod/test-b: Be kind (CKV_2)"]
    assert problems(FOUND, [small, kind]) == ["reasons.yaml: CKV_2 of Pod/c fits nothing any more"]
    assert problems(FOUND[:1], [small]) == []


@pytest.mark.parametrize("path", [REASONS, UPSTREAM], ids=lambda path: path.stem)
def test_each_reason_says_something(path: Path) -> None:
    for reason in read_reasons(path):
        assert len(reason.reason) > 30
        assert reason.check.startswith("CKV")


@pytest.mark.upstream
@pytest.mark.slow
def test_our_objects_have_no_finding_without_a_reason(vendored: Callable[[str], Path], tmp_path: Path) -> None:
    binary, program = checkov(), helm.any_binary()
    if binary is None or program is None:
        pytest.skip("no checkov or helm: make scan installs the one, tests/helm-binaries.txt has the other")
    words = [word for value in (*ALL, *(f"{name}.rendered=false" for name in NAMES)) for word in ("--set", value)]
    done = helm.run(program, "template", "observability", vendored("standalone"), "--namespace", "monitoring", *words)
    objects = own_objects(done.stdout)
    (tmp_path / "ours").mkdir()
    found = problems(scan(binary, objects, tmp_path / "ours"), read_reasons())
    assert not found, "\n".join(found)
    (tmp_path / "worse").mkdir()
    worse = [text.replace("allowPrivilegeEscalation: false", "allowPrivilegeEscalation: true") for text in objects]
    assert any(
        "allowPrivilegeEscalation" in line for line in problems(scan(binary, worse, tmp_path / "worse"), read_reasons())
    )


@pytest.mark.upstream
@pytest.mark.slow
def test_the_upstream_charts_have_no_finding_that_a_value_cures(
    vendored: Callable[[str], Path], tmp_path: Path
) -> None:
    binary, program = checkov(), helm.any_binary()
    if binary is None or program is None:
        pytest.skip("no checkov or helm: make scan installs the one, tests/helm-binaries.txt has the other")
    words = ["--namespace", "monitoring", "--set", "opensearch-dashboards.enabled=true"]
    done = helm.run(program, "template", "observability", vendored("standalone"), *words)
    found = problems(scan(binary, upstream_objects(done.stdout), tmp_path), read_reasons(UPSTREAM))
    assert not found, "\n".join(found)
