"""The exporter as Helm renders it: it runs beside the chart's OpenSearch, and gets no more than it needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from generator.build.chart import chart_values
from generator.build.profile import load_profile
from generator.choices.profiles import Layer
from generator.files.templating import render
from generator.stack import components
from generator.stack.opensearch_exporter import exporter
from generator.stack.secrets.secret_templates import secret_templates
from tests.helm import render_in_process

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from generator.build.sources import Sources
    from generator.choices.profiles import Profile

    Render = Callable[..., dict[str, dict[str, Any]]]

CHART = "apiVersion: v2\nname: ai-ml-observability\nversion: 0.1.0\n"


@pytest.fixture
def rendered(sources: Sources, tmp_path: Path) -> Render:
    """Renders the exporter's template, with a profile's values and some laid over them."""

    def objects(profile: Profile | None = None, **given: Any) -> dict[str, dict[str, Any]]:
        chosen = profile or load_profile("standalone", sources)
        files = {
            "Chart.yaml": CHART,
            "templates/_helpers.tpl": render("build/templates/_helpers.tpl", header="generated"),
            "templates/_secrets.tpl": secret_templates("generated")["templates/_secrets.tpl"],
            **exporter.exporter_templates(header="generated"),
        }
        for path, text in files.items():
            place = tmp_path / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text, "utf-8")
        values = {
            "parts": {"stack": True},
            "opensearch": {"enabled": True},
            **{key: chart_values(chosen, sources, components(chosen))[key] for key in (exporter.KEY, "secrets")},
        }
        return render_in_process(tmp_path, {**values, **given})

    return objects


def pod_of(objects: dict[str, dict[str, Any]]) -> dict[str, Any]:
    template: dict[str, Any] = objects[exporter.NAME]["spec"]["template"]
    return template


def test_it_runs_where_the_chart_has_an_opensearch(rendered: Render) -> None:
    assert set(rendered()) == {exporter.NAME}
    assert rendered(opensearch={"enabled": False}) == {}


@pytest.mark.parametrize("image", ["1e3", "registry.example/a: b", "#none"])
def test_its_image_is_the_text_that_was_set(sources: Sources, rendered: Render, image: str) -> None:
    profile = load_profile("standalone", sources)
    values = chart_values(profile, sources, components(profile))[exporter.KEY]
    pod = pod_of(rendered(opensearchExporter={**values, "image": image}))
    assert [container["image"] for container in pod["spec"]["containers"]] == [image]


def test_it_can_be_switched_off(rendered: Render) -> None:
    assert rendered(**{exporter.KEY: {"enabled": False}}) == {}


def test_the_monitor_and_the_network_policy_find_it_by_its_labels(sources: Sources, rendered: Render) -> None:
    (selector,) = sources.monitors["opensearch"]["selectors"]
    pod = pod_of(rendered())
    assert selector["matchLabels"].items() <= pod["metadata"]["labels"].items()
    assert pod["metadata"]["labels"]["app.kubernetes.io/instance"] == "observability"
    (port,) = pod["spec"]["containers"][0]["ports"]
    assert port["name"] == sources.monitors["opensearch"]["endpoints"]["http"]["port"]


def test_a_label_of_ones_own_cannot_take_the_place_of_the_charts(sources: Sources, rendered: Render) -> None:
    values = chart_values(
        load_profile("standalone", sources), sources, components(load_profile("standalone", sources))
    )[exporter.KEY]
    given = {**values, "podLabels": {"app.kubernetes.io/name": "other", "team": "platform"}}
    labels = pod_of(rendered(**{exporter.KEY: given}))["metadata"]["labels"]
    assert (labels["app.kubernetes.io/name"], labels["team"]) == (exporter.APP, "platform")


def test_a_new_version_of_the_chart_alone_does_not_start_it_again(rendered: Render) -> None:
    assert "helm.sh/chart" not in pod_of(rendered())["metadata"]["labels"]


def test_it_keeps_to_the_restricted_pod_security_standard(rendered: Render) -> None:
    spec = pod_of(rendered())["spec"]
    (container,) = spec["containers"]
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert spec["automountServiceAccountToken"] is False
    assert container["resources"]["limits"]["memory"]


def test_of_opensearchs_certificate_it_gets_the_authority_and_never_the_key(rendered: Render) -> None:
    (volume,) = pod_of(rendered())["spec"]["volumes"]
    assert volume["secret"]["secretName"] == "opensearch-node-tls"
    assert [item["key"] for item in volume["secret"]["items"]] == ["ca.crt"]


def test_its_login_is_a_secrets_and_stands_nowhere_else(rendered: Render) -> None:
    (container,) = pod_of(rendered())["spec"]["containers"]
    login = {item["name"]: item["valueFrom"]["secretKeyRef"] for item in container["env"]}
    assert login == {
        "ES_USERNAME": {"name": "opensearch-exporter", "key": "username"},
        "ES_PASSWORD": {"name": "opensearch-exporter", "key": "password"},
    }


def test_secrets_of_ones_own_are_taken_by_their_names(sources: Sources, rendered: Render) -> None:
    existing = {"opensearchExporter": "mine", "opensearchNodeTls": "my-tls"}
    profile = load_profile("standalone", sources, [Layer("--set", {"secrets": {"existing": existing}})])
    spec = pod_of(rendered(profile))["spec"]
    assert {item["valueFrom"]["secretKeyRef"]["name"] for item in spec["containers"][0]["env"]} == {"mine"}
    assert spec["volumes"][0]["secret"]["secretName"] == "my-tls"


def test_it_verifies_the_certificate_and_asks_for_what_the_rules_need(rendered: Render) -> None:
    arguments = pod_of(rendered())["spec"]["containers"][0]["args"]
    assert "--es.uri=https://opensearch-cluster-master:9200" in arguments
    assert "--es.ca=/tls/ca.crt" in arguments
    assert "--es.ssl-skip-verify" not in arguments
    assert {"--es.all", "--es.indices_settings", "--collector.clustersettings", "--collector.data-stream"} <= {
        *arguments
    }


def test_series_do_not_grow_with_every_index(rendered: Render) -> None:
    assert not {"--es.indices", "--es.shards", "--es.indices_mappings"} & {
        *pod_of(rendered())["spec"]["containers"][0]["args"]
    }


def test_it_is_ready_whether_opensearch_is_or_not(rendered: Render) -> None:
    (container,) = pod_of(rendered())["spec"]["containers"]
    assert container["readinessProbe"] == {"httpGet": {"path": "/healthz", "port": "http"}}
    assert container["livenessProbe"]["httpGet"] == {"path": "/healthz", "port": "http"}


def test_its_image_comes_from_ones_own_registry_where_there_is_one(sources: Sources) -> None:
    profile = load_profile("standalone", sources, [Layer("--set", {"images": {"registry": "registry.example"}})])
    tag = sources.pins.image("elasticsearch-exporter").tag
    image = exporter.exporter_values(profile, sources.pins)["image"]
    assert image == f"registry.example/prometheuscommunity/elasticsearch-exporter:{tag}"
