"""Runs scenarios beside the dashboards and writes docs/truth.md.

Exit 1 if a panel or an alert does not tell the truth, 2 if something that is needed is not there.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from platformdirs import user_cache_path

from generator.errors import Exit, InputError
from tests.conftest import ROOT
from tests.live.environment import NoEnvironmentError, environment
from tests.live.processes import ProgramError
from tests.live.shipped import shipped, the_build
from tests.live.terminal import say
from tests.signals.binaries import NotFoundError, find
from tests.truth import kept
from tests.truth.judge import judge
from tests.truth.report import as_markdown, as_text
from tests.truth.run import groups, run
from tests.truth.scenario import read_scenarios

if TYPE_CHECKING:
    from generator.build.build import Build
    from tests.signals.binaries import Binaries
    from tests.truth.report import Outcome
    from tests.truth.scenario import Scenario

PAGE = ROOT / "docs" / "truth.md"


def main() -> int:
    """Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.truth", description=__doc__)
    parser.add_argument("scenario", nargs="*", help="names of files in tests/truth/scenarios; all if none is named")
    parser.add_argument("--replay", action="store_true", help="run nothing: judge what earlier runs have left")
    parser.add_argument("--profile", default="standalone")
    parser.add_argument(
        "--recordings",
        type=Path,
        default=user_cache_path("gen-chart") / "truth",
        help="where all samples of each run are kept; fixtures are cut from them (%(default)s)",
    )
    given = parser.parse_args()
    try:
        return _main(given.scenario, given.replay, given.profile, given.recordings)
    except (NotFoundError, NoEnvironmentError, ProgramError, InputError) as error:
        say(str(error))
        return Exit.BAD_INPUT


def _main(names: list[str], replay: bool, profile: str, recordings: Path) -> int:
    scenarios = read_scenarios()
    for name in names:
        if name not in scenarios:
            say(f"found the scenario '{name}', expected one of: {', '.join(scenarios)}")
            return Exit.BAD_INPUT
    binaries, build = find(), the_build(profile)
    asked = shipped(build)
    if not replay:
        _run([scenarios[name] for name in names or scenarios], build, binaries, recordings)
    wanted = asked.needed()
    for name in kept.names(recordings):
        kept.save(name, kept.load(name, recordings), wanted=wanted)
    outcomes: list[Outcome] = []
    for name in kept.names():
        outcomes.append(judge(scenarios[name], kept.load(name), asked, binaries))
        say(as_text(outcomes[-1]))
    PAGE.write_text(as_markdown(outcomes), encoding="utf-8")
    return Exit.DONE if all(outcome.holds for outcome in outcomes) else Exit.CHECK_FAILED


def _run(chosen: list[Scenario], build: Build, binaries: Binaries, recordings: Path) -> None:
    """Runs scenarios and keeps all of their samples; those that need vLLM are left out where it cannot be had."""
    python, with_vllm = environment(say, with_vllm=any(scenario.needs_vllm for scenario in chosen))
    for scenario in chosen:
        if scenario.needs_vllm and not with_vllm:
            say(f"{scenario.name}: left out, it needs vLLM")
    for group in groups(each for each in chosen if with_vllm or not each.needs_vllm):
        for scenario, (recording, events) in run(group, build, binaries, python, say):
            kept.save(scenario.name, kept.Kept(recording, tuple(events)), recordings)


if __name__ == "__main__":
    sys.exit(main())
