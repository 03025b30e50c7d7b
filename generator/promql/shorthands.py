"""Writes out what dashboards may leave short in their PromQL.

The shorthands are lexical: they are found outside strings and comments, and what surrounds them is copied as it is.
Whether the result is PromQL is for a real parser to say.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from generator.errors import nearest
from generator.promql.durations import seconds
from generator.promql.epochs import epoch_increase
from generator.promql.increase import LONGEST, exact_increase
from generator.promql.literals import STRING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

WINDOW = "$__rate_interval"
"""Grafana's window for rates: at least four scrapes long, so that two samples always lie in it."""

_TOKEN = re.compile(
    rf"(?P<string>{STRING})"
    r"|(?P<comment>\#[^\n]*)"
    r"|(?P<grafana>\$\{[^}]*\})"
    r"|\$(?P<kind>[A-Za-z]\w*):(?P<name>[\w:]*)"
    r"|@(?P<matcher>[A-Za-z_]\w*)"
    r"|(?P<brace>[{}])"
    r"|(?P<space>\s+)"
    r"|(?P<other>[^\s\"'`\#$@{}]+|.)",
    re.DOTALL,
)
_MATCHER = re.compile(rf"\s*([A-Za-z_]\w*)\s*(=~|!~|!=|=)\s*({STRING})\s*(?:,|$)", re.DOTALL)
_SELECTOR = re.compile(r"((?:\$(?:vllm|sglang):)?[A-Za-z_][\w:]*)\s*(\{.*\})?", re.DOTALL)

_RANGE = re.compile(r"\s*\[([^\]]*)\]")

_ENGINES = {
    "vllm": ("vllm:{}", "ray_vllm:{}", "ray_vllm_{}"),
    "sglang": ("sglang:{}", "ray_sglang_{}"),
}
"""The names under which an engine's metrics are in circulation: its own, and those inside Ray."""

_KINDS = ("epochs", "increase", "part", "pod", *_ENGINES)

_POD_LABELS = ("namespace", "pod", "container")
"""The labels that Prometheus renames to exported_* when a monitor does not honour an exporter's own."""

_DEVICE = ("GPU_I_ID", "GPU_I_PROFILE", "UUID", "gpu", "modelName", "namespace", "pod")
"""The labels of dcgm-exporter that name a GPU or a MIG slice of one, and the pod that uses it."""


class ShorthandError(Exception):
    """A shorthand that cannot be written out; the text says what was found and expected."""

    def __init__(self, message: str, hint: str = "") -> None:
        """Takes a sentence without full stop, and what to do about it."""
        super().__init__(message)
        self.hint = hint


@dataclass(frozen=True)
class Expansion:
    """PromQL that Grafana can run, and what it uses of what expressions share (``@name``, ``$part:name``)."""

    text: str
    used: frozenset[str]


@dataclass(frozen=True)
class Shared:
    """What the expressions of a file share, by name, as written.

    Attributes:
        matchers: label matchers, as they stand between braces; ``@name`` stands for them.
        parts: expressions; ``$part:name`` stands for them.
        filters: Lucene queries; ``@name`` in a log query stands for them.
        expanded: what expand made of each expression: the reader's checks, the compiler and the check on queries all
            ask for it.
    """

    matchers: Mapping[str, str]
    parts: Mapping[str, str]
    filters: Mapping[str, str] = field(default_factory=dict)
    expanded: dict[str, Expansion] = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True)
class Percentiles:
    """Percentiles of a histogram; ``quantiles`` lie between 0 and 1."""

    histogram: str
    quantiles: tuple[float, ...]
    by: tuple[str, ...] = ()
    mean: bool = False


@dataclass(frozen=True)
class Ratio:
    """One counter over another."""

    part: str
    whole: str
    by: tuple[str, ...] = ()


