"""Log queries are held to the grammar of Lucene itself: what the check takes, the real parser takes."""

from __future__ import annotations

import base64
import os
import random
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from generator.logs.grammar import LuceneSyntaxError, atoms
from generator.logs.queries import query_problems
from generator.logs.regexp import pattern_problem
from tests.logs.test_queries import FIELDS

if TYPE_CHECKING:
    from collections.abc import Sequence

JARS = "GEN_CHART_LUCENE"
"""The variable that names a folder with Lucene 9.12's core, queryparser, queries, sandbox and analysis-common."""

TAKEN = (
    "a",
    "*",
    "*:*",
    "f:*",
    "f:a*b?c",
    "f:?a",
    "NOT a",
    "! a",
    "a ! b",
    "a AND NOT b",
    "a && !b || c",
    "+a -b",
    "a - b",
    "(a OR (b))^2",
    "f:(a b)",
    "f : a",
    "a-b+c",
    "ANDa",
    "a|b",
    "&&&",
    ">=5",
    'f:"a b"~2',
    'f:"a\\"b"',
    "a~",
    "a~1^2",
    "a^2.5~1",
    "f:[1 TO 5]",
    'f:{"a b" TO *}',
    "f:[TO TO TO]",
    "f:[a:b TO c/d]",
    "f:/a\\/b/",
    "f:/a/ b",
    "a/b/",
    "a\\/b",
    "a\\ b",
    "\\u0041",
    "a\u00a0b",
    "f:/(ab|c)[^x-z]{2,3}\\d?/",
    "f:/.*-[0-9a-f]{8,10}-[a-z0-9]{5}/",
    "f:/.{900}/",
)
REFUSED = (
    "",
    " ",
    "a!",
    "!",
    "a AND",
    "OR a",
    "a AND OR b",
    "NOT NOT a",
    "a/b",
    "/a",
    "app_io/name:x",
    "f:",
    ":a",
    "f:g:a",
    "f*:a",
    '"a"b"',
    "(a",
    "a)",
    "()",
    "[a]",
    "f:[a TO b",
    "f:[a b]",
    "f:[TO]",
    "a]",
    "a^",
    "a^b",
    "a^ 2",
    "a~^",
    "a\\",
    "\\u12",
    'f:"\\u00"',
    "f:[\\u1 TO 2]",
    "a~1.5",
    "f:/a(/",
    "f:/a[/",
    "f:/[a-]/",
    "f:/[b-a]/",
    "f:/a{/",
    "f:/a{3,2}/",
    "f:/a|/",
    'f:/a"b/',
    "f:/a<b/",
    "f:/\\b/",
    "f:/.*a.{20}/",
    "f:/(a{100}){1000}/",
)
"""What Lucene 9.12.3 takes and refuses, as test_the_real_parser_takes_and_refuses_just_these asks it."""

MEANT_OTHERWISE = (
    "a~3",
    "a~x",
    '"a"~x',
    "f:/a&b/",
    "f:/a~b/",
    "f:/a#b/",
    "f:/a@b/",
    "f:/^a$/",
    "f:/(|a)/",
    "f:/*a/",
    "f:/a+?/",
    "f:/[[a]/",
    "f:/{/",
)
"""What Lucene takes and reads otherwise than it seems to say: the check refuses it."""


def ours(query: str) -> bool:
    """Returns whether our reading of the grammar takes a query, what stands between slashes included."""
    try:
        found = atoms(query)
    except LuceneSyntaxError:
        return False
    patterns = [atom[1:-1] for atom in found if len(atom) > 1 and atom[0] == atom[-1] == "/"]
    return not any(map(pattern_problem, patterns))


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> Verdicts:
    jars, javac = os.environ.get(JARS), shutil.which("javac")
    if not jars or javac is None:
        pytest.skip(f"no Lucene: name a folder with the jars of Lucene 9.12 in {JARS}, and have a JDK on PATH")
    return Verdicts(Path(jars), javac, tmp_path_factory.mktemp("verdicts"))


class Verdicts:
    """Lucene's own parser."""

    def __init__(self, jars: Path, javac: str, folder: Path) -> None:
        self._path = f"{jars}/*{os.pathsep}{folder}"
        source = Path(__file__).parent / "Verdicts.java"
        subprocess.run([javac, "-cp", self._path, "-d", folder, source], check=True)

    def __call__(self, queries: Sequence[str]) -> list[bool]:
        """Returns whether Lucene takes each query."""
        lines = "".join(f"{base64.b64encode(query.encode()).decode()}\n" for query in queries)
        command = ["java", "-cp", self._path, "Verdicts"]
        done = subprocess.run(command, input=lines, capture_output=True, text=True, check=True)
        answers = done.stdout.split()
        assert len(answers) == len(queries), done.stderr
        return [answer == "taken" for answer in answers]


@pytest.mark.parametrize("query", TAKEN)
def test_what_lucene_takes_is_read(query: str) -> None:
    assert ours(query)


@pytest.mark.parametrize("query", [*REFUSED, *MEANT_OTHERWISE])
def test_what_lucene_refuses_or_reads_otherwise_is_refused(query: str) -> None:
    assert not ours(query)


