"""Targets that are down: what Prometheus says of its last scrape, told apart."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from generator.doctor.causes import Found, found

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from generator.doctor.snapshot import Target
    from generator.doctor.view import View

_KINDS: tuple[tuple[str, str], ...] = (
    (r"server returned HTTP status 401", "target-unauthorized"),
    (r"server returned HTTP status 403", "target-forbidden"),
    (r"server returned HTTP status 404", "target-not-found"),
    (r"server returned HTTP status 5\d\d", "target-server-error"),
    (
        r"server gave HTTP response to HTTPS client|first record does not look like a TLS handshake",
        "target-speaks-http",
    ),
    (r"malformed HTTP response \"\\x15\\x03|server returned HTTP status 400", "target-speaks-tls"),
    (r"x509:|tls: |certificate", "target-certificate"),
    (r"sample limit exceeded|sample_limit", "target-sample-limit"),
    (
        r"label_limit|label_name_length_limit|label_value_length_limit|body size limit|bucket limit",
        "target-label-limit",
    ),
    (r"connection refused", "target-refused"),
    (r"context deadline exceeded|i/o timeout|Client\.Timeout", "target-timeout"),
    (r"no such host|no route to host|network is unreachable|server misbehaving", "target-unreachable"),
    (
        r"unable to read authorization credentials|unable to read basic auth|unable to read .* file|secret",
        "target-credentials",
    ),
    (
        r"expected a valid start token|expected value after metric|expected label name|invalid metric type|"
        r"content type|Content-Type|content-type|invalid UTF-8|data does not end with # EOF|unexpected end of input|"
        r"strconv\.ParseFloat|\"INVALID\" is not a valid start token|not a valid",
        "target-no-metrics",
    ),
)
"""Prometheus' words (scrape/scrape.go, Go's net/http and crypto/tls), the first that fits; see Prometheus 3.14."""


def kind_of(error: str, url: str) -> str:
    """Returns the cause that an error of a scrape stands for.

    Args:
        error: Prometheus' words.
        url: where it scraped: a bare end of the connection means TLS only where it spoke plain HTTP.
    """
    for pattern, cause in _KINDS:
        if re.search(pattern, error):
            return cause
    if error.endswith("EOF") and url.startswith("http:"):
        return "target-speaks-tls"
    return "target-error"


def scrape_causes(view: View) -> Iterator[Found]:
    """Yields one cause for each job and kind of error."""
    for job, targets in sorted(view.targets.items()):
        kinds: dict[str, list[Target]] = {}
        for target in targets:
            if target.health == "down":
                kinds.setdefault(kind_of(target.error, target.url), []).append(target)
        for cause, down in kinds.items():
            yield down_cause(view, job, cause, sorted(down, key=lambda target: target.subject))


def down_cause(view: View, job: str, cause: str, down: Sequence[Target]) -> Found:
    """Returns the cause of some targets of a job that are down for the same reason."""
    first = down[0]
    parts = urlsplit(first.url)
    count = _limit(view, first)
    status = re.search(r"HTTP status (\d+)", first.error)
    return found(
        cause,
        job,
        ours=job in view.expected.monitors,
        count=len(down),
        where=first.subject,
        url=first.url,
        plain=first.url.replace("https:", "http:", 1),
        secure=first.url.replace("http:", "https:", 1),
        address=parts.netloc,
        port=parts.port or {"https": 443}.get(parts.scheme, 80),
        path=parts.path,
        error=_words(first.error, first.url),
        endpoint=first.labels.get("endpoint", "ENDPOINT"),
        pool=first.pool,
        namespace=first.labels.get("namespace", "NAMESPACE"),
        higher=count * 2 if count else "a higher number",
        status=status[1] if status else "",
        advice=_NOT_FOUND.get(job, _ELSEWHERE.format(first.subject)),
    )


_ELSEWHERE = (
    "See which path and port of {} serve metrics, switch metrics on there, or switch the endpoint off "
    "(its `enabled: false`)."
)
_NOT_FOUND = {
    "sglang": "Start SGLang with --enable-metrics.",
    "ray-serve-vllm": (
        "Mount /metrics in the Serve application with the default logger, or leave the monitor off: with "
        "RayPrometheusStatLogger vLLM's metrics are on Ray's own port."
    ),
    "vllm": "Start vLLM without --disable-log-stats and see that its API is on this port.",
}
"""What a page that is not there most often means, by workload."""


def _limit(view: View, target: Target) -> int:
    return view.server.sample_limits.get(target.pool, 0)


def _words(error: str, url: str) -> str:
    """Returns Prometheus' words without the address, which stands beside them."""
    return error.removeprefix(f'Get "{url}": ').strip()
