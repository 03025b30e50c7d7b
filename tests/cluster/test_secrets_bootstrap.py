"""The bootstrap: what is missing is made, what is there is never changed, what cannot work is said beforehand."""

from __future__ import annotations

import copy
import dataclasses
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.cluster import certificates
from generator.cluster.certificates import Pair, Subject
from generator.cluster.kubernetes_api import data_of
from generator.cluster.program import Failure
from generator.cluster.secrets_bootstrap import bootstrap
from generator.cluster.secrets_content import ALPHABET, new_password
from generator.cluster.secrets_plan import MADE_BY, Plan, made_by_bootstrap
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
from tests.cluster.secret_server import PATH, Store, secret_server

if TYPE_CHECKING:
    from collections.abc import Callable

    from generator.cluster.kubernetes_api import Api

LOGINS = ("opensearch-admin", "opensearch-fluent-bit", "opensearch-grafana", "grafana-admin")
ALL = {CA, NODE, ADMIN, *LOGINS}


def snapshot(store: Store) -> dict[str, Any]:
    return copy.deepcopy(store.secrets)


def content(store: Store, name: str) -> dict[str, bytes]:
    return data_of(store.secrets[name])


def check_certificates(store: Store) -> None:
    """Checks that node and admin accept each other."""
    for name, other, subject in ((NODE, ADMIN, NODE_SUBJECT), (ADMIN, NODE, ADMIN_SUBJECT)):
        leaf, trusted = content(store, name), content(store, other)["ca.crt"]
        pair = Pair(leaf["tls.crt"], leaf["tls.key"])
        certificates.check_leaf(pair, leaf["ca.crt"], subject.common_name, NOW)
        certificates.check_leaf(pair, trusted, subject.common_name, NOW)


def refusal(api: Api, wanted: Plan, now: Any = NOW) -> str:
    with pytest.raises(Failure) as failure:
        bootstrap(api, wanted, now)
    return str(failure.value)


