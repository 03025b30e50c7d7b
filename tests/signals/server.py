"""A real Prometheus over blocks that promtool made: nothing is scraped, so that time stands still."""

from __future__ import annotations

import contextlib
import subprocess
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.ports import free_ports

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import requests

    from tests.signals.binaries import Binaries

START_LIMIT = 60.0
"""Seconds that a start may take on a busy machine; it takes one."""


class QueryError(Exception):
    """Prometheus refused a query; the text is its own."""


@dataclass(frozen=True)
class Answer:
    """What a query gave: its series, each with its labels and its (time, value) samples."""

    series: tuple[tuple[dict[str, str], tuple[tuple[float, str], ...]], ...]

    @property
    def answers(self) -> bool:
        """Returns whether there is a sample that is a number."""
        return any(value != "NaN" for _, samples in self.series for _, value in samples)


@dataclass(frozen=True)
class Api:
    """The HTTP API that Grafana asks; ``pid`` is the server's process, 0 if somebody else has started it."""

    url: str
    session: requests.Session
    pid: int = 0

    def instant(self, expr: str, at: float) -> Answer:
        """Evaluates an expression at one moment.

        Raises:
            QueryError: it is no PromQL, or cannot be evaluated (many-to-many matching, for example).
        """
        return _answer(self.get("query", query=expr, time=at), "value")

    def matrix(self, expr: str, at: float) -> Answer:
        """Returns the samples that a range selector holds at one moment. Raises what instant raises."""
        return _answer(self.get("query", query=expr, time=at), "values")

    def range(self, expr: str, start: float, end: float, step: float) -> Answer:
        """Evaluates an expression over a window; seconds. Raises what instant raises."""
        return _answer(self.get("query_range", query=expr, start=start, end=end, step=step), "values")

    def get(self, path: str, **params: Any) -> Any:
        """Returns the whole reply of one endpoint of the API.

        Raises:
            QueryError: the reply is an error.
        """
        url = f"{self.url}/api/v1/{path}"
        if path in ("query", "query_range"):  # an expression may be longer than an address
            reply = self.session.post(url, data=params, timeout=60).json()
        else:
            reply = self.session.get(url, params=params, timeout=60).json()
        if reply["status"] != "success":
            raise QueryError(reply["error"])
        return reply


def _answer(reply: Any, key: str) -> Answer:
    data = reply["data"]
    if data["resultType"] in ("scalar", "string"):
        at, value = data["result"]
        return Answer((({}, ((at, value),)),))
    return Answer(
        tuple((one["metric"], tuple(map(tuple, one[key] if key == "values" else [one[key]]))) for one in data["result"])
    )


def import_samples(binaries: Binaries, openmetrics: Path, data: Path) -> None:
    """Makes blocks of a text in OpenMetrics form and adds them to a server's data.

    Raises:
        RuntimeError: promtool refuses the text.
    """
    _promtool(binaries, "tsdb", "create-blocks-from", "openmetrics", "--quiet", str(openmetrics), str(data))


def backfill_records(binaries: Binaries, api: Api, rules: Path, data: Path, start: float, end: float, step: int) -> str:
    """Adds to a server's data what its recording rules would have recorded; they are seen after its next start.

    Gives promtool's complaint, "" if none. A record that cannot be evaluated keeps later ones from being made; that it
    cannot be is found when it is asked for.
    """
    try:
        _promtool(
            binaries, "tsdb", "create-blocks-from", "rules", f"--url={api.url}", f"--start={start:.0f}",
            f"--end={end:.0f}", f"--eval-interval={step}s", f"--output-dir={data}", str(rules),
        )  # fmt: skip
    except RuntimeError as error:
        return str(error)
    return ""


def check_rules(binaries: Binaries, rules: Sequence[Path]) -> str:
    """Returns what ``promtool check rules`` objects to, "" if nothing."""
    if not rules:
        return ""
    done = subprocess.run([binaries.promtool, "check", "rules", *rules], capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stdout + done.stderr


def _promtool(binaries: Binaries, *arguments: str) -> None:
    done = subprocess.run([binaries.promtool, *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"promtool {' '.join(arguments[:3])}: {done.stderr or done.stdout}")


@contextlib.contextmanager
def running(
    binaries: Binaries, data: Path, rules: Sequence[Path] = (), *flags: str, config: Path | None = None
) -> Iterator[Api]:
    """Runs a Prometheus over a folder of blocks on a free port of 127.0.0.1.

    Rules are loaded and checked but not evaluated (the interval is a day): the samples lie in the past.

    Args:
        binaries: the program.
        data: its storage, which may be empty.
        rules: rule files to load.
        flags: further ones of its command line.
        config: a configuration of its own instead of one with the rules alone.

    Raises:
        RuntimeError: it does not start; the text is the end of its log.
    """
    with tempfile.TemporaryDirectory(prefix="gen-chart-prometheus-") as folder:
        where = Path(folder)
        if config is None:
            config = where / "prometheus.yml"
            listed = "".join(f"\n  - {path}" for path in rules)
            config.write_text(f"global:\n  evaluation_interval: 1d\nrule_files:{listed or ' []'}\n", encoding="utf-8")
        with (where / "log").open("w+b") as log:
            url, process = _start(binaries, config, data, log, flags)
            try:
                with session(url) as api:
                    yield replace(api, pid=process.pid)
            finally:
                process.terminate()
                process.wait()


def command(binaries: Binaries, config: Path, data: Path, address: str, *flags: str) -> list[str]:
    """Returns the command line of a Prometheus that keeps all samples and listens on ``address`` (host:port)."""
    return [
        str(binaries.prometheus),
        f"--config.file={config}",
        f"--storage.tsdb.path={data}",
        "--storage.tsdb.retention.time=100y",
        f"--web.listen-address={address}",
        "--log.level=warn",
        *flags,
    ]


def _start(
    binaries: Binaries, config: Path, data: Path, log: Any, flags: Sequence[str]
) -> tuple[str, subprocess.Popen[bytes]]:
    # The free port may be taken by another before Prometheus listens on it; then it stops, and another is tried.
    for _ in range(3):
        address = f"127.0.0.1:{free_ports(1)[0]}"
        process = subprocess.Popen(
            command(binaries, config, data, address, *flags), stdout=log, stderr=subprocess.STDOUT
        )
        if _ready(f"http://{address}", process):
            return f"http://{address}", process
        process.kill()
        process.wait()
    log.seek(0)
    raise RuntimeError(f"Prometheus does not start: {log.read()[-2000:].decode(errors='replace')}")


def ready(url: str) -> bool:
    """Returns whether a server answers and has loaded its data."""
    import requests

    with session(url) as api, contextlib.suppress(requests.ConnectionError):
        return bool(api.session.get(f"{url}/-/ready", timeout=5).ok)
    return False


def _ready(url: str, process: subprocess.Popen[bytes]) -> bool:
    """Waits until the server answers; False if it ends or takes too long."""
    limit = time.monotonic() + START_LIMIT
    while time.monotonic() < limit:
        if ready(url):
            return True
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.05)
            return False
    return False


@contextlib.contextmanager
def session(url: str) -> Iterator[Api]:
    """Returns the API of a Prometheus that runs, asked without any proxy."""
    import requests

    with requests.Session() as opened:
        opened.trust_env = False
        yield Api(url, opened)
