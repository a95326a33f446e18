"""A source read with its columns listed one by one, as they were: for SQL that takes them by a star."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from aidbt.sql.identifiers import quote_identifier, reserved_words
from aidbt.sql.jinja import ModelSql
from aidbt.sql.reads.change import Edited, ReadChange, Refused, Style, style_of
from aidbt.sql.reads.naming import spliced
from aidbt.sql.reads.resolving import THE_SOURCE, ResolvedModel

if TYPE_CHECKING:
    from sqlglot import exp

_INDENT = 4
_WIDTH = 100
_QUIET = re.compile(r"--[^\n]*|/\*.*?\*/|\{#.*?#\}", re.DOTALL)
_FROM = re.compile(r"\b(?:from|join)\s*$", re.IGNORECASE)
_ALIAS = re.compile(r"\s*(?:as\s+)?(?P<name>\w+|\"[^\"]+\"|`[^`]+`)", re.IGNORECASE)
# Words that may follow a table and are no alias of it, beside those that no table may be called.
_NO_ALIAS = frozenset("lateral tablesample positional asof anti semi global final start connect".split())


def list_columns(text: str, found: ResolvedModel | None, change: ReadChange) -> Edited | Refused:
    """The text with the source read by the columns that it had, wherever it is read as a whole.

    A bare `select *` over it gets the list instead of the star; elsewhere it becomes a query in brackets.

    Args:
        found: the text over the columns of then; None where it cannot be parsed.
    """
    style = style_of(text)
    stars = _stars(found, change.column) if found is not None else {}
    places = _places(text, found, change)
    if isinstance(places, Refused):
        return places
    splices = []
    for start, end in places:
        star = stars.get(start)
        if star is not None:
            splices.append(_in_star(text, star, change, style))
        else:
            splices.append((start, end, _in_brackets(text, start, end, change, style)))
    if not splices:
        return Refused("it does not read the source")
    if "\r\n" in text:
        splices = [(start, end, new.replace("\n", "\r\n")) for start, end, new in splices]
    return Edited(spliced(text, splices), len(splices))


def _places(text: str, found: ResolvedModel | None, change: ReadChange) -> list[tuple[int, int]] | Refused:
    """Where the source's tags stand, each behind FROM or JOIN."""
    if found is not None:
        tags = [tag for tag in found.model.tags if tag.kind == "source" and tag.names == change.source]
        places = [(tag.start, tag.end) for tag in tags]
    else:
        quiet = _QUIET.sub(lambda one: " " * len(one[0]), text)
        places = [one.span() for one in _source_tag(change.source).finditer(quiet)]
        every = len(re.findall(_call(change.source), quiet))
        if every != len(places):
            return Refused("the source is read inside of a macro")
    for start, _ in places:
        if not _FROM.search(_QUIET.sub(" ", text[:start])):
            return Refused("the source is not read behind a from or join")
    return places


def is_in_macro(model: ModelSql, source: tuple[str, str]) -> bool:
    """Whether a source stands as an argument of a macro, which may read any column of it."""
    text = _QUIET.sub(lambda one: " " * len(one[0]), model.text)
    plain = len(re.findall(r"(?:\{\{-?|=)\s*" + _call(source) + r"\s*-?[%}]\}", text))
    return len(re.findall(_call(source), text)) > plain


def _call(source: tuple[str, str]) -> str:
    first, second = (re.escape(name) for name in source)
    return r"source\(\s*['\"]" + first + r"['\"]\s*,\s*['\"]" + second + r"['\"]\s*\)"


def _source_tag(source: tuple[str, str]) -> re.Pattern[str]:
    return re.compile(r"\{\{-?\s*" + _call(source) + r"\s*-?\}\}")


def _stars(found: ResolvedModel, column: str) -> dict[int, exp.Star]:
    """Where a source's tag begins → the star of `select * from source`, where nothing else of the query (a
    condition, an order) reads the column: that would read it as it is."""
    from sqlglot import exp

    from aidbt.sql.resolve import selects

    stars = {}
    for one in selects(found.tree):
        node, items = one.node, one.node.expressions
        is_bare = len(items) == 1 and isinstance(items[0], exp.Star) and not items[0].args.get("except_")
        if not is_bare or any(items[0].args.get(name) for name in ("replace", "rename")):
            continue
        if column and any(n.name.casefold() == column.casefold() for n in node.find_all(exp.Column)):
            continue
        source = one.sources[0] if len(one.sources) == 1 else None
        if source is None or source.relation is None or source.relation.key != THE_SOURCE:
            continue
        identifier = node.args["from_"].this.this
        if "start" in items[0].meta and "start" in identifier.meta:
            stars[identifier.meta["start"]] = items[0]
    return stars


def _in_star(text: str, star: exp.Star, change: ReadChange, style: Style) -> tuple[int, int, str]:
    start, end = star.meta["start"], star.meta["end"] + 1
    listed = change.listed(style)
    line_start = text.rfind("\n", 0, start) + 1
    rest = text[end:].split("\n", 1)[0]
    if start - line_start + sum(len(name) + 2 for name in listed) + len(rest) <= _WIDTH:
        return start, end, ", ".join(listed)
    indent = _indent_at(text, start)
    inner = "\n" + " " * (indent + _INDENT)
    behind = re.match(r"[ \t]*(?=from\b)", text[end:], re.IGNORECASE)
    new = inner + ("," + inner).join(listed)
    if behind is not None:
        end, new = end + behind.end(), new + "\n" + " " * indent
    before = len(text[:start]) - len(text[:start].rstrip(" \t"))
    return start - before, end, new


def _in_brackets(text: str, start: int, end: int, change: ReadChange, style: Style) -> str:
    listed = change.listed(style)
    indent = _indent_at(text, start)
    tag = text[start:end]
    one = " ".join((style.word("select"), ", ".join(listed), style.word("from"), tag))
    if len(one) + indent + _INDENT <= _WIDTH:
        query = "(" + one + ")"
    else:
        outer, inner = ("\n" + " " * (indent + n * _INDENT) for n in (1, 2))
        query = "".join((
            "(", outer, style.word("select"), inner, ("," + inner).join(listed), outer, style.word("from"),
            " ", tag, "\n", " " * indent, ")",
        ))  # fmt: skip
    if _has_alias(text[end:], change.dialect):
        return query
    return " ".join((query, style.word("as"), quote_identifier(change.relation, change.dialect)))


def _has_alias(behind: str, dialect: str) -> bool:
    found = _ALIAS.match(_QUIET.sub(" ", behind))
    if found is None:
        return False
    return found["name"].lower() not in reserved_words(dialect) | _NO_ALIAS


def _indent_at(text: str, place: int) -> int:
    line = text[text.rfind("\n", 0, place) + 1 : place]
    return len(line) - len(line.lstrip(" "))
