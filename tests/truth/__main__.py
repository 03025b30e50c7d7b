"""Runs scenarios beside the dashboards and writes docs/truth.md.

Exit 1 if a panel or an alert does not tell the truth, 2 if something that is needed is not there.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from generator.build.build import fit
from generator.build.profile import load_profile
from generator.build.sources import read_sources
from generator.errors import Exit, InputError
from tests.conftest import ROOT
from tests.live.environment import NoEnvironmentError, environment
from tests.live.processes import ProgramError
from tests.signals.binaries import NotFoundError, find
from tests.truth import kept
from tests.truth.judge import judge
from tests.truth.report import as_markdown, as_text
from tests.truth.run import groups, run
from tests.truth.scenario import read_scenarios
from tests.truth.shipped import shipped

if TYPE_CHECKING:
    from generator.build.build import Build
    from tests.truth.report import Outcome

PAGE = ROOT / "docs" / "truth.md"


def the_build(profile: str) -> Build:
    """Returns the Build of a profile."""
    sources = read_sources(ROOT)
    return fit(load_profile(profile, sources, []), sources)


def say(line: str) -> None:
    """Tells the person at the terminal what goes on."""
    sys.stderr.write(f"{line}\n")


def main() -> int:
    """Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.truth", description=__doc__)
    parser.add_argument("scenario", nargs="*", help="names of files in tests/truth/scenarios; all if none is named")
    parser.add_argument("--replay", action="store_true", help="run nothing: judge what earlier runs have left")
    parser.add_argument("--profile", default="standalone")
    parser.add_argument("--recordings", type=Path, help="also keep all samples of each run in this folder")
    given = parser.parse_args()
    try:
        return _main(given.scenario, given.replay, given.profile, given.recordings)
    except (NotFoundError, NoEnvironmentError, ProgramError, InputError) as error:
        say(str(error))
        return Exit.BAD_INPUT


def _main(names: list[str], replay: bool, profile: str, recordings: Path | None) -> int:
    scenarios = read_scenarios()
    for name in names:
        if name not in scenarios:
            say(f"found the scenario '{name}', expected one of: {', '.join(scenarios)}")
            return Exit.BAD_INPUT
    binaries, build = find(), the_build(profile)
    asked = shipped(build)
    wanted = asked.needed()
    if not replay:
        python, with_vllm = environment(
            say, with_vllm=any("vllm" in scenarios[name].needs for name in names or scenarios)
        )
        chosen = [scenarios[name] for name in names or scenarios]
        for scenario in chosen:
            if "vllm" in scenario.needs and not with_vllm:
                say(f"{scenario.name}: left out, it needs vLLM")
        for group in groups(each for each in chosen if with_vllm or "vllm" not in each.needs):
            for scenario, (recording, events) in run(group, build, binaries, python, say):
                left = kept.Kept(recording, tuple(events))
                kept.save(scenario.name, left, wanted=wanted)
                if recordings:
                    kept.save(scenario.name, left, recordings)
    outcomes: list[Outcome] = []
    for name in kept.names():
        outcomes.append(judge(scenarios[name], kept.load(name), asked, binaries))
        say(as_text(outcomes[-1]))
    PAGE.write_text(as_markdown(outcomes), encoding="utf-8")
    return Exit.DONE if all(outcome.holds for outcome in outcomes) else Exit.CHECK_FAILED


if __name__ == "__main__":
    sys.exit(main())