def test_an_empty_namespace_gets_all_of_it(store: Store, api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    bootstrap(api, plan(), NOW)
    assert set(store.secrets) == ALL
    assert all(made_by_bootstrap(each) for each in store.secrets.values())
    assert {name: each["type"] for name, each in store.secrets.items()} == {
        **dict.fromkeys((CA, NODE, ADMIN), "kubernetes.io/tls"),
        **dict.fromkeys(LOGINS, "kubernetes.io/basic-auth"),
        "grafana-admin": "Opaque",
    }
    assert set(content(store, CA)) == {"tls.crt", "tls.key"}
    assert set(content(store, NODE)) == set(content(store, ADMIN)) == {"ca.crt", "tls.crt", "tls.key"}
    assert content(store, "opensearch-fluent-bit")["username"] == b"fluent-bit"
    assert content(store, "grafana-admin")["admin-user"] == b"admin"
    check_certificates(store)
    assert sorted(capsys.readouterr().out.splitlines()) == sorted(f"{name}: created" for name in ALL)


def test_the_label_by_which_argocd_would_prune_a_secret_is_not_set(store: Store, api: Api) -> None:
    bootstrap(api, plan(), NOW)
    assert store.secrets[CA]["metadata"]["labels"] == {"app.kubernetes.io/part-of": "ai-ml-observability", **MADE_BY}


def test_no_secret_is_ever_printed(store: Store, api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    bootstrap(api, plan(), NOW)
    bootstrap(api, plan(), NOW)
    printed = "".join(capsys.readouterr())
    for each in store.secrets.values():
        for key, value in data_of(each).items():
            assert key in ("username", "admin-user") or value.decode() not in printed


def test_a_second_run_writes_nothing(store: Store, api: Api) -> None:
    bootstrap(api, plan(), NOW)
    before, asked = snapshot(store), len(store.writes())
    bootstrap(api, plan(), NOW + timedelta(days=1))
    assert snapshot(store) == before
    assert len(store.writes()) == asked


def test_no_two_passwords_are_the_same_and_each_is_safe_everywhere(store: Store, api: Api) -> None:
    bootstrap(api, plan(), NOW)
    passwords = {content(store, name).get("password", b"").decode() for name in LOGINS[:3]}
    passwords.add(content(store, "grafana-admin")["admin-password"].decode())
    assert len(passwords) == len(LOGINS)
    assert all(len(each) == 32 and set(each) <= set(ALPHABET) for each in passwords)
    assert set("".join(new_password() for _ in range(200))) == set(ALPHABET)


def test_a_login_that_was_made_before_is_left_as_it_is(store: Store, api: Api) -> None:
    own = store.put(secret("opensearch-admin", {"username": b"admin", "password": b"mine"}))
    bootstrap(api, plan(), NOW)
    assert store.secrets["opensearch-admin"] == own
    assert set(store.secrets) == ALL


EARLIER = "kube-prometheus-stack-grafana"


def test_grafanas_login_out_of_the_values_becomes_the_one_in_the_secret(
    store: Store, api: Api, capsys: pytest.CaptureFixture[str]
) -> None:
    known = {"admin-user": b"root", "admin-password": b"prom-operator", "ldap-toml": b""}
    theirs = store.put(secret(EARLIER, known))
    bootstrap(api, with_earlier(plan()), NOW)
    made = store.secrets["grafana-admin"]
    assert content(store, "grafana-admin") == {"admin-user": b"root", "admin-password": b"prom-operator"}
    assert made_by_bootstrap(made)  # so that the rotation gives it a new one, in Grafana too
    assert store.secrets[EARLIER] == theirs
    assert "for a new one: kubectl create job rotate-1" in capsys.readouterr().out
    bootstrap(api, with_earlier(plan()), NOW)
    assert store.secrets["grafana-admin"] == made


@pytest.mark.parametrize("there", [None, {}, {"admin-user": b"admin"}, {"admin-user": b"admin", "admin-password": b""}])
def test_without_an_earlier_login_grafana_gets_a_new_one(
    store: Store, api: Api, there: dict[str, bytes] | None
) -> None:
    if there is not None:
        store.put(secret(EARLIER, there))
    bootstrap(api, with_earlier(plan()), NOW)
    assert len(content(store, "grafana-admin")["admin-password"]) == 32


def with_earlier(wanted: Plan) -> Plan:
    """Returns the plan of a Grafana whose database is on a volume."""
    *others, grafana = wanted.logins
    return dataclasses.replace(wanted, logins=(*others, dataclasses.replace(grafana, earlier=EARLIER)))


@pytest.mark.parametrize("lost", sorted(ALL - {CA}))
def test_what_was_deleted_or_never_made_is_made_by_the_next_run(store: Store, api: Api, lost: str) -> None:
    bootstrap(api, plan(), NOW)
    before = snapshot(store)
    del store.secrets[lost]
    bootstrap(api, plan(), NOW)
    assert set(store.secrets) == ALL
    assert {name: each for name, each in store.secrets.items() if name != lost} == {
        name: each for name, each in before.items() if name != lost
    }
    check_certificates(store)


def test_a_run_that_was_cut_off_after_the_authority_is_completed_with_it(store: Store, api: Api) -> None:
    theirs = store.put(authority_secret(an_authority()))
    bootstrap(api, plan(), NOW)
    assert store.secrets[CA] == theirs
    assert content(store, NODE)["ca.crt"] == data_of(theirs)["tls.crt"]
    check_certificates(store)


def test_the_authority_is_not_missed_once_both_certificates_are_there(store: Store, api: Api) -> None:
    authority = an_authority()
    store.put(leaf_secret(NODE, NODE_SUBJECT, authority))
    store.put(leaf_secret(ADMIN, ADMIN_SUBJECT, authority))
    bootstrap(api, plan(), NOW)
    assert CA not in store.secrets


def test_an_authority_that_does_not_fit_is_not_made(store: Store, api: Api) -> None:
    store.put(leaf_secret(NODE, NODE_SUBJECT, an_authority()))
    before = snapshot(store)
    assert refusal(api, plan()) == (
        "'opensearch-admin-tls' cannot be signed: 'opensearch-node-tls' is there, but not 'opensearch-ca', the "
        "authority that signed it; store that authority as 'opensearch-ca' (tls.crt, tls.key), or create "
        "'opensearch-admin-tls' yourself, or delete 'opensearch-node-tls' and all of them are made anew"
    )
    assert snapshot(store) == before


def test_an_authority_that_did_not_sign_what_is_there_does_not_sign_the_rest(store: Store, api: Api) -> None:
    store.put(leaf_secret(NODE, NODE_SUBJECT, an_authority()))
    store.put(authority_secret(an_authority()))
    assert "'opensearch-node-tls' trusts another authority than 'opensearch-ca' holds" in refusal(api, plan())
    assert ADMIN not in store.secrets


def test_certificates_of_two_authorities_are_refused(store: Store, api: Api) -> None:
    store.put(leaf_secret(NODE, NODE_SUBJECT, an_authority()))
    store.put(leaf_secret(ADMIN, ADMIN_SUBJECT, an_authority()))
    assert refusal(api, plan()).splitlines() == [
        "the ca.crt of 'opensearch-admin-tls' did not sign 'opensearch-node-tls', so they refuse each other",
        "the ca.crt of 'opensearch-node-tls' did not sign 'opensearch-admin-tls', so they refuse each other",
    ]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda found: found.pop("tls.key"), "the Secret 'opensearch-ca' has no key 'tls.key'; it has to sign"),
        (lambda found: found.update({"tls.crt": "bm90aGluZw=="}), "'opensearch-ca' holds no PEM certificate"),
    ],
)
def test_an_authority_that_cannot_sign_is_refused(
    store: Store, api: Api, change: Callable[[dict[str, str]], object], message: str
) -> None:
    theirs = authority_secret(an_authority())
    change(theirs["data"])
    store.put(theirs)
    assert message in refusal(api, plan())
    assert set(store.secrets) == {CA}


