"""What is trained: a small network, in PyTorch on any accelerator, and in numpy where there is no PyTorch.

Both are data-parallel: each worker has the whole network and a part of the rows, and gradients are averaged after each
batch.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import ray

if TYPE_CHECKING:
    from pathlib import Path

TORCH_FILE = "state.pt"
NUMPY_FILE = "state.npz"


class Learner(Protocol):
    """A network, its optimizer, and how the workers agree on a step."""

    def step(self, features: np.ndarray, target: np.ndarray, learning_rate: float) -> float:
        """Takes one step on a batch and returns the batch's mean squared error."""

    def save(self, folder: Path, epoch: int) -> None:
        """Writes the state after an epoch."""

    def load(self, folder: Path) -> int:
        """Reads such a state and returns the epoch after which it was written."""


@dataclass
class _Gathering:
    """Gradients of one step: those that came, and the event that says that all are there."""

    parts: list[list[np.ndarray]]
    complete: asyncio.Event
    taken: int = 0


@ray.remote(num_cpus=0)
class Averager:
    """Averages gradients for workers without PyTorch. It is made anew with each group of workers."""

    def __init__(self, workers: int) -> None:
        """Makes one for so many workers."""
        self._workers = workers
        self._steps: dict[int, _Gathering] = {}

    async def mean(self, step: int, part: list[np.ndarray]) -> list[np.ndarray]:
        """Waits for the parts of all workers and returns their mean."""
        gathering = self._steps.setdefault(step, _Gathering([], asyncio.Event()))
        gathering.parts.append(part)
        if len(gathering.parts) == self._workers:
            gathering.complete.set()
        await gathering.complete.wait()
        gathering.taken += 1
        if gathering.taken == self._workers:
            del self._steps[step]
        return [np.mean(arrays, axis=0) for arrays in zip(*gathering.parts, strict=True)]


class NumpyLearner:
    """One hidden layer of tanh, trained by stochastic gradient descent; gradients meet in an actor."""

    def __init__(self, features: int, hidden: int, averager: Any) -> None:
        """Makes the network, the same on each worker.

        Args:
            features: numbers in a row.
            hidden: width of the hidden layer.
            averager: the actor that averages gradients, None for a single worker.
        """
        random = np.random.default_rng(0)
        self._weights = [
            random.normal(0, features**-0.5, (features, hidden)).astype(np.float32),
            np.zeros(hidden, np.float32),
            random.normal(0, hidden**-0.5, (hidden, 1)).astype(np.float32),
            np.zeros(1, np.float32),
        ]
        self._averager = averager
        self._step = 0

    def step(self, features: np.ndarray, target: np.ndarray, learning_rate: float) -> float:
        """See Learner."""
        first, first_bias, second, second_bias = self._weights
        hidden = np.tanh(features @ first + first_bias)
        error = (hidden @ second + second_bias)[:, 0] - target
        back = 2 * error[:, None] / len(target)
        inner = (back @ second.T) * (1 - hidden**2)
        gradients = [features.T @ inner, inner.sum(0), hidden.T @ back, back.sum(0)]
        if self._averager is not None:
            gradients = ray.get(self._averager.mean.remote(self._step, gradients))
        self._step += 1
        self._weights = [
            weight - learning_rate * gradient for weight, gradient in zip(self._weights, gradients, strict=True)
        ]
        return float(np.mean(error**2))

    def save(self, folder: Path, epoch: int) -> None:
        """See Learner."""
        np.savez(folder / NUMPY_FILE, epoch, *self._weights)

    def load(self, folder: Path) -> int:
        """See Learner."""
        with np.load(folder / NUMPY_FILE) as state:
            epoch, *self._weights = (state[name] for name in state.files)
        return int(epoch)


class TorchLearner:
    """The same network in PyTorch, on the device that Ray Train gave this worker."""

    def __init__(self, features: int, hidden: int, *, xla: bool) -> None:
        """Makes the network, the same on each worker.

        Args:
            features: numbers in a row.
            hidden: width of the hidden layer.
            xla: whether the device is one of AWS Neuron, which PyTorch reaches through XLA.
        """
        import torch

        torch.manual_seed(0)
        network = torch.nn.Sequential(
            torch.nn.Linear(features, hidden), torch.nn.Tanh(), torch.nn.Linear(hidden, 1), torch.nn.Flatten(0)
        )
        self._torch, self._xla = torch, None
        if xla:
            from torch_xla.core import xla_model

            self._xla, self._device = xla_model, xla_model.xla_device()
            self._network = network.to(self._device)
        else:
            import ray.train.torch

            self._network = ray.train.torch.prepare_model(network)
            self._device = ray.train.torch.get_device()
        self._optimizer = torch.optim.SGD(self._network.parameters())

    def step(self, features: np.ndarray, target: np.ndarray, learning_rate: float) -> float:
        """See Learner."""
        rows = self._torch.as_tensor(features, device=self._device)
        wanted = self._torch.as_tensor(target, device=self._device)
        for group in self._optimizer.param_groups:
            group["lr"] = learning_rate
        self._optimizer.zero_grad()
        loss = self._torch.nn.functional.mse_loss(self._network(rows), wanted)
        loss.backward()
        if self._xla is None:
            self._optimizer.step()
        else:
            # Averages the gradients over all workers and runs what was recorded up to here.
            self._xla.optimizer_step(self._optimizer, barrier=True)
        return float(loss.item())

    def save(self, folder: Path, epoch: int) -> None:
        """See Learner."""
        network = getattr(self._network, "module", self._network)
        weights = {name: tensor.cpu() for name, tensor in network.state_dict().items()}
        self._torch.save({"epoch": epoch, "weights": weights}, folder / TORCH_FILE)

    def load(self, folder: Path) -> int:
        """See Learner."""
        state = self._torch.load(folder / TORCH_FILE, map_location="cpu", weights_only=True)
        getattr(self._network, "module", self._network).load_state_dict(state["weights"])
        epoch: int = state["epoch"]
        return epoch
