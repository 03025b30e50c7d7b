"""Each fault, injected into a healthy cluster, is named as the first cause, and its remedy mends it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from generator.doctor.causes import said
from tests.doctor import world
from tests.doctor.faults import EXPECTED, FAULTS, Fault
from tests.thorough import THOROUGH

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.doctor.causes import Found
    from generator.doctor.diagnosis import Diagnosis
    from tests.doctor.world import World
    from tests.signals.binaries import Binaries

pytestmark = pytest.mark.slow

TRIED = [fault for fault in FAULTS if THOROUGH or fault.sample]


@pytest.fixture(scope="module")
def cluster(binaries: Binaries, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    try:
        with world.running(binaries, tmp_path_factory.mktemp("cluster")) as found:
            yield found
    except OSError as error:
        pytest.skip(f"no addresses of 127.0.0.0/8 to serve on: {error}")


def mended(diagnosis: Diagnosis, but: tuple[str, str] = ("", "")) -> list[str]:
    """Returns what has to be mended, in words, with what it silences; one cause may be left out."""
    return [
        f"{one.cause} {one.workload}: {words(one)}\n{[each.label for each in questions]}"
        for one, questions in diagnosis.causes.items()
        if world.SEVERITIES[one.cause] != "expected" and (one.cause, one.workload) != but
    ]


def words(one: Found) -> str:
    cause = world.CAUSES[one.cause]
    return "\n".join(said(text, dict(one.facts)) for text in (cause.title, cause.means, cause.remedy, cause.overlay))


def test_nothing_is_reported_on_a_healthy_cluster(cluster: World) -> None:
    diagnosis = cluster.look(("inference", "ray-cluster", "gpu-fleet", "jark-platform"))
    assert mended(diagnosis) == []
    assert diagnosis.unknown == ()
    assert sum(one.outcome.answers for one in diagnosis.asked if one.question.kind == "panel") > 60


@pytest.mark.parametrize("fault", TRIED, ids=lambda fault: fault.name)
def test_a_fault_is_the_first_cause_and_its_remedy_mends_it(cluster: World, fault: Fault) -> None:
    fault.inject(cluster.state)
    if cluster.state != cluster.healthy:
        cluster.apply()
    try:
        sick = cluster.look(fault.boards, board=fault.board)
    finally:
        if cluster.state != cluster.healthy:
            cluster.restore()
    causes = {(one.cause, one.workload): (one, questions) for one, questions in sick.causes.items()}
    assert (fault.cause, fault.workload) in causes, sorted(causes)
    one, questions = causes[fault.cause, fault.workload]
    text = words(one)
    assert [said for said in fault.says if said not in text] == [], text
    assert "{" not in text.replace("{}", ""), text
    assert bool(questions) or not fault.silences
    # It is alone: what follows from it is not told as a second fault.
    assert mended(sick, but=(fault.cause, fault.workload)) == []
    if fault.board is None:
        assert mended(cluster.look(fault.boards)) == []


@pytest.mark.parametrize("case", EXPECTED, ids=lambda fault: fault.name)
def test_what_is_as_it_should_be_is_told_apart_from_faults(cluster: World, case: Fault) -> None:
    if not THOROUGH and case is not EXPECTED[1]:
        pytest.skip("a sample of equal cases; make test-thorough takes all")
    diagnosis = cluster.look(board=case.board)
    assert mended(diagnosis) == []
    found = {(one.cause, one.workload): one for one in diagnosis.causes}
    assert (case.cause, case.workload) in found, sorted(found)
    assert [said for said in case.says if said not in words(found[case.cause, case.workload])] == []


def test_there_are_forty_faults_and_each_has_a_cause_of_the_list() -> None:
    assert len(FAULTS) >= 40
    assert {fault.cause for fault in (*FAULTS, *EXPECTED)} <= world.CAUSES.keys()
