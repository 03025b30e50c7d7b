"""A Ray Train job to look at in *GPU Training*: several workers, Ray Data over epochs, checkpoints, metrics of its own.

    python train.py --workers 2 --epochs 3                 # on whatever Ray is there, or a Ray of its own
    python train.py --accelerator gpu --storage s3://…     # a worker a GPU

The rows are made, not read: row i is always the same, so nothing has to be downloaded. `--read-seconds` and
`--step-seconds` make reading and computing as slow as storage or a large model would, each by a known amount.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import math
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import ray
import ray.data
import ray.train
from learners import Averager, Learner, NumpyLearner, TorchLearner
from signals import Signals

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ray.train import ScalingConfig

WARM_UP = 0.1
"""Share of the steps in which the learning rate grows from 0; after it, it falls along a cosine."""


def rows_of(ids: dict[str, np.ndarray], features: int, read_seconds: float) -> dict[str, np.ndarray]:
    """Makes the rows of a block: numbers from -1 to 1, and a target that a small network can learn.

    Args:
        ids: the block, as ray.data.range makes it.
        features: numbers in a row.
        read_seconds: how long the block takes, as if it came from storage.
    """
    time.sleep(read_seconds)
    number = ids["id"].astype(np.uint64)[:, None] * np.uint64(features) + np.arange(features, dtype=np.uint64)
    # The finalizer of SplitMix64: a number's own noise, the same on every worker and in every epoch.
    number = (number ^ (number >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    number = (number ^ (number >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    values = ((number ^ (number >> np.uint64(31))) >> np.uint64(11)).astype(np.float64) / 2**52 - 1
    target = np.sin(values[:, :4].sum(axis=1))
    return {"features": values.astype(np.float32), "target": target.astype(np.float32)}


def learning_rate(progress: float, peak: float) -> float:
    """Returns the learning rate after a share of all steps, 0 to 1."""
    if progress < WARM_UP:
        return peak * progress / WARM_UP
    return peak * 0.5 * (1 + math.cos(math.pi * (progress - WARM_UP) / (1 - WARM_UP)))


def train_loop(config: dict[str, Any]) -> None:
    """Trains on one worker: Ray Train runs it on each."""
    context = ray.train.get_context()
    rank = context.get_world_rank()
    learner = make_learner(config, context.get_world_size())
    first = _resume(learner)
    log = Path(config["log"]) if config["log"] else None
    shard = ray.train.get_dataset_shard("train")
    batches = max(1, config["rows"] // context.get_world_size() // config["batch_size"])
    with Signals(context.get_experiment_name(), rank, log) as signals:
        for epoch in range(first, config["epochs"]):
            started = time.monotonic()
            rows, loss, waited = 0, math.nan, 0.0
            source = iter(shard.iter_batches(batch_size=config["batch_size"], drop_last=True))
            for number, (batch, wait) in enumerate(_timed(source)):
                rate = learning_rate(min(1.0, (epoch + number / batches) / config["epochs"]), config["learning_rate"])
                loss = learner.step(batch["features"], batch["target"], rate)
                time.sleep(config["step_seconds"])
                samples = len(batch["target"])
                rows, waited = rows + samples, waited + wait
                signals.batch(samples=samples, waited=wait, loss=loss, learning_rate=rate, epoch=epoch)
            seconds = time.monotonic() - started
            signals.record(event="epoch", epoch=epoch, rows=rows, seconds=seconds, waited=waited, loss=loss)
            _report({"epoch": epoch, "loss": loss, "rows": rows}, learner, rank, config)


def make_learner(config: dict[str, Any], workers: int) -> Learner:
    """Returns this worker's copy of the network."""
    features, hidden = config["features"], config["hidden"]
    if config["torch"]:
        return TorchLearner(features, hidden, xla=config["accelerator"] == "neuron")
    return NumpyLearner(features, hidden, _averager(workers) if workers > 1 else None)


def _averager(workers: int) -> Any:
    """Returns one actor for the whole group: rank 0 makes it, so that a new group starts with a new one."""
    import ray.train.collective

    mine = Averager.remote(workers) if ray.train.get_context().get_world_rank() == 0 else None
    return ray.train.collective.broadcast_from_rank_zero(mine)


def _timed(source: Iterator[Any]) -> Iterator[tuple[Any, float]]:
    """Yields each batch with the seconds that the loop waited for it."""
    while True:
        started = time.monotonic()
        try:
            batch = next(source)
        except StopIteration:
            return
        yield batch, time.monotonic() - started


def _resume(learner: Learner) -> int:
    """Loads the latest checkpoint, if there is one, and returns the epoch to start with."""
    checkpoint = ray.train.get_checkpoint()
    if checkpoint is None:
        return 0
    with checkpoint.as_directory() as folder:
        return learner.load(Path(folder)) + 1


