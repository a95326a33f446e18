"""How a text value reads: the same tests in DuckDB's SQL and in Python."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import cache
from typing import NamedTuple, NoReturn

import sqlglot
from sqlglot import exp


class Format(NamedTuple):
    """One way to read a text.

    Attributes:
        shortest, longest: characters that a value of this form has.
        test: the test as DuckDB's SQL, of `:c`.
        reads: the same test in Python.
    """

    shortest: int
    longest: int
    test: str
    reads: Callable[[str], bool]


_INTEGER = "[+-]?[0-9]+"
_DECIMAL = "[+-]?([0-9]+[.][0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)?"
_YEAR_FIRST = "[0-9]{4}[-/.][0-9]{1,2}[-/.][0-9]{1,2}"
_YEAR_LAST = "[0-9]{1,2}[-/.][0-9]{1,2}[-/.][0-9]{4}"
_TIMESTAMP = "[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}.*"
_BOOLEANS = frozenset({"true", "false", "t", "f", "yes", "no", "y", "n"})


def _matcher(pattern: str) -> Callable[[str], bool]:
    compiled = re.compile(pattern)
    return lambda text: compiled.fullmatch(text) is not None


def _is_json(text: str) -> bool:
    """Only objects and arrays count: every number is valid JSON too."""
    if text.lstrip(" ")[:1] not in ("{", "["):
        return False
    try:
        json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return False
    return True


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")  # Python alone reads NaN and Infinity


FORMATS = {
    "integer": Format(1, 40, f"regexp_full_match(:c, '{_INTEGER}')", _matcher(_INTEGER)),
    "decimal": Format(2, 60, f"regexp_full_match(:c, '{_DECIMAL}')", _matcher(_DECIMAL)),
    "date": Format(
        8,
        10,
        f"regexp_full_match(:c, '{_YEAR_FIRST}') or regexp_full_match(:c, '{_YEAR_LAST}')",
        _matcher(f"{_YEAR_FIRST}|{_YEAR_LAST}"),
    ),
    "timestamp": Format(16, 40, f"regexp_full_match(:c, '{_TIMESTAMP}')", _matcher(_TIMESTAMP)),
    "boolean": Format(
        1,
        5,
        "lower(:c) in ('true', 'false', 't', 'f', 'yes', 'no', 'y', 'n')",
        lambda text: text.lower() in _BOOLEANS,
    ),
    "json": Format(2, 10**9, "left(ltrim(:c), 1) in ('{', '[') and json_valid(:c)", _is_json),
}


@cache
def format_test(name: str) -> exp.Expr:
    """The test of a format as a tree, of the placeholder `c`."""
    return sqlglot.parse_one(FORMATS[name].test)
