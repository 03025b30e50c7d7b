"""What the operator has to make of monitors and rules."""

from __future__ import annotations

import base64
import gzip

from tests.e2e.configuration import jobs_of, rule_files, unpacked


def test_each_endpoint_of_a_monitor_becomes_a_job() -> None:
    meta = {"namespace": "n", "name": "ray"}
    pod = {"metadata": meta, "spec": {"podMetricsEndpoints": [{}, {}]}}
    assert jobs_of([pod], "PodMonitor") == {"podMonitor/n/ray/0", "podMonitor/n/ray/1"}
    assert jobs_of([{"metadata": meta, "spec": {"endpoints": [{}]}}], "ServiceMonitor") == {"serviceMonitor/n/ray/0"}


def test_each_rule_becomes_a_file_and_the_secret_holds_the_configuration() -> None:
    assert rule_files([{"metadata": {"namespace": "n", "name": "r", "uid": "1-2"}}]) == {"n-r-1-2.yaml"}
    text = base64.b64encode(gzip.compress(b"scrape_configs: []")).decode()
    assert unpacked({"data": {"prometheus.yaml.gz": text}}) == {"scrape_configs": []}
