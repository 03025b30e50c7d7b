"""Asks an installed release one question, each in a Pod of its own that `helm test` starts.

Arguments: the plan and the question. It asks until the answer is yes or the plan's time is over; then it says what is
missing and fails.
"""

from __future__ import annotations

import base64
import json
import re
import secrets
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests

from .program import Failure, innermost, run, say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_TIMEOUT = (5.0, 30.0)
"""Seconds to connect and to wait for an answer."""

_PAUSE = 5.0
"""Seconds between two looks."""

_STREAM = "logs-kubernetes"


class UnansweredError(Exception):
    """A server cannot be reached or refuses; it may not later."""


@dataclass(frozen=True)
class Asker:
    """Who asks a release.

    Attributes:
        plan: what is asked of whom.
        logins: a folder for each login, with the files ``username`` and ``password``.
        authority: path of the PEM certificates that sign OpenSearch's.
    """

    plan: Mapping[str, Any]
    logins: Path
    authority: str

    def answer(self, url: str, *, login: str = "", method: str = "GET", body: str | None = None) -> Any:
        """Returns the JSON of an answer.

        Args:
            url: what is asked.
            login: the folder of the login to ask with; "" for none.
            method: HTTP's.
            body: JSON, or lines of it.

        Raises:
            UnansweredError: there is no good answer.
        """
        return self._ask(url, login, method, body).json()

    def text(self, url: str) -> str:
        """Returns the text of an answer; see answer."""
        return self._ask(url, "", "GET", None).text

    def _ask(self, url: str, login: str, method: str, body: str | None) -> requests.Response:
        where = url.partition("?")[0]
        with requests.Session() as session:
            session.trust_env = False  # a .netrc would replace the login, a proxy see it
            try:
                headers = {"Content-Type": "application/x-ndjson"} if body else {}
                if login:
                    # Not requests' own: it would write a name as Latin-1, where the servers read UTF-8.
                    pair = b":".join((self.logins / login / key).read_bytes() for key in ("username", "password"))
                    headers["Authorization"] = f"Basic {base64.b64encode(pair).decode()}"
                found = session.request(
                    method,
                    url,
                    data=body,
                    headers=headers,
                    verify=self.authority,
                    timeout=_TIMEOUT,
                    allow_redirects=False,
                )
            except OSError as error:  # also what requests raises, and a file that is not there
                raise UnansweredError(f"{where}: {innermost(error)}") from None
        if found.status_code != requests.codes.ok:
            raise UnansweredError(f"{where}: HTTP {found.status_code} {found.text.strip()[:200]}")
        return found


def targets(asker: Asker) -> Iterator[str]:
    """Yields what Prometheus lacks: monitors, targets of the release's parts that are up, rules without an error."""
    prometheus = asker.plan["prometheus"]
    pools = asker.answer(f"{prometheus}/api/v1/scrape_pools")["data"]["scrapePools"]
    known = {pool.rpartition("/")[0] for pool in pools}
    yield from (f"Prometheus does not have the monitor {name}" for name in asker.plan["monitors"] if name not in known)
    found = asker.answer(f"{prometheus}/api/v1/targets?state=active")["data"]["activeTargets"]
    jobs = {target["labels"].get("job") for target in found}
    yield from (f"no target has the job {job}" for job in asker.plan["jobs"] if job not in jobs)
    for target in found:
        if target["health"] != "up" and target["labels"].get("job") in asker.plan["jobs"]:
            yield f"target {target['scrapePool']} {target['scrapeUrl']} is {target['health']}: {target['lastError']}"
    for group in asker.answer(f"{prometheus}/api/v1/rules")["data"]["groups"]:
        for rule in group["rules"]:
            if rule["health"] != "ok":
                yield f"rule {rule['name']} of {group['name']} is {rule['health']} {rule.get('lastError', '')}".strip()


def alerts(asker: Asker) -> Iterator[str]:
    """Yields what keeps an alert from Prometheus to a person."""
    manager, plan = asker.plan["alertmanager"], asker.plan
    state = asker.answer(f"{manager}/api/v2/status")["cluster"]["status"]
    if state not in {"ready", "disabled"}:
        yield f"Alertmanager's cluster is {state}"
    if not asker.answer(f"{plan['prometheus']}/api/v1/alertmanagers")["data"]["activeAlertmanagers"]:
        yield "Prometheus knows no Alertmanager"
    if plan["watchdog"] and not asker.answer(f'{manager}/api/v2/alerts?filter=alertname="Watchdog"'):
        yield "Watchdog, the alert that always fires, has not come from Prometheus to Alertmanager"
    sent: dict[str, float] = {}
    failed: dict[str, float] = {}
    pattern = r'^alertmanager_notifications(_failed)?_total\{.*?integration="([^"]+)".*\} (\S+)$'
    for bad, integration, number in re.findall(pattern, asker.text(f"{manager}/metrics"), re.MULTILINE):
        counts = failed if bad else sent
        counts[integration] = counts.get(integration, 0) + float(number)
    for integration, number in sorted(sent.items()):
        if number and failed.get(integration, 0) >= number:
            yield f"Alertmanager could deliver none of {number:g} notifications by {integration}; its log says why"


