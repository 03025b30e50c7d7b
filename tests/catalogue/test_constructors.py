"""Reading metric families out of Python source."""

from __future__ import annotations

import os
import subprocess
from textwrap import dedent
from typing import TYPE_CHECKING

import pytest

from generator.catalogue.constructors import Source, read_source
from generator.catalogue.exposition import parse_exposition
from generator.catalogue.python_tree import Modules
from tests.live.environment import PYTHON

if TYPE_CHECKING:
    from collections.abc import Mapping


def read(text: str, **others: str) -> Source:
    modules = {"pkg/here.py": dedent(text)} | {f"pkg/{name}.py": dedent(text) for name, text in others.items()}
    return read_source(Modules(modules))


def labels(source: Source) -> Mapping[str, set[str]]:
    return {name: made.family.labels for name, made in source.made.items() if made.labels_known}


CLIENT = """\
from prometheus_client import REGISTRY, Counter, Enum, Gauge, Histogram, Info, Summary
import prometheus_client.core as core

Counter("done", "Done.", ["a", "b"])
Counter("gone_total", "Gone.", labelnames=("a",))
Counter("sent", "Sent.", (), "ns", "sub", "bytes")
Gauge("depth", "Depth.", namespace="ns")
Gauge("heat_celsius", "Heat.", unit="celsius")
Histogram("wait", "Wait.", unit="seconds")
Summary("size", "Size.", subsystem="sub")
Info("build", "Build.")
Enum("state", "State.", states=["on", "off"])


class Collector:
    def collect(self):
        yield core.GaugeMetricFamily("later", "Later.", labels=["x"])
        yield core.CounterMetricFamily("later_done", "Later.", labels=["x"])


REGISTRY.register(Collector())
"""


EXPOSED = {
    "done_total": "counter",
    "gone_total": "counter",
    "ns_sub_sent_bytes_total": "counter",
    "ns_depth": "gauge",
    "heat_celsius": "gauge",
    "wait_seconds": "histogram",
    "sub_size": "summary",
    "build_info": "gauge",
    "state": "gauge",
    "later": "gauge",
    "later_done_total": "counter",
}


def test_names_and_types_are_what_prometheus_client_exposes() -> None:
    assert {name: made.family.type for name, made in read(CLIENT).made.items()} == EXPOSED


@pytest.mark.slow
def test_prometheus_client_itself_says_the_same() -> None:
    given = os.environ.get(PYTHON)
    if not given:
        pytest.skip(f"no prometheus_client: name an interpreter that has it, as one with Ray, in {PYTHON}")
    show = "from prometheus_client import generate_latest\nprint(generate_latest().decode())"
    run = subprocess.run([given, "-c", f"{CLIENT}\n{show}"], check=True, capture_output=True, text=True)
    shown = {name: family.type for name, family in parse_exposition(run.stdout, file="x").items()}
    own = ("process_", "python_")
    assert {
        name: kind for name, kind in shown.items() if not name.startswith(own) and not name.endswith("_created")
    } == EXPOSED


def test_labels_are_read_from_constants_variables_and_other_modules() -> None:
    source = read(
        """\
        from prometheus_client import Gauge
        from pkg.names import BASE, NAME as named
        import pkg.names as n

        KEYS = BASE + ["z"]

        def make():
            mine = ["m"]
            Gauge("g1", "", KEYS)
            Gauge("g2", "", [*mine, named])
            Gauge("g3", "", tuple(n.BASE))
            Gauge(name=f"g{n.NAME}", documentation="", labelnames=mine + list(KEYS))
        """,
        names="""\
        BASE = ["x", "y"]
        NAME = "q"
        """,
    )
    assert labels(source) == {"g1": {"x", "y", "z"}, "g2": {"m", "q"}, "g3": {"x", "y"}, "gq": {"m", "x", "y", "z"}}
    assert source.computed == {}


