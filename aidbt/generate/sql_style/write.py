"""A new staging model, written as the team writes its own."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from aidbt.generate.sql_style.style import (
    COLUMNS,
    FINAL_COLUMNS,
    SOURCE,
    SOURCE_COLUMNS,
    TABLE,
    SqlStyle,
)
from aidbt.generate.sql_style.words import case_of, in_case, recased
from aidbt.project.conventions import snake_case
from aidbt.sql.dialect import sqlglot_dialect
from aidbt.sql.identifiers import escape_jinja, quote_new_identifier
from aidbt.sql.jinja import NotPlain, read_jinja

_NAME = r'(?:[A-Za-z_]\w*|"(?:[^"]|"")+"|`[^`]+`)'
_IDENTIFIER = re.compile(_NAME)
_CAST = re.compile(rf"cast\s*\(\s*({_NAME})\s+as\s+([^()]+(?:\([\d\s,]*\))?[^()]*)\)", re.IGNORECASE)
_SHORTHAND = re.compile(rf"({_NAME})::([A-Za-z][\w ]*(?:\([\d\s,]*\))?[\w ]*)")
_SOURCE_TAG = re.compile(r"\{\{(?:(?!\}\}).)*<table>(?:(?!\}\}).)*\}\}", re.DOTALL)
_TABLE_ALIAS = re.compile(
    r"[ \t]+(?:as[ \t]+)?(?!(?:where|qualify|limit|union)\b)[A-Za-z_<][\w<>]*", re.IGNORECASE
)
_HEADING_WORD = re.compile(r"[A-Za-z][A-Za-z &/]*[A-Za-z]")
# Where a column goes whose own group has no heading.
_NEAREST_GROUPS = {
    "primary_key": ("ids",),
    "dates": ("timestamps",),
    "timestamps": ("dates",),
    "metadata": ("timestamps",),
}


@dataclass(frozen=True, slots=True)
class _Line:
    """One entry of a list: a column, or a heading over the next ones."""

    value: str = ""
    alias: str = ""
    heading: str = ""


def write_staging(
    style: SqlStyle,
    *,
    source: str,
    table: str,
    columns: Sequence[tuple[str, str, str]],
    dialect: str,
    where: str | None = None,
    source_columns: Sequence[str] = (),
) -> str:
    """The text of a staging model in the team's style.

    Args:
        source, table: as the source declares them.
        columns: (SQL over the source's columns, name, group) each, quoted where they must be; groups are
            those of `column_group`. They are grouped where the style has headings, else kept in order.
        where: one more condition on the source's rows, e.g. the batch that is read.
        source_columns: the source columns to list where the style lists them first; by default those that
            the columns use.
    """
    style = replace(style, qualifier=_named(style.qualifier, source, table, dialect))
    unit = indent_unit(style)
    ordered = _grouped(style, [(_reindented(value, unit), alias, group) for value, alias, group in columns])
    named = [line for line in ordered if not line.heading]
    lists = {
        COLUMNS: [_styled(line, style, dialect) for line in ordered],
        SOURCE_COLUMNS: [_Line(name) for name in source_columns or _used(named, dialect)],
        FINAL_COLUMNS: [_Line(line.alias) for line in named],
    }
    edits = [edit for name, lines in lists.items() for edit in _list_edits(style, name, lines)]
    edits += _name_edits(style.skeleton, source, table, dialect)
    if where is not None:
        condition = _reindented(recased(where, dialect, **_cases(style)), unit)
        edits += _condition_edits(style.skeleton, condition)
    return spliced(style.skeleton, edits)


@dataclass(frozen=True, slots=True)
class Edit:
    """`text[start:end]` becomes `new`."""

    start: int
    end: int
    new: str


def spliced(text: str, edits: Iterable[Edit]) -> str:
    """The text with all edits made; they do not overlap."""
    pieces, done = [], 0
    for edit in sorted(edits, key=lambda edit: (edit.start, edit.end)):
        pieces += [text[done : edit.start], edit.new]
        done = edit.end
    return "".join([*pieces, text[done:]])


def _cases(style: SqlStyle) -> dict[str, Any]:
    return {"keywords": style.keywords, "functions": style.functions, "types": style.types}


def indent_unit(style: SqlStyle) -> int:
    """How many spaces one step of indentation has; 0 for tabs, 4 where nothing is indented."""
    lines = [line for line in style.skeleton.split("\n") if line.strip() and COLUMNS not in line]
    lines += [style.line_indent + "x"] if style.commas == "trailing" else []
    indents = [line[: len(line) - len(line.lstrip())] for line in lines]
    if any("\t" in indent for indent in indents):
        return 0
    return math.gcd(*(len(indent) for indent in indents)) or 4


def _reindented(text: str, unit: int) -> str:
    """The text with the steps of its indentation, four spaces or two each, as wide as the style's."""
    lines = text.split("\n")
    widths = [len(line) - len(line.lstrip(" ")) for line in lines]
    step = math.gcd(*widths)
    if step not in (2, 4) or step == unit:
        return text
    new = [("\t" if unit == 0 else " " * unit) * (width // step) for width in widths]
    return "\n".join(indent + line.lstrip(" ") for indent, line in zip(new, lines, strict=True))


# --- one column ---


def _styled(line: _Line, style: SqlStyle, dialect: str) -> _Line:
    """The column with its cast, its case and its qualifier as the style has them."""
    if line.heading:
        return line
    value = _qualified(line.value, style.qualifier, dialect)
    cast = _CAST.fullmatch(line.value) or _SHORTHAND.fullmatch(line.value)
    if cast is not None:
        name, data_type = _qualified(cast[1], style.qualifier, dialect), cast[2].strip()
        value = f"{name}::{data_type}" if style.casts == "shorthand" else f"cast({name} as {data_type})"
    value = recased(value, dialect, **_cases(style))
    is_kept = line.value == line.alias
    return _Line(value, "" if is_kept and not style.alias_always else line.alias)


def _qualified(value: str, qualifier: str, dialect: str) -> str:
    """The expression with every bare column qualified."""
    if not qualifier:
        return value
    pieces, done = [], 0
    for start, end, is_bare in _columns_in(value, dialect):
        pieces += [value[done:start], f"{qualifier}." if is_bare else "", value[start:end]]
        done = end
    return "".join([*pieces, value[done:]])


def _used(lines: Iterable[_Line], dialect: str) -> list[str]:
    """The source columns that expressions use, as they are written, each once."""
    names = [line.value[s:e] for line in lines for s, e, _ in _columns_in(line.value, dialect)]
    return list(dict.fromkeys(names))


def _columns_in(value: str, dialect: str) -> list[tuple[int, int, bool]]:
    """(start, end, whether it is not qualified) of each column in an expression, in order."""
    if _IDENTIFIER.fullmatch(value):
        return [(0, len(value), True)]
    from sqlglot import exp, parse_one
    from sqlglot.errors import SqlglotError

    model = read_jinja("select " + value)
    if isinstance(model, NotPlain):
        return []
    try:
        tree = parse_one(model.sql, dialect=sqlglot_dialect(dialect))
    except SqlglotError:
        return []
    found = []
    for column in tree.find_all(exp.Column):
        meta = column.parts[0].meta
        if "start" in meta and not _is_tag(model.sql, meta["start"], "select " + value):
            found.append((meta["start"] - 7, meta["end"] - 6, len(column.parts) == 1))
    return sorted(found)


def _is_tag(sql: str, start: int, text: str) -> bool:
    return sql[start] != text[start]


# --- groups ---


def _grouped(style: SqlStyle, columns: Sequence[tuple[str, str, str]]) -> list[_Line]:
    """The columns in the order of the style's groups, each group under its heading."""
    if not style.headings:
        return [_Line(value, alias) for value, alias, _ in columns]
    headings: dict[str, str] = {heading.group: heading.text for heading in style.headings}
    places: dict[str, list[_Line]] = {group: [] for group in headings}
    for value, alias, group in columns:
        places.setdefault(_place(group, places), []).append(_Line(value, alias))
    lines: list[_Line] = []
    for group, members in places.items():
        if members:
            lines += [_Line(heading=headings.get(group) or _new_heading(style, group)), *members]
    return lines


def _place(group: str, places: dict[str, list[_Line]]) -> str:
    """The group a column is written under: its own, or the nearest that the team has."""
    if group in places:
        return group
    return next((near for near in _NEAREST_GROUPS.get(group, ()) if near in places), group)


def _new_heading(style: SqlStyle, group: str) -> str:
    """A heading for a group that the team has none for, in the form that most of its headings have."""
    words = [(heading.text, _HEADING_WORD.search(heading.text)) for heading in style.headings]
    forms = Counter((text[: w.start()], text[w.end() :], case_of(w[0])) for text, w in words if w)
    if not forms:
        return f"-- {group}"
    (before, after, case), _ = forms.most_common(1)[0]
    return before + in_case(group.replace("_", " "), case or "lower") + after


# --- the list ---


def _list_edits(style: SqlStyle, placeholder: str, lines: list[_Line]) -> list[Edit]:
    """The list of columns in the place of its placeholder, if the skeleton has it."""
    start = style.skeleton.find(placeholder)
    if start < 0:
        return []
    lead = style.skeleton[:start].rpartition("\n")[2]
    indent = style.line_indent if placeholder == COLUMNS else _indent_of(lead, style)
    width = max((len(line.value) for line in lines if line.alias and "\n" not in line.value), default=0)
    text = _list_text(lines, style, None if lead.strip() else lead, len(lead), indent, width)
    return [Edit(start, start + len(placeholder), text)]


def _indent_of(lead: str, style: SqlStyle) -> str:
    """The indentation of the later lines of a list that stands elsewhere than the main one."""
    if lead.strip():
        return style.line_indent
    own = _main_lead(style)
    if style.commas == "trailing" or own is None:
        return lead
    # The comma stands as far to the left of the columns as in the main list.
    return lead[: max(len(lead) - len(own) + len(style.line_indent), 0)]


def _main_lead(style: SqlStyle) -> str | None:
    """What stands before the main list on its line, when that is only blanks."""
    lead = style.skeleton.partition(COLUMNS)[0].rpartition("\n")[2]
    return None if lead.strip() else lead


def _list_text(
    lines: list[_Line], style: SqlStyle, lead: str | None, column: int, indent: str, width: int
) -> str:
    """The list from its first character on.

    Args:
        lead: what stands before it on its line, when that is only blanks.
        column: how many characters stand before it on its line.
        indent: what stands before each later line.
    """
    is_leading = style.commas == "leading"
    comma = (", " if style.comma_space else ",") if is_leading else ""
    beside = lead if lead is not None else indent  # where headings and first columns stand
    last = max((i for i, line in enumerate(lines) if not line.heading), default=-1)
    pieces: list[str] = []
    is_first = True
    for index, line in enumerate(lines):
        if index:
            blank = line.heading and style.blank_between_groups
            pieces.append("\n\n" if blank else "\n")
        if line.heading:
            pieces.append((beside if index else "") + line.heading)
            continue
        if index == 0:
            start, hang = "", " " * column if lead is None else lead
        elif is_first:
            start = hang = beside
        else:
            start, hang = indent + comma, indent
        end = "," if not is_leading and (index != last or style.last_comma) else ""
        pieces.append(start + _column_text(line, style, width, hang) + end)
        is_first = False
    return "".join(pieces)


def _column_text(line: _Line, style: SqlStyle, width: int, hang: str) -> str:
    first, *rest = line.value.split("\n")
    value = "\n".join([first, *((hang + part).rstrip() for part in rest)])
    if not line.alias:
        return value
    if style.align_as and not rest:
        value = value.ljust(width)
    word = f" {in_case('as', style.keywords)} " if style.alias_word else " "
    return value + word + line.alias


# --- the source ---


def _condition_edits(text: str, condition: str) -> list[Edit]:
    """A `where` behind the relation that the skeleton reads, laid out like its `from`."""
    tag = _SOURCE_TAG.search(text)
    if tag is None:
        return []
    alias = _TABLE_ALIAS.match(text, tag.end())
    end = alias.end() if alias else tag.end()
    froms = list(re.finditer(r"\bfrom\b", text[: tag.start()], re.IGNORECASE))
    from_start = froms[-1].start() if froms else tag.start()
    word = in_case("where", case_of(froms[-1][0]) or "lower") if froms else "where"
    if text[end:].partition("\n")[0].strip():  # all of the query stands on one line
        return [Edit(end, end, f" {word} {' '.join(condition.split())}")]
    lines = condition.split("\n")
    indent = _leading_blanks(text, from_start)
    tag_lead = text[: tag.start()].rpartition("\n")[2]
    if not tag_lead.strip():  # the relation stands on a line of its own, so does the condition
        body = "".join(f"\n{tag_lead}{line}".rstrip() for line in lines)
        return [Edit(end, end, f"\n{indent}{word}{body}")]
    body = "".join([f" {lines[0]}", *(f"\n{indent}{line}".rstrip() for line in lines[1:])])
    return [Edit(end, end, f"\n{indent}{word}{body}")]


def _leading_blanks(text: str, position: int) -> str:
    """The indentation of the line that a position stands in."""
    line = text[text.rfind("\n", 0, position) + 1 :].partition("\n")[0]
    return line[: len(line) - len(line.lstrip())]


def _name_edits(text: str, source: str, table: str, dialect: str) -> list[Edit]:
    """The source and the table: in their tag as declared, elsewhere as identifiers in snake_case."""
    edits: list[Edit] = []
    tags = list(_SOURCE_TAG.finditer(text))
    for tag in tags:
        for placeholder, name in ((SOURCE, source), (TABLE, table)):
            for found in re.finditer(placeholder, tag[0]):
                start = tag.start() + found.start()
                quote = text[start - 1]
                escaped = name.replace("\\", "\\\\").replace(quote, "\\" + quote)
                edits.append(Edit(start, start + len(placeholder), escaped))
    for found in re.finditer(r"\w*(?:<source>|<table>)(?:\w|<source>|<table>)*", text):
        if not any(tag.start() <= found.start() < tag.end() for tag in tags):
            edits.append(Edit(*found.span(), _named(found[0], source, table, dialect)))
    return edits


def _named(name: str, source: str, table: str, dialect: str) -> str:
    """An identifier with the source and the table in it named, quoted where it would be none."""
    if SOURCE not in name and TABLE not in name:
        return name
    plain = name.replace(SOURCE, snake_case(source)).replace(TABLE, snake_case(table))
    return escape_jinja(quote_new_identifier(plain, dialect))
