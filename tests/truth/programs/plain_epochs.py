"""Reads a data set of Ray Data again and again with a plain iterator, as a loop without Ray Train does.

    python plain_epochs.py --epochs 5 --log plain.jsonl

Every batch adds to a line that is written each five seconds: its rows, and how long the loop waited and worked. What it
waits for in the first pass until the data set runs counts, too, as a person who looks at a clock would count it.
"""

import argparse
import json
import time
from pathlib import Path
from typing import Any

import ray
import ray.data

PERIOD = 5.0
"""Seconds from one line to the next."""


def slow(batch: dict[str, Any], seconds: float) -> dict[str, Any]:
    """Returns a block after some seconds, as if it came from storage."""
    time.sleep(seconds)
    return batch


class Log:
    """Adds up what batches were, and writes it each period."""

    def __init__(self, path: Path) -> None:
        """Takes the file that lines are added to."""
        self._path = path
        self._since = time.monotonic()
        self._rows, self._waited = 0, 0.0

    def batch(self, rows: int, waited: float) -> None:
        """Takes note of a batch that the loop has worked on."""
        self._rows += rows
        self._waited += waited
        now = time.monotonic()
        if now - self._since < PERIOD:
            return
        line = {"event": "plain", "time": time.time(), "rows": self._rows, "waited": self._waited}
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line | {"seconds": now - self._since}) + "\n")
        self._since, self._rows, self._waited = now, 0, 0.0


def main() -> None:
    """Reads every epoch."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, required=True)
    parser.add_argument("--rows", type=int, default=4000)
    parser.add_argument("--blocks", type=int, default=6)
    parser.add_argument("--read-seconds", type=float, default=5.0, help="how long a block takes to be read")
    parser.add_argument(
        "--step-seconds", type=float, default=1.0, help="how long the loop works on a batch of 100 rows"
    )
    parser.add_argument("--log", type=Path, required=True)
    given = parser.parse_args()
    ray.init(logging_level="warning")
    data = ray.data.range(given.rows, override_num_blocks=given.blocks).map_batches(
        slow, batch_size=None, fn_kwargs={"seconds": given.read_seconds}
    )
    data.set_name("plain")
    log = Log(given.log)
    for _ in range(given.epochs):
        asked = time.monotonic()
        for batch in data.iter_batches(batch_size=100):
            waited = time.monotonic() - asked
            time.sleep(given.step_seconds)
            log.batch(len(batch["id"]), waited)
            asked = time.monotonic()


if __name__ == "__main__":
    main()
