"""``monitors.keep: asked``: what somebody asks for is kept by the list of whatever brings it, and little else is."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from generator.build.asked import STACK, asked_by_stack
from generator.build.build import fit
from generator.build.chart import chart
from generator.build.keeping import SCRAPE_CLASS, keep_rules, scrape_class, state_patterns
from generator.build.keeping import kept as make_lists
from generator.build.library import FOLDER
from generator.build.profile import load_profile
from generator.build.sources import read_overlay
from generator.catalogue.known import ANY, DropRules, known_series
from generator.choices.profiles import Layer
from generator.errors import InputError
from generator.files import yamlfile
from generator.rules.groups import expressions
from tests.conftest import ROOT
from tests.monitors.conftest import endpoints_of, render_chart, write_chart
from tests.monitors.prometheus import relabel
from tests.signals.needed import needed
from tests.signals.proof import boards_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from generator.build.build import Build
    from generator.build.keeping import Kept
    from generator.build.sources import Sources
    from tests.monitors.conftest import Rendered

ASKED = {"monitors": {"keep": "asked"}}
BOARD = {
    "title": "Team",
    "uid": "team-own",
    "panels": [
        {
            "title": "Waiting",
            "type": "timeseries",
            "datasource": {"type": "prometheus", "uid": "prometheus"},
            "targets": [
                {"expr": "sum(vllm:request_prompt_tokens_sum) / sum(our_gateway_requests_total)"},
                {"expr": 'sum by (pod) ({__name__=~"our_router_.*", job="router"})'},
            ],
        }
    ],
}
RULES = {
    "groups": [
        {"name": "team", "rules": [{"record": "team:ipc:rate5m", "expr": "rate(node_softnet_dropped_total[5m])"}]}
    ]
}


def load(sources: Sources, choices: Mapping[str, Any], profile: str = "standalone") -> Build:
    return fit(load_profile(profile, sources, [Layer("mine.yaml", {**ASKED, **choices}, "-f mine.yaml")]), sources)


@pytest.fixture(scope="module")
def extra(tmp_path_factory: pytest.TempPathFactory, sources: Sources) -> Build:
    """A person's own dashboard, in Grafana's form, and rules, in Prometheus', beside those of this chart."""
    folder = tmp_path_factory.mktemp("ours")
    (folder / "own.json").write_text(json.dumps(BOARD))
    (folder / "own.yaml").write_text(json.dumps(RULES))
    (folder / "mine.yaml").write_text(
        yamlfile.dump({**ASKED, "dashboards": {"extra": ["own.json"]}, "rules": {"extra": ["own.yaml"]}})
    )
    return fit(load_profile("standalone", sources, [read_overlay(folder / "mine.yaml")]), sources)


@pytest.fixture(scope="module")
def lists(extra: Build) -> Kept:
    return make_lists(extra.profile, extra.sources)


@pytest.fixture(scope="module")
def monitors(tmp_path_factory: pytest.TempPathFactory, extra: Build) -> Rendered:
    rules = keep_rules(extra.profile, extra.sources)
    folder = write_chart(tmp_path_factory.mktemp("chart"), extra.sources.monitors, rules)
    on: dict[str, Any] = {
        name: {"enabled": True, "endpoints": {key: {"enabled": True} for key in spec["endpoints"]}}
        for name, spec in extra.sources.monitors.items()
    }
    on["vllm"]["endpoints"]["second"] = {"port": 9000}
    return render_chart(folder, on)


@pytest.fixture(scope="module")
def queried(sources: Sources) -> frozenset[str]:
    """Every name in the dashboards as they are shipped, in both forms, in the rules, and in the person's files."""
    boards = [*boards_of(ROOT, sources.rules), *boards_of(ROOT, {})]
    texts = [text for board in boards for text in (*(t.expr for t in board.targets), *(m.query for m in board.menus))]
    own = [target["expr"] for target in BOARD["panels"][0]["targets"][:1]]  # type: ignore[index]
    own += [rule["expr"] for rule in RULES["groups"][0]["rules"]]  # type: ignore[index]
    asked = needed([*texts, *own, *(rule.text for rule in expressions(sources.rules))])
    known = known_series(sources.exporters, sources.monitors, enabled=lambda _: True, common_drops=DropRules())
    return asked.names | {name for name in known if name in asked}


def brought(names: Iterable[str], sources: Sources) -> Iterator[tuple[str, str, str, str]]:
    """Yields each name with monitor and endpoint, or component and job, of whatever brings it."""
    everywhere = {name for name, each in sources.exporters.items() if any(e.monitor == ANY for e in each.exposures)}
    known = known_series(sources.exporters, sources.monitors, enabled=lambda _: True, common_drops=DropRules())
    for name in sorted(names):
        for way in known.get(name, ()):
            if way.exporter not in everywhere and not way.exposure.records:
                exposure = way.exposure
                yield name, exposure.monitor, exposure.component, exposure.endpoint or exposure.job


