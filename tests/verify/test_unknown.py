"""Names that nothing is known of: dead where the catalogue is complete, not known where it may lack some."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from generator.catalogue.known import complete_beginnings
from generator.promql.expression import Expression
from generator.verify.exemptions import written_out
from generator.verify.prepare import prepare
from generator.verify.verifier import check
from tests import libyaml
from tests.verify.catalogues import GONE, SMALL

if TYPE_CHECKING:
    from generator.build.sources import Sources
    from generator.verify.spec import Finding

COMPLETE = ("app_", "vllm:")
RECORD = Expression("r.yaml", "records[0].expr", "record", "namespace_job:app_requests:rate5m", "sum by (job) (up)")
OFF = {"namespace_job:app_errors:rate5m": "rules/off.yaml records it; switch 'rules.off.enabled' on"}


def found(text: str, *, brought: bool = True) -> list[Finding]:
    """Returns what is said of an expression in a file that somebody brings, or in one of ours."""
    file = "team.yaml" if brought else "dashboards/own.yaml"
    expression = Expression(file, "rows[0].panels[0].targets[0]", "target", "Panel", text)
    prepared = prepare([expression], upstream=[RECORD], brought=["team.yaml"], unrecorded=OFF)
    return [one for one in check(prepared, SMALL, GONE, complete=COMPLETE) if one.check == "name"]


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("app_queue_request", "nothing emits 'app_queue_request'", "did you mean 'app_queue_requests'?"),
        ("vllm:runing", "nothing emits 'vllm:runing'", "did you mean 'vllm:running'?"),
        (
            "app_wait_ms",
            "nothing emits 'app_wait_ms'",
            "a histogram, stored as 'app_wait_ms_bucket', _sum and _count",
        ),
        ("app_swapped", "nothing emits 'app_swapped'", "gone since 0.9, without a successor"),
        ('{__name__=~"app_load|app_lod"}', "nothing emits 'app_lod'", "did you mean 'app_load'?"),
        ('{__name__=~"app_nothing.*"}', "no metric's name matches 'app_nothing.*'", ""),
        ('{__name__=~"app_[xyz]"}', "no metric's name matches 'app_[xyz]'", ""),
        (
            "namespace_job:app_request:rate5m",
            "nothing emits 'namespace_job:app_request:rate5m'",
            "did you mean 'namespace_job:app_requests:rate5m'?",
        ),
        (
            "namespace_job:app_errors:rate5m",
            "nothing emits 'namespace_job:app_errors:rate5m'",
            "rules/off.yaml records it; switch 'rules.off.enabled' on",
        ),
    ],
)
def test_what_nothing_emits_for_sure_is_an_error_with_what_is_near(text: str, message: str, hint: str) -> None:
    (own,) = found(text, brought=False)
    assert (own.severity, own.message, own.hint) == ("error", message, hint)
    (theirs,) = found(text)
    assert (theirs.severity, theirs.message) == ("error", message)
    assert theirs.hint.startswith(hint)


@pytest.mark.parametrize(
    ("text", "subject"),
    [
        ("gpu_actve", "gpu_actve"),
        ("ray_something_else", "ray_something_else"),
        ("team:requests:rate5m", "team:requests:rate5m"),
        ("namespace_job:app_cache_hits:ratio", "namespace_job:app_cache_hits:ratio"),
        ('{__name__=~"team_.+"}', "team_.+"),
        ('{__name__=~".*_nothing"}', ".*_nothing"),
        ('{__name__=~"app_?x"}', "app_?x"),
        ('{__name__=~"app_x.*|team_x.*"}', "app_x.*|team_x.*"),
    ],
)
def test_what_the_catalogue_may_lack_is_a_warning_where_people_bring_it_and_an_error_where_we_do(
    text: str, subject: str
) -> None:
    (theirs,) = found(text)
    assert (theirs.severity, theirs.subjects) == ("warning", (subject,))
    assert "know" in theirs.message
    (own,) = found(text, brought=False)
    assert (own.severity, own.message) == ("error", theirs.message)
    assert "exemptions" not in own.hint


@pytest.mark.parametrize("subject", ["vllm:x", r"team_\d{2}: x", "a, b", "- x", "no", "a:", 'say "x"'])
def test_the_exemption_to_write_is_yaml_that_says_just_that(subject: str) -> None:
    text = written_out("name", "/boards/a b.json", subject).replace("…", "Ours.")
    entry = {"check": "name", "file": "/boards/a b.json", "subject": subject, "reason": "Ours."}
    assert libyaml.load(text) == {"exemptions": [entry]}


def test_complete_beginnings_have_every_form_in_which_the_names_are_stored(sources: Sources) -> None:
    vllm = replace(sources.exporters["vllm"], complete=("vllm:",))
    assert complete_beginnings({"vllm": vllm}) == ("ray_vllm:", "ray_vllm_", "vllm:")


def test_no_shipped_beginning_covers_names_that_a_job_may_set_itself(sources: Sources) -> None:
    beginnings = complete_beginnings(sources.exporters)
    assert beginnings
    # Ray puts ray_ before whatever a job sets by ray.util.metrics.
    assert not {"ray_", "", "_"} & set(beginnings)
