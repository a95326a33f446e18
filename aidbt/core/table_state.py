"""What a table held at a good run, small enough to keep and enough to compare with: no value of a row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from aidbt.core.schema import Column, Relation


@dataclass(frozen=True, slots=True)
class ColumnState:
    """What one column held.

    Attributes:
        nulls: rows without a value, exact.
        distinct: about how many different values; None where the warehouse cannot say.
        minimum, maximum: as text, of numbers and times only; None for others and for an empty column.
        hashes: of its different values, those that are at most `bound` (a bottom-k sketch); empty where none
            was made.
        bound: 0..2^64-1; 0 where there is no sketch.
    """

    name: str
    data_type: str
    nulls: int = 0
    distinct: int | None = None
    minimum: str | None = None
    maximum: str | None = None
    hashes: frozenset[int] = frozenset()
    bound: int = 0


@dataclass(frozen=True, slots=True)
class KeyedRows:
    """Some rows of a table as hashes, so that the same rows can be asked for again.

    Attributes:
        key: the columns that tell the rows apart, without nulls and repeats in every row of the table.
        bound: taken are the rows whose hashed key is at most this.
        values: hash of the key → hashes of the row's columns, in the order of `columns`; None for a null.
    """

    key: tuple[str, ...]
    bound: int
    columns: tuple[str, ...]
    values: Mapping[int, tuple[int | None, ...]]

    def column(self, name: str) -> dict[int, int | None]:
        """Hash of the key → hash of one column's value; empty for a column that is not there."""
        if name not in self.columns:
            return {}
        place = self.columns.index(name)
        return {key: row[place] for key, row in self.values.items()}


@dataclass(frozen=True, slots=True)
class TableState:
    """What one table held.

    Attributes:
        rows: exact; of append-only bronze those of the latest load, of a change log those that stand.
        is_measured: False where only its columns are known: it was over the budget, or could not be read.
    """

    schema: str
    name: str
    columns: tuple[ColumnState, ...]
    database: str = ""
    rows: int = 0
    keyed: KeyedRows | None = None
    is_measured: bool = True

    def column(self, name: str) -> ColumnState | None:
        """The column of that name, the exact one before one in another case; None when there is none."""
        exact = next((column for column in self.columns if column.name == name), None)
        folded = (column for column in self.columns if column.name.casefold() == name.casefold())
        return exact or next(folded, None)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of its columns in the order of the table."""
        return tuple(column.name for column in self.columns)

    @property
    def relation(self) -> Relation:
        """The table with its columns."""
        columns = tuple(Column(column.name, column.data_type) for column in self.columns)
        return Relation(self.schema, self.name, columns, database=self.database)


@dataclass(frozen=True, slots=True)
class GoodState:
    """What there was when a run of dbt went well.

    Attributes:
        number: of the state in its store; 0 for one that was not kept yet.
        target: dbt's target, whose states are kept apart from those of others.
        commit: git's HEAD, or "" without git.
        is_clean: whether the project's files were those of the commit.
        engine: what made the hashes, e.g. "duckdb v1.5.1"; hashes of another engine are not compared.
        relations: every table and view there was, by its columns; also those the project does not know.
        tables: unique_id of a source, model, seed or snapshot → what it held.
        texts: path of a file of the project → its text.
        artifacts: name of an artifact ("manifest.json", "run_results.json") → its text.
    """

    target: str
    taken_at: datetime
    invocation_id: str
    command: str = ""
    commit: str = ""
    is_clean: bool = False
    engine: str = ""
    relations: tuple[Relation, ...] = ()
    tables: Mapping[str, TableState] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict, repr=False)
    artifacts: Mapping[str, str] = field(default_factory=dict, repr=False)
    number: int = 0
