"""Measuring a table for later comparison: counts, sketches, and some rows as hashes; one statement each."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlglot import exp

from aidbt.core.schema import Column, ColumnProfile, Relation
from aidbt.core.table_state import ColumnState, KeyedRows, TableState
from aidbt.core.types import type_family
from aidbt.warehouse.base import Connection
from aidbt.warehouse.dialects import can_render
from aidbt.warehouse.inclusion import sketch_columns
from aidbt.warehouse.keys import composite_keys, is_composite_key
from aidbt.warehouse.profiling import is_load_time
from aidbt.warehouse.rows import Rows, number, rows_of
from aidbt.warehouse.words import words_of

_HASHES = 2**64
_KEPT_ROWS = 512  # about so many rows of a table are kept as hashes
_KEY_WORDS = frozenset({"id", "key", "code", "uuid", "guid", "number", "no", "pk", "sk"})
_MOST_CANDIDATES = 5
_FEW_ROWS = 20  # of fewer, several columns tell the rows apart by chance
_IDENTITY = ("text", "date")  # what several columns together are looked for in; numbers are measures mostly
_BETWEEN = exp.Literal.string("\x1f")
_ORDERED = ("integer", "number", "date", "timestamp")
_WRITES_ALL = ("duckdb", "postgres")  # every type as text
_TEXT = exp.DataType.build("text")


def measured_table(
    connection: Connection, relation: Relation, *, keys: Sequence[str] = (), mask: int = 0
) -> TableState:
    """What a relation holds now.

    Args:
        keys: columns that are declared to be unique, the surest first.
        mask: 64 bits that every kept hash is combined with (exclusive or), so that hashes of two stores
            cannot be compared.

    Raises:
        WarehouseError: it cannot be read.
    """
    rows = rows_of(connection, relation)
    columns = rows.relation.columns
    candidates = _candidates(columns, keys)
    asked = [_Asked(column, connection.dialect) for column in columns]
    figures: list[exp.Expr] = [exp.Count(this=exp.Star())]
    figures += [exp.Count(this=exp.Distinct(expressions=[_named(name)])) for name in candidates]
    for item in asked:
        figures += item.figures
    found = list(rows.first(*figures))
    row_count = int(found.pop(0))
    unique = [name for name in candidates if int(found.pop(0)) == row_count]
    states = {item.column.name: item.state(found, row_count) for item in asked}
    counts = {name: state.distinct for name, state in states.items() if state.distinct}
    sketches = sketch_columns(connection, relation, {k: v for k, v in counts.items() if v is not None})
    for name, sketch in sketches.items():
        state = states[name]
        states[name] = ColumnState(
            *(state.name, state.data_type, state.nulls, state.distinct, state.minimum, state.maximum),
            frozenset(value ^ mask for value in sketch.hashes),
            sketch.bound,
        )
    single = [name for name in unique if states[name].nulls == 0 and row_count][:1]
    key = tuple(single) or _several_columns(rows, list(states.values()), row_count)
    return TableState(
        relation.schema,
        relation.name,
        tuple(states.values()),
        relation.database,
        row_count,
        keyed_rows(rows, key, bound=_bound(row_count), mask=mask) if key else None,
    )


def keyed_rows(rows: Rows, key: Sequence[str], *, bound: int, mask: int = 0) -> KeyedRows:
    """The rows whose hashed key is at most `bound`, as hashes of their columns; of floating point numbers
    that are not whole twelve digits count on DuckDB, since a sum has other last digits when it is made again.

    Raises:
        WarehouseError: they cannot be read.
    """
    dialect = rows.dialect
    lowest = 0 if dialect == "duckdb" else -(_HASHES // 2)
    columns = [column for column in rows.relation.columns if _has_one_text(column, dialect)]
    names = [column.name for column in columns]
    hashed_key = _hashed_together(key)
    query = rows.select(hashed_key, *(_hash_or_null(column, dialect) for column in columns))
    if bound < _HASHES - 1:
        query = query.where(exp.LTE(this=hashed_key.copy(), expression=_integer(bound + lowest)), copy=False)
    values = {
        (int(row[0]) - lowest) ^ mask: tuple(
            None if value is None else (int(value) - lowest) ^ mask for value in row[1:]
        )
        for row in rows.fetch(query)
        if row[0] is not None
    }
    return KeyedRows(tuple(key), bound, tuple(names), values)


def known_columns(relation: Relation) -> TableState:
    """A relation of which nothing but the columns is known."""
    columns = tuple(ColumnState(column.name, column.data_type) for column in relation.columns)
    return TableState(relation.schema, relation.name, columns, relation.database, is_measured=False)


def engine_of(connection: Connection) -> str:
    """What makes the hashes on this connection; another version of DuckDB may make others."""
    if connection.dialect != "duckdb":
        return connection.dialect
    return f"duckdb {connection.rows('select version()')[0][0]}, 12 digits"


class _Asked:
    """The figures of one column: how they are asked for, and what the answers make."""

    def __init__(self, column: Column, dialect: str) -> None:
        self.column = column
        named = _named(column.name)
        self.figures: list[exp.Expr] = [exp.Count(this=named)]
        self.counts_distinct = _is_plain(column)
        if self.counts_distinct:
            distinct = exp.Anonymous(this="approx_count_distinct", expressions=[named.copy()])
            self.figures.append(distinct)
        self.is_ordered = type_family(column.data_type) in _ORDERED
        if self.is_ordered:
            ends = [exp.cast(kind(this=named.copy()), _TEXT) for kind in (exp.Min, exp.Max)]
            self.is_ordered = all(can_render(end, dialect) for end in ends)
            self.figures += ends if self.is_ordered else []

    def state(self, found: list[Any], row_count: int) -> ColumnState:
        """Takes its own answers from the front of `found`."""
        filled = int(found.pop(0))
        distinct = int(found.pop(0)) if self.counts_distinct else None
        ends = (found.pop(0), found.pop(0)) if self.is_ordered else (None, None)
        low, high = (None if end is None else str(end) for end in ends)
        return ColumnState(self.column.name, self.column.data_type, row_count - filled, distinct, low, high)


def _candidates(columns: Sequence[Column], declared: Collection[str]) -> list[str]:
    """The columns that may be a key: those declared so, then by their names, the first of the table first."""
    folded = {name.casefold() for name in declared}
    sure = [column.name for column in columns if column.name.casefold() in folded]
    named = [
        column.name
        for column in columns
        if _is_plain(column) and _KEY_WORDS.intersection(words_of(column.name)[-1:])
    ]
    return list(dict.fromkeys([*sure, *named]))[:_MOST_CANDIDATES]


def _several_columns(rows: Rows, states: Sequence[ColumnState], row_count: int) -> tuple[str, ...]:
    """The columns that together tell the rows apart; () where none do, or they cannot be hashed together."""
    if row_count < _FEW_ROWS:
        return ()
    filled = [state for state in states if state.nulls == 0 and not is_load_time(state.name)]
    profiles = [
        ColumnProfile(state.name, state.data_type, 0.0, state.distinct or 0, formats={"code": 1.0})
        for state in filled
    ]
    names = tuple(state.name for state in filled if type_family(state.data_type) in _IDENTITY)
    if len(names) < 2 or not is_composite_key(rows.connection, rows.relation, names):
        names = next(iter(composite_keys(rows, profiles, row_count)), ())
    return names if names and can_render(_hashed_together(names), rows.dialect) else ()


def _is_plain(column: Column) -> bool:
    """Whether its values are compared as text without surprises: no lists, structs, documents, bytes."""
    return type_family(column.data_type) != "other"


def _has_one_text(column: Column, dialect: str) -> bool:
    """Whether a value gives the same text each time: documents, lists and structs do where every type can be
    written as text."""
    return dialect in _WRITES_ALL or _is_plain(column)


def _bound(row_count: int) -> int:
    return min(_KEPT_ROWS * _HASHES // max(row_count, 1), _HASHES - 1)


def _named(name: str) -> exp.Column:
    return exp.column(name, quoted=True)


def _hashed_together(names: Sequence[str]) -> exp.Expr:
    """The hash of several columns' values, which are never null; of one column that of its value."""
    texts: list[exp.Expr] = [exp.cast(_named(name), _TEXT) for name in names]
    joined = texts[0]
    for text in texts[1:]:
        joined = exp.DPipe(this=exp.DPipe(this=joined, expression=_BETWEEN.copy()), expression=text)
    return exp.Anonymous(this="hash", expressions=[joined])


def _hash_or_null(column: Column, dialect: str) -> exp.Expr:
    """DuckDB gives a hash of NULL too."""
    value: exp.Expr = _named(column.name)
    if dialect == "duckdb" and column.data_type.upper() == "DOUBLE":
        digits = exp.Anonymous(this="printf", expressions=[exp.Literal.string("%.12g"), value.copy()])
        rounded = exp.cast(digits, exp.DataType.build("double"))  # written as the number itself would be
        is_whole = exp.EQ(this=value, expression=exp.Anonymous(this="trunc", expressions=[value.copy()]))
        value = exp.Case(ifs=[exp.If(this=is_whole, true=value.copy())], default=rounded)
    hashed = exp.Anonymous(this="hash", expressions=[exp.cast(value, _TEXT)])
    return exp.Case(ifs=[exp.If(this=exp.not_(_named(column.name).is_(exp.null())), true=hashed)])


def _integer(value: int) -> exp.Expr:
    return number(value) if value >= 0 else exp.Neg(this=number(-value))
