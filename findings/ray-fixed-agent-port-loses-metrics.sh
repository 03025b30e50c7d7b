#!/usr/bin/env bash
# Guess:   `ray start --head --dashboard-agent-grpc-port=N` only says which port the node's agent listens on, as a firewall
#          wants it; an agent that starts slowly means metrics that come late.
# Really:  the control plane (GCS) asks a fixed port 30 times, once a second, and then never again: with an agent that needs
#          longer (a busy node, a slow disk, imports from a network volume) its metrics are missing for as long as the head
#          lives, while /metrics answers and has the agent's own and the raylet's. Without the option it waits until the
#          agent has said its port, and all is there. Nothing but a line in gcs_server.err says so.
# Seen:    Ray 2.60.0. The agent is held back for 45 s by SIGSTOP.
# Source:  ray-project/ray, src/ray/rpc/metrics_agent_client.h: kMetricAgentInitMaxRetries, kMetricAgentInitRetryDelayMs.
# shellcheck source=lib.sh disable=SC1091
source "$(dirname "$0")/lib.sh"

pip_install 'ray[default]==2.60.0'
export RAY_USAGE_STATS_ENABLED=0 RAY_AUTH_MODE=disabled RAY_raylet_start_wait_time_s=300
cat >late.py <<'PY'
import os, pathlib, shutil, signal, socket, subprocess, tempfile, time, urllib.request

import ray

HELD = 45
AGENT, CONTROL_PLANE, RAYLET = "ray_node_cpu_count", "ray_gcs_actors_count", "ray_object_store_memory"
print("ray", ray.__version__, flush=True)


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def processes(*words):
    """The processes whose command line has all words."""
    for entry in pathlib.Path("/proc").iterdir():
        try:
            command = (entry / "cmdline").read_bytes().decode(errors="replace") if entry.name.isdigit() else ""
        except OSError:
            continue
        if command and all(word in command for word in words):
            yield int(entry.name)


def wait(seconds, condition):
    end = time.monotonic() + seconds
    while not (found := condition()) and time.monotonic() < end:
        time.sleep(0.1)
    return found


def names(port):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as page:
            return {line.split("{")[0] for line in page.read().decode().splitlines()}
    except OSError:
        return set()


def head(*options):
    """What the page of a head has whose agent is held back."""
    folder = tempfile.mkdtemp(prefix="late-", dir="/tmp")
    page = free_port()
    command = ["ray", "start", "--head", "--block", "--num-cpus=1", "--include-dashboard=false", f"--temp-dir={folder}"]
    ports = [f"--port={free_port()}", f"--metrics-export-port={page}"]
    starting = subprocess.Popen([*command, *ports, *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        agent = wait(300, lambda: next(processes("-u", "dashboard/agent.py", folder), 0))
        os.kill(agent, signal.SIGSTOP)
        time.sleep(HELD)
        os.kill(agent, signal.SIGCONT)
        wait(300, lambda: AGENT in names(page))
        wait(60, lambda: {CONTROL_PLANE, RAYLET} <= names(page))
        found = names(page)
        return {name: name in found for name in (AGENT, CONTROL_PLANE, RAYLET)}
    finally:
        starting.kill()
        while left := [*processes(folder)]:
            for each in left:
                try:
                    os.kill(each, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            time.sleep(0.2)
        shutil.rmtree(folder, ignore_errors=True)


print("no port given: ", head(), flush=True)
print("a port given:  ", head(f"--dashboard-agent-grpc-port={free_port()}"), flush=True)
PY
expect "a head whose agent starts 45 s late" "ray 2.60.0
no port given:  {'ray_node_cpu_count': True, 'ray_gcs_actors_count': True, 'ray_object_store_memory': True}
a port given:   {'ray_node_cpu_count': True, 'ray_gcs_actors_count': False, 'ray_object_store_memory': True}" "$(python late.py)"