def lost(
    names: Iterable[str],
    sources: Sources,
    monitors: Rendered,
    scraped_by_stack: Mapping[str, Any],
    state: Iterable[str],
) -> list[tuple[str, str]]:
    """Returns each name that something brings and its list drops, with what brings it."""
    endpoints = {
        (
            monitor["metadata"]["name"],
            next(rule["replacement"] for rule in each["relabelings"] if rule.get("targetLabel") == "endpoint"),
        ): each
        for monitor in monitors.values()
        for each in endpoints_of(monitor)
    }
    found = []
    for name, monitor, component, where in brought(names, sources):
        if monitor:
            rules = [
                each["metricRelabelings"]
                for (own, key), each in endpoints.items()
                if key == where and own.startswith(monitor)
            ]
            assert rules, (monitor, where)
            passed = all(relabel({"__name__": name, "job": monitor}, each) for each in rules)
        elif component == STACK:
            passed = relabel({"__name__": name, "job": where}, scraped_by_stack["metricRelabelings"]) is not None
        elif component == "kube-state-metrics":
            passed = name in state
        else:
            continue
        if not passed:
            found.append((name, monitor or where))
    return found


def test_nothing_that_a_dashboard_or_rule_asks_for_is_lost(
    sources: Sources, lists: Kept, monitors: Rendered, queried: frozenset[str]
) -> None:
    assert {"vllm:request_prompt_tokens_sum", "node_softnet_dropped_total", "our_gateway_requests_total"} <= queried
    assert lost(queried, sources, monitors, scrape_class(lists), lists.state) == []


def test_nothing_that_the_rules_and_dashboards_of_kube_prometheus_stack_ask_for_is_lost(
    sources: Sources, lists: Kept
) -> None:
    theirs = asked_by_stack(dashboards=True)
    rules = scrape_class(lists)["metricRelabelings"]
    for name, monitor, component, job in brought(theirs, sources):
        if not monitor and component == STACK:
            assert relabel({"__name__": name, "job": job}, rules) == {"__name__": name, "job": job}
        elif component == "kube-state-metrics":
            assert name in lists.state
    for name in theirs - known_series(sources.exporters, {}, enabled=lambda _: True, common_drops=DropRules()).keys():
        assert relabel({"__name__": name, "job": "kubelet"}, rules), f"{name}, which the catalogue does not know"


@pytest.mark.parametrize(
    "name", ["vllm:kv_cache_usage_perc", "kubelet_volume_stats_used_bytes", "kube_pod_info", "DCGM_FI_DEV_GPU_TEMP"]
)
def test_a_name_that_is_missing_in_one_list_is_noticed(
    sources: Sources, lists: Kept, monitors: Rendered, queried: frozenset[str], name: str
) -> None:
    less, stack = (
        json.loads(re.sub(rf"(?<![\w:]){name}\|", "", json.dumps(each))) for each in (monitors, scrape_class(lists))
    )
    assert {each for each, _ in lost(queried, sources, less, stack, lists.state - {name})} == {name}


@pytest.mark.parametrize(
    ("monitor", "name"),
    [
        ("vllm", "vllm:request_params_n_bucket"),
        ("ray", "ray_node_disk_free"),
        ("dcgm", "DCGM_FI_DEV_VIDEO_CLOCK"),
    ],
)
def test_what_nobody_asks_for_is_not_stored(
    monitors: Rendered, queried: frozenset[str], monitor: str, name: str
) -> None:
    assert name not in queried
    rules = endpoints_of(monitors[monitor])[0]["metricRelabelings"]
    assert relabel({"__name__": name, "job": monitor}, rules) is None


def test_what_nobody_knows_is_kept_wherever_it_comes_from(monitors: Rendered, lists: Kept) -> None:
    for monitor in monitors.values():
        for endpoint in endpoints_of(monitor):
            for name in ("our_gateway_requests_total", "our_router_hits"):
                assert relabel({"__name__": name}, endpoint["metricRelabelings"])
    for name in ("our_gateway_requests_total", "our_router_hits"):
        assert relabel({"__name__": name, "job": "kubelet"}, scrape_class(lists)["metricRelabelings"])
        assert f"^(?:{name})$" in state_patterns(lists) or "^(?:our_router_.*)$" in state_patterns(lists)


def test_an_endpoint_that_values_add_keeps_what_its_workload_is_asked_for(monitors: Rendered) -> None:
    second = endpoints_of(monitors["vllm"])[-1]["metricRelabelings"]
    assert relabel({"__name__": "vllm:kv_cache_usage_perc"}, second)
    assert relabel({"__name__": "vllm:request_params_n_bucket"}, second) is None


