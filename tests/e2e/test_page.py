"""The page that a run writes."""

from __future__ import annotations

from tests.e2e.page import render


def test_each_scenario_has_a_table() -> None:
    rows = [("jark", "install", "deployed"), ("jark", "upgrade", "0 changed"), ("faults", "port", "seen")]
    text = render(rows, {"Kubernetes": "1.37.2", "etcd": "3.7.3"})
    assert "Kubernetes 1.37.2, etcd 3.7.3." in text
    assert (
        "\n## Jark\n\n| step | result |\n|---|---|\n| install | deployed |\n| upgrade | 0 changed |\n\n## Faults\n"
        in text
    )
