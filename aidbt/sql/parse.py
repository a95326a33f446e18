"""One query read from a text: its tree, or what is wrong with the text and where."""

from __future__ import annotations

import re
import sys
import threading
from bisect import bisect_right
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from aidbt.sql.resolved import SqlProblem

if TYPE_CHECKING:
    from sqlglot import exp
    from sqlglot.dialects.dialect import Dialect
    from sqlglot.tokenizer_core import Token

_Answer = TypeVar("_Answer")

# What a text is tried in when it cannot be read in its own dialect, the commonest first.
_OTHER_DIALECTS = (
    "snowflake", "bigquery", "databricks", "spark", "postgres", "redshift", "duckdb", "trino", "tsql",
    "mysql", "clickhouse", "oracle", "athena", "hive", "sqlite",
)  # fmt: skip
# The pages of a stack are only taken when they are used.
_DEEP_STACK_BYTES = 512 * 2**20
_DEEP_FRAMES = 150_000
_one_at_a_time = threading.Lock()

# What the parser raises of its own accord for odd texts, beside the errors that it means to raise.
_PARSER_FAULTS = (IndexError, KeyError, AttributeError, TypeError, ValueError, re.error)
_TOKEN = re.compile(r"<Token token_type: \S*?(\w+), text: (.*), line: \d+, col: .*?>", re.DOTALL)
_MISSING = re.compile(r"Required keyword: '\w+' missing for <class '(?:\w+\.)*(\w+)'>")
_AT = re.compile(r"^(?P<what>.*?)(?: from (?P<line>\d+):(?P<column>\d+))?\Z", re.DOTALL)
_TEMPLATE = re.compile(r"\{\{|\{%|\{#")
# What a database never reads as SQL: texts in quotes and comments.
_QUIET = re.compile(
    r"'(?:[^'\\]|\\.|'')*'|\"(?:[^\"]|\"\")*\"|`[^`]*`|--[^\n]*|/\*.*?\*/|\$(\w*)\$.*?\$\1\$", re.DOTALL
)


class Places:
    """Lines and columns of the characters of a text.

    Example:
        >>> Places("select\\n  a").at(9)
        (2, 3)
    """

    def __init__(self, text: str) -> None:
        self._size = len(text)
        self._starts = [0, *(found.end() for found in re.finditer("\n", text))]

    def at(self, offset: int) -> tuple[int, int]:
        """(line, column) of the character at an offset, both from 1; past the end is the end."""
        offset = min(max(offset, 0), self._size)
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1

    def offset(self, line: int, column: int) -> int:
        """The offset of the character at a line and column, both from 1; a column past its line's end or a
        line past the last is the nearest character there is.
        """
        line = min(max(line, 1), len(self._starts))
        ends = self._starts[line] - 1 if line < len(self._starts) else self._size
        return min(self._starts[line - 1] + max(column, 1) - 1, ends)


@dataclass(frozen=True)
class Parsed:
    """What a text holds.

    Attributes:
        tree: the one query in it; None when there is none, or more than that, or anything else.
        problems: why there is no tree.
        dialect: the sqlglot dialect it was read in.
    """

    text: str
    dialect: str
    tree: exp.Query | None = None
    problems: tuple[SqlProblem, ...] = ()

    @cached_property
    def places(self) -> Places:
        return Places(self.text)


def parse_sql(text: str, dialect: str) -> Parsed:
    """The query that a text holds, its nodes with their places (`meta["start"]`, `meta["end"]`).

    Never raises for what a text holds. A text that holds no query, or not one alone, has a problem and no
    tree:

    - "sql.empty": nothing but blanks and comments;
    - "sql.template": tags of Jinja are left in it;
    - "sql.syntax": it cannot be read; the message names the dialects that can read it;
    - "sql.several_statements": more than one statement, at the second one;
    - "sql.not_a_query": a statement that is no query, e.g. `create table … as`;
    - "sql.too_deep": nested deeper than anything that was ever written.

    Args:
        dialect: of sqlglot, as `aidbt.sql.dialect.sqlglot_dialect` gives it.

    Example:
        >>> parse_sql("select 1 as x", "duckdb").tree.named_selects
        ['x']
        >>> problem = parse_sql("select a\\nfrom t wher b", "duckdb").problems[0]
        >>> problem.code, problem.line, problem.column
        ('sql.syntax', 2, 13)
    """
    try:
        return _parsed(text, dialect)
    except RecursionError:
        pass
    try:
        return call_deep(lambda: _parsed(text, dialect))
    except RecursionError:
        message = "the query is nested too deep to be read"
        return Parsed(text, dialect, problems=(SqlProblem("sql.too_deep", message, 1, 1),))


