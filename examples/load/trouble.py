"""Makes trouble in a running Ray cluster, each kind by a known amount, and prints what it did as JSON lines.

    python trouble.py kill-replica --times 3 --every 10      # kills a replica of Ray Serve
    python trouble.py kill-worker                            # kills a worker of Ray Train
    python trouble.py fail --tasks 8 --stay 60               # tasks that raise at once; --crash: whose process dies
    python trouble.py spill --megabytes 400 --seconds 60     # more objects than the object store holds
    python trouble.py wait --cpus 1000 --seconds 120         # a task and a placement group that no node can hold

Run it where RAY_ADDRESS points at the cluster, on a pod of it for one. It is meant for clusters that may break.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ray

if TYPE_CHECKING:
    from collections.abc import Callable

REPLICA = "SERVE_REPLICA::"
"""How Ray Serve 2.60 begins the names of its replicas' actors (python/ray/serve/_private/common.py)."""

TRAIN_WORKER = "RayTrainWorker"
"""The class of Ray Train 2.60's workers (python/ray/train/v2/_internal/execution/worker_group/worker.py)."""


def say(**facts: Any) -> None:
    """Prints facts, with the time in seconds since 1970."""
    print(json.dumps({"time": time.time(), **facts}), flush=True)


def kill_replica(arguments: argparse.Namespace) -> None:
    """Kills one replica after another; Serve starts new ones."""
    for number in range(arguments.times):
        if number:
            time.sleep(arguments.every)
        named = ray.util.list_named_actors(all_namespaces=True)
        replicas = sorted(
            (actor["name"], actor["namespace"])
            for actor in named
            if actor["name"].startswith(REPLICA + arguments.deployment)
        )
        if not replicas:
            say(event="no replica to kill", deployment=arguments.deployment)
            continue
        name, namespace = replicas[0]
        ray.kill(ray.get_actor(name, namespace=namespace))
        say(event="replica killed", name=name, replicas=len(replicas))


@ray.remote(num_cpus=0, max_retries=0)
def _kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


def kill_worker(arguments: argparse.Namespace) -> None:
    """Kills workers of Ray Train on whichever nodes they run; the run goes on from its last checkpoint."""
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy
    from ray.util.state import list_actors

    for number in range(arguments.times):
        if number:
            time.sleep(arguments.every)
        workers = list_actors(filters=[("class_name", "=", TRAIN_WORKER), ("state", "=", "ALIVE")])
        if not workers:
            say(event="no worker to kill")
            continue
        worker = max(workers, key=lambda one: one.actor_id)
        there = NodeAffinitySchedulingStrategy(worker.node_id, soft=False)
        ray.get(_kill.options(scheduling_strategy=there).remote(worker.pid))
        say(event="worker killed", pid=worker.pid, workers=len(workers))


@ray.remote(num_cpus=0.1, max_retries=0)
def failing() -> None:
    """Raises."""
    raise RuntimeError("this task was told to fail")


@ray.remote(num_cpus=0.1, max_retries=0)
def crashing() -> None:
    """Takes its process with it."""
    os._exit(1)


def fail(arguments: argparse.Namespace) -> None:
    """Starts tasks that fail, all at once, waits for them, and stays: Ray forgets a driver's tasks when it goes."""
    function = crashing if arguments.crash else failing
    tasks = [function.remote() for _ in range(arguments.tasks)]
    failed = 0
    for task in tasks:
        try:
            ray.get(task)
        except (ray.exceptions.RayTaskError, ray.exceptions.WorkerCrashedError):
            failed += 1
    say(event="tasks failed", tasks=failed, crashed=arguments.crash)
    time.sleep(arguments.stay)


def spilled_bytes() -> int:
    """Returns what lies in this node's files of spilled objects, in a folder of the session of its own."""
    session = Path(ray._private.worker.global_worker.node.get_session_dir_path())
    return sum(path.stat().st_size for path in session.glob("ray_spilled_objects*/*"))


def spill(arguments: argparse.Namespace) -> None:
    """Puts objects and holds them: what does not fit into the object store of this node goes to disk."""
    size = 8 * 2**20
    here = ray.get_runtime_context().get_node_id()
    (store,) = (int(node["Resources"]["object_store_memory"]) for node in ray.nodes() if node["NodeID"] == here)
    if arguments.megabytes * 2**20 <= store:
        say(event="nothing will spill", store=store, hint=f"--megabytes over {store // 2**20}")
    held = []
    for _ in range(-(-arguments.megabytes * 2**20 // size)):
        # Random, so that no file system makes it smaller.
        held.append(ray.put(os.urandom(size)))
    say(event="objects held", bytes=len(held) * size, store=store)
    time.sleep(arguments.seconds / 2)
    say(event="objects spilled", bytes=spilled_bytes())
    time.sleep(arguments.seconds / 2)
    del held
    say(event="objects freed")


@ray.remote
def _nothing() -> None:
    return


def wait(arguments: argparse.Namespace) -> None:
    """Asks for what no node has, in a task and in a placement group, and gives up after a while."""
    task = _nothing.options(num_cpus=arguments.cpus).remote()
    group = ray.util.placement_group([{"CPU": arguments.cpus}])
    say(event="waiting", cpus=arguments.cpus)
    ready, _ = ray.wait([task, group.ready()], num_returns=2, timeout=arguments.seconds)
    ray.cancel(task)
    ray.util.remove_placement_group(group)
    say(event="gave up", ready=len(ready))


def read_arguments(words: list[str] | None = None) -> argparse.Namespace:
    """Reads the command line, or the words of one; `run` is the function to call."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)

    def command(function: Callable[[argparse.Namespace], None]) -> argparse.ArgumentParser:
        made = commands.add_parser(function.__name__.replace("_", "-"), help=function.__doc__)
        made.set_defaults(run=function)
        return made

    for killing in (command(kill_replica), command(kill_worker)):
        killing.add_argument("--times", type=int, default=1)
        killing.add_argument("--every", type=float, default=10.0, help="seconds from one to the next")
        if killing.get_default("run") is kill_replica:
            killing.add_argument("--deployment", default="", help="APPLICATION#DEPLOYMENT, or how that begins")
    failing_tasks = command(fail)
    failing_tasks.add_argument("--tasks", type=int, default=8)
    failing_tasks.add_argument("--stay", type=float, default=0.0, help="seconds for which the driver lives on")
    failing_tasks.add_argument("--crash", action="store_true", help="kill the process instead of raising")
    spilling = command(spill)
    spilling.add_argument("--megabytes", type=int, default=400)
    spilling.add_argument("--seconds", type=float, default=60.0)
    waiting = command(wait)
    waiting.add_argument("--cpus", type=float, default=1000.0)
    waiting.add_argument("--seconds", type=float, default=120.0)
    return parser.parse_args(words)


def main() -> None:
    """Connects to the cluster and makes the trouble that the command line names."""
    arguments = read_arguments()
    ray.init(address="auto", log_to_driver=False, logging_level="ERROR")
    arguments.run(arguments)


if __name__ == "__main__":
    main()
