"""What is to be read instead of one column of one source, and how a person's SQL is written."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from aidbt.core.schema import Column
from aidbt.sql.identifiers import quote_identifier

_WORD = re.compile(r"\bselect\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Instead:
    """An expression that stands in for a column.

    Attributes:
        form: SQL in lower case with a `{}` for each of its columns.
        columns: as the warehouse stores them.
        is_atomic: whether it can stand anywhere in an expression without brackets.
        is_typed: whether its words are a person's, so that their case is kept.
    """

    form: str
    columns: tuple[str, ...] = ()
    is_atomic: bool = True
    is_typed: bool = False

    @property
    def is_name(self) -> bool:
        """Whether it is a column and nothing else."""
        return self.form == "{}"

    def written(self, dialect: str, *, qualifier: str = "", style: Style, alone: bool = False) -> str:
        """It as SQL.

        Args:
            qualifier: what stands before its columns, the dot included.
            alone: whether it is all of an expression, so that it needs no brackets.

        Example:
            >>> both = Instead("coalesce({}, {})", ("mail", "email"))
            >>> both.written("duckdb", qualifier="c.", style=Style())
            'coalesce(c.mail, c.email)'
        """
        form = self.form if self.is_typed else style.word(self.form)
        text = form.format(*(qualifier + quote_identifier(name, dialect) for name in self.columns))
        return text if self.is_atomic or alone else "(" + text + ")"


@dataclass(frozen=True, slots=True)
class Style:
    """Whether a person writes the words of SQL in capitals."""

    is_upper: bool = False

    def word(self, text: str) -> str:
        return text.upper() if self.is_upper else text


def style_of(text: str) -> Style:
    """How a text writes SELECT, for the most part."""
    found = _WORD.findall(text)
    return Style(2 * sum(word == "SELECT" for word in found) > len(found))


@dataclass(frozen=True, slots=True)
class ReadChange:
    """That one column of a source is to be read in another way, under its old name.

    Attributes:
        source: (source, table) as `source()` names it.
        column: as the warehouse stored it; "" where no column goes and only new ones are left out.
        instead: what is read for it; None where no column goes.
        then: the columns of the table when the project was written, in order.
        now: those that it has now.
        relation: the table's own name in the warehouse, by which SQL may qualify its columns.
        wanted: columns that are new and that people read already.
        others: (source, table) or ref names → the columns of what else the SQL reads, as far as known.
        compiled: what dbt made of the text before, which tells what macros make of arguments; "" if unknown.
    """

    source: tuple[str, str]
    column: str
    instead: Instead | None
    then: tuple[Column, ...]
    now: tuple[Column, ...]
    dialect: str
    relation: str
    wanted: frozenset[str] = frozenset()
    others: Mapping[tuple[str, ...], tuple[Column, ...]] = field(default_factory=dict)
    compiled: str = ""

    @property
    def after(self) -> tuple[Column, ...]:
        """The columns of then with this change alone made, whatever else became of the table."""
        used = set(self.instead.columns) if self.instead is not None else set()
        there = {column.name for column in self.now}
        kept = [c for c in self.then if c.name != self.column or c.name in there or c.name in used]
        known = {column.name for column in kept}
        new = [c for c in self.now if c.name not in known and (c.name in used or not self.column)]
        return (*kept, *new)

    def listed(self, style: Style) -> list[str]:
        """Every column of then, one by one as a select lists them, so that the table looks as it did."""
        found = []
        for column in self.then:
            name = quote_identifier(column.name, self.dialect)
            if column.name == self.column and self.instead is not None:
                written = self.instead.written(self.dialect, style=style, alone=True)
                found.append(" ".join((written, style.word("as"), name)))
            else:
                found.append(name)
        known = {column.name for column in self.then}
        used = set(self.instead.columns) if self.instead is not None else set()
        more = [c.name for c in self.now if c.name in self.wanted and c.name not in known | used]
        return found + [quote_identifier(name, self.dialect) for name in more]


@dataclass(frozen=True, slots=True)
class Edited:
    """The text after an edit at so many places; 0 where nothing has to change."""

    text: str
    places: int


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a text cannot be edited safely."""

    why: str


def mentions(text: str, name: str) -> bool:
    """Whether a name stands in a text as a word of its own, whatever its case."""
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text, re.IGNORECASE) is not None
