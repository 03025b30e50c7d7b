"""Checks the queries of a Build in a process of its own while this one makes the chart: two cores at the same time."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from typing import TYPE_CHECKING

from generator.build.switches import switches
from generator.files import cache
from generator.files.fingerprints import fingerprint, text_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from generator.build.build import Build
    from generator.verify.spec import Finding

_OF_THE_CHECK = ("clean", "expressions", "names")
"""The memos that the check alone fills: its process writes them."""

_OF_BOTH = ("data", "valid")
"""The memos that this process fills too: the other hands over what it adds."""


def findings_beside(build: Build) -> Callable[[], tuple[Finding, ...]]:
    """Starts the check on queries.

    Where equal queries have been found clean before, nothing is done. Where a process of its own would not pay (one
    core) or cannot be had, the answer takes its time when it is asked for. A process that fails is no loss: the check
    is done again here.

    Returns:
        A function that waits for the answer; see findings.
    """
    key = _key(build)
    memo = cache.current().memo("checked")
    if key and memo.get(key) is not None:
        return lambda: ()
    ask = _started(build) if _worth_a_process(build) else lambda: _findings(build)

    def answer() -> tuple[Finding, ...]:
        findings = ask()
        if key and not findings:
            memo.set(key, 1)
        return findings

    return answer


def _key(build: Build) -> str:
    """Returns the key of all that the check looks at: the program's data, and what the choices make of it."""
    if not cache.current().memo("checked").on:
        return ""
    return fingerprint(
        cache.current().data,
        repr(switches(build.values, build.pins.charts)),
        repr([build.profile.choices[block] for block in ("cluster", "exemptions")]),
        *map(text_of, build.sources.dashboards.values()),
        "rules",
        *map(text_of, build.sources.rules.values()),
        *map(text_of, build.sources.brought_dashboards.values()),
        *map(text_of, build.sources.brought_rules.values()),
    )


def _findings(build: Build) -> tuple[Finding, ...]:
    from generator.build.findings import findings

    return findings(build)


def _findings_of_logs(build: Build) -> tuple[Finding, ...]:
    from generator.build.findings import findings_of_logs

    return findings_of_logs(build)


def _started(build: Build) -> Callable[[], tuple[Finding, ...]]:
    import generator.build.findings  # noqa: F401 - once for both processes

    reader, writer = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    process = os.fork()
    if process == 0:
        with contextlib.suppress(BaseException):
            os.close(reader)
            _answer(build, writer)
        os._exit(0)
    os.close(writer)

    def answer() -> tuple[Finding, ...]:
        logs = _findings_of_logs(build)  # the lesser half of the check, while the other process has the greater one
        with os.fdopen(reader, "rb") as stream:
            raw = stream.read()
        cache.current().before_save(lambda: os.waitpid(process, 0))  # it writes its memos while this one goes on
        return logs if _taken_over(raw) else _findings(build)

    return answer


def _worth_a_process(build: Build) -> bool:
    if build.checked is not None or not sys.platform.startswith("linux"):
        return False
    return len(os.sched_getaffinity(0)) > 1


def _answer(build: Build, writer: int) -> None:
    """Checks the queries for metrics and writes what that adds to the cache, if it finds nothing.

    Findings are rare, and made again by the asker.
    """
    from generator.build.findings import findings_of_metrics

    known = {kind: set(cache.current().memo(kind).new) for kind in _OF_BOTH}
    if findings_of_metrics(build):
        return
    values = {
        kind: {key: value for key, value in cache.current().memo(kind).new.items() if key not in known[kind]}
        for kind in _OF_BOTH
    }
    with os.fdopen(writer, "wb") as stream:
        stream.write(json.dumps({"clean": True, "kept": values}).encode())
    cache.current().finish()
    cache.current().save_memos(_OF_THE_CHECK)


def _taken_over(raw: bytes) -> bool:
    try:
        answer = json.loads(raw)
    except ValueError:
        return False
    for kind, values in answer["kept"].items():
        memo = cache.current().memo(kind)
        for key, value in values.items():
            memo.set(key, value)
    return bool(answer["clean"])
