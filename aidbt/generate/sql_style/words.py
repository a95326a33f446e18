"""The case of words in SQL: keywords, functions and types, each as a team writes them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from aidbt.generate.sql_style.style import Case
from aidbt.sql.dialect import sqlglot_dialect
from aidbt.sql.jinja import NotPlain, read_jinja

if TYPE_CHECKING:
    from sqlglot.tokens import Token  # type: ignore[attr-defined]

# Words that are reserved in every dialect, so that none of them is somebody's column.
_KEYWORDS = frozenset(
    """
    all and as asc between by case cross desc distinct else end exists false from full group having in inner
    is join left like limit not null on or order outer over partition qualify right select then true union
    using when where with
    """.split()
)
_CASTS = frozenset({"cast", "try_cast", "safe_cast"})


@dataclass(frozen=True, slots=True)
class Word:
    """One word of SQL whose case is a matter of style."""

    kind: Literal["keyword", "function", "type"]
    start: int
    end: int


def words(sql: str, dialect: str) -> Iterator[Word]:
    """Every keyword, function and type name; never what stands in quotes, comments or Jinja.

    Args:
        sql: without Jinja, e.g. `ModelSql.sql`.
    """
    from sqlglot.dialects.dialect import Dialect
    from sqlglot.errors import SqlglotError

    try:
        tokens = Dialect.get_or_raise(sqlglot_dialect(dialect)).tokenize(sql)
    except SqlglotError:
        return
    yield from _classified(tokens, sql)


def _classified(tokens: list[Token], sql: str) -> Iterator[Word]:
    in_type = 0  # the depth at which a type began, counted from 1
    casts: list[bool] = []
    for index, token in enumerate(tokens):
        text = sql[token.start : token.end + 1]
        before = sql[tokens[index - 1].start : tokens[index - 1].end + 1].lower() if index else ""
        after = sql[tokens[index + 1].start : tokens[index + 1].end + 1] if index + 1 < len(tokens) else ""
        if text == "(":
            casts.append(before in _CASTS)
        elif text == ")":
            if casts:
                casts.pop()
            in_type = 0 if in_type > len(casts) else in_type
        elif before == "as" and casts and casts[-1]:
            in_type = len(casts)
        if not re.fullmatch(r"[^\W\d]\w*( +\w+)*", text) or before == "." or after == ".":
            continue
        kind: Literal["keyword", "function", "type"] | None = None
        if in_type or before == "::":
            kind = "type"
        elif all(word in _KEYWORDS for word in text.lower().split()):
            kind = "keyword"
        elif after == "(":
            kind = "function"
        if kind is not None:
            yield Word(kind, token.start, token.end + 1)


def case_of(text: str) -> Case | None:
    """The case a word is written in; None for a mixed one.

    Example:
        >>> case_of("select"), case_of("SELECT"), case_of("Select"), case_of("sElect")
        ('lower', 'upper', 'capitalise', None)
    """
    if text.islower():
        return "lower"
    if text.isupper():
        return "upper"
    return "capitalise" if text == text.capitalize() else None


def in_case(text: str, case: Case) -> str:
    """The text in a case."""
    return {"lower": text.lower(), "upper": text.upper(), "capitalise": text.capitalize()}[case]


def recased(text: str, dialect: str, *, keywords: Case, functions: Case, types: Case) -> str:
    """SQL with its keywords, functions and types in a case each; names, strings and Jinja as they are.

    SQL that cannot be read comes back as it is.

    Example:
        >>> recased("case when cast(a as INT) > 0 then {{ f('x') }} end", "duckdb",
        ...         keywords="upper", functions="lower", types="lower")
        "CASE WHEN cast(a AS int) > 0 THEN {{ f('x') }} END"
    """
    model = read_jinja(text)
    if isinstance(model, NotPlain):
        return text
    cases = {"keyword": keywords, "function": functions, "type": types}
    pieces, done = [], 0
    for word in words(model.sql, dialect):
        if model.tags_in(word.start - 1 if word.start else 0, word.end):
            continue
        pieces += [text[done : word.start], in_case(text[word.start : word.end], cases[word.kind])]
        done = word.end
    return "".join([*pieces, text[done:]])
