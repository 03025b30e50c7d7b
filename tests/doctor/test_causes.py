"""causes.yaml holds every word that the doctor says, and nothing that it never says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from generator.docs import causes_page
from generator.doctor.causes import STAGES, Cause, read_causes
from generator.doctor.scrapes import _KINDS, kind_of
from generator.errors import InputError
from generator.files.location import sources_root

ROOT = Path(__file__).parents[2]
CAUSES = read_causes(sources_root())
CODE = "".join(path.read_text("utf-8") for path in sorted((ROOT / "generator" / "doctor").glob("*.py")))


def test_the_code_names_every_cause_of_the_list_and_no_other() -> None:
    named = {name for name in CAUSES if f'"{name}"' in CODE}
    assert named == CAUSES.keys()
    assert set(re.findall(r'found\(\s*"([a-z-]+)"', CODE)) <= CAUSES.keys()


def test_causes_stand_in_the_order_of_the_chain() -> None:
    stages = [cause.stage for cause in CAUSES.values()]
    firsts = list(dict.fromkeys(stages))
    assert set(firsts) == set(STAGES)
    # Two belong together that are of different stages; nothing else stands out of order.
    assert sorted(firsts, key=STAGES.index) == list(STAGES)


def test_a_file_that_does_not_follow_the_schema_is_refused_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "values-schemas").symlink_to(ROOT / "values-schemas")
    (tmp_path / "causes.yaml").write_text("causes: {odd-one: {stage: nowhere}}\n", "utf-8")
    with pytest.raises(InputError, match=r"causes.odd-one.stage: found 'nowhere'"):
        read_causes(tmp_path)


def test_the_page_is_what_the_list_gives() -> None:
    assert causes_page.path().read_text("utf-8") == causes_page.page(CAUSES), "run make docs"


def test_the_page_names_what_is_filled_in_as_words_in_capitals() -> None:
    cause = Cause(
        "some", "scrape", "fault", "{leftLabels} of {metric}", "It means this.", "count({metric})", "{advice}"
    )
    text = causes_page.page({"some": cause})
    assert "### LEFT_LABELS of METRIC" in text
    assert "what the report advises" in text
    assert "{" not in text.partition("### ")[2]


SAID = {
    'Get "http://a:1/metrics": dial tcp a:1: connect: connection refused': "target-refused",
    'Get "http://a:1/metrics": EOF': "target-speaks-tls",
    'Get "https://a:1/metrics": EOF': "target-error",
    'Get "https://a:1/metrics": http: server gave HTTP response to HTTPS client': "target-speaks-http",
    'Get "https://a:1/metrics": tls: first record does not look like a TLS handshake': "target-speaks-http",
    'Get "https://a:1/metrics": tls: failed to verify certificate: x509: certificate has expired': "target-certificate",
    'Get "http://a:1/metrics": context deadline exceeded': "target-timeout",
    'Get "http://a:1/metrics": dial tcp: lookup a on 10.0.0.10:53: no such host': "target-unreachable",
    "server returned HTTP status 401 Unauthorized": "target-unauthorized",
    "server returned HTTP status 403 Forbidden": "target-forbidden",
    "server returned HTTP status 404 Not Found": "target-not-found",
    "server returned HTTP status 400 Bad Request": "target-speaks-tls",
    "server returned HTTP status 503 Service Unavailable": "target-server-error",
    "server returned HTTP status 418 I'm a teapot": "target-error",
    "sample limit exceeded": "target-sample-limit",
    "body size limit exceeded": "target-label-limit",
    'received unsupported Content-Type "text/html" and no fallback_scrape_protocol specified': "target-no-metrics",
}


@pytest.mark.parametrize(("error", "cause"), SAID.items())
def test_what_prometheus_says_of_a_scrape_is_told_apart(error: str, cause: str) -> None:
    url = "https://a:1/metrics" if "https:" in error else "http://a:1/metrics"
    assert kind_of(error, url) == cause


def test_each_kind_of_error_has_a_cause() -> None:
    assert {cause for _, cause in _KINDS} <= CAUSES.keys()
