"""Workflows, hooks, forms and pages for contributors: what they run and name exists."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from fnmatch import fnmatch
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import pytest

from generator import __version__
from generator.cli import cli
from generator.rules.groups import alerts_of
from tests import libyaml
from tests.conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.build.sources import Sources

GITHUB = ROOT / ".github"
WORKFLOWS = sorted((GITHUB / "workflows").iterdir())
PAGES = [
    *(ROOT / name for name in ("CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")),
    *(ROOT / "docs" / name for name in ("releases.md", "quick-start.md", "ko/quick-start.md", "adopt.md")),
]
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
TARGETS = set(re.findall(r"^([a-z-]+):", MAKEFILE, flags=re.MULTILINE))

by_name = pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)


def load(path: Path) -> dict[str, Any]:
    found = libyaml.load(path.read_text(encoding="utf-8"))
    assert isinstance(found, dict)
    return found


def jobs(path: Path) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = load(path)["jobs"]
    return found


def steps(path: Path) -> Iterator[dict[str, Any]]:
    for job in jobs(path).values():
        yield from job.get("steps", ())


def scripts() -> dict[str, str]:
    """Returns every shell script of the workflows and every ```sh block of the pages, by where it stands."""
    found = {
        f"{path.name}: {step.get('name')}": step["run"] for path in WORKFLOWS for step in steps(path) if "run" in step
    }
    for page in PAGES:
        blocks = re.findall(
            r"^( *)```sh\n(.*?)^ *```", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL
        )
        found |= {f"{page.name}: block {number}": text for number, (_, text) in enumerate(blocks)}
    return found


def commands(script: str) -> Iterator[list[str]]:
    """Yields the words of each simple command, of those in `$(…)` too."""
    for line in script.replace("\\\n", " ").splitlines():
        lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
        lexer.commenters = "#"
        lexer.whitespace_split = True
        words: list[str] = []
        for token in [*lexer, ";"]:
            if set(token) <= set("();<>|&"):
                if words:
                    yield words
                words = []
            else:
                words.append(token)


def calls(program: str) -> list[tuple[str, list[str]]]:
    """Returns where a program is called, and with which arguments."""
    return [
        (place, words[1:])
        for place, script in scripts().items()
        for words in commands(script)
        if Path(words[0]).name == program
    ]


def check(command: click.Command, arguments: list[str]) -> None:
    """Parses arguments as gen-chart would; raises click.UsageError for a command or an option that there is not."""
    context = click.Context(command)
    _, rest, _ = command.make_parser(context).parse_args(list(arguments))
    if isinstance(command, click.Group) and rest:
        inner = command.get_command(context, rest[0])
        if inner is None:
            raise click.UsageError(f"no command {rest[0]}")
        check(inner, rest[1:])


@by_name
def test_a_workflow_has_no_right_but_what_a_job_asks_for(path: Path) -> None:
    assert load(path)["permissions"] == {}
    for job in jobs(path).values():
        assert isinstance(job["permissions"], dict)


@by_name
def test_only_a_release_may_write(path: Path) -> None:
    writing = {name for name, job in jobs(path).items() if "write" in job["permissions"].values()}
    assert writing == ({"charts", "pypi", "github"} if path.name == "release.yaml" else set())


@by_name
def test_no_job_runs_for_ever_nor_twice_for_one_branch(path: Path) -> None:
    assert load(path)["concurrency"]["group"]
    for job in jobs(path).values():
        assert "uses" in job or job["timeout-minutes"] <= 60


@by_name
def test_every_action_is_a_commit_with_its_version_beside_it(path: Path) -> None:
    for line in re.findall(r"uses: (.+)", path.read_text(encoding="utf-8")):
        if line.startswith("./"):
            assert (ROOT / line).is_file()
        else:
            assert re.fullmatch(r"[\w-]+/[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line), line


def test_an_action_has_one_version_in_all_workflows() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in WORKFLOWS)
    pins = {(name.split("/")[1], commit) for name, commit in re.findall(r"uses: ([\w/-]+)@(\w+)", text)}
    assert len(pins) == len({name for name, _ in pins})


@by_name
def test_a_checkout_leaves_no_token_behind(path: Path) -> None:
    for step in steps(path):
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False


@by_name
def test_no_secret_is_named_and_no_script_is_pasted_together(path: Path) -> None:
    assert "secrets." not in path.read_text(encoding="utf-8")
    for step in steps(path):
        assert "${{" not in step.get("run", ""), "an expression in a script is code; give it by env"


@by_name
def test_a_job_needs_jobs_that_are_there(path: Path) -> None:
    for job in jobs(path).values():
        needs = job.get("needs", [])
        assert set([needs] if isinstance(needs, str) else needs) <= jobs(path).keys()


def test_ci_runs_every_supported_python() -> None:
    matrix = jobs(GITHUB / "workflows" / "ci.yaml")["test"]["strategy"]["matrix"]["python"]
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert f'requires-python = ">={matrix[0]}"' in project
    assert matrix == ["3.11", "3.12", "3.13"]


def test_pytest_passes_over_no_folder_of_tests(pytestconfig: pytest.Config) -> None:
    patterns = pytestconfig.getini("norecursedirs")
    names = {part for path in (ROOT / "tests").rglob("test_*.py") for part in path.relative_to(ROOT).parts}
    assert "build" in names
    assert [name for name in names for pattern in patterns if fnmatch(name, pattern)] == []


def test_every_make_target_that_is_called_exists() -> None:
    for place, words in calls("make"):
        assert {word for word in words if "=" not in word} <= TARGETS, place


def test_every_gen_chart_command_that_is_called_exists_with_its_options() -> None:
    for place, words in calls("gen-chart"):
        try:
            check(cli, words)
        except click.UsageError as error:
            pytest.fail(f"{place}: gen-chart {' '.join(words)}: {error.format_message()}")


def test_a_call_is_seen_wherever_a_shell_runs_one() -> None:
    script = """
        .venv/bin/gen-chart vendor  # gen-chart is not called here
        found=$(gen-chart profiles --output json | jq '.[]') && "$HOME/bin/gen-chart" verify
        for one in $found; do
          gen-chart package --profile "$one" \\
            --destination "out/$one"
        done
        git clone https://example.com/gen-chart gen-chart
    """
    seen = [words[1:] for words in commands(script) if Path(words[0]).name == "gen-chart"]
    assert seen == [
        ["vendor"],
        ["profiles", "--output", "json"],
        ["verify"],
        ["package", "--profile", "$one", "--destination", "out/$one"],
    ]


def test_a_command_or_an_option_that_does_not_exist_is_noticed() -> None:
    for wrong in (["packages", "--profile", "jark"], ["package", "--profil", "jark"], ["metrics", "remove"]):
        with pytest.raises(click.UsageError):
            check(cli, wrong)


def test_every_module_that_is_run_exists() -> None:
    text = "".join(scripts().values()) + MAKEFILE
    found = set(re.findall(r"-m ((?:generator|tests)[\w.]*)", text))
    assert "tests.install" in found
    for module in found:
        assert find_spec(module), module


def test_the_changelog_has_this_version_below_what_is_not_released() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    headings = re.findall(r"^## \[(.+?)\](?: - (\d{4}-\d\d-\d\d))?$", text, flags=re.MULTILINE)
    assert headings[0] == ("Unreleased", "")
    versions = dict(headings[1:])
    assert __version__ in versions
    assert all(versions.values()), "a released version has its date"
    assert set(re.findall(r"^### (.+)$", text, flags=re.MULTILINE)) <= {
        *("Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"),
    }


def test_hooks_run_the_projects_own_programs_in_the_versions_of_ci() -> None:
    hooks = [hook for repo in load(ROOT / ".pre-commit-config.yaml")["repos"] for hook in repo["hooks"]]
    assert {hook["id"] for hook in hooks} == {"ruff", "ruff-format", "mypy", "committed-chart"}
    constraints = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    for hook in hooks:
        program, *arguments = shlex.split(hook["entry"])
        assert hook["language"] == "system"
        assert program.startswith(".venv/bin/")
        if program.endswith("/gen-chart"):
            check(cli, arguments)
        else:
            assert re.search(rf"^{Path(program).name}==\S+$", constraints, flags=re.MULTILINE)


def test_the_chart_hook_sees_every_folder_that_a_chart_is_made_of() -> None:
    (hook,) = (
        hook for hook in load(ROOT / ".pre-commit-config.yaml")["repos"][0]["hooks"] if hook["id"] == "committed-chart"
    )
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    sources = re.findall(r'^"([\w.-]+)" = "generator/data/', project, flags=re.MULTILINE)
    assert "profiles" in sources
    for source in sources:
        assert re.search(hook["files"], source if (ROOT / source).is_file() else f"{source}/x.yaml"), source


@pytest.mark.parametrize("name", ["bug", "workload"])
def test_a_form_asks_each_question_once(name: str) -> None:
    form = load(GITHUB / "ISSUE_TEMPLATE" / f"{name}.yaml")
    assert {"name", "description", "body"} <= form.keys()
    asked = [part for part in form["body"] if part["type"] != "markdown"]
    assert len({part["id"] for part in asked}) == len(asked)
    assert all(part["attributes"]["label"] for part in asked)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_link_to_a_file_of_the_project_finds_it(page: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    for link in links:
        assert (page.parent / link).exists(), link


def test_no_page_or_workflow_has_an_address_of_a_person() -> None:
    for path in [*WORKFLOWS, *PAGES, *(GITHUB / "ISSUE_TEMPLATE").iterdir()]:
        assert not re.search(r"\w@\w+\.(?!0)[a-z]+\b", path.read_text(encoding="utf-8")), path.name


def test_the_readme_counts_dashboards_and_alerts_rightly(sources: Sources) -> None:
    """A newcomer's first figures; the table below them is printed by `make signals`."""
    alerts = sum(len([*alerts_of(rules)]) for rules in sources.rules.values())
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    told = f"README.md: write '{len(sources.dashboards)} dashboards' and, wherever it counts them, '{alerts} alerts'"
    assert re.findall(r"(\d+) dashboards", readme) == [str(len(sources.dashboards))], told
    assert set(re.findall(r"(\d+) alerts", readme)) == {str(alerts)}, told


def test_what_people_are_told_to_install_with_also_goes_through_after_a_failure() -> None:
    # `helm install` after an installation that failed is refused: "cannot reuse a name that is still in use".
    told = [
        *ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("charts/*/*.md"), *ROOT.glob("examples/**/*.md"),
        *ROOT.glob("generator/**/*.md"), *ROOT.glob("generator/**/NOTES.txt"), *ROOT.glob("generator/cli/*.py"),
    ]  # fmt: skip
    command = re.compile(r"^[\s\w:=\"$`|>-]*?\bhelm (?:install|upgrade(?! --install)) (?!…)[\w./-]+ .+$", re.MULTILINE)
    assert {
        str(path.relative_to(ROOT)): found for path in told if (found := command.findall(path.read_text("utf-8")))
    } == {}