def _report(facts: dict[str, Any], learner: Learner, rank: int, config: dict[str, Any]) -> None:
    """Reports an epoch to Ray Train; rank 0 adds a checkpoint every few epochs and after the last."""
    due = (facts["epoch"] + 1) % config["checkpoint_every"] == 0 or facts["epoch"] + 1 == config["epochs"]
    with contextlib.ExitStack() as stack:
        checkpoint = None
        if due and rank == 0:
            folder = stack.enter_context(tempfile.TemporaryDirectory())
            learner.save(Path(folder), facts["epoch"])
            checkpoint = ray.train.Checkpoint.from_directory(folder)
        ray.train.report(facts, checkpoint=checkpoint)


def make_trainer(config: dict[str, Any], *, workers: int, cpus: float, storage: str, name: str) -> Any:
    """Returns Ray Train's trainer for this cluster.

    Args:
        config: what the loop is told.
        workers: how many, each with one accelerator if there are any.
        cpus: CPUs of a worker.
        storage: where checkpoints go: a folder that all nodes share, or a URI such as s3://bucket/folder.
        name: of the run; a run of the same name goes on where that one was.
    """
    data = ray.data.range(config["rows"], override_num_blocks=config["blocks"]).map_batches(
        rows_of,
        # A block is one batch here: it is "read" once.
        batch_size=None,
        fn_kwargs={"features": config["features"], "read_seconds": config["read_seconds"]},
    )
    common = {
        "train_loop_config": config,
        "datasets": {"train": data},
        "scaling_config": _scaling(config["accelerator"], workers, cpus),
        "run_config": ray.train.RunConfig(
            name=name,
            storage_path=storage,
            failure_config=ray.train.FailureConfig(max_failures=3),
            checkpoint_config=ray.train.CheckpointConfig(num_to_keep=2),
        ),
    }
    if not config["torch"]:
        from ray.train.v2.api.data_parallel_trainer import DataParallelTrainer

        return DataParallelTrainer(train_loop, **common)
    from ray.train.torch import TorchTrainer

    return TorchTrainer(train_loop, torch_config=_torch_config(config["accelerator"]), **common)


def _scaling(accelerator: str, workers: int, cpus: float) -> ScalingConfig:
    extra = {"neuron": {"neuron_cores": 1.0}}.get(accelerator, {})
    return ray.train.ScalingConfig(
        num_workers=workers, use_gpu=accelerator == "gpu", resources_per_worker={"CPU": cpus, **extra}
    )


def _torch_config(accelerator: str) -> Any:
    """Returns how the workers talk to each other: NCCL or Gloo, which Ray chooses, or XLA on Neuron."""
    if accelerator != "neuron":
        return None
    from ray.train.torch.xla import TorchXLAConfig

    return TorchXLAConfig()


def read_arguments(words: list[str] | None = None) -> argparse.Namespace:
    """Reads the command line, or the words of one."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add: Callable[..., Any] = parser.add_argument
    add("--name", default="ray-train", help="name of the run")
    add("--storage", default=str(Path.home() / "ray_results"), help="a folder that all nodes share, or a URI")
    add("--workers", type=int, default=2)
    add("--cpus", type=float, default=1.0, help="CPUs of a worker")
    add("--accelerator", choices=["none", "gpu", "neuron"], default="none", help="what each worker gets one of")
    add("--learner", choices=["auto", "torch", "numpy"], default="auto", help="auto: PyTorch where it is installed")
    add("--epochs", type=int, default=5)
    add("--rows", type=int, default=40_000, help="rows in an epoch, over all workers")
    add("--blocks", type=int, default=20, help="blocks of an epoch; each is read by one task")
    add("--features", type=int, default=32)
    add("--hidden", type=int, default=64)
    add("--batch-size", type=int, default=200)
    add("--learning-rate", type=float, default=0.05)
    add("--read-seconds", type=float, default=0.0, help="how long a block takes to be read")
    add("--step-seconds", type=float, default=0.0, help="how long a batch takes besides its own arithmetic")
    add("--checkpoint-every", type=int, default=1, help="epochs from one checkpoint to the next")
    add("--log", default="", help="a file for what each worker measures, one JSON object a line")
    arguments = parser.parse_args(words)
    installed = importlib.util.find_spec("torch") is not None
    if not installed and (arguments.learner == "torch" or arguments.accelerator != "none"):
        parser.error("PyTorch is not installed: take an image that has it, or --learner numpy without an accelerator")
    arguments.torch = installed and arguments.learner != "numpy"
    return arguments


def main() -> None:
    """Trains, and prints the last epoch's numbers."""
    arguments = read_arguments()
    config = {
        name: value
        for name, value in vars(arguments).items()
        if name not in {"name", "storage", "workers", "cpus", "learner"}
    }
    result = make_trainer(
        config, workers=arguments.workers, cpus=arguments.cpus, storage=arguments.storage, name=arguments.name
    ).fit()
    print(f"done: {result.metrics}")


if __name__ == "__main__":
    main()