def test_the_real_parser_takes_and_refuses_just_these(verdicts: Verdicts) -> None:
    taken = verdicts([*TAKEN, *MEANT_OTHERWISE, *REFUSED])
    asked = len(TAKEN) + len(MEANT_OTHERWISE)
    wrong = [query for query, answer in zip([*TAKEN, *MEANT_OTHERWISE], taken, strict=False) if not answer]
    wrong += [query for query, answer in zip(REFUSED, taken[asked:], strict=True) if answer]
    assert wrong == []


PIECES = (
    *(
        "a",
        "b",
        " ",
        " ",
        ":",
        "app:",
        "(",
        ")",
        "AND",
        "OR",
        "NOT",
        "TO",
        "&&",
        "||",
        "!",
        "+",
        "-",
        "*",
        "?",
        "^",
        "^2",
    ),
    *('"', '"a b"', "~", "~1", "~1.5", "~x", "/", "/a/", "/a b/", "[", "]", "{", "}", "[1 TO 2]", "{a TO b]", "\\"),
    *(
        "\\u0041",
        "\\u12",
        '\\"',
        "\\/",
        "0",
        ".",
        ">=5",
        "<",
        "|",
        "&",
        "#",
        "@",
        "$x",
        "\t",
        "\n",
        "\u3000",
        "\u00a0",
        "=",
    ),
)
PATTERN_PIECES = (
    *("a", "b", "z", ".", "*", "+", "?", "|", "(", ")", "[", "[^", "]", "-", "a-z", "{", "}", "{2}", "{2,}", "{3,2}"),
    *(
        "{200}",
        "\\d",
        "\\W",
        "\\b",
        "\\.",
        "\\/",
        "\\]",
        "&",
        "~",
        "#",
        "@",
        "<",
        ">",
        '"',
        "^",
        "$",
        "(?",
        ",",
        " ",
        "ä",
    ),
)
VALUES = (
    *("a", '"a b"', "a*", "/a|b/", "(a OR b)", "fail~1", '"a b"~2', "5", "[1 TO 5]", ">=5", "< 5", "\\u12", "/a\\db/"),
    *("a\u00a0b", "a\u3000b", "a~3", "a|b", 'a"b"', "\\!", "a\\/b", "T10:00", "/[a-]/", "a!", "a/b", "x ~1", "12", "*"),
)
NAMES = (
    *("app", "log", "xid", "_exists_", "*", "kubernetes.labels.app_io/name", "kubernetes.labels.app_io\\/name"),
    *("kubernetes.labels.a!b", "kubernetes.labels.a+b", "kubernetes.labels.a\u00a0b", "kubernetes.labels.a*"),
)


def texts(chance: random.Random, pieces: Sequence[str], number: int) -> list[str]:
    return ["".join(chance.choices(pieces, k=chance.randint(1, 9))) for _ in range(number)]


def whole(chance: random.Random) -> str:
    """Returns a query of fields and values as people write them."""
    parts = [
        chance.choice(["", "", "NOT ", "! "])
        + chance.choice(NAMES)
        + chance.choice([":", ": "])
        + chance.choice(VALUES)
        for _ in range(chance.randint(1, 3))
    ]
    return chance.choice([" AND ", " OR ", "\nAND ", "\u00a0AND\u00a0"]).join(parts)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_whatever_is_put_together_lucene_takes_what_the_check_takes(verdicts: Verdicts, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - the same each time
    queries = texts(chance, PIECES, 10_000)
    queries += [f"app:/{text}/" for text in texts(chance, PATTERN_PIECES, 10_000)]
    accepted = [query for query in queries if ours(query)]
    people = [whole(chance) for _ in range(2_000)]
    passed = [query for query in people if not any(query_problems(query, FIELDS))]
    assert len(accepted) > 3_000
    assert len(passed) > 20
    asked = [*accepted, *passed]
    assert [query for query, taken in zip(asked, verdicts(asked), strict=True) if not taken] == []


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("kubernetes.labels.app_io/name:x", "OpenSearch refuses the query: '/name:x' begins with what is no word"),
        ("kubernetes.labels.a!b:x", "found 'kubernetes.labels.a!b', which OpenSearch reads as 'kubernetes.labels.a'"),
        ("xid:< 5", "found '< 5', which OpenSearch reads as '<'"),
        ("log:a~1.5", "OpenSearch refuses the query: found '~1.5', expected ~, ~1 or ~2"),
        ("app:\\u12", "OpenSearch refuses the query: found '\\u12', expected \\u and four hexadecimal digits"),
        ('app:a"b"', "found 'a\"b\"', which OpenSearch reads as 'a'"),
        ("app:a\u00a0AND\u00a0app:b", "OpenSearch refuses the query: found ':', expected a field and its value"),
        ("app:/a&b/", "found '&', which is an operator to Lucene; write \\&"),
    ],
)
def test_what_luqum_takes_and_lucene_does_not_is_a_problem_that_says_why(query: str, expected: str) -> None:
    (problem,) = query_problems(query, FIELDS)
    assert expected in problem.message