def expand(expression: str, shared: Shared) -> Expansion:
    """Writes out every shorthand in an expression or a variable's query.

    ``@name`` inside braces becomes the matchers of that name, ``$part:name`` the part of that name in parentheses. In
    rules the one name is ``@monitors``, a matcher of the jobs of all monitors (rules.reader.monitor_matchers).

    ``$vllm:NAME{...}`` becomes a selector over the three names under which vLLM's metrics are in circulation: its own
    (vllm:NAME), Ray's of 2025 (ray_vllm:NAME) and Ray's of today (ray_vllm_NAME). A server exports one of them, so
    ``rate()``, which drops the name, never meets two equal series. NAME carries the suffix (_bucket, _total).

    ``$sglang:NAME{...}`` does the same for the two names of SGLang's metrics, sglang:NAME and ray_sglang_NAME.

    ``$pod:NAME{...}`` becomes an instant vector of a device exporter's metric in which ``namespace`` and ``pod`` are
    those of the pod that uses the device. A monitor that does not honour the exporter's labels (dcgm-exporter's own
    chart does not) leaves them in exported_namespace and exported_pod; both forms are read, and where two monitors find
    the same exporter, each device counts once. What is left are the labels of the device, its model and the pod.

    ``$increase:NAME{...}[5m]`` is the exact number of new events, in parentheses; NAME may be ``$vllm:NAME``. See
    increase.exact_increase for when to prefer it to ``increase()``, and for what it costs.

    ``$epochs:NAME{...}[5m]`` is how much a total of Ray Data's grew over all passes over the data, in parentheses, by
    ``base``, the data set without the number of its pass; see epochs.epoch_increase.

    Raises:
        ShorthandError: an unknown shorthand, matcher or part, a part inside itself, a brace or string that is not
            closed, a shorthand inside braces, a range right behind ``$pod:``, or ``$increase:`` or ``$epochs:``
            without a range or with one that is longer than ten minutes.
    """
    expansion = shared.expanded.get(expression)
    if expansion is None:
        expansion = shared.expanded[expression] = _Expander(expression, shared).run()
    return expansion


class _Expander:
    """One pass over one expression; the position is the only state beside the result."""

    def __init__(self, expression: str, shared: Shared, inside: tuple[str, ...] = ()) -> None:
        self.expression = expression
        self.tokens = list(_TOKEN.finditer(expression))
        self.at = 0
        self.shared = shared
        self.inside = inside
        self.used: set[str] = set()

    def run(self) -> Expansion:
        parts: list[str] = []
        while self.at < len(self.tokens):
            token = self._next()
            if token["kind"]:
                parts.append(self._shorthand(token["kind"], token["name"]))
            elif token["brace"] == "{":
                parts.append(f"{{{self._block()}}}")
            elif token["brace"]:
                raise ShorthandError("found '}' without a '{' before it")
            else:
                parts.append(_plain(token))
        return Expansion("".join(parts), frozenset(self.used))

    def _next(self) -> re.Match[str]:
        token = self.tokens[self.at]
        self.at += 1
        return token

    def _block(self) -> str:
        """Returns what stands between the brace just read and its partner, with matchers written out."""
        parts: list[str] = []
        while self.at < len(self.tokens):
            token = self._next()
            if token["brace"] == "}":
                return "".join(parts).strip().rstrip(",").rstrip()
            if token["brace"] or token["kind"]:
                raise ShorthandError(f"found '{token[0]}' inside braces, expected label matchers")
            parts.append(self._matcher(token["matcher"]) if token["matcher"] else _plain(token))
        raise ShorthandError("found '{' without a '}' behind it")

    def _matcher(self, name: str) -> str:
        known = self.shared.matchers
        if name not in known:
            raise ShorthandError(f"unknown matcher '@{name}'", nearest(name, known) or "see 'matchers'")
        self.used.add(f"@{name}")
        return known[name]

    def _part(self, name: str) -> str:
        known = self.shared.parts
        if name not in known:
            raise ShorthandError(f"unknown part '$part:{name}'", nearest(name, known) or "see 'parts'")
        if name in self.inside:
            raise ShorthandError(f"found the part '{name}' inside itself", " > ".join((*self.inside, name)))
        expansion = _Expander(known[name], self.shared, (*self.inside, name)).run()
        self.used |= {f"$part:{name}", *expansion.used}
        return f"({expansion.text})"

    def _shorthand(self, kind: str, name: str) -> str:
        if kind not in _KINDS:
            raise ShorthandError(f"unknown shorthand '${kind}:'", nearest(kind, _KINDS))
        if kind in {"epochs", "increase"}:
            return self._increase(kind, name)
        if not name:
            raise ShorthandError(f"found '${kind}:', expected a name right behind it")
        if kind == "part":
            return self._part(name)
        content = self._braces()
        if kind in _ENGINES:
            return _engine(kind, name, content)
        self._refuse_range(name)
        return _pod(name, content)

    def _braces(self) -> str:
        """Returns the matchers behind a name, written out; "" if there are none."""
        behind = self.at
        while behind < len(self.tokens) and self.tokens[behind]["space"]:
            behind += 1
        if behind == len(self.tokens) or self.tokens[behind]["brace"] != "{":
            return ""
        self.at = behind + 1
        return self._block()

    def _increase(self, kind: str, name: str) -> str:
        behind = "" if kind != "increase" or name or self.at == len(self.tokens) else self.tokens[self.at]["kind"]
        engine = behind if behind in _ENGINES else ""
        if engine:
            name = self._next()["name"]
        if not name:
            raise ShorthandError(f"found '${kind}:', expected a name right behind it")
        content = self._braces()
        window = self._window(f"${kind}:{name}")
        if kind == "epochs":
            return epoch_increase(name, content, window)
        plain = f"{name}{{{content}}}" if content else name
        return exact_increase(_engine(engine, name, content) if engine else plain, window)

    def _window(self, behind: str) -> str:
        """Returns the duration of the range that has to stand here, without its brackets."""
        position = self.tokens[self.at].start() if self.at < len(self.tokens) else len(self.expression)
        window = _RANGE.match(self.expression, position)
        if window is None:
            raise ShorthandError(f"found no range behind '{behind}'", "write one, as [5m]")
        length = seconds(window[1])
        if length is None or not 0 < length <= LONGEST:
            message = f"found the window '[{window[1]}]' behind '{behind}', expected a duration up to 10m"
            raise ShorthandError(message, "read a record of counts: sum_over_time(NAME:increase1m[1h])")
        self.tokens, self.at = list(_TOKEN.finditer(self.expression, window.end())), 0
        return window[1].strip()

    def _refuse_range(self, name: str) -> None:
        rest = "".join(token[0] for token in self.tokens[self.at :]).lstrip()
        if rest.startswith("[") and ":" not in rest.partition("]")[0]:
            message = f"found a range behind '$pod:{name}', which gives an instant vector"
            raise ShorthandError(message, "ask for a subquery, as [5m:]")