def test_an_authority_that_has_ended_says_when(store: Store, api: Api) -> None:
    store.put(authority_secret(an_authority()))
    assert "ended on 2036-08-19; it has to sign" in refusal(api, plan(), NOW + timedelta(days=4000))


def test_a_certificate_with_another_subject_is_refused_before_opensearch_does(store: Store, api: Api) -> None:
    authority = an_authority()
    store.put(authority_secret(authority))
    store.put(leaf_secret(NODE, Subject("opensearch.example"), authority))
    assert refusal(api, plan()) == (
        "the Secret 'opensearch-node-tls' has the subject 'CN=opensearch.example', expected 'CN=opensearch-node'"
    )
    assert set(store.secrets) == {CA, NODE}


def test_a_certificate_that_has_ended_is_a_warning_for_an_upgrade_must_go_on(
    store: Store, api: Api, capsys: pytest.CaptureFixture[str]
) -> None:
    bootstrap(api, plan(), NOW)
    before = snapshot(store)
    bootstrap(api, plan(), NOW + timedelta(days=400))
    assert snapshot(store) == before
    assert "warning: the certificate in 'opensearch-node-tls' ended on 2027-08-22" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("key", "name", "keys"),
    [
        ("opensearchAdmin", "opensearch-admin", "username, password"),
        ("grafanaAdmin", "grafana-admin", "admin-user, admin-password"),
        ("opensearchNodeTls", NODE, "ca.crt, tls.crt, tls.key"),
        ("opensearchCa", CA, "tls.crt, tls.key"),
    ],
)
def test_a_secret_that_the_profile_names_and_that_is_not_there_is_not_made(
    store: Store, api: Api, key: str, name: str, keys: str
) -> None:
    assert refusal(api, plan(key)).splitlines()[0] == (
        f"secrets.existing.{key} names the Secret '{name}', which is not in this namespace; "
        f"create it with the keys {keys}, or take the name away and one is made for you"
    )
    assert store.secrets == {}


