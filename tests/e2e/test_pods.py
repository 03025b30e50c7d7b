"""What is said of a pod, from what its containers do; and the addresses that pods get."""

from __future__ import annotations

from ipaddress import IPv4Network

import pytest

from tests.e2e import pods
from tests.e2e.network import Addresses, AddressesError


@pytest.mark.parametrize(
    ("policy", "codes", "phase"),
    [
        ("Always", [None, 1], "Running"),
        ("Always", [0], "Running"),
        ("Never", [0, 0], "Succeeded"),
        ("Never", [0, 1], "Failed"),
        ("Never", [0, None], "Running"),
        ("OnFailure", [1], "Running"),
        ("OnFailure", [0], "Succeeded"),
    ],
)
def test_a_pod_s_phase_follows_from_its_policy_and_exit_codes(policy: str, codes: list[int | None], phase: str) -> None:
    assert pods.phase_of({"spec": {"restartPolicy": policy}}, codes) == phase


def test_a_pod_is_ready_when_all_its_containers_are() -> None:
    def ready(*each: bool) -> str:
        states = [pods.running("c", "i", pods.now(), ready=one) for one in each]
        found = pods.status("Running", "10.244.0.2", "172.31.255.11", pods.now(), [], states)
        return str(next(one["status"] for one in found["conditions"] if one["type"] == "Ready"))

    assert (ready(True, True), ready(True, False)) == ("True", "False")


def test_an_address_is_handed_out_again_only_after_all_others() -> None:
    """A scrape of the pod before must not reach the one after it."""
    addresses = Addresses(IPv4Network("10.0.0.0/29"))
    first = addresses.take()
    addresses.give_back(first)
    assert [addresses.take() for _ in range(5)][-1] == first
    with pytest.raises(AddressesError, match=r"10\.0\.0\.0/29"):
        addresses.take()
