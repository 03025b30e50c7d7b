"""Renewal and rotation: what the bootstrap made gets a new value, what others made keeps its own."""

from __future__ import annotations

import base64
import contextlib
import copy
import dataclasses
import json
import threading
from datetime import datetime, timedelta
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
from generator.cluster.secrets_rotate import PREVIOUS, STATE, rotate
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


def check_leaves(store: Store, now: datetime = NOW) -> None:
    for name, subject in ((NODE, NODE_SUBJECT), (ADMIN, ADMIN_SUBJECT)):
        leaf = content(store, name)
        certificates.check_leaf(Pair(leaf["tls.crt"], leaf["tls.key"]), leaf["ca.crt"], subject.common_name, now)
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
    check_leaves(store, late)
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


def test_certificates_of_others_are_left_to_them(store: Store, api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    authority = an_authority()
    store.put(authority_secret(authority))
    store.put(leaf_secret(NODE, NODE_SUBJECT, authority))
    store.put(leaf_secret(ADMIN, ADMIN_SUBJECT, authority, NOW, **MADE_BY))
    before = copy.deepcopy(store.secrets)
    late = NOW + YEAR - timedelta(days=30)
    renew(api, plan("opensearchAdminTls"), late)
    assert store.secrets == before
    assert f"{NODE}: warning: it has to be renewed soon; not made by this chart" in capsys.readouterr().out
    renew(api, plan(), late)
    assert changed(store, before) == {ADMIN}


def test_one_of_others_under_our_name_that_opensearch_would_refuse_fails_the_renewal(store: Store, api: Api) -> None:
    authority = an_authority()
    store.put(authority_secret(authority))
    store.put(leaf_secret(NODE, NODE_SUBJECT, authority))
    store.put(leaf_secret(ADMIN, NODE_SUBJECT, authority))
    with pytest.raises(Failure) as failure:
        renew(api, plan(), NOW + 2 * YEAR)
    assert failure.value.lines == (
        f"the Secret '{NODE}', which is not this chart's, ended on 2027-08-22; renew it",
        f"the Secret '{ADMIN}', which is not this chart's, has the subject 'CN=opensearch-node', expected "
        "'CN=opensearch-admin'",
    )


def test_a_certificate_that_is_gone_fails_the_renewal_and_the_other_one_is_renewed(
    store: Store, api: Api, before: dict[str, Any]
) -> None:
    del store.secrets[NODE]
    with pytest.raises(Failure, match=f"the Secret '{NODE}' is gone: pods that mount it cannot start; helm upgrade"):
        renew(api, plan(), NOW + YEAR - timedelta(days=30))
    assert changed(store, before) == {ADMIN}


def test_an_authority_that_is_gone_or_cannot_sign_fails_the_renewal_long_before_it_is_needed(
    store: Store, api: Api, before: dict[str, Any]
) -> None:
    whole = store.secrets.pop(CA)
    with pytest.raises(Failure, match=f"'{CA}' is gone, so '{NODE}' and '{ADMIN}' cannot be renewed when they end"):
        renew(api, plan(), NOW)
    store.put({**whole, "data": {**whole["data"], "tls.key": before[NODE]["data"]["tls.key"]}})
    with pytest.raises(Failure, match=r"has a tls\.key that does not belong to its tls\.crt, so"):
        renew(api, plan(), NOW)
    assert changed(store, before) == {CA}


@pytest.mark.parametrize("damage", [{"tls.key": b"x"}, {"ca.crt": b""}])
def test_one_of_ours_that_is_damaged_is_made_anew(
    store: Store, api: Api, before: dict[str, Any], damage: dict[str, bytes]
) -> None:
    if not damage.get("ca.crt", b"x"):
        damage = {"ca.crt": data_of(before[NODE])["ca.crt"], "tls.crt": data_of(before[ADMIN])["tls.crt"]}
    made = store.secrets[NODE]
    store.put({**made, "data": {**made["data"], **encoded(damage)}})
    renew(api, plan(), NOW)
    check_leaves(store)


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
        self.since: dict[str, str] = {}
        self.fails = False

    def __call__(self, user: str, password: str, since: str) -> None:
        if self.fails:
            raise Failure("HTTP 503")
        self.passwords[user] = password
        self.since[user] = since


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
    check_leaves(store, later)
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


RUN = "a-job"


def all_have_it(store: Store, opensearch: OpenSearch) -> bool:
    """Returns whether OpenSearch, its readers and the Secrets agree, and nothing is left to do."""
    readers = {"opensearch-admin": "admin", "opensearch-grafana": "grafana", "opensearch-fluent-bit": "fluent-bit"}
    return all(
        opensearch.passwords.get(user) == content(store, name)["password"].decode()
        and opensearch.since[user] == content(store, name)["rotated"].decode()
        and has_state(store, name)
        for name, user in readers.items()
    )


def has_state(store: Store, name: str) -> bool:
    """Returns whether this run has ended with a Secret: what reads it has restarted."""
    return (store.secrets[name]["metadata"].get("annotations") or {}).get(STATE) == RUN


def test_a_rotation_that_is_cut_off_anywhere_is_completed_by_the_next_pod_and_no_password_changes_twice(
    store: Store, api: Api, before: dict[str, Any], grafana: tuple[type[Grafana], str]
) -> None:
    """Each request is the last one once; whoever read a password at its start has restarted since it changed."""
    opensearch, cuts = OpenSearch(), 0
    for cut in range(1000):
        left = cut
        store.secrets, store.workloads = copy.deepcopy(before), {}
        opensearch.fails = False
        grafana[0].password = content(store, "grafana-admin")["admin-password"].decode()

        def count(_method: str, _name: str) -> None:
            nonlocal left
            left -= 1
            if left == 0:
                store.faults, opensearch.fails = [403] * 1000, True

        store.before = count
        with contextlib.suppress(Failure):
            rotate(api, plan(grafana=grafana[1]), NOW, opensearch, RUN)
        store.before, store.faults, opensearch.fails = lambda _method, _name: None, [], False
        once = {name: content(store, name).get("password") for name in before}
        changed_before = {name for name in before if once[name] != data_of(before[name]).get("password")}
        unfinished = "opensearch-fluent-bit" in changed_before and not has_state(store, "opensearch-fluent-bit")
        store.workloads.clear()
        rotate(api, plan(grafana=grafana[1]), NOW + timedelta(minutes=1), opensearch, RUN)
        assert all_have_it(store, opensearch), cut
        assert all(content(store, name)["password"] == once[name] for name in changed_before), cut
        assert (FLUENT_BIT in store.workloads) or not unfinished, cut
        if left > 0:
            break
        cuts += 1
    assert cuts > 10
