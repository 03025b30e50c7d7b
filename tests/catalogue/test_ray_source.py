"""The catalogue of Ray against an installed Ray: every metric that it can make is known, as it is made."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from generator.catalogue.constructors import read_source
from generator.catalogue.python_tree import read_modules
from tests.live.environment import PYTHON, has

if TYPE_CHECKING:
    from collections.abc import Mapping

    from generator.catalogue.constructors import Source
    from generator.catalogue.spec import Exporter, Family

pytestmark = pytest.mark.slow

CORE = frozenset(("Component", "NodeAddress", "SessionName", "Version", "WorkerId"))
WHERE = """
import json, ray
print(json.dumps([ray.__version__, ray.__path__[0]]))
"""
COMPUTED = """
import dataclasses, json
from ray.data._internal.execution.interfaces.op_runtime_metrics import MetricsType, NodeMetrics, OpRuntimeMetrics
from ray.data._internal.stats import DISTRIBUTION_METRIC_STATISTICS
from ray.serve._private.common import RequestProtocol
from ray.train.v2._internal.metrics import controller, worker

names = {}
for metric in OpRuntimeMetrics.get_metrics():
    kind = metric.metrics_type
    if kind == MetricsType.Distribution:
        names |= {f"ray_data_{metric.name}_{statistic}": "gauge" for statistic in DISTRIBUTION_METRIC_STATISTICS}
    elif kind != MetricsType.Unsupported:
        suffix = "_total" if kind == MetricsType.Counter else ""
        names[f"ray_data_{metric.name}{suffix}"] = kind.name.lower()
names |= {f"ray_data_{field.name}_per_node": "gauge" for field in dataclasses.fields(NodeMetrics)}
for module in (controller, worker):
    for made in vars(module).values():
        if isinstance(made, type) and made.__module__ == module.__name__:
            texts = (value for value in vars(made).values() if isinstance(value, str))
            names |= {f"ray_{text}": "gauge" for text in texts if text.startswith("train_")}
for publisher in ("dashboard_head", "ray_gcs"):
    names[f"ray_aggregator_agent_{publisher}_task_metadata_buffer_dropped_attempts_total"] = "counter"
for protocol in (RequestProtocol.HTTP.value.lower(), RequestProtocol.GRPC.value.lower()):
    names[f"ray_serve_num_{protocol}_requests_total"] = "counter"
    names[f"ray_serve_num_{protocol}_error_requests_total"] = "counter"
    names[f"ray_serve_num_deployment_{protocol}_error_requests_total"] = "counter"
    names[f"ray_serve_{protocol}_request_latency_ms"] = "histogram"
    names[f"ray_serve_num_ongoing_{protocol}_requests"] = "gauge"
print(json.dumps(names))
"""
"""Names that are put together while Ray runs, asked of Ray itself."""

TABLES = (
    "ray/_private/telemetry/open_telemetry_metric_recorder.py",  # passes on what other processes made
    "ray/dashboard/modules/reporter/reporter_agent.py",  # the same
    "ray/_private/metrics_agent.py",  # passes on what other processes made
    "ray/_private/prometheus_exporter.py",  # the same
    "ray/dashboard/modules/aggregator/task_events_metadata_buffer.py",  # COMPUTED
    "ray/data/_internal/stats.py",  # COMPUTED
    "ray/llm/_internal/serve/observability/metrics/utils.py",  # InstrumentTokenAsyncGenerator: nothing of Ray's uses it
    "ray/serve/_private/request_ingress_metrics.py",  # COMPUTED
    "ray/train/v2/_internal/metrics/base.py",  # COMPUTED
)
"""Where names are put together while Ray runs, as far as somebody has looked."""

CHUNK = 15
"""How much of a name a compiler leaves in one piece: the rest may lie elsewhere in the binary."""

SHORT = frozenset(("actors", "resources", "tasks"))
"""Names so short that a compiler does not leave them as text in a binary."""


@pytest.fixture(scope="module")
def ray(catalogue: Mapping[str, Exporter]) -> Path:
    """The folder of an installed Ray of the catalogue's version."""
    given = os.environ.get(PYTHON)
    if not given or not has(Path(given), "ray"):
        pytest.skip(f"no Ray: name an interpreter that has it in {PYTHON}")
    version, folder = json.loads(run(given, WHERE))
    if version != catalogue["ray"].version:
        pytest.skip(f"Ray {version} is not the catalogue's: {PYTHON} has to name one with {catalogue['ray'].version}")
    return Path(folder)


