"""Every place that names a column of a source, in SQL and in the arguments of macros, with what it reads."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aidbt.sql.folding import folding
from aidbt.sql.identifiers import quote_identifier
from aidbt.sql.jinja import JinjaTag
from aidbt.sql.parse import parse_sql
from aidbt.sql.reads.change import Edited, ReadChange, Refused, Style, mentions, style_of
from aidbt.sql.reads.resolving import (
    ResolvedModel,
    is_column_of_source,
    named_reads,
    reads_whole_rows,
    unknown_reads,
)
from aidbt.sql.resolve import binding

if TYPE_CHECKING:
    from sqlglot import exp

    from aidbt.sql.resolve.rows import Selected

_LITERAL = re.compile(r"""(?P<quote>['"])(?P<text>(?:\\.|(?!(?P=quote)).)*)(?P=quote)""", re.DOTALL)
_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/|\{#.*?#\}", re.DOTALL)
_SELECT = "select "
_CONTEXT = 60  # characters beside a tag by which it is found again in what dbt compiled


@dataclass(frozen=True, slots=True)
class _Splice:
    start: int
    end: int
    text: str


def edit_reads(text: str, found: ResolvedModel, change: ReadChange) -> Edited | Refused:
    """The text with every read of the column by name replaced; the names of what it gives stay.

    Args:
        found: the text over the columns of then.
    """
    assert change.instead is not None
    if unknown_reads(found, change.column):
        return Refused(f"it is not known of which table {change.column} is")
    if reads_whole_rows(found):
        return Refused("it reads whole rows as values")
    if _is_called_by_dot(found, change.column):
        return Refused(f"{change.column} stands before a dot")
    style = style_of(text)
    splices: list[_Splice] = []
    for node in named_reads(found, change.column, change.dialect):
        splice = _of_column(node, found, change, style)
        if isinstance(splice, Refused):
            return splice
        splices.append(splice)
    for tag in found.model.tags:
        if tag.kind == "expression" and mentions(tag.inner, change.column):
            tagged = _of_tag(tag, found, change, style)
            if isinstance(tagged, Refused):
                return tagged
            splices += tagged
    hidden = _hidden(found, change)
    if hidden:
        return Refused(hidden)
    return Edited(spliced(text, [(s.start, s.end, s.text) for s in splices]), len(splices))


def _is_called_by_dot(found: ResolvedModel, column: str) -> bool:
    """Whether the name stands before a dot and is no table: `email.upper()`, as DuckDB reads it."""
    from sqlglot import exp

    key = column.casefold()
    parts = (part for dot in found.tree.find_all(exp.Dot) for part in dot.find_all(exp.Identifier))
    return any(part.name.casefold() == key and not isinstance(part.parent, exp.Column) for part in parts)


def spliced(text: str, splices: list[tuple[int, int, str]]) -> str:
    """The text with each [start, end) replaced; none may overlap."""
    for start, end, new in sorted(splices, reverse=True):
        text = text[:start] + new + text[end:]
    return text


def _hidden(found: ResolvedModel, change: ReadChange) -> str:
    """Where the column may be named and no parser sees it; "" for nowhere."""
    model, column = found.model, change.column
    for start, end in model.blanked:
        block = _COMMENT.sub(" ", model.text[start:end])
        if mentions(block, column) and "config(" not in block:
            return f"line {model.line_of(start)} names {column} in a block of Jinja"
    for tag in model.tags:
        if tag.kind == "expression" and not mentions(tag.inner, column):
            made = compiled_part(model.text, tag.start, tag.end, change.compiled, change.dialect)
            if made is not None and mentions(made, column):
                return f"line {model.line_of(tag.start)} becomes a read of {column}"
    return ""


def _of_column(node: exp.Column, found: ResolvedModel, change: ReadChange, style: Style) -> _Splice | Refused:
    from sqlglot import exp

    assert change.instead is not None
    parts = node.parts
    key = folding(change.dialect).stored_key(change.column)
    around = node.find_ancestor(exp.Pivot, exp.Select)
    if isinstance(node.parent, exp.Struct) or isinstance(around, exp.Pivot):
        return Refused(f"the name {change.column} becomes a value")
    if any("start" not in part.meta for part in parts) or not isinstance(parts[-1], exp.Identifier):
        return Refused(f"{change.column} is read at a place that the parser does not tell")
    last = parts[-1]
    if folding(change.dialect).key(last.name, quoted=bool(last.args.get("quoted"))) != key:
        return Refused(f"a part of {change.column} is read")
    sql = found.model.sql
    start, name, end = parts[0].meta["start"], last.meta["start"], last.meta["end"] + 1
    is_item = isinstance(node.parent, exp.Select) and node.arg_key == "expressions"
    is_alone = is_item or isinstance(node.parent, exp.Alias)
    new = change.instead.written(change.dialect, qualifier=sql[start:name], style=style, alone=is_alone)
    if is_item:
        new = " ".join((new, style.word("as"), _name_given(node, last, sql[name:end], change.dialect)))
    return _Splice(start, end, new)


def _name_given(node: exp.Column, last: exp.Identifier, written: str, dialect: str) -> str:
    """The name that a column alone gives to what is selected: as it is written, unless an alias written so
    would be another one (DuckDB gives `select EMAIL` the table's own letters)."""
    bound = binding(node)
    stored = folding(dialect).stored(last.name, quoted=bool(last.args.get("quoted")))
    if bound is None or bound.column.name == stored:
        return written
    return quote_identifier(bound.column.name, dialect)


# --- arguments of macros --------------------------------------------------------------------------------


def _of_tag(tag: JinjaTag, found: ResolvedModel, change: ReadChange, style: Style) -> list[_Splice] | Refused:
    """The texts among a macro's arguments that name the column, each replaced."""
    where = f"line {found.model.line_of(tag.start)}: {found.model.text[tag.start : tag.end]}"
    select = _select_around(tag, found)
    if select is None:
        return Refused(f"{where} does not stand in a select")
    owners = [
        (source, field)
        for source in select.sources
        for field in source.find(folding(change.dialect).stored_key(change.column))
    ]
    mine = [is_column_of_source(source, field, change.column, change.dialect) for source, field in owners]
    if owners and not any(mine):
        return []  # the name was given anew before
    if mine != [True]:
        return Refused(f"{where} may mean {change.column} of another table")
    made = compiled_part(found.model.text, tag.start, tag.end, change.compiled, change.dialect)
    if made is None:
        return Refused(f"what {where} becomes is not known")
    is_quoted = _reads(made, change)
    if is_quoted is None or (is_quoted and change.instead is not None and not change.instead.is_name):
        return Refused(f"{where} becomes more than a read of {change.column}")
    splices = []
    for literal in _LITERAL.finditer(found.model.text, tag.start, tag.end):
        if mentions(literal["text"], change.column):
            new = _argument(literal, change, style, is_quoted)
            if new is None:
                return Refused(f"{where} names {change.column} in a way that is not understood")
            splices.append(_Splice(literal.start(), literal.end(), new))
    return splices or Refused(f"{where} names {change.column} outside of a text")


def _select_around(tag: JinjaTag, found: ResolvedModel) -> Selected | None:
    from sqlglot import exp

    from aidbt.sql.resolve import selects

    places = [node for node in found.tree.find_all(exp.Identifier) if node.name == tag.placeholder]
    inside = places[0].find_ancestor(exp.Select, exp.Table) if len(places) == 1 else None
    return next((one for one in selects(found.tree) if one.node is inside), None)


def compiled_part(text: str, start: int, end: int, compiled: str, dialect: str) -> str | None:
    """The expression that `text[start:end]` became in the compiled text, found by the text on both sides
    of it; None when there is none, or more than one."""
    before = re.split(r"[}]", text[max(0, start - _CONTEXT) : start])[-1]
    after = re.split(r"[{]", text[end : end + _CONTEXT])[0]
    if not compiled or not before.strip() or not after.strip():
        return None
    starts = [one.end() for one in re.finditer(_loose(before), compiled)]
    found = set()
    for one in re.finditer(_loose(after), compiled):
        parts = (compiled[at : one.start()] for at in reversed(starts) if at <= one.start())
        made = next((part for part in parts if _is_expression(part, dialect)), None)
        found |= {made.strip()} if made is not None else set()
    return found.pop() if len(found) == 1 else None


def _is_expression(text: str, dialect: str) -> bool:
    tree = parse_sql(_SELECT + text, dialect).tree if text.strip() else None
    return tree is not None and len(tree.selects) == 1 and tree.args.get("from_") is None


def _loose(text: str) -> str:
    """A pattern for a text whose blanks may be others."""
    return r"\s*".join(re.escape(word) for word in ("", *text.split(), ""))


def _reads(made: str, change: ReadChange) -> bool | None:
    """Whether the column is quoted in what a macro became; None where that does not read it alone, or names
    it otherwise, in a text or as an alias."""
    from sqlglot import exp

    parsed = parse_sql(_SELECT + made, change.dialect)
    if parsed.tree is None:
        return None
    key = change.column.casefold()
    read = [node for node in parsed.tree.find_all(exp.Column) if node.name.casefold() == key]
    own = {id(part) for node in read for part in node.parts}
    others = [
        node
        for node in parsed.tree.find_all(exp.Identifier, exp.Literal)
        if id(node) not in own and mentions(str(node.this), change.column)
    ]
    if not read or others:
        return None
    return any(bool(node.this.args.get("quoted")) for node in read)


def _argument(literal: re.Match[str], change: ReadChange, style: Style, is_quoted: bool) -> str | None:
    """A text among the arguments with the column replaced, in quotes; None where that is not sure."""
    assert change.instead is not None
    text = literal["text"]
    if "\\" in text:
        return None
    if is_quoted and text.casefold() == change.column.casefold():
        new = change.instead.columns[0]  # the macro quotes it itself
    else:
        replaced = _replaced(text, change, style)
        if replaced is None:
            return None
        new = replaced
    quote = literal["quote"]
    if quote in new:
        quote = '"' if quote == "'" else "'"
    return None if quote in new or "\\" in new or "{" in new else quote + new + quote


def _replaced(text: str, change: ReadChange, style: Style) -> str | None:
    """An expression with every column of that name replaced."""
    from sqlglot import exp

    assert change.instead is not None
    parsed = parse_sql(_SELECT + text, change.dialect)
    if parsed.tree is None or len(parsed.tree.selects) != 1:
        return None
    splices = []
    for node in parsed.tree.find_all(exp.Column):
        if node.name.casefold() != change.column.casefold() or len(node.parts) > 2:
            continue
        start, name = node.parts[0].meta["start"], node.parts[-1].meta["start"]
        qualifier = (_SELECT + text)[start:name]
        new = change.instead.written(change.dialect, qualifier=qualifier, style=style)
        splices.append((start, node.parts[-1].meta["end"] + 1, new))
    done = spliced(_SELECT + text, splices).removeprefix(_SELECT) if splices else None
    after = parse_sql(_SELECT + done, change.dialect) if done else None
    return done if after is not None and after.tree is not None else None
