"""What a person's values add to a monitor: selectors, endpoints, images, and the operator's own keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from generator.files import yamlfile
from tests.thorough import examples

from .conftest import endpoints_of, upstream_crds
from .prometheus import Pod, scraped, selects
from .test_templates import closed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.monitors.conftest import Rendered

VLLM = "vllm/vllm-openai:v0.33.0"


def pod(image: str = VLLM, *ports: tuple[str, int] | tuple[str, int, str], **labels: str) -> Pod:
    return Pod(labels, {"server": ports or (("", 8000),)}, images={"server": image})


def found(objects: Rendered, *pods: Pod) -> list[tuple[str, str, str]]:
    """Returns workload, endpoint and address of each target, IPs left out."""
    return sorted(
        (each["job"], each["endpoint"], each["__address__"].rsplit(":", 1)[1] + each["__metrics_path__"])
        for each in scraped([each for each in objects.values() if each["kind"] == "PodMonitor"], pods)
    )


def test_a_second_endpoint_finds_the_same_pods_on_a_port_of_its_own(render: Callable[..., Rendered]) -> None:
    objects = render({"vllm": {"endpoints": {"second": {"port": 9000}, "third": {"port": "admin", "path": "/m"}}}})
    server = pod(VLLM, ("http", 8000), ("", 9000), ("admin", 9001))
    assert found(objects, server) == [
        ("vllm", "api", "8000/metrics"),
        ("vllm", "second", "9000/metrics"),
        ("vllm", "third", "9001/m"),
    ]
    assert found(objects, pod("grafana/grafana:13", ("http", 8000), ("", 9000))) == []


def test_a_second_endpoint_of_a_monitor_with_selectors_has_the_labels_of_the_first(
    render: Callable[..., Rendered],
) -> None:
    objects = render({"ray": {"endpoints": {"own": {"port": 9090}}}})
    head = Pod({"ray.io/cluster": "c", "ray.io/node-type": "head"}, {"ray-head": (("metrics", 8080), ("own", 9090))})
    own = next(each for each in scraped([objects["ray"]], [head]) if each["endpoint"] == "own")
    assert (own["__address__"], own["job"], own["ray_io_cluster"]) == ("10.1.2.3:9090", "ray", "c")


def test_an_endpoint_with_find_of_its_own_finds_that_alone(render: Callable[..., Rendered]) -> None:
    values = {
        "endpoints": {
            "api": {"except": {"tls": {"labels": {"tls": "yes"}}}},
            "tls": {
                "find": {"tls": {"image": "vllm-openai", "labels": {"tls": "yes"}}},
                "ports": [8443],
                "scheme": "https",
            },
        }
    }
    objects = render({"vllm": values})
    assert found(objects, pod()) == [("vllm", "api", "8000/metrics")]
    assert found(objects, pod(VLLM, ("", 8000), ("", 8443), tls="yes")) == [("vllm", "tls", "8443/metrics")]
    assert [each.get("scheme") for each in endpoints_of(objects["vllm"])] == [None, "https"]


def test_ways_of_ones_own_are_added_to_the_built_in_ones(render: Callable[..., Rendered]) -> None:
    mine = {"team": {"image": "team/.*-server", "ports": [9000, "web"]}, "named": {"container": "llm"}}
    objects = render({"vllm": {"endpoints": {"api": {"find": mine}}}})
    assert found(objects, pod("registry.example.com/team/chat-server@sha256:1", ("", 9000))) != []
    assert found(objects, pod("team/chat-server", ("web", 1234))) != []
    assert found(objects, pod("team/chat-server", ("", 8000))) == []
    assert found(objects, pod("otherteam/chat-server", ("", 9000))) == []
    assert found(objects, pod()) == [("vllm", "api", "8000/metrics")]
    assert found(objects, Pod({}, {"llm": (("", 8080),)})) == [("vllm", "api", "8080/metrics")]


def test_a_port_of_ones_own_takes_the_place_of_the_built_in_ones(render: Callable[..., Rendered]) -> None:
    for values in ({"port": 5000}, {"ports": [5000]}):
        objects = render({"vllm": {"endpoints": {"api": values}}})
        assert found(objects, pod(VLLM, ("http", 8000), ("", 5000))) == [("vllm", "api", "5000/metrics")]
        assert found(objects, pod("grafana/grafana:13", ("", 5000))) == []


@pytest.mark.sample(2)
@pytest.mark.parametrize("address", ["10.1.2.3", "[fd00::1]"])
def test_a_container_without_a_port_is_asked_where_its_label_says(
    render: Callable[..., Rendered], address: str
) -> None:
    label = {"model.aibrix.ai/port": "8123"}
    bare = Pod(label, {"prefill": ()}, ip=address, images={"prefill": VLLM})
    (target,) = scraped([render()["vllm"]], [bare])
    assert target["__address__"] == target["instance"] == f"{address}:8123"
    for nonsense in ("", "http", "8k"):
        assert (
            scraped([render()["vllm"]], [Pod({"model.aibrix.ai/port": nonsense}, {"p": ()}, images={"p": VLLM})]) == []
        )


def test_native_sidecars_can_be_brought_back(render: Callable[..., Rendered]) -> None:
    sidecar = Pod({}, {"vllm": (("", 8000),)}, images={"vllm": VLLM}, init=frozenset({"vllm"}))
    assert found(render(), sidecar) == []
    assert found(render({"vllm": {"nativeSidecars": True}}), sidecar) == [("vllm", "api", "8000/metrics")]


def test_a_pods_label_says_which_workload_it_is(render: Callable[..., Rendered]) -> None:
    for name in ("vllm", "sglang", "triton", "nim"):
        labelled = pod("registry.example.com/own", ("", 8000), ("", 30000), ("", 8002))
        assert {
            job for job, _, _ in found(render(), Pod({"ai-ml-observability/scrape": name}, labelled.containers))
        } == {name}
    for other in ("none", "sglang"):
        chosen = Pod({"ai-ml-observability/scrape": other}, {"vllm": (("", 8081),)}, images={"vllm": VLLM})
        assert found(render(), chosen) == []
    ray = {"ray.io/node-type": "worker", "ai-ml-observability/scrape": "none"}
    assert found(render(), Pod(ray, {"ray-worker": (("metrics", 8080),)})) == []


OPERATOR_KEYS: dict[str, Any] = {
    "attachMetadata": {"node": True},
    "bodySizeLimit": "64MB",
    "convertClassicHistogramsToNHCB": True,
    "fallbackScrapeProtocol": "PrometheusText0.0.4",
    "keepDroppedTargets": 10,
    "labelLimit": 60,
    "labelNameLengthLimit": 200,
    "labelValueLengthLimit": 2000,
    "nativeHistogramBucketLimit": 200,
    "nativeHistogramMinBucketFactor": "1.1",
    "podTargetLabels": ["team"],
    "scrapeClass": "own",
    "scrapeClassicHistograms": True,
    "scrapeNativeHistograms": True,
    "scrapeProtocols": ["OpenMetricsText1.0.0", "PrometheusText0.0.4"],
    "selectorMechanism": "RoleSelector",
    "targetLimit": 1000,
}
ENDPOINT_KEYS: dict[str, Any] = {
    "params": {"collect[]": ["a"]},
    "honorTimestamps": False,
    "trackTimestampsStaleness": True,
    "filterRunning": True,
    "followRedirects": False,
    "enableHttp2": False,
    "proxyUrl": "http://proxy:3128",
    "noProxy": "10.0.0.0/8",
}


def test_what_else_an_operators_monitor_has_can_be_set(
    render: Callable[..., Rendered], monitor_values: Mapping[str, Any]
) -> None:
    own = {
        **OPERATOR_KEYS,
        "endpoints": {"api": {**ENDPOINT_KEYS, "relabelings": [{"targetLabel": "tier", "replacement": "1"}]}},
    }
    spec = render({"vllm": own})["vllm"]["spec"]
    assert {key: spec[key] for key in OPERATOR_KEYS} == OPERATOR_KEYS
    (endpoint,) = spec["podMetricsEndpoints"]
    assert {key: endpoint[key] for key in ENDPOINT_KEYS} == ENDPOINT_KEYS
    assert endpoint["relabelings"][-1] == {"targetLabel": "tier", "replacement": "1"}
    block = monitor_values["properties"]["vllm"]["properties"]
    filled_in = {"annotations", "dropLabels", "dropMetrics", "enabled", "endpoints", "interval", "labels", "namespaces"}
    filled_in |= {"nativeSidecars", "sampleLimit", "scrapeTimeout", "selector", "selectors"}
    assert block.keys() - filled_in == OPERATOR_KEYS.keys()


@pytest.mark.parametrize(("factor", "expected"), [(1.1, "1.1"), ("1.1", "1.1"), (2, "2")])
def test_a_least_growth_is_text_since_the_operators_kinds_take_no_other_fraction(
    render: Callable[..., Rendered], factor: float | str, expected: str
) -> None:
    assert (
        render({"vllm": {"nativeHistogramMinBucketFactor": factor}})["vllm"]["spec"]["nativeHistogramMinBucketFactor"]
        == expected
    )


@pytest.mark.upstream
def test_every_key_of_the_operators_monitors_can_be_set_or_is_filled_in(
    render: Callable[..., Rendered],
) -> None:
    from jsonschema import Draft202012Validator

    folder = upstream_crds()
    if folder is None:
        pytest.skip("kube-prometheus-stack is neither in GEN_CHART_MIRROR nor in the cache")
    crd = yamlfile.load(folder / "crd-podmonitors.yaml")
    spec = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
    filled_in = {"jobLabel", "namespaceSelector", "podMetricsEndpoints", "sampleLimit", "selector"}
    assert spec["properties"].keys() - filled_in == OPERATOR_KEYS.keys()
    rendered = render({"vllm": {**OPERATOR_KEYS, "endpoints": {"api": ENDPOINT_KEYS, "more": {"port": 1}}}})["vllm"]
    assert [error.message for error in Draft202012Validator(closed(spec)).iter_errors(rendered["spec"])] == []


KEYS = ("app", "tier", "example.com/role")
VALUES = st.sampled_from(["a", "b", "a.c", "axc", ""])
SELECTORS = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "matchLabels": st.dictionaries(st.sampled_from(KEYS), VALUES, min_size=1, max_size=2),
            "matchExpressions": st.lists(
                st.one_of(
                    st.fixed_dictionaries(
                        {
                            "key": st.sampled_from(KEYS),
                            "operator": st.sampled_from(["In", "NotIn"]),
                            "values": st.lists(VALUES, min_size=1, max_size=2),
                        }
                    ),
                    st.fixed_dictionaries(
                        {"key": st.sampled_from(KEYS), "operator": st.sampled_from(["Exists", "DoesNotExist"])}
                    ),
                ),
                min_size=1,
                max_size=3,
            ),
        },
    ).filter(bool),
    min_size=1,
    max_size=3,
)
PODS = st.lists(st.dictionaries(st.sampled_from(KEYS), VALUES), min_size=1, max_size=6)


@pytest.mark.slow
@settings(max_examples=examples(6, thorough=200), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(selectors=SELECTORS, labels=PODS)
def test_what_any_of_several_selectors_selects_is_scraped_once(
    render: Callable[..., Rendered], selectors: list[dict[str, Any]], labels: list[dict[str, str]]
) -> None:
    objects = render({name: {"selectors": selectors} for name in ("vllm", "karpenter")})
    ports = (("http-metrics", 8000),)
    pods = [Pod(each, {"c": ports}, name=f"pod-{index}", ip=f"10.0.0.{index}") for index, each in enumerate(labels)]
    wanted = [each.name for each in pods if any(selects(selector, each.labels) for selector in selectors)]
    for name in ("vllm", "karpenter"):
        assert sorted(target["pod"] for target in scraped([objects[name]], pods)) == wanted