@pytest.mark.parametrize(
    "given",
    [
        "labels",  # a parameter
        "twice",
        "altered",
        "self.keys",
        "[name for name in names]",
        "unknown",
    ],
)
def test_labels_that_may_be_others_at_run_time_are_not_known(given: str) -> None:
    source = read(
        f"""\
        from prometheus_client import Gauge

        class Made:
            def __init__(self, labels, names):
                self.keys = ["a"]
                self.keys.append("b")
                twice = ["a"]
                if names:
                    twice = ["b"]
                altered = ["a"]
                altered += ["b"]
                Gauge("g", "", {given})
        """
    )
    assert not source.made["g"].labels_known


def test_a_name_that_is_put_together_at_run_time_is_told_with_its_place_and_what_is_known_of_it() -> None:
    source = read(
        """\
        from prometheus_client import Counter, Gauge

        def make(kind, name):
            Counter(f"requests_{kind}_done", "")
            Gauge(name, "")
            Gauge(kind + "_", "")
        """
    )
    assert source.made == {}
    assert source.computed == {
        "pkg/here.py:4": "requests_.+_done_total",
        "pkg/here.py:5": "",
        "pkg/here.py:6": "",
    }
    assert source.mentions("requests_http_done_total")
    assert not source.mentions("requests_http_failed_total")


def test_ray_puts_its_prefix_and_labels_on() -> None:
    source = read(
        """\
        from ray.util import metrics
        from ray.util.metrics import Histogram as Times
        from ray.serve import metrics as serve
        from ray._private.metrics_agent import Gauge
        from ray._private.telemetry.open_telemetry_metric_recorder import OpenTelemetryMetricRecorder

        OpenTelemetryMetricRecorder().register_counter_metric("agent_received_total", "")
        metrics.Counter("done", description="", tag_keys=("a",))
        Times("wait", "", [1, 2], ("b",))
        serve.Gauge("inside", "", ("c",))
        Gauge("node", "", "bytes", ["ip"])
        """
    )
    core = {"Component", "NodeAddress", "SessionName", "Version", "WorkerId"}
    assert labels(source) == {"ray_done_total": core | {"a"}, "ray_wait": core | {"b"}, "ray_node": {"ip"}}
    assert {"c"} < source.made["ray_inside"].family.labels  # inside a replica there are more
    assert source.made["ray_agent_received_total"].family.type == "counter"


def test_a_class_is_followed_through_attributes_mappings_and_modules_that_pass_it_on() -> None:
    source = read(
        """\
        from pkg.base import Base, Depth

        class Made(Base):
            def __init__(self):
                self._gauge_cls(name="g", documentation="", labelnames=["a"])
                self.counter = self._counter_cls("c", "")
                Depth("h", "")
        """,
        base="""\
        from prometheus_client import Counter, Gauge, Histogram as Depth

        class Base:
            _gauge_cls = Gauge

            def __init__(self, types):
                self._counter_cls = types[Counter]
        """,
    )
    assert {name: made.family.type for name, made in source.made.items()} == {
        "g": "gauge",
        "c_total": "counter",
        "h": "histogram",
    }


def test_collections_counter_and_other_peoples_classes_are_no_metrics() -> None:
    source = read(
        """\
        from collections import Counter
        from mine import Gauge

        Counter("ab")
        Gauge("g", "")
        x = x[x]
        """
    )
    assert (source.made, source.computed) == ({}, {})


def test_a_module_that_is_no_python_of_today_is_told_and_the_rest_read() -> None:
    source = read("from prometheus_client import Gauge\nGauge('g', '')\n", old="print 'Gauge'\n")
    assert source.made.keys() == {"g"}
    assert [line.split(": ")[0] for line in source.broken] == ["pkg/old.py:1"]


def test_a_name_counts_as_mentioned_only_as_a_whole_word() -> None:
    source = read('NAMES = ["team_requests"]  # Gauge\n')
    assert source.mentions("team_requests_total")
    assert source.mentions("ray_team_requests")
    assert not source.mentions("team_request")
    assert not source.mentions("requests")