def test_all_that_is_wrong_is_said_at_once(store: Store, api: Api) -> None:
    store.put(secret("grafana-admin", {"admin-user": b"admin"}))
    store.put(secret("opensearch-grafana", {"username": b"grafana", "password": b""}))
    lines = refusal(api, plan("opensearchAdmin")).splitlines()
    assert len(lines) == 3
    assert "the Secret 'grafana-admin' has no key 'admin-password'; it needs admin-user and admin-password" in lines
    assert "the Secret 'opensearch-grafana' has no key 'password'; it needs username and password" in lines
    assert store.writes() == []


def test_without_opensearch_only_grafanas_login_is_made(store: Store, api: Api) -> None:
    bootstrap(api, Plan(None, (), plan().logins[-1:], "", "http://grafana"), NOW)
    assert set(store.secrets) == {"grafana-admin"}


def test_nothing_is_made_of_what_cert_manager_makes(store: Store, api: Api) -> None:
    bootstrap(api, Plan(None, (), plan().logins, "https://opensearch", ""), NOW)
    assert set(store.secrets) == set(LOGINS)


@pytest.mark.parametrize(
    ("method", "name", "times"),
    [
        pytest.param("GET", LOGINS[0], 1, id="before the first look"),
        pytest.param("GET", ADMIN, 1, id="between two looks"),
        pytest.param("GET", CA, 1, id="before the last look"),
        pytest.param("POST", "", 1, id="before the authority is made"),
        pytest.param("POST", "", 2, id="before a leaf is made"),
        pytest.param("POST", "", 4, id="before a login is made"),
    ],
)
def test_of_two_runs_at_once_the_second_takes_what_the_first_has_made(
    store: Store, api: Api, method: str, name: str, times: int
) -> None:
    seen: list[tuple[str, str]] = []
    made: dict[str, Any] = {}

    def other(asked: str, about: str) -> None:
        seen.append((asked, about))
        if not made and seen.count((method, name)) == times:
            with secret_server() as (theirs, their_api):
                theirs.secrets.update(store.secrets)
                bootstrap(their_api, plan(), NOW)
                store.secrets.update(theirs.secrets)
            made.update(copy.deepcopy(store.secrets))

    store.before = other
    bootstrap(api, plan(), NOW)
    assert set(made) == ALL
    assert store.secrets == made
    check_certificates(store)


def test_of_two_runs_at_once_only_one_makes_the_authority_and_both_sign_with_it(store: Store, api: Api) -> None:
    theirs = an_authority()

    def other(method: str, _name: str) -> None:
        if method == "POST" and not store.secrets:
            store.put(authority_secret(theirs))

    store.before = other
    bootstrap(api, plan(), NOW)
    assert content(store, CA)["tls.crt"] == content(store, NODE)["ca.crt"] == theirs.certificate
    check_certificates(store)


STATES = st.fixed_dictionaries(
    {
        CA: st.sampled_from(["missing", "ours", "other"]),
        NODE: st.sampled_from(["missing", "ours", "other", "broken"]),
        ADMIN: st.sampled_from(["missing", "ours", "other", "broken"]),
        "opensearch-admin": st.sampled_from(["missing", "ours", "broken"]),
        "grafana-admin": st.sampled_from(["missing", "ours", "broken"]),
    }
)
AUTHORITIES = {"ours": an_authority(), "other": an_authority()}


def put(store: Store, name: str, state: str) -> None:
    if state == "missing":
        return
    if state == "broken":
        store.put(secret(name, {"tls.crt": b"-----BEGIN CERTIFICATE-----", "username": b"x"}))
    elif name == CA:
        store.put(authority_secret(AUTHORITIES[state]))
    elif name in (NODE, ADMIN):
        store.put(leaf_secret(name, NODE_SUBJECT if name == NODE else ADMIN_SUBJECT, AUTHORITIES[state]))
    else:
        keys = ("admin-user", "admin-password") if name == "grafana-admin" else ("username", "password")
        store.put(secret(name, {keys[0]: b"admin", keys[1]: b"mine"}))


