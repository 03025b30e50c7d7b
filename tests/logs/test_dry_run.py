"""What the chart renders is what Fluent Bit accepts."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.conftest import PROFILES
from tests.logs.fluentbit import Node

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from tests.logs.sink import Server


def dry_run(program: Path, node: Node) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [program, "--dry-run", "--config", node.config],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
        env={**os.environ, **node.variables},
    )


@pytest.mark.upstream
@pytest.mark.parametrize("profile", PROFILES)
def test_fluent_bit_accepts_every_profiles_configuration(
    program: Path, rendered: Callable[[str], Mapping[str, str]], tmp_path: Path, server: Server, profile: str
) -> None:
    node = Node(tmp_path, server).write(rendered(profile))
    done = dry_run(program, node)
    assert done.returncode == 0, done.stderr
    assert not any(word in done.stderr for word in ("warn", "[error]")), done.stderr


@pytest.mark.upstream
def test_a_misspelt_option_is_refused_so_the_dry_run_can_fail(program: Path, node: Node) -> None:
    node.config.write_text(node.config.read_text().replace("Merge_Log_Key", "Merge_Log_Kee"))
    assert dry_run(program, node).returncode != 0
