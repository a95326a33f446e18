"""The structured part of what failed: SQLSTATEs, engines' own codes, conditions, statuses, classes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from aidbt.healing.classification.messages import plain_text


@dataclass(frozen=True, slots=True)
class Failed:
    """What is known of a failure.

    Attributes:
        adapter: dbt's name of the engine, or what else said it ("http", "kafka"); "" when unknown.
        sqlstate, code, exception: where the driver gave them beside the message.
    """

    message: str
    adapter: str = ""
    sqlstate: str = ""
    code: str = ""
    exception: str = ""


@dataclass(frozen=True, slots=True)
class Mark:
    """One code in what was said.

    Attributes:
        kind: whose codes these are, a key of `rulebook.codes.tables`.
    """

    kind: str
    code: str


@dataclass(frozen=True, slots=True)
class Marked:
    """A failure, read.

    Attributes:
        text: the message on one line.
        marks: its codes, in the order in which they decide.
    """

    text: str
    adapter: str
    marks: tuple[Mark, ...]


@lru_cache(maxsize=1)
def _places() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Each kind of code with where it stands, in the order in which they decide."""
    text = (files("aidbt.healing.classification.rulebook") / "marks.txt").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return tuple((kind, re.compile(words)) for kind, words in (line.split(maxsplit=1) for line in lines))


def marked(failed: Failed) -> Marked:
    """The message with its codes; what the driver gave beside it counts first."""
    text = plain_text(failed.message)
    given = [
        Mark(kind, value)
        for kind, value in (("sqlstate", failed.sqlstate), ("exception", failed.exception))
        if value
    ]
    if failed.code:
        given.insert(0, Mark(_ENGINES.get(failed.adapter, failed.adapter), failed.code))
    found = dict.fromkeys([*given, *_marks(text)])
    return Marked(text, failed.adapter.lower(), tuple(found))


_ENGINES = {"fabric": "sqlserver", "synapse": "sqlserver", "databricks": "spark", "athena": "trino"}


def _marks(text: str) -> Iterator[Mark]:
    for kind, pattern in _places():
        for match in pattern.finditer(text):
            code = next((group for group in match.groups() if group), "")
            if code:
                yield Mark(kind, code.replace(" ", ""))