@pytest.mark.slow
@given(states=STATES, existing=st.sets(st.sampled_from(["opensearchCa", "opensearchNodeTls", "grafanaAdmin"])))
def test_whatever_is_there_stays_and_the_rest_either_fits_or_is_not_made(
    states: dict[str, str], existing: set[str]
) -> None:
    with secret_server() as (store, api):
        for name, state in states.items():
            put(store, name, state)
        before = snapshot(store)
        try:
            bootstrap(api, plan(*existing), NOW)
        except Failure as failure:
            assert store.secrets == before
            assert failure.lines
            assert all(line and "\n" not in line for line in failure.lines)
        else:
            assert {name: store.secrets[name] for name in before} == before
            assert set(store.secrets) | {CA} == ALL
            check_certificates(store)
            after = snapshot(store)
            bootstrap(api, plan(*existing), NOW)
            assert store.secrets == after


def test_what_the_api_refuses_is_said_with_its_words(store: Store, api: Api) -> None:
    store.faults = [403]
    assert refusal(api, plan()) == (
        "the Kubernetes API would not read the Secret 'opensearch-admin': told to answer 403"
    )


def test_a_creation_whose_answer_was_lost_counts_as_done(store: Store, api: Api) -> None:
    store.lost = [("POST", "")]
    bootstrap(api, plan(), NOW)
    assert [path for method, path in store.writes()][:2] == [PATH, PATH]
    assert set(store.secrets) == ALL
    check_certificates(store)


def present(name: str, key: str, holds: str, place: str) -> dict[str, str]:
    return {"name": name, "key": key, "holds": holds, "receiver": f"alerts.receivers.{place}"}


URL = present("receivers", "hook", "url", "chat.slack.secret")
CERTIFICATE = present("receivers", "ca.crt", "certificate", "chat.slack.ca")
TOKEN = present("pager", "routing-key", "text", "oncall.pagerduty.secret")


def told(*alerts: dict[str, str]) -> Plan:
    return dataclasses.replace(plan(), alerts=alerts)


def test_a_receivers_secret_that_is_not_there_is_named_with_the_command_that_makes_it(store: Store, api: Api) -> None:
    assert refusal(api, told(TOKEN)) == (
        "alerts.receivers.oncall.pagerduty.secret names the Secret 'pager', which is not in this namespace; create it "
        "with kubectl create secret generic pager --from-literal=routing-key=…"
    )
    assert store.writes() == []


@pytest.mark.parametrize(
    ("wanted", "data", "fault"),
    [
        (TOKEN, {}, "is missing or empty"),
        (TOKEN, {"routing-key": b" \n"}, "is missing or empty"),
        (URL, {"hook": b"hooks.example/very-secret"}, "is no http or https address"),
        (URL, {"hook": b"https://hooks.example/very-secret https://b"}, "is more than one address"),
        (CERTIFICATE, {"ca.crt": b"very-secret"}, "holds no PEM certificate that can be read"),
    ],
)
def test_a_receivers_key_that_would_fail_at_the_first_alert_is_named_and_not_shown(
    store: Store, api: Api, wanted: dict[str, str], data: dict[str, bytes], fault: str
) -> None:
    store.put(secret(wanted["name"], data))
    text = refusal(api, told(wanted))
    assert text == f"{wanted['receiver']}: the key '{wanted['key']}' of the Secret '{wanted['name']}' {fault}"
    assert store.writes() == []


def test_receivers_secrets_that_are_there_are_read_once_and_left_alone(store: Store, api: Api) -> None:
    data = {"hook": b"https://hooks.example/very-secret\n", "ca.crt": an_authority().certificate}
    store.put(secret("receivers", data))
    store.put(secret("pager", {"routing-key": b"x\n"}))
    seen: list[str] = []
    store.before = lambda _method, name: seen.append(name)
    bootstrap(api, told(URL, CERTIFICATE, TOKEN), NOW)
    assert seen.count("receivers") == seen.count("pager") == 1
    assert set(store.secrets) >= ALL
    assert content(store, "receivers") == data
