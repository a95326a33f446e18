"""The two sides of a matching task, laid flat: every column of every table, and what is known of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from aidbt.core.lexicon import expansions, is_word
from aidbt.core.schema import Column, Relation, TableProfile
from aidbt.core.words import singular_words
from aidbt.mapping.facts import Facts, facts_of
from aidbt.warehouse.pii import SAMPLED_VALUES, guess_pii

# So many columns, and such a share of a table's, begin with the same letters before they are cut off.
_FEW, _MOST = 5, 0.4


@dataclass(frozen=True, slots=True)
class TableSide:
    """One table of one side with what is known of it.

    Attributes:
        values: sample values by column as text, without nulls; columns may be missing.
        profile: what the table holds; None when it was not profiled.
        source_name: the source that the table belongs to; "" for a target.
    """

    relation: Relation
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    profile: TableProfile | None = None
    source_name: str = ""

    @property
    def key(self) -> str:
        """What tells it from the other tables of its side: "source.table", or the table where no source is
        named.
        """
        return f"{self.source_name}.{self.relation.name}" if self.source_name else self.relation.name


class Side:
    """All columns of some tables, one after another in the order of the tables.

    Attributes:
        tables: as given.
        columns: every column.
        table_of: shape (columns,), the index of each column's table.
        position: shape (columns,), 0..1, where the column stands in its table.
    """

    def __init__(self, tables: list[TableSide]) -> None:
        self.tables = tables
        self.columns: list[Column] = [column for table in tables for column in table.relation.columns]
        sizes = [len(table.relation.columns) for table in tables]
        self.table_of = np.repeat(np.arange(len(tables)), sizes)
        self.position = np.concatenate(
            [(np.arange(size) + 0.5) / size for size in sizes if size] or [np.zeros(0)]
        )

    def __len__(self) -> int:
        return len(self.columns)

    def rows_of(self, table: int) -> slice:
        """Where the columns of a table stand."""
        first = int(np.searchsorted(self.table_of, table))
        return slice(first, int(np.searchsorted(self.table_of, table, side="right")))

    def with_tables(self) -> Iterator[tuple[TableSide, Column]]:
        """Each column beside its table."""
        for table in self.tables:
            for column in table.relation.columns:
                yield table, column

    @cached_property
    def words(self) -> list[tuple[str, ...]]:
        """The words of each column's name, in the singular; letters that all of a table begin with apart."""
        found: list[tuple[str, ...]] = []
        for table in self.tables:
            words = [singular_words(column.name) for column in table.relation.columns]
            prefix = _shared_beginning([each[0] for each in words if each])
            found += [_without(prefix, each) for each in words]
        return found

    @cached_property
    def table_words(self) -> list[tuple[str, ...]]:
        """The words of each table's name, in the singular."""
        return [singular_words(table.relation.name) for table in self.tables]

    @cached_property
    def facts(self) -> list[Facts]:
        """What is known of the values of each column."""
        return [fact for table in self.tables for fact in _facts_of_table(table)]


def _facts_of_table(table: TableSide) -> Iterator[Facts]:
    names = tuple(column.name for column in table.relation.columns)
    for column in table.relation.columns:
        values = table.values.get(column.name, ()) or column.values
        profile = table.profile.column(column.name) if table.profile else None
        if profile is None:
            guess = guess_pii(column, values[:SAMPLED_VALUES], table=table.relation.name, siblings=names)
        yield facts_of(
            column,
            values,
            profile,
            row_count=table.profile.row_count if table.profile else 0,
            pii=profile.pii if profile else guess.kind if guess else "",
        )


def _shared_beginning(words: list[str]) -> str:
    """The two to four letters that most first words of a table begin with, run together with the rest
    (`cusno`, `cuseml`, `cusadr`); "" where there are none.
    """
    glued = [word for word in words if not is_word(word) and not expansions(word)]
    for size in (4, 3, 2):
        seen = Counter(word[:size] for word in glued if len(word) >= size + 2)
        for prefix, count in seen.most_common(1):
            if count >= _FEW and count >= _MOST * len(words):
                return prefix
    return ""


def _without(prefix: str, words: tuple[str, ...]) -> tuple[str, ...]:
    """The words with the prefix as a word of its own."""
    if not prefix or not words or not words[0].startswith(prefix) or len(words[0]) < len(prefix) + 2:
        return words
    if is_word(words[0]):
        return words
    return (prefix, words[0][len(prefix) :], *words[1:])
