"""What a training job says about itself: gauges for *GPU Training*, and a line a period for whoever checks them."""

from __future__ import annotations

import json
import threading
import time
from typing import TYPE_CHECKING, Any

from ray.util.metrics import Gauge

if TYPE_CHECKING:
    from pathlib import Path

PULSE_SECONDS = 5.0
"""Ray 2.60 forgets a gauge two report intervals after it was set, 20 s as it comes. A step, a wait for data or a
checkpoint may take longer, so a thread sets them again."""

GAUGES = {
    "training_loss": "Loss of the latest batch",
    "training_learning_rate": "Learning rate of the latest batch",
    "training_samples_per_second": "Samples per second of this worker since the last set",
    "training_epoch": "The epoch that this worker is in, from 0",
}
"""Name and meaning; Ray puts `ray_` before them. *GPU Training* shows these names for any job that sets them."""


class Signals:
    """The gauges of one training worker. Use as a context manager: the thread ends with the block."""

    def __init__(self, run: str, rank: int, log: Path | None = None) -> None:
        """Makes the gauges.

        Args:
            run: name of the run, a label.
            rank: world rank of the worker, a label.
            log: a file to which `record` appends, one JSON object a line; None for none.
        """
        tags = {"run": run, "rank": str(rank)}
        self._gauges = {name: Gauge(name, text, tuple(tags)).set_default_tags(tags) for name, text in GAUGES.items()}
        self._rank, self._log = rank, log
        self._lock = threading.Lock()
        self._latest: dict[str, float] = {}
        self._samples = 0
        self._waited = 0.0
        self._since = time.monotonic()
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._pulse, daemon=True)

    def __enter__(self) -> Signals:
        """Starts the thread."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Sets the gauges a last time and ends the thread."""
        self._end.set()
        self._thread.join()

    def batch(self, *, samples: int, waited: float, loss: float, learning_rate: float, epoch: int) -> None:
        """Takes note of a batch, for which the loop waited some seconds; the gauges follow within PULSE_SECONDS."""
        with self._lock:
            self._samples += samples
            self._waited += waited
            self._latest = {
                "training_loss": loss,
                "training_learning_rate": learning_rate,
                "training_epoch": float(epoch),
            }

    def record(self, **facts: Any) -> None:
        """Appends facts to the log, with the time (seconds since 1970) and the rank."""
        if self._log is not None:
            with self._log.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"time": time.time(), "rank": self._rank, **facts}) + "\n")

    def _pulse(self) -> None:
        while not self._end.wait(PULSE_SECONDS):
            self._set()
        self._set()

    def _set(self) -> None:
        with self._lock:
            latest, samples, waited = dict(self._latest), self._samples, self._waited
            self._samples, self._waited = 0, 0.0
            now = time.monotonic()
            elapsed, self._since = now - self._since, now
        if not latest:
            return
        latest["training_samples_per_second"] = samples / max(elapsed, 1e-9)
        for name, value in latest.items():
            self._gauges[name].set(value)
        self.record(event="gauges", **latest, samples=samples, waited=waited, seconds=elapsed)