def _plain(token: re.Match[str]) -> str:
    if token[0] in ('"', "'", "`"):
        raise ShorthandError(f"found a string that is not closed by {token[0]}")
    return token[0]


def _engine(engine: str, name: str, content: str) -> str:
    names = "|".join(form.format(name) for form in _ENGINES[engine])
    return f'{{__name__=~"{names}"' + (f",{content}}}" if content else "}")


def _pod(name: str, content: str) -> str:
    renamed = []
    for label, operator, value in _split(content):
        exported = f"exported_{label}" if label in _POD_LABELS else label
        renamed.append(f"{exported}{operator}{value}")
    foreign = f"{name}{{{','.join([*renamed, 'exported_pod!=' + chr(34) * 2])}}}"
    for label in ("namespace", "pod"):
        foreign = f'label_replace({foreign},"{label}","$1","exported_{label}","(.*)")'
    own = f'{name}{{{content + "," if content else ""}exported_pod=""}}'
    return f"(max by ({','.join(_DEVICE)}) ({foreign} or {own}))"


def _split(content: str) -> list[tuple[str, str, str]]:
    """Takes label matchers apart into (label, operator, quoted value)."""
    matchers: list[tuple[str, str, str]] = []
    at = 0
    while at < len(content):
        match = _MATCHER.match(content, at)
        if not match:
            raise ShorthandError(f"found '{content[at:].strip()}', expected label matchers such as pod=\"x\"")
        matchers.append((match[1], match[2], match[3]))
        at = match.end()
    return matchers


def percentiles(shorthand: Percentiles) -> list[tuple[str, str]]:
    """Returns (name, expression with shorthands) for each percentile, and for the mean last if it is asked for.

    A window without requests yields nothing rather than NaN: NaN is not ``>= 0``, and 0 is not ``> 0``.

    Raises:
        ShorthandError: ``histogram`` is not a metric's name with or without matchers.
    """
    buckets, total, count = (_suffixed(shorthand.histogram, suffix) for suffix in ("_bucket", "_sum", "_count"))
    answers = []
    for quantile in shorthand.quantiles:
        rates = f"{_sum(('le', *shorthand.by))}(rate({buckets}[{WINDOW}]))"
        answers.append((f"p{quantile * 100:g}", f"histogram_quantile({quantile:g}, {rates}) >= 0"))
    if shorthand.mean:
        over, under = (f"{_sum(shorthand.by)}(rate({selector}[{WINDOW}]))" for selector in (total, count))
        answers.append(("mean", f"{over} / ({under} > 0)"))
    return answers


def ratio(shorthand: Ratio) -> str:
    """Returns one counter's rate over another's, as an expression with shorthands.

    Raises:
        ShorthandError: ``part`` or ``whole`` is not a metric's name with or without matchers.
    """
    part, whole = (
        f"{_sum(shorthand.by)}(rate({_suffixed(selector, '')}[{WINDOW}]))"
        for selector in (shorthand.part, shorthand.whole)
    )
    return f"({part} or {whole} * 0) / ({whole} > 0)"


def _sum(by: Iterable[str]) -> str:
    labels = ", ".join(by)
    return f"sum by ({labels}) " if labels else "sum"


def is_selector(text: str) -> bool:
    """Returns whether a text is a metric's name, ``$vllm:NAME`` included, with or without matchers."""
    return _SELECTOR.fullmatch(text) is not None


def _suffixed(selector: str, suffix: str) -> str:
    match = _SELECTOR.fullmatch(selector)
    if not match:
        raise ShorthandError(f"found '{selector}', expected a metric's name with or without {{matchers}}")
    return f"{match[1]}{suffix}{match[2] or ''}"