def call_deep(call: Callable[[], _Answer]) -> _Answer:
    """What a call returns that may nest some 10,000 levels deep, where the usual limit is far lower.

    It runs in a thread of its own with a stack of its own size, one such call at a time.

    Raises:
        RecursionError: that was not deep enough.
        Exception: whatever the call raises.
    """
    with _one_at_a_time:
        limit, stack = sys.getrecursionlimit(), threading.stack_size(_DEEP_STACK_BYTES)
        sys.setrecursionlimit(max(limit, _DEEP_FRAMES))
        try:
            with ThreadPoolExecutor(max_workers=1) as pool:
                return pool.submit(call).result()
        finally:
            threading.stack_size(stack)
            sys.setrecursionlimit(limit)


def _parsed(text: str, dialect: str) -> Parsed:
    from sqlglot import exp
    from sqlglot.dialects.dialect import Dialect
    from sqlglot.errors import SqlglotError

    from aidbt.sql.negations import with_nots

    if text.startswith("\ufeff"):  # a byte order mark, which dbt reads over too
        text = " " + text[1:]
    template = _template_at(text)
    if template is not None:
        message = "this is a template, with Jinja in it; compile it first"
        return _refused(text, dialect, "sql.template", message, template, template + 2)
    reader = Dialect.get_or_raise(dialect or None)
    try:
        tokens = _tokens(text, reader)
        firsts = _first_tokens(tokens)
        if not firsts:
            return _refused(text, dialect, "sql.empty", "there is no SQL in it", 0, 0)
        if len(firsts) > 1:
            message = f"there are {len(firsts)} statements in it; a model is one query"
            return _refused_at(text, dialect, "sql.several_statements", message, firsts[1])
        if _starts_a_command(firsts[0], reader):
            return _no_query(text, dialect, firsts[0])
        tree = next((tree for tree in _trees(tokens, text, reader) if tree is not None), None)
    except SqlglotError as error:
        return _unreadable(text, dialect, error)
    if tree is None:
        message = f"this is not SQL: '{firsts[0].text}' is not expected here"
        return _refused_at(text, dialect, "sql.syntax", message, firsts[0])
    if not isinstance(tree, exp.Query | exp.Values | exp.Pivot):
        return _no_query(text, dialect, firsts[0])
    if isinstance(tree, exp.Select) and tree.args.get("into"):
        message = "it is no query alone: SELECT INTO writes a table"
        return _refused_at(text, dialect, "sql.not_a_query", message, firsts[0])
    with_nots(tree)
    return Parsed(text, dialect, tree=_as_query(tree))


def _tokens(text: str, reader: Dialect) -> list[Token]:
    from sqlglot.errors import TokenError

    try:
        return list(reader.tokenize(text))
    except IndexError as error:  # a comment that is not closed
        raise TokenError("the text ends inside of a comment") from error


def _trees(tokens: list[Token], text: str, reader: Dialect) -> list[exp.Expr | None]:
    """The statements of a text.

    Raises:
        SqlglotError: it cannot be read.
    """
    from sqlglot.errors import ParseError

    try:
        return list(reader.parser().parse(_with_values(tokens), text))
    except _PARSER_FAULTS as error:
        raise ParseError("the parser fails on it") from error


def _with_values(tokens: list[Token]) -> list[Token]:
    """The tokens with `with … values …` as `with … select * from (values …)`, which the parser can read.

    What is put in has the place of the word VALUES.
    """
    from sqlglot.tokenizer_core import Token, TokenType

    at = _values_behind_with(tokens)
    if at is None:
        return tokens
    token = tokens[at]
    place = (token.line, token.col, token.start, token.end)
    kinds = (TokenType.SELECT, TokenType.STAR, TokenType.FROM, TokenType.L_PAREN)
    opened = [
        Token(kind, text, *place) for kind, text in zip(kinds, ("select", "*", "from", "("), strict=True)
    ]
    closed = Token(TokenType.R_PAREN, ")", *place)
    end = len(tokens)
    while tokens[end - 1].token_type is TokenType.SEMICOLON:
        end -= 1
    return [*tokens[:at], *opened, *tokens[at:end], closed, *tokens[end:]]


def _values_behind_with(tokens: list[Token]) -> int | None:
    """Where VALUES stands as the query that a WITH belongs to, or None."""
    from sqlglot.tokenizer_core import TokenType

    if not tokens or tokens[0].token_type is not TokenType.WITH:
        return None
    depth = 0
    for at, token in enumerate(tokens):
        depth += (token.token_type is TokenType.L_PAREN) - (token.token_type is TokenType.R_PAREN)
        if depth == 0 and token.token_type in (TokenType.VALUES, TokenType.SELECT):
            return at if token.token_type is TokenType.VALUES else None
    return None


def _template_at(text: str) -> int | None:
    """Where the first tag of Jinja stands outside of texts and comments, or None."""
    if not _TEMPLATE.search(text):
        return None
    blanked = _QUIET.sub(lambda found: " " * len(found[0]), text)
    found = _TEMPLATE.search(blanked)
    return found.start() if found else None


