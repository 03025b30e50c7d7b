"""Runs examples/inference/app in a Ray cluster that is there, with a tiny random model that it makes first.

    python serve_vllm.py --port 8000 --folder /tmp/somewhere

It runs until it gets SIGTERM, and prints ``ready`` when requests are answered.
"""

import argparse
import signal
import subprocess
import sys
import threading
from pathlib import Path

import ray
from ray import serve

EXAMPLE = Path(__file__).parents[3] / "examples" / "inference"


def main() -> None:
    """Runs the application until SIGTERM."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--folder", type=Path, required=True, help="where the model goes")
    parser.add_argument("--metrics", choices=["ray", "mounted", "both"], default="ray", help="where vLLM's metrics go")
    parser.add_argument("--max-ongoing", type=int, default=100, help="requests that the replica hands to the engine")
    parser.add_argument(
        "--max-queued", type=int, default=-1, help="requests that may wait in Ray Serve; more get a 503"
    )
    parser.add_argument("--max-engine-queued", type=int, help="requests that may wait in the engine; more get a 503")
    given = parser.parse_args()
    model = given.folder / "model"
    subprocess.run([sys.executable, EXAMPLE / "cpu" / "tiny_model.py", model], check=True)
    sys.path.insert(0, str(EXAMPLE / "app"))
    ray.init(logging_level="warning", runtime_env={"working_dir": str(EXAMPLE / "app")})
    serve.start(proxy_location="HeadOnly", http_options={"host": "127.0.0.1", "port": given.port})
    import app

    engine = {"model": str(model), "max_model_len": 512, "max_num_seqs": 8, "enforce_eager": True}
    if given.max_engine_queued is not None:
        engine["max_num_queued_reqs"] = given.max_engine_queued
    deployment = app.Completions.options(max_ongoing_requests=given.max_ongoing, max_queued_requests=given.max_queued)
    through_ray, mounted = given.metrics != "mounted", given.metrics != "ray"
    serve.run(deployment.bind("tiny", engine, through_ray=through_ray, mounted=mounted), name="chat", route_prefix="/")
    print("ready", flush=True)
    done = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: done.set())
    done.wait()
    serve.shutdown()


if __name__ == "__main__":
    main()
