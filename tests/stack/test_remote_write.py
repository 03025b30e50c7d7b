"""Prometheus that sends elsewhere: what the operator is given, and what is refused before a chart is written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from generator.errors import InputError
from generator.files import schemas, yamlfile
from tests.monitors.conftest import upstream_crds

if TYPE_CHECKING:
    from collections.abc import Callable

    from generator.stack.component import Component

    Made = Callable[..., dict[str, Component]]

NAME = "kube-prometheus-stack"
WORKSPACE = "https://aps-workspaces.eu-central-1.amazonaws.com/workspaces/ws-1/api/v1/remote_write"
ROLE = "arn:aws:iam::123456789012:role/prometheus"
AMP = {"name": "amp", "store": "amp", "url": WORKSPACE, "region": "eu-central-1", "role": ROLE}
MIMIR = {
    "name": "mimir",
    "store": "mimir",
    "url": "https://mimir.example/api/v1/push",
    "tenant": "ml",
    "basicAuth": {"secret": "mimir"},
    "keep": ["up", "cluster:.*"],
    "queue": {"maxShards": 20, "batchSendDeadline": "5s"},
    "exemplars": True,
    "nativeHistograms": True,
}
CLOUD = {
    "name": "cloud",
    "store": "grafana-cloud",
    "url": "https://prometheus-prod.grafana.example/api/prom/push",
    "basicAuth": {"secret": "cloud", "usernameKey": "instance", "passwordKey": "token"},
}
VICTORIA = {
    "name": "vm",
    "store": "victoriametrics",
    "url": "http://vminsert.vm:8480/insert/7/prometheus/api/v1/write",
    "insecure": True,
    "bearer": {"secret": "vm"},
}


def prometheus(made: Made, *stores: dict[str, Any], **more: Any) -> dict[str, Any]:
    choices = {"cluster": "ml-1", "remoteWrite": list(stores), **more}
    found: dict[str, Any] = made("standalone", {"components": {NAME: {"prometheus": choices}}})[NAME].values[
        "prometheus"
    ]
    return found


def test_nothing_is_sent_unless_somebody_says_where(made: Made) -> None:
    found = made()[NAME].values["prometheus"]
    assert not {"externalLabels", "remoteWrite", "query"} & found["prometheusSpec"].keys()
    assert "serviceAccount" not in found


def test_amazons_store_is_signed_for_with_the_role_of_the_service_account(made: Made) -> None:
    found = prometheus(made, AMP)
    assert found["prometheusSpec"]["remoteWrite"] == [
        {"name": "amp", "url": WORKSPACE, "sigv4": {"region": "eu-central-1"}}
    ]
    assert found["serviceAccount"] == {"annotations": {"eks.amazonaws.com/role-arn": ROLE}}
    assert found["prometheusSpec"]["externalLabels"] == {"cluster": "ml-1"}


def test_with_pod_identity_the_service_account_says_nothing(made: Made) -> None:
    assert "serviceAccount" not in prometheus(made, {**AMP, "role": "pod-identity"})


def test_logins_are_names_of_secrets(made: Made) -> None:
    mimir, cloud, victoria = prometheus(made, MIMIR, CLOUD, VICTORIA)["prometheusSpec"]["remoteWrite"]
    assert mimir == {
        "name": "mimir",
        "url": MIMIR["url"],
        "basicAuth": {
            "username": {"name": "mimir", "key": "username"},
            "password": {"name": "mimir", "key": "password"},
        },
        "headers": {"X-Scope-OrgID": "ml"},
        "writeRelabelConfigs": [{"action": "keep", "sourceLabels": ["__name__"], "regex": "up|cluster:.*"}],
        "queueConfig": {"maxShards": 20, "batchSendDeadline": "5s"},
        "sendExemplars": True,
        "sendNativeHistograms": True,
    }
    assert cloud["basicAuth"]["username"] == {"name": "cloud", "key": "instance"}
    assert victoria["authorization"] == {"type": "Bearer", "credentials": {"name": "vm", "key": "token"}}


def test_the_operator_takes_what_is_made_of_each(made: Made) -> None:
    folder = upstream_crds()
    if folder is None:
        pytest.skip("no CRDs of kube-prometheus-stack: run gen-chart vendor")
    crd = yamlfile.load_mapping(next(folder.glob("crd-prometheuses.yaml")))
    schema = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]
    closed = {
        "type": "object",
        "additionalProperties": False,
        "properties": schema["remoteWrite"]["items"]["properties"],
    }
    spec = prometheus(made, AMP, MIMIR, CLOUD, VICTORIA, maxSamples=20_000_000)["prometheusSpec"]
    for store in spec["remoteWrite"]:
        schemas.validate(store, closed, file="remoteWrite")
        assert store.get("queueConfig", {}).keys() <= closed["properties"]["queueConfig"]["properties"].keys()
    assert spec["query"].keys() <= schema["query"]["properties"].keys()


@pytest.mark.parametrize(
    ("store", "said"),
    [
        ({**AMP, "region": None}, "remoteWrite[0]: found no region, which SigV4 needs (as eu-central-1)"),
        ({**AMP, "role": None}, "remoteWrite[0]: found no role, which SigV4 needs (the ARN of a role"),
        ({**AMP, "url": WORKSPACE[:-13]}, "expected the workspace's address with /api/v1/remote_write"),
        ({**AMP, "basicAuth": {"secret": "x"}}, "remoteWrite[0].basicAuth: found basicAuth beside SigV4"),
        ({**VICTORIA, "insecure": None}, "remoteWrite[0].url: found 'http://vminsert.vm:8480"),
        ({**CLOUD, "basicAuth": None}, "remoteWrite[0]: found no basicAuth, which Grafana Cloud asks for"),
        ({**MIMIR, "bearer": {"secret": "x"}}, "remoteWrite[0]: found basicAuth and bearer, expected one of them"),
        ({**MIMIR, "region": "eu-central-1"}, "remoteWrite[0].region: found region, which means something for"),
        ({**MIMIR, "keep": ["a("]}, "remoteWrite[0].keep[0]: found 'a(', expected an RE2 expression"),
        ({**VICTORIA, "tenant": "7"}, "remoteWrite[0].tenant: found a tenant, which Mimir alone reads"),
    ],
)
def test_a_store_that_could_not_be_written_to_is_refused(made: Made, store: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError) as error:
        prometheus(made, {key: value for key, value in store.items() if value is not None})
    assert said in str(error.value)


def test_two_stores_of_one_name_two_roles_and_a_cluster_without_a_name_are_refused(made: Made) -> None:
    with pytest.raises(InputError) as error:
        prometheus(made, AMP, {**AMP, "role": f"{ROLE}-2"}, cluster=None)
    text = str(error.value)
    assert "remoteWrite[1].name: found the name 'amp' a second time" in text
    assert "remoteWrite[1].role: found 2 roles, expected one: Prometheus has one service account" in text
    assert "found stores beside components.kube-prometheus-stack.prometheus.cluster null" in text


def test_kube_state_metrics_is_one_pod_or_as_many_as_are_said(made: Made) -> None:
    assert "autosharding" not in made()["kube-state-metrics"].values
    found = made("standalone", {"components": {"kube-state-metrics": {"shards": 4}}})["kube-state-metrics"].values
    assert (found["autosharding"], found["replicas"]) == ({"enabled": True}, 4)
