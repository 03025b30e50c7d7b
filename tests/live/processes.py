"""Starts programs, waits until they are ready, and ends all of them whatever happens to the program that asked."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Self

from tests.live import watchdog

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path
    from types import TracebackType


PATIENCE = 20.0
"""Seconds of waiting after which a person is told, and again after as many."""


class ProgramError(Exception):
    """A program ended or was not ready in time; the text has the end of its log and says where all of it is."""


class Processes:
    """Programs that run until the block ends, each in a process group of its own.

    A second process, the watchdog, ends them where this one is killed.
    """

    def __init__(
        self, logs: Path, progress: Callable[[str], object] = lambda _: None, patience: float = PATIENCE
    ) -> None:
        """Takes where output goes and who is told that it lasts.

        Args:
            logs: the folder that each program's output goes to, as ``NAME.log``.
            progress: takes a line about a program that is waited for.
            patience: seconds of waiting after which it gets one, and again after as many.
        """
        self.logs, self._progress, self._patience = logs, progress, patience
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._watchdog: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        # In a session of its own: Ctrl-C goes to the terminal's foreground group, which it has to outlive.
        self._watchdog = subprocess.Popen(
            [sys.executable, watchdog.__file__], stdin=subprocess.PIPE, text=True, start_new_session=True
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        # A second Ctrl-C must not leave half of them behind.
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        if kind and self._running:
            self._progress(f"ending {', '.join(self._running)}")
        try:
            self.stop(*reversed(self._running))
            if self._watchdog and self._watchdog.stdin:
                self._watchdog.stdin.close()
                self._watchdog.wait()
        finally:
            signal.signal(signal.SIGINT, before)

    def start(self, name: str, command: Sequence[str | Path], environment: Mapping[str, str] | None = None) -> None:
        """Starts a program.

        Args:
            name: what it is called here; its log's name.
            command: program and arguments.
            environment: variables on top of this process' own.
        """
        if name in self._running:
            raise ValueError(f"{name} runs already")
        with (self.logs / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                [str(word) for word in command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, **(environment or {})},
                start_new_session=True,
            )
        self._running[name] = process
        self._tell(f"+{process.pid}")

    def wait_until(self, name: str, ready: Callable[[], bool], seconds: float, every: float = 0.2) -> None:
        """Waits until a program is ready; asks each ``every`` seconds.

        Raises:
            ProgramError: it has ended, or is not ready after ``seconds``.
        """
        started = time.monotonic()
        until, told = started + seconds, 0
        while not ready():
            waited = time.monotonic() - started
            if waited // self._patience > told:
                told = int(waited // self._patience)
                self._progress(f"  {name} is not ready after {waited:.0f} s; it gets {seconds:.0f}")
            if self.ended(name):
                raise ProgramError(f"{name} ended with exit code {self._running[name].returncode}{self._said(name)}")
            if time.monotonic() > until:
                raise ProgramError(f"{name} is not ready after {seconds:.0f} s{self._said(name)}")
            time.sleep(every)

    def ended(self, name: str) -> bool:
        """Returns whether a program is no longer there."""
        return self._running[name].poll() is not None

    def finish(self, name: str, seconds: float) -> None:
        """Waits for a program to end by itself.

        Raises:
            ProgramError: it fails, or runs longer than ``seconds``.
        """
        process = self._running[name]
        try:
            code = process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise ProgramError(f"{name} still runs after {seconds:.0f} s{self._said(name)}") from None
        self.stop(name)
        if code:
            raise ProgramError(f"{name} ended with exit code {code}{self._said(name)}")

    def stop(self, *names: str, seconds: float = watchdog.GRACE) -> None:
        """Ends programs and all that they have started; what is left after some seconds is killed."""
        processes = [self._running[name] for name in names]
        for process in processes:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
        for name, process in zip(names, processes, strict=True):
            _wait_for_group(process, seconds)
            self._tell(f"-{process.pid}")
            del self._running[name]

    def kill(self, name: str) -> None:
        """Kills a program and all that it has started, as a crash of its node would."""
        process = self._running.pop(name)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        self._tell(f"-{process.pid}")

    def _tell(self, line: str) -> None:
        # Without the watchdog programs still end with this block.
        with contextlib.suppress(BrokenPipeError):
            if self._watchdog and self._watchdog.stdin:
                self._watchdog.stdin.write(f"{line}\n")
                self._watchdog.stdin.flush()

    def _said(self, name: str) -> str:
        path = self.logs / f"{name}.log"
        end = path.read_text(encoding="utf-8", errors="replace").rstrip()[-1500:]
        return f"; {path} ends with:\n{end}" if end else f"; its log {path} is empty"


def _wait_for_group(process: subprocess.Popen[bytes], seconds: float) -> None:
    """Waits until no process of a group is left, kills what is there after some seconds."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        process.poll()
        if not watchdog.alive(process.pid):
            return
        time.sleep(0.05)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
