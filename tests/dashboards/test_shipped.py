"""What every dashboard of the chart must be, and what the two documented ones promise.

Their queries are not looked at here: the check of generator/verify holds each against the catalogue.
"""

from __future__ import annotations

import json
import re
from itertools import combinations
from string import ascii_uppercase
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from generator.dashboards.compiler import compile_dashboard
from generator.promql.references import used_variables

from .conftest import SHIPPED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.dashboards.spec import Dashboard


def compiled(spec: Dashboard) -> dict[str, Any]:
    return dict(json.loads(compile_dashboard(spec.name, spec)))


def every_panel(data: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for item in data["panels"]:
        yield item
        yield from item.get("panels", [])


def slug(title: str) -> str:
    """Follows Grafana 11 to 13, pkg/infra/slugify: lower case, runs of other signs become one hyphen."""
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")


@pytest.mark.parametrize(
    ("name", "uid", "path", "variables"),
    [
        ("gpu-training", "ee6mbjghme96oc", "gpu-training", ["namespace", "job", "instance", "search"]),
        (
            "inference",
            "bec31e71-3ac5-4133-b2e3-b9f75c8ab56c",
            "inference-dashboard",
            ["namespace", "server", "model_name", "search"],
        ),
    ],
)
def test_a_documented_dashboard_keeps_its_address_and_its_variables(
    name: str, uid: str, path: str, variables: list[str]
) -> None:
    spec = SHIPPED[name]
    assert spec.uid == uid
    assert slug(spec.title) == path
    assert [variable.name for variable in spec.variables] == variables


def test_the_documented_link_fills_the_variables_of_the_training_dashboard() -> None:
    link = "/d/ee6mbjghme96oc/gpu-training?orgId=1&refresh=5s&var-namespace=default&var-job=ray-train&var-instance=All"
    given = {key[4:] for key in parse_qs(urlsplit(link).query) if key.startswith("var-")}
    variables = {variable.name: variable for variable in SHIPPED["gpu-training"].variables}
    assert given == {name for name, variable in variables.items() if not variable.search}
    assert variables["instance"].include_all


@pytest.mark.parametrize("name", ["gpu-training", "inference"])
@pytest.mark.parametrize(
    ("cluster", "job"),
    [
        ("ray-train-x7b2k", "ray-train"),
        ("ray-train-raycluster-x7b2k", "ray-train"),
        ("ray-train", "ray-train"),
        ("my-raycluster", "my"),
        ("demo-gpt24", "demo"),
        ("a", "a"),
    ],
)
def test_the_name_of_a_job_is_its_clusters_without_kuberays_ending_and_finds_the_cluster_again(
    name: str, cluster: str, job: str
) -> None:
    spec = SHIPPED[name]
    choice = next(variable for variable in spec.variables if variable.regex)
    match = re.search(choice.regex.strip("/"), cluster)
    assert match is not None
    assert match[1] == job
    ending = re.search(rf'ray_io_cluster=~"\${choice.name}([^"]*)"', "".join(spec.shared.matchers.values()))
    assert ending is not None
    assert re.fullmatch(job + ending[1], cluster)
    assert re.fullmatch(cluster + ending[1], cluster), "a link with the cluster's full name works too"


def test_one_jobs_numbers_do_not_mix_with_anothers_of_a_longer_name() -> None:
    ending = re.search(r'ray_io_cluster=~"\$job([^"]*)"', SHIPPED["gpu-training"].shared.matchers["job"])
    assert ending is not None
    assert not re.fullmatch("ray-train" + ending[1], "ray-train-large-x7b2k")


def test_a_server_outside_ray_is_found_with_every_choice_that_can_mean_it() -> None:
    ending = re.search(r'ray_io_cluster=~"\$server([^"]*)"', SHIPPED["inference"].shared.matchers["server"])
    assert ending is not None
    for choice in (".*", ""):
        assert re.fullmatch(choice + ending[1], "")


def test_training_opens_with_its_three_questions() -> None:
    titles = [panel.title for panel in SHIPPED["gpu-training"].rows[0].panels]
    questions = [title for title in titles if title.endswith("?")]
    assert questions == ["Is the GPU fed?", "Is the CPU the bottleneck?", "Is storage the bottleneck?"]
    for panel in SHIPPED["gpu-training"].rows[0].panels:
        if panel.title in questions:
            assert {step.text for step in panel.thresholds} >= {"Yes", "No"}
            assert all(step.meaning for step in panel.thresholds)


def test_targets_have_numbers_of_their_own(shipped: Dashboard) -> None:
    for item in every_panel(compiled(shipped)):
        names = [target["refId"] for target in item.get("targets", [])]
        assert len(names) == len(set(names))


def test_no_panel_overlaps_another(shipped: Dashboard) -> None:
    visible = [item["gridPos"] for item in compiled(shipped)["panels"]]
    for one, other in combinations(visible, 2):
        assert (
            one["x"] >= other["x"] + other["w"]
            or other["x"] >= one["x"] + one["w"]
            or one["y"] >= other["y"] + other["h"]
            or other["y"] >= one["y"] + one["h"]
        )


def test_every_panel_says_what_it_shows_in_which_unit_and_what_nothing_means(shipped: Dashboard) -> None:
    for item in every_panel(compiled(shipped)):
        if item["type"] in ("row", "text"):
            continue
        place = f"dashboards/{shipped.name}.yaml: panel '{item['title']}'"
        defaults, description = item["fieldConfig"]["defaults"], item.get("description", "")
        assert len(description) > 60, (
            f"{place}: found a description of {len(description)} characters, expected more than 60: "
            "what the panel shows, and what its reader does next"
        )
        assert item["type"] == "logs" or defaults.get("unit"), f"{place}: the key 'unit' is missing"
        assert defaults.get("noValue"), (
            f"{place}: the key 'noValue' is missing, the words that stand there where nothing answers"
        )


def test_the_data_source_is_a_variable_wherever_one_is_named(shipped: Dashboard) -> None:
    def sources(value: Any) -> Iterator[dict[str, str]]:
        if isinstance(value, dict):
            if "datasource" in value:
                yield value["datasource"]
            for child in value.values():
                yield from sources(child)
        elif isinstance(value, list):
            for child in value:
                yield from sources(child)

    data = compiled(shipped)
    assert "__inputs" not in data
    assert list(sources(data)), "the walk sees data sources"
    allowed = (
        {"type": "prometheus", "uid": "${datasource}"},
        {"type": "grafana-opensearch-datasource", "uid": "${logs}"},
        {"type": "__expr__", "uid": "__expr__"},
    )
    assert all(source in allowed for source in sources(data))


def test_nothing_is_left_to_be_written_out(shipped: Dashboard) -> None:
    text = compile_dashboard(shipped.name, shipped)
    assert not re.search(r"\$(vllm|pod|part):|\$\{DS_|@(job|ray|server|vllm)\b|TODO", text)


def test_every_variable_is_defined_and_used(shipped: Dashboard) -> None:
    data = compiled(shipped)
    defined = [item["name"] for item in data["templating"]["list"]]
    text = json.dumps([data["panels"], [item.get("query") for item in data["templating"]["list"]]])
    # An expression of Grafana's server calls other queries by their letters.
    assert used_variables(text) - set(ascii_uppercase) == set(defined)


def test_it_is_small_enough_for_a_configmap(shipped: Dashboard) -> None:
    assert len(compile_dashboard(shipped.name, shipped).encode()) < 150_000