def _first_tokens(tokens: list[Token]) -> list[Token]:
    """The first token of each statement."""
    from sqlglot.tokenizer_core import TokenType

    ends = [None, *(token.token_type for token in tokens)]
    return [
        token
        for before, token in zip(ends, tokens, strict=False)
        if before in (None, TokenType.SEMICOLON) and token.token_type is not TokenType.SEMICOLON
    ]


def _starts_a_command(token: Token, reader: Dialect) -> bool:
    """Whether no query begins so, but a statement that changes something or describes it."""
    from sqlglot.tokenizer_core import TokenType

    commands = {*reader.parser_class.STATEMENT_PARSERS, *reader.tokenizer_class.COMMANDS}
    return token.token_type in commands - {TokenType.PIVOT, TokenType.UNPIVOT, TokenType.FROM}


def _as_query(tree: exp.Expr) -> exp.Query:
    """A query that reads the tree, where that is a list of rows or DuckDB's PIVOT statement."""
    from sqlglot import exp

    if isinstance(tree, exp.Query):
        return tree
    hoisted = tree.args.get("with_")
    if hoisted is not None:
        tree.set("with_", None)
    rows = tree if isinstance(tree, exp.Values) else exp.Subquery(this=tree)
    return exp.Select(expressions=[exp.Star()], from_=exp.From(this=rows), with_=hoisted)


def _unreadable(text: str, dialect: str, error: Exception) -> Parsed:
    """The problem for what the tokenizer or the parser says."""
    details = getattr(error, "errors", None)
    if details:
        message, start, end = _parse_error(text, details[0])
    else:
        message, start, end = _token_error(text, error)
    others = _dialects_that_read(text, dialect)
    name = dialect or "common"
    if others:
        listed = others[0] if len(others) == 1 else f"{', '.join(others[:-1])} and {others[-1]}"
        reads = "reads" if len(others) == 1 else "read"
        message = f"this is not {name} SQL, though {listed} {reads} it: {message}"
    else:
        message = f"this is not SQL: {message}"
    return _refused(text, dialect, "sql.syntax", message, start, end)


def _parse_error(text: str, details: dict[str, object]) -> tuple[str, int, int]:
    """(message, start, end) of an error of the parser."""
    highlight = str(details.get("highlight") or "")
    line, last_column = int(str(details.get("line") or 1)), int(str(details.get("col") or 1))
    # The parser gives the last column of a token and the line of its end.
    end = Places(text).offset(line, last_column) + 1
    start = max(end - len(highlight), 0)
    message = _TOKEN.sub(_token_words, str(details.get("description") or "it cannot be read"))
    message = _MISSING.sub(lambda found: f"an argument of {found[1].upper()} is missing", message)
    if message.startswith("Invalid expression / Unexpected token"):
        message = f"'{highlight}' is not expected here" if highlight else "the end is not expected here"
    if "the end of the text" in message:
        start = end = len(text.rstrip())
    return message[0].lower() + message[1:], start, min(end, len(text))


def _token_words(found: re.Match[str]) -> str:
    return "the end of the text" if found[1] == "SENTINEL" else f"'{found[2]}'"


def _token_error(text: str, error: Exception) -> tuple[str, int, int]:
    """(message, start, end) of an error of the tokenizer: something that is opened and never closed."""
    said = _AT.match(str(error.__cause__ or error))
    if said is None or said["line"] is None:
        return "the text ends inside of a comment or a quoted text", len(text), len(text)
    start = Places(text).offset(int(said["line"]), int(said["column"]) + 1)
    return f"{said['what'][0].lower()}{said['what'][1:]}", start, start


def _dialects_that_read(text: str, dialect: str) -> list[str]:
    """Up to three other dialects in which the text is one or more statements that are understood."""
    from sqlglot import exp
    from sqlglot.dialects.dialect import Dialect
    from sqlglot.errors import SqlglotError

    found: list[str] = []
    for name in _OTHER_DIALECTS:
        if name == dialect or len(found) == 3:
            continue
        reader = Dialect.get_or_raise(name)
        try:
            trees = _trees(_tokens(text, reader), text, reader)
        except SqlglotError:
            continue
        if not any(isinstance(tree, exp.Command) for tree in trees):
            found.append(name)
    return found


def _no_query(text: str, dialect: str, first: Token) -> Parsed:
    message = f"it is no query but a statement: {first.text.upper()}"
    return _refused_at(text, dialect, "sql.not_a_query", message, first)


def _refused_at(text: str, dialect: str, code: str, message: str, token: Token) -> Parsed:
    return _refused(text, dialect, code, message, token.start, token.end + 1)


def _refused(text: str, dialect: str, code: str, message: str, start: int, end: int) -> Parsed:
    parsed = Parsed(text, dialect)
    line, column = parsed.places.at(start)
    problem = SqlProblem(code, message, line, column, start, end)
    return Parsed(text, dialect, problems=(problem,))
