"""Each fault, injected into a healthy cluster, is named as the first cause, and its remedy mends it."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from generator.build.sources import read_schema
from generator.cli import cli
from generator.doctor.causes import said
from generator.files import schemas
from generator.files.location import sources_root
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


@pytest.mark.sample(2)
@pytest.mark.parametrize("fault", TRIED, ids=lambda fault: fault.name)
def test_a_fault_is_the_first_cause_and_its_remedy_mends_it(cluster: World, fault: Fault) -> None:
    before = cluster.state
    cluster.state = cluster.healthy.copy()
    fault.inject(cluster.state)
    if cluster.state.broken:  # what is read then is not this state
        cluster.restore()
        fault.inject(cluster.state)
    if cluster.state != before:
        cluster.apply()
    sick = cluster.look(fault.boards, board=fault.board)
    named = [one for one in sick.causes if (one.cause, one.workload) == (fault.cause, fault.workload)]
    assert named, sorted((one.cause, one.workload) for one in sick.causes)
    text = "\n".join(map(words, named))
    questions = [question for one in named for question in sick.causes[one]]
    assert [said for said in fault.says if said not in text] == [], text
    assert re.findall(r"\{[a-zA-Z]+\}", text) == [], text
    assert bool(questions) or not fault.silences
    # It is alone: what follows from it is not told as a second fault, and the fault before it is mended.
    assert mended(sick, but=(fault.cause, fault.workload)) == []


@pytest.mark.thorough
def test_a_plain_stack_that_this_project_did_not_install_gets_a_page_that_is_of_use(cluster: World) -> None:
    cluster.state = cluster.healthy.copy()
    cluster.state.monitors.clear()
    cluster.state.groups = [{"name": "general", "rules": [{"alert": "TargetDown", "expr": "up == 0"}]}]
    del cluster.state.pages[world.NODE_EXPORTER, 9100]
    cluster.apply()
    runner = CliRunner(env={"COLUMNS": "100"})
    result = runner.invoke(cli, ["doctor", "--prometheus", cluster.api.url])
    assert result.exit_code == 1, result.output
    assert max(map(len, result.stdout.splitlines())) <= 100
    # What is down, what runs and is not scraped, and what the chart would bring; nothing of it is missed.
    assert "node-exporter: refuses the connection (1 down)" in result.stdout
    assert "Looks like vllm and nobody scrapes it: default/vllm-0" in result.stdout
    assert "Looks like dcgm and nobody scrapes it: default/dcgm-exporter-0" in result.stdout
    assert "gen-chart --profile bring-your-own-prometheus" in result.stdout
    assert "rules of gen-chart" not in result.stdout.partition("As it should be")[0]
    assert "are not loaded" not in result.stdout
    data = json.loads(runner.invoke(cli, ["doctor", "--prometheus", cluster.api.url, "--output", "json"]).stdout)
    assert schemas.problems(data, read_schema(sources_root(), "doctor"), file="report") == ()
    assert data["totals"]["seconds"] < 120


def test_the_last_fault_is_mended_too(cluster: World) -> None:
    cluster.restore()
    assert mended(cluster.look(("inference",))) == []


@pytest.mark.parametrize("case", EXPECTED, ids=lambda fault: fault.name)
def test_what_is_as_it_should_be_is_told_apart_from_faults(cluster: World, case: Fault) -> None:
    if not THOROUGH and case is not EXPECTED[2]:
        pytest.skip("a sample of equal cases; make test-thorough takes all")
    before = cluster.state
    cluster.state = cluster.healthy.copy()
    case.inject(cluster.state)
    if cluster.state != before:
        cluster.apply()
    diagnosis = cluster.look(board=case.board)
    assert mended(diagnosis) == []
    found = {(one.cause, one.workload): one for one in diagnosis.causes}
    assert (case.cause, case.workload) in found, sorted(found)
    assert [said for said in case.says if said not in words(found[case.cause, case.workload])] == []


def test_there_are_forty_faults_and_each_has_a_cause_of_the_list() -> None:
    assert len(FAULTS) >= 40
    assert {fault.cause for fault in (*FAULTS, *EXPECTED)} <= world.CAUSES.keys()