def test_a_persons_own_relabelings_come_first(tmp_path: Path, extra: Build) -> None:
    folder = write_chart(tmp_path, extra.sources.monitors, keep_rules(extra.profile, extra.sources))
    mine = {
        "action": "replace",
        "sourceLabels": ["__name__"],
        "regex": "vllm_old_usage",
        "targetLabel": "__name__",
        "replacement": "vllm:kv_cache_usage_perc",
    }
    found = render_chart(folder, {"vllm": {"endpoints": {"api": {"metricRelabelings": [mine]}}}})
    rules = endpoints_of(found["vllm"])[0]["metricRelabelings"]
    assert relabel({"__name__": "vllm_old_usage"}, rules) == {"__name__": "vllm:kv_cache_usage_perc"}


def test_the_scrape_class_leaves_the_jobs_of_others_alone_and_no_label_behind(lists: Kept) -> None:
    rules = scrape_class(lists)["metricRelabelings"]
    for job, name in (("team", "anything"), ("node-exporter", "node_load1"), ("vllm", "vllm:cache_config_info")):
        assert relabel({"__name__": name, "job": job}, rules) == {"__name__": name, "job": job}
    assert relabel({"__name__": "node_arp_entries", "job": "node-exporter"}, rules) is None


def test_both_reach_the_chart(extra: Build, lists: Kept) -> None:
    assert extra.values[STACK]["prometheus"]["prometheusSpec"]["scrapeClasses"] == [scrape_class(lists)]
    assert set(lists.state) <= set(extra.values["kube-state-metrics"]["metricAllowlist"])
    text = chart(extra)[f"{FOLDER}/templates/monitors/_vllm.tpl"]
    assert text.count("action: keep") == 1 + len(extra.sources.monitors["vllm"]["endpoints"])


def test_without_the_dashboards_of_kube_prometheus_stack_its_rules_alone_count(sources: Sources, lists: Kept) -> None:
    off = load(sources, {"values": {STACK: {"grafana": {"defaultDashboardsEnabled": False}}}})
    fewer = make_lists(off.profile, off.sources)
    assert fewer.stack["kubelet"] < lists.stack["kubelet"]
    assert asked_by_stack(dashboards=False) < asked_by_stack(dashboards=True)


def test_where_prometheus_is_somebody_elses_our_monitors_have_their_lists(sources: Sources) -> None:
    build = load(sources, {}, "bring-your-own-prometheus")
    assert not any(make_lists(build.profile, build.sources).of_stack)
    assert keep_rules(build.profile, build.sources)["vllm"]["api"]["regex"].endswith(
        "|vllm:time_to_first_token_seconds_count"
    )


def test_as_it_is_by_default_nothing_is_in_the_chart_of_it(sources: Sources) -> None:
    build = fit(load_profile("standalone", sources), sources)
    assert SCRAPE_CLASS not in json.dumps(build.values)
    assert not any("kept:" in text for path, text in chart(build).items() if "/monitors/_" in path)


@pytest.mark.parametrize(
    ("choices", "said"),
    [
        (
            {"components": {"opencost": {"enabled": True}}},
            "mine.yaml: monitors.keep: found 'asked' beside OpenCost, which asks Prometheus for series",
        ),
        ({"monitors": {"keep": "asked", "alsoKeep": ["a("]}}, "mine.yaml: monitors.alsoKeep[0]: found 'a(', expected"),
        ({"monitors": {"keep": "some"}}, "monitors.keep: found 'some'"),
        (
            {
                "values": {
                    STACK: {"prometheus": {"prometheusSpec": {"scrapeClasses": [{"name": "mine", "default": True}]}}}
                }
            },
            "prometheusSpec.scrapeClasses: found a default scrape class",
        ),
    ],
)
def test_what_contradicts_it_is_refused(sources: Sources, choices: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError) as error:
        load(sources, choices)
    assert said in str(error.value)


@pytest.mark.parametrize("query", ['count({job="team"})', 'max({__name__=~"$metric"})', 'sum({__name__=~".+"})'])
def test_a_query_that_names_nothing_is_refused_unless_somebody_says_what_to_keep(
    tmp_path: Path, sources: Sources, query: str
) -> None:
    board: dict[str, Any] = json.loads(json.dumps(BOARD))
    board["panels"][0]["targets"] = [{"expr": query}]
    (tmp_path / "own.json").write_text(json.dumps(board))

    def build(**more: Any) -> Build:
        (tmp_path / "mine.yaml").write_text(
            yamlfile.dump({"monitors": {"keep": "asked", **more}, "dashboards": {"extra": ["own.json"]}})
        )
        return fit(load_profile("standalone", sources, [read_overlay(tmp_path / "mine.yaml")]), sources)

    with pytest.raises(InputError, match="names no series: nobody can say which to keep for it") as error:
        build()
    assert "own.json: panels[0].targets[0].expr" in str(error.value)
    assert "team_.*" in keep_rules(build(alsoKeep=["team_.*"]).profile, sources)["vllm"]["api"]["regex"]