def dashboards(asker: Asker) -> Iterator[str]:
    """Yields what Grafana lacks: dashboards in their folder, data sources that answer."""
    grafana, plan = asker.plan["grafana"], asker.plan
    for name, uid in plan["dashboards"].items():
        try:
            folder = asker.answer(f"{grafana}/api/dashboards/uid/{uid}", login="grafana")["meta"].get("folderTitle")
        except UnansweredError as error:
            yield f"the dashboard {name}: {error}"
            continue
        if plan["folder"] and folder != plan["folder"]:
            yield f"the dashboard {name} is in the folder {folder!r}, not in {plan['folder']!r}"
    sources = asker.answer(f"{grafana}/api/datasources", login="grafana")
    if not sources:
        yield "Grafana has no data source"
    for source in sources:
        # Alertmanager's plugin has no part in the server, and so no health.
        path = "proxy/uid/{}/api/v2/status" if source["type"] == "alertmanager" else "uid/{}/health"
        try:
            asker.answer(f"{grafana}/api/datasources/{path.format(source['uid'])}", login="grafana")
        except UnansweredError as error:
            yield f"the data source {source['name']}: {error}"


def document(asker: Asker) -> Callable[[Asker], Iterator[str]]:
    """Stores a record with Fluent Bit's login and returns who looks for it with Grafana's.

    It stays until the logs' retention deletes it: that login may add and nothing else.

    Raises:
        UnansweredError: OpenSearch does not take it.
    """
    word = _word()
    record = {"@timestamp": datetime.now(UTC).isoformat(), "log": f"a record of helm test, {word}"}
    lines = [{"create": {"_index": _STREAM, "_id": word}}, record]
    body = "".join(f"{json.dumps(line)}\n" for line in lines)
    url = f"{asker.plan['opensearch']}/_bulk"
    stored = asker.answer(url, login="writer", method="POST", body=body)
    if stored["errors"]:
        raise UnansweredError(f"{url}: {json.dumps(stored['items'])[:400]}")
    return lambda asker: _lacking(asker, {"ids": {"values": [word]}}, "the record that it took")


def line(_: Asker) -> Callable[[Asker], Iterator[str]]:
    """Prints a word that nobody has said before, as any container prints, and returns who looks for it in the logs."""
    word = _word()
    say(f"this line is looked for in the logs: {word}")
    return lambda asker: _lacking(asker, {"match": {"log": word}}, "the line that this container has printed")


def _lacking(asker: Asker, query: Mapping[str, Any], what: str) -> Iterator[str]:
    body = json.dumps({"query": query, "size": 0, "track_total_hits": True})
    found = asker.answer(f"{asker.plan['opensearch']}/{_STREAM}/_search", login="reader", method="POST", body=body)
    count = found["hits"]["total"]["value"]
    if count != 1:
        yield f"OpenSearch finds {what} {count} times, not once"


def _word() -> str:
    return f"helmtest{secrets.token_hex(12)}"


_LOOKING: Mapping[str, Callable[[Asker], Iterator[str]]] = {
    "targets": targets,
    "alerts": alerts,
    "dashboards": dashboards,
}
_DOING: Mapping[str, Callable[[Asker], Callable[[Asker], Iterator[str]]]] = {"document": document, "line": line}
QUESTIONS = (*_LOOKING, *_DOING)
"""What can be asked."""


def ask(
    asker: Asker,
    question: str,
    *,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Asks until the answer is yes.

    Args:
        asker: who asks; its plan's ``seconds`` say how long.
        question: one of QUESTIONS.
        sleep: waits so many seconds.
        clock: gives seconds that only grow.

    Raises:
        Failure: it is still no; each line says what is missing.
    """
    end = clock() + asker.plan["seconds"]
    look = _LOOKING.get(question)
    while True:
        try:
            if look is None:
                look = _DOING[question](asker)
            missing = list(look(asker))
        except UnansweredError as error:
            missing = [str(error)]
        if not missing:
            return
        if clock() >= end:
            raise Failure(*missing)
        sleep(_PAUSE)


def main(arguments: list[str]) -> int:
    """Returns the exit code: 0 for yes, 1 for no."""
    file, question = arguments
    plan = json.loads(Path(file).read_text(encoding="utf-8"))

    def work() -> None:
        # A run that fails leaves the Pods of the run before, whose logs `helm test --logs` prints.
        say(f"asked at {datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC: {plan['questions'][question]}")
        ask(Asker(plan, Path("/logins"), "/authority/ca.crt"), question)
        say("yes")

    return run(work)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
