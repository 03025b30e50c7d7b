"""Renewal and rotation: what the bootstrap made gets a new value, what others made keeps its own."""

from __future__ import annotations

import base64
import contextlib
import copy
import dataclasses
import json
import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from generator.cluster import certificates
from generator.cluster.certificates import Pair
from generator.cluster.certificates_renew import renew
from generator.cluster.kubernetes_api import data_of, encoded
from generator.cluster.program import Failure
from generator.cluster.secrets_bootstrap import bootstrap
from generator.cluster.secrets_plan import MADE_BY
from generator.cluster.secrets_rotate import PREVIOUS, rotate
from tests.cluster.samples import (
    ADMIN,
    ADMIN_SUBJECT,
    CA,
    NODE,
    NODE_SUBJECT,
    NOW,
    an_authority,
    authority_secret,
    leaf_secret,
    plan,
    secret,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.cluster.kubernetes_api import Api
    from tests.cluster.secret_server import Store

YEAR = timedelta(days=365)
WORKLOADS = "/apis/apps/v1/namespaces/monitoring"
GRAFANA = f"{WORKLOADS}/deployments/kube-prometheus-stack-grafana"
FLUENT_BIT = f"{WORKLOADS}/daemonsets/fluent-bit"


def content(store: Store, name: str) -> dict[str, bytes]:
    return data_of(store.secrets[name])


def changed(store: Store, before: dict[str, Any]) -> set[str]:
    return {name for name in store.secrets if store.secrets[name]["data"] != before[name]["data"]}


def check_leaves(store: Store) -> None:
    for name, subject in ((NODE, NODE_SUBJECT), (ADMIN, ADMIN_SUBJECT)):
        leaf = content(store, name)
        certificates.check_leaf(Pair(leaf["tls.crt"], leaf["tls.key"]), leaf["ca.crt"], subject.common_name)
        assert leaf["ca.crt"] == content(store, CA)["tls.crt"]


@pytest.fixture
def before(store: Store, api: Api) -> dict[str, Any]:
    """Returns the Secrets that a bootstrap has made."""
    bootstrap(api, plan(), NOW)
    return copy.deepcopy(store.secrets)


# Renewal


def test_certificates_are_renewed_in_their_last_sixty_days(store: Store, api: Api, before: dict[str, Any]) -> None:
    renew(api, plan(), NOW + YEAR - timedelta(days=61))
    assert changed(store, before) == set()
    late = NOW + YEAR - timedelta(days=59)
    renew(api, plan(), late)
    assert changed(store, before) == {NODE, ADMIN}
    assert certificates.ends_at(content(store, NODE)["tls.crt"]) == late + YEAR
    check_leaves(store)
    after = copy.deepcopy(store.secrets)
    renew(api, plan(), late)
    assert store.secrets == after


def test_a_certificate_that_has_ended_already_is_renewed(store: Store, api: Api, before: dict[str, Any]) -> None:
    renew(api, plan(), NOW + 2 * YEAR)
    assert changed(store, before) == {NODE, ADMIN}


def test_a_certificate_without_a_name_that_is_wanted_now_is_renewed(
    store: Store, api: Api, before: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    wanted = plan()
    subject = dataclasses.replace(NODE_SUBJECT, hosts=(*NODE_SUBJECT.hosts, "new.svc"))
    node = dataclasses.replace(wanted.leaves[0], subject=subject)
    renew(api, dataclasses.replace(wanted, leaves=(node, wanted.leaves[1])), NOW)
    assert changed(store, before) == {NODE}
    assert "opensearch-node-tls: does not name new.svc; renewed until" in capsys.readouterr().out


def test_certificates_of_others_are_left_to_them(store: Store, api: Api) -> None:
    authority = an_authority()
    store.put(authority_secret(authority))
    store.put(leaf_secret(NODE, NODE_SUBJECT, authority))
    store.put(leaf_secret(ADMIN, ADMIN_SUBJECT, authority, NOW, **MADE_BY))
    before = copy.deepcopy(store.secrets)
    renew(api, plan("opensearchAdminTls"), NOW + 2 * YEAR)
    assert store.secrets == before
    renew(api, plan(), NOW + 2 * YEAR)
    assert changed(store, before) == {ADMIN}


def test_without_its_authority_nothing_is_renewed_and_it_is_said(
    store: Store, api: Api, before: dict[str, Any]
) -> None:
    del store.secrets[CA]
    with pytest.raises(Failure) as failure:
        renew(api, plan(), NOW + YEAR)
    assert [line.partition(";")[0] for line in failure.value.lines] == [
        f"'{name}' ends on 2027-08-22, but the Secret 'opensearch-ca' that signed it is not there"
        for name in (NODE, ADMIN)
    ]
    store.put(authority_secret(an_authority()))
    with pytest.raises(Failure, match="'opensearch-ca' is not the one that signed it"):
        renew(api, plan(), NOW + YEAR)
    assert all(store.secrets[name]["data"] == before[name]["data"] for name in (NODE, ADMIN))


def test_an_authority_near_its_end_is_a_warning(
    store: Store, api: Api, before: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    renew(api, plan(), NOW + 9.5 * YEAR)
    assert "warning: the Secret 'opensearch-ca' itself ends on 2036-08-19" in capsys.readouterr().out


# Rotation


class Grafana(BaseHTTPRequestHandler):
    """Knows one password and changes it as Grafana does."""

    password = ""

    def _user(self) -> str:
        return base64.b64decode(self.headers["Authorization"].removeprefix("Basic ")).decode()

    def do_PUT(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        right = self._user() == f"admin:{type(self).password}" and body["oldPassword"] == type(self).password
        if right:
            type(self).password = body["newPassword"]
        self._reply(200 if right else 401)

    def do_GET(self) -> None:
        self._reply(200 if self._user() == f"admin:{type(self).password}" else 401)

    def _reply(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *_arguments: object) -> None:  # noqa: A002 - the base class's name
        pass


@contextlib.contextmanager
def serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def grafana(store: Store, before: dict[str, Any]) -> Iterator[tuple[type[Grafana], str]]:
    """Provides a Grafana that started with the bootstrap's password, and its URL."""
    handler = type("Own", (Grafana,), {"password": content(store, "grafana-admin")["admin-password"].decode()})
    with serving(handler) as url:
        yield handler, url


class OpenSearch:
    """Notes who was given which password, and fails when it is told to."""

    def __init__(self) -> None:
        self.passwords: dict[str, str] = {}
        self.fails = False

    def __call__(self, user: str, password: str) -> None:
        if self.fails:
            raise Failure("HTTP 503")
        self.passwords[user] = password


def test_everything_that_the_bootstrap_made_gets_a_new_value_and_its_readers_restart(
    store: Store,
    api: Api,
    before: dict[str, Any],
    grafana: tuple[type[Grafana], str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    opensearch = OpenSearch()
    later = NOW + timedelta(days=1)
    rotate(api, plan(grafana=grafana[1]), later, opensearch)
    assert changed(store, before) == set(before) - {CA}
    for name, user in (("admin", "admin"), ("grafana", "grafana"), ("fluent-bit", "fluent-bit")):
        assert opensearch.passwords[user] == content(store, f"opensearch-{name}")["password"].decode()
    assert grafana[0].password == content(store, "grafana-admin")["admin-password"].decode()
    assert set(content(store, "grafana-admin")) == {"admin-user", "admin-password"}
    check_leaves(store)
    annotations = {"kubectl.kubernetes.io/restartedAt": "2026-08-23T12:00:00+00:00"}
    patch = {"spec": {"template": {"metadata": {"annotations": annotations}}}}
    assert store.workloads == {GRAFANA: [patch], FLUENT_BIT: [patch]}
    said = capsys.readouterr().out
    assert all(value.decode() not in said for value in content(store, "grafana-admin").values() if value != b"admin")


def test_secrets_of_others_are_left_to_them(
    store: Store, api: Api, before: dict[str, Any], grafana: tuple[type[Grafana], str]
) -> None:
    own = store.put(secret("opensearch-grafana", {"username": b"grafana", "password": b"mine"}))
    opensearch = OpenSearch()
    rotate(api, plan("opensearchFluentBit", grafana=grafana[1]), NOW, opensearch)
    assert store.secrets["opensearch-grafana"] == own
    assert changed(store, before) - {"opensearch-grafana"} == {"opensearch-admin", "grafana-admin", NODE, ADMIN}
    assert set(opensearch.passwords) == {"admin"}
    assert set(store.workloads) == {GRAFANA}


def test_a_workload_that_is_not_there_is_no_failure(
    store: Store,
    api: Api,
    before: dict[str, Any],
    grafana: tuple[type[Grafana], str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    store.missing = {FLUENT_BIT}
    rotate(api, plan(grafana=grafana[1]), NOW, OpenSearch())
    assert "DaemonSet fluent-bit: not there" in capsys.readouterr().out


def test_if_opensearch_does_not_take_a_password_the_rest_goes_on_and_the_set_up_will(
    store: Store, api: Api, before: dict[str, Any], grafana: tuple[type[Grafana], str]
) -> None:
    opensearch = OpenSearch()
    opensearch.fails = True
    with pytest.raises(Failure) as failure:
        rotate(api, plan(grafana=grafana[1]), NOW, opensearch)
    assert len(failure.value.lines) == 3
    assert failure.value.lines[0] == (
        "'opensearch-admin' holds a new password that OpenSearch has not taken yet; the CronJob "
        "ai-ml-observability-opensearch-setup sees to it: HTTP 503"
    )
    assert changed(store, before) == set(before) - {CA}
    assert set(store.workloads) == {GRAFANA, FLUENT_BIT}


def test_grafanas_old_password_is_kept_until_grafana_has_taken_the_new_one(
    store: Store, api: Api, before: dict[str, Any], grafana: tuple[type[Grafana], str]
) -> None:
    old = grafana[0].password
    with pytest.raises(Failure) as failure:
        rotate(api, plan(grafana="http://127.0.0.1:1"), NOW, OpenSearch())
    assert failure.value.lines[0].startswith(
        "'grafana-admin' holds the new password and, under 'previous-password', the one that Grafana knows; run again: "
        "Grafana at http://127.0.0.1:1 cannot be reached"
    )
    kept = content(store, "grafana-admin")
    assert kept[PREVIOUS].decode() == old != kept["admin-password"].decode()
    rotate(api, plan(grafana=grafana[1]), NOW, OpenSearch())
    assert content(store, "grafana-admin") == {key: value for key, value in kept.items() if key != PREVIOUS}
    assert grafana[0].password == kept["admin-password"].decode()


def test_a_run_cut_off_after_grafana_took_the_password_is_completed(
    store: Store, api: Api, before: dict[str, Any], grafana: tuple[type[Grafana], str]
) -> None:
    made = store.secrets["grafana-admin"]
    store.put({**made, "data": {**made["data"], **encoded({PREVIOUS: b"older"})}})
    password = grafana[0].password
    rotate(api, plan(grafana=grafana[1]), NOW, OpenSearch())
    assert grafana[0].password == password == content(store, "grafana-admin")["admin-password"].decode()
    assert PREVIOUS not in content(store, "grafana-admin")


def test_a_password_that_a_person_changed_in_grafana_is_said(
    store: Store, api: Api, before: dict[str, Any], grafana: tuple[type[Grafana], str]
) -> None:
    grafana[0].password = "by-hand"  # noqa: S105 - of a server in this process
    with pytest.raises(
        Failure, match="takes neither the old nor the new password of 'admin'; it was changed in Grafana"
    ):
        rotate(api, plan(grafana=grafana[1]), NOW, OpenSearch())


def test_of_two_rotations_at_once_one_gives_way(
    store: Store, api: Api, before: dict[str, Any], grafana: tuple[type[Grafana], str]
) -> None:
    def meddle(method: str, name: str) -> None:
        if (method, name) == ("PATCH", "opensearch-admin"):
            store.put(store.secrets["opensearch-admin"])

    store.before = meddle
    opensearch = OpenSearch()
    with pytest.raises(Failure, match="'opensearch-admin' was changed by somebody else at the same time; run again"):
        rotate(api, plan(grafana=grafana[1]), NOW, opensearch)
    assert set(opensearch.passwords) == {"grafana", "fluent-bit"}


def test_a_change_whose_answer_was_lost_counts_as_done(
    store: Store, api: Api, before: dict[str, Any], grafana: tuple[type[Grafana], str]
) -> None:
    store.lost = [("PATCH", "opensearch-admin")]
    opensearch = OpenSearch()
    rotate(api, plan(grafana=grafana[1]), NOW, opensearch)
    assert store.lost == []
    assert opensearch.passwords["admin"] == content(store, "opensearch-admin")["password"].decode()