@pytest.fixture(scope="module")
def source(ray: Path) -> Source:
    return read_source(read_modules(ray))


@pytest.fixture(scope="module")
def families(catalogue: Mapping[str, Exporter]) -> Mapping[str, Family]:
    exporters = (exporter for name, exporter in catalogue.items() if name == "ray" or name.startswith("ray-"))
    return {name: family for exporter in exporters for name, family in exporter.families.items()}


def run(python: str, program: str) -> str:
    finished = subprocess.run([python, "-c", program], check=True, capture_output=True, text=True)
    return finished.stdout.splitlines()[-1]


def test_every_constructor_has_an_entry_with_its_type_and_labels(
    source: Source, families: Mapping[str, Family]
) -> None:
    assert len(source.made) > 200
    for name, made in source.made.items():
        assert name in families, made.place
        family = families[name]
        assert (name, family.type) == (name, made.family.type)
        if made.labels_known:
            assert (name, sorted(family.labels)) == (name, sorted(made.family.labels))


def test_every_name_that_is_put_together_while_ray_runs_has_an_entry(
    ray: Path, source: Source, families: Mapping[str, Family]
) -> None:
    assert [place for place in source.computed if not place.startswith(TABLES)] == []
    made = json.loads(run(os.environ[PYTHON], COMPUTED))
    assert len(made) > 80
    assert {name: families[name].type if name in families else "missing" for name in made} == made


def test_every_entry_is_a_text_of_rays_source_or_of_its_binaries(
    ray: Path, source: Source, families: Mapping[str, Family], catalogue: Mapping[str, Exporter]
) -> None:
    binaries = ("_raylet.so", "core/src/ray/gcs/gcs_server", "core/src/ray/raylet/raylet")
    texts = b"\0".join((ray / binary).read_bytes() for binary in binaries)
    words = {*re.findall(r"\w+", source.text)}
    computed = json.loads(run(os.environ[PYTHON], COMPUTED))
    own = catalogue["ray-own"].families.keys() | {"target_info"}
    unfound = [
        name
        for name in families.keys() - own - computed.keys()
        if name not in source.made and name.removeprefix("ray_") not in words and stem(name) not in SHORT
        if stem(name).encode()[:CHUNK] not in texts
    ]
    assert unfound == []


def test_every_metric_of_the_binaries_has_an_entry(ray: Path, families: Mapping[str, Family]) -> None:
    """Texts of a binary that begin as the families that are complete, and end as metrics do, are families.

    Settings begin so too; they end otherwise, but for those that are named here.
    """
    settings = re.compile(
        rb"gcs_.*(_interval_ms|_min_duration_ms|_delay_ms|backoff_ms|max_bytes|timeout_s|timeout_seconds|_size)"
        rb"|health_check_.*_ms|io_context_.*(interval|deadline|window)_ms|object_(manager|store)_.*(_timeout|_delay|_freq)_ms"
        rb"|object_manager_default_chunk_size|gcs_actor_table_min_duration_ms|cluster_size|node_ip_address"
    )
    known = {stem(name).encode() for name in families}
    named = rb"\0((?:gcs|node|io_context|health_check|internal|object_store|object_manager|pull_manager|push_manager"
    named += rb"|spill_manager|scheduler|operation|grpc_server_req|grpc_client_req)_[a-z0-9_]+"
    named += rb"_(?:total|count|ms|bytes|latency|tasks|failed|memory|objects|dropped|reported|stored|mismatch))\0"
    unknown = set()
    for binary in ("_raylet.so", "core/src/ray/gcs/gcs_server", "core/src/ray/raylet/raylet"):
        texts = (ray / binary).read_bytes()
        unknown |= {name for name in re.findall(named.replace(rb")\0", rb")(?=\0)"), texts) if name not in known}
    assert sorted(name for name in unknown if not settings.fullmatch(name)) == []


def stem(name: str) -> str:
    """Returns what stands in C++ for a name: ``scheduler_placement_time_ms`` for its percentile, too."""
    plain = name.removeprefix("ray_")
    plain = re.sub(r"_(max|mean|p50|p95|p99)$", "", plain)
    return plain.removesuffix("_total") if plain.removesuffix("_total").endswith(tuple(ENDS)) else plain


ENDS = ("count", "failed", "finished", "handling", "new", "succeeded", "jobs", "bytes", "events")
"""How names of counters end in C++, to which OpenTelemetry adds ``_total``."""