LOCKS = ("locked.txt", "locked-dev.txt", "tests/helm-binaries.txt", "tests/scanner/locked.txt")


def pins(text: str) -> dict[str, str]:
    """Returns package → version, with names as the index of packages writes them."""
    found = re.findall(r"^([\w.-]+)==([^\s;\\]+)", text, flags=re.MULTILINE)
    return {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in found}


def test_the_lists_that_are_installed_have_the_versions_of_constraints_and_a_digest_each() -> None:
    wanted = pins((ROOT / "constraints.txt").read_text(encoding="utf-8"))
    for lock in LOCKS:
        text = (ROOT / lock).read_text(encoding="utf-8")
        for entry in re.split(r"^(?=\w)", text, flags=re.MULTILINE)[1:]:
            assert "--hash=sha256:" in entry, f"{lock}: {entry}"
        if not lock.startswith("tests/"):
            assert pins(text).items() <= wanted.items(), f"make locked: {lock}"
    assert pins((ROOT / "locked-dev.txt").read_text(encoding="utf-8")) == wanted


def test_ci_and_the_release_install_nothing_whose_digest_is_not_known() -> None:
    files = [ROOT / "Makefile", *(ROOT / ".github").rglob("*.yaml")]
    lines = [line.strip() for file in files for line in file.read_text(encoding="utf-8").splitlines()]
    install = re.compile(r"\$\(PIP\) |bin/pip\S* install (?!--quiet --disable-pip-version-check$)")
    installs = [line for line in lines if install.search(line)]
    assert len(installs) > 7
    for line in installs:
        known = "--require-hashes" in line
        own = "--no-deps" in line and ("--no-build-isolation --editable ." in line or "--no-index dist/" in line)
        assert known or own, line


def test_zizmor_finds_nothing_in_the_workflows_and_something_in_a_bad_one(tmp_path: Path) -> None:
    zizmor = Path(sys.executable).with_name("zizmor")
    if not zizmor.is_file():
        pytest.skip("no zizmor: make .venv/.ready-dev")

    def found(folder: Path) -> int:
        return subprocess.run([zizmor, "--offline", "--quiet", folder], capture_output=True, check=False).returncode

    assert found(ROOT / ".github") == 0
    bad = tmp_path / ".github" / "workflows" / "bad.yaml"
    bad.parent.mkdir(parents=True)
    bad.write_text(
        "on: push\njobs:\n  a:\n    runs-on: ubuntu-24.04\n    steps:\n"
        "      - uses: actions/checkout@v4\n      - run: echo ${{ github.event.head_commit.message }}\n"
    )
    assert found(tmp_path) != 0
