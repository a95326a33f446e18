"""What a load by cursor asks of a change log in DuckDB: where it stands, and what of a load is new to it."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
from sqlglot import exp

from aidbt.core.loads import DELETED, OPERATION, POSITION, SEQUENCE, TRUNCATED
from aidbt.warehouse.duckdb import DuckDBConnection
from ingestion.bronze import duckdb_sql as sql
from ingestion.bronze.base import Destination, LogStanding, ReadKeys
from ingestion.bronze.duckdb_run import Run, transaction
from ingestion.bronze.duckdb_table import Landing
from ingestion.bronze.evolution import NO_TYPE, widest

_ORDER = (POSITION, SEQUENCE)
_KEEP_READ = "create temp table _aidbt_read as select * from _aidbt_incoming"
_KEEP_SOURCE = "create temp table _aidbt_source as select distinct * from _aidbt_incoming"
# Types of which values that differ can be equal to DuckDB: a month is 30 days, -0.0 is 0.0.
_AS_TEXT = ("INTERVAL", "FLOAT", "DOUBLE", "TIME WITH TIME ZONE")


class DuckDBChangeLogs:
    """The change logs of one open warehouse."""

    def __init__(self, connection: DuckDBConnection) -> None:
        self._raw = connection.raw

    def standing(self, to: Destination, cursor: str) -> LogStanding | None:
        """Where a log stands; None when there is no table yet.

        Args:
            cursor: the source's name of a column.

        Raises:
            WarehouseError: it is a view, not ours, no change log, or holds another source's table.
        """
        with transaction(self._raw) as run:
            columns = _columns(run, to)
            if columns is None:
                return None
            position, floor = run(_positions(to))[0]
            known = columns.get(cursor)
            high = run(_highest(to, known, floor))[0][0] if known and known[1] != NO_TYPE else None
            return LogStanding(position or 0, high)

    @contextlib.contextmanager
    def comparison(self, to: Destination, key: Sequence[str]) -> Iterator[Comparison]:
        """Compares what is read with the newest rows of a log, in temporary tables."""
        with transaction(self._raw) as run:
            yield Comparison(run, to, key)


class Comparison:
    """What is read from a table beside the newest rows of its log.

    Incoming columns are told apart by their place: keys are called k0, k1, …, the cursor c, the number of a
    row in the read n, and other columns v0, v1, ….
    """

    def __init__(self, run: Run, to: Destination, key: Sequence[str]) -> None:
        self._run = run
        self._to = to
        self._key = [f"k{number}" for number in range(len(key))]
        self._columns = _columns(run, to)
        self._floor = run(_positions(to))[0][1] if self._columns is not None else None
        known = self._columns or {}
        # A key that the log does not have is no key of its rows.
        self._log_key = [known[name][0] for name in key] if all(name in known for name in key) else None

    def keep_source_keys(self, keys: pa.RecordBatchReader) -> None:
        """Take all keys that the source has now."""
        self._run(_KEEP_SOURCE, incoming=_renamed(keys, self._key))

    def keep_read(self, rows: pa.RecordBatchReader) -> ReadKeys:
        """Take of every row that was read its key, cursor and number.

        Raises:
            WarehouseError: DuckDB refused.
        """
        self._run(_KEEP_READ, incoming=_renamed(rows, [*self._key, "c", "n"]))
        is_null = exp.or_(*(exp.column(name).is_(exp.null()) for name in self._key))
        of_type = self._run("select typeof(c) from temp._aidbt_read limit 1")
        counts = exp.select(
            exp.Count(this=exp.Star()),
            exp.Filter(this=exp.Count(this=exp.Star()), expression=exp.Where(this=is_null)),
            _max_finite(exp.column("c"), of_type[0][0] if of_type else NO_TYPE),
        ).from_(_temp("read"))
        rows_read, without_key, highest = self._run(counts)[0]
        twice = (
            exp.select(*self._key)
            .from_(_temp("read"))
            .group_by(*self._key)
            .having(exp.GT(this=exp.Count(this=exp.Star()), expression=exp.Literal.number(1)))
            .limit(1)
        )
        found = self._run(twice) if not without_key else []
        return ReadKeys(rows_read, without_key, found[0] if found else None, highest)

    def changed(self, rows: pa.RecordBatchReader, columns: pa.Schema) -> pa.Int64Array | None:
        """The numbers of the rows that differ from the newest row of their key, ascending.

        A row is no change when it equals that row in every column, and that row is no deletion.

        Args:
            rows: all columns of the source, and last the number; they may not be read.
            columns: the source's, without the number.

        Returns:
            None when all rows are changes: the columns are not those of the log's last batch.
        """
        targets = self._targets(columns)
        if self._log_key is None or targets is None:
            return None
        names = [f"v{number}" for number in range(len(columns))]
        self._run(_newest(self._to, self._log_key, self._key, targets, self._floor))
        places = [targets.index(name) for name in self._log_key]
        same_key = exp.and_(
            *(
                exp.column(f"v{place}", table="r").eq(exp.column(name, table="l"))
                for name, place in zip(self._key, places, strict=True)
            )
        )
        types = dict((self._columns or {}).values())
        differs = exp.or_(
            *(
                exp.NullSafeNEQ(
                    this=_comparable(exp.column(name, table="r"), types[target]),
                    expression=_comparable(exp.column(name, table="l"), types[target]),
                )
                for name, target in zip(names, targets, strict=True)
            )
        )
        operation = exp.column("op", table="l")
        query = (
            exp.select(exp.column("n", table="r"))
            .from_(exp.alias_(exp.table_("_aidbt_incoming"), "r", table=True))
            .join(exp.alias_(_temp("newest"), "l", table=True), on=same_key, join_type="left")
            .where(exp.or_(operation.is_(exp.null()), operation.copy().eq(DELETED), differs))
            .order_by("n")
        )
        return self._run.table(query, incoming=_renamed(rows, [*names, "n"])).column(0).combine_chunks()

    def gone(self) -> pa.Table:
        """The keys that the log has and the source has not, and that were not read; columns k0, k1, …."""
        if self._log_key is None:
            return pa.table({name: pa.array([], pa.string()) for name in self._key})
        query = exp.select(*self._key).from_(_current(self._to, self._log_key, self._key, self._floor))
        query = _without(_without(query, "source", self._key), "read", self._key)
        return self._run.table(query)

    def missed(self) -> int:
        """How many keys the source has that are neither in the log nor were read."""
        query = exp.select(exp.Count(this=exp.Star())).from_(exp.alias_(_temp("source"), "c", table=True))
        query = _without(query, "read", self._key)
        if self._log_key is not None:
            current = _current(self._to, self._log_key, self._key, self._floor)
            current.set("alias", exp.TableAlias(this=exp.to_identifier("held")))
            query = query.join(current, on=_same(self._key, "c", "held"), join_type="anti")
        return int(self._run(query)[0][0])

    def _targets(self, columns: pa.Schema) -> list[str] | None:
        """The log's column for each that comes; None when they are not those of its last batch."""
        if self._columns is None:
            return None
        numbered = [of.with_name(f"v{number}") for number, of in enumerate(columns)]
        described = self._run(
            "describe select * from _aidbt_incoming",
            incoming=pa.Table.from_batches([], schema=pa.schema(numbered)),
        )
        if set(columns.names) != set(self._columns):
            return None
        for name, (_, data_type, *_) in zip(columns.names, described, strict=True):
            if widest(self._columns[name][1], data_type) != self._columns[name][1]:
                return None
        return [self._columns[name][0] for name in columns.names]


def _columns(run: Run, to: Destination) -> dict[str, tuple[str, str]] | None:
    """The columns of the last batch: the source's name → name and type in bronze; None without a table."""
    landing = Landing(run, to, now=datetime.now(UTC), is_change_log=True)
    if landing.known.columns is None:
        return None
    rows = run(sql.in_schema(sql.LAST_LOAD, to.schema), [to.table])
    items: list[Mapping[str, Any]] = json.loads(rows[0][-1]) if rows else []
    return {item.get("source", item["name"]): (item["name"], item["type"]) for item in items}


def _positions(to: Destination) -> exp.Select:
    """The log's greatest position, and that of the last row before which all rows are gone."""
    position = exp.func("max", exp.column(POSITION))
    is_mark = exp.Where(this=exp.column(OPERATION).eq(TRUNCATED))
    return exp.select(position, exp.Filter(this=position.copy(), expression=is_mark)).from_(sql.table(to))


def _highest(to: Destination, cursor: tuple[str, str], floor: int | None) -> exp.Select:
    name, data_type = cursor
    query = exp.select(_max_finite(exp.column(name, quoted=True), data_type)).from_(sql.table(to))
    return query.where(*_rows(floor))


def _max_finite(column: exp.Expr, data_type: str) -> exp.Expr:
    """The greatest value that is not infinite."""
    greatest = exp.func("max", column)
    if not data_type.startswith(("DATE", "TIMESTAMP")):
        return greatest
    finite = exp.Anonymous(this="isfinite", expressions=[column.copy()])
    return exp.Filter(this=greatest, expression=exp.Where(this=finite))


def _rows(floor: int | None) -> list[exp.Expr]:
    """The rows of a log that say something of a key."""
    conditions: list[exp.Expr] = [exp.column(OPERATION).neq(TRUNCATED)]
    if floor is not None:
        conditions.append(exp.GTE(this=exp.column(POSITION), expression=exp.Literal.number(floor)))
    return conditions


def _newest(
    to: Destination, log_key: Sequence[str], key: Sequence[str], targets: Sequence[str], floor: int | None
) -> exp.Create:
    """A temporary table of the newest row of every key that was read."""
    values = [
        exp.alias_(exp.column(target, table="log", quoted=True), f"v{number}")
        for number, target in enumerate(targets)
    ]
    keys = [
        exp.alias_(exp.column(name, table="log", quoted=True), alias)
        for name, alias in zip(log_key, key, strict=True)
    ]
    was_read = exp.and_(
        *(
            exp.column(name, table="log", quoted=True).eq(exp.column(alias, table="read"))
            for name, alias in zip(log_key, key, strict=True)
        )
    )
    number = exp.Window(
        this=exp.RowNumber(),
        partition_by=[exp.column(name, table="log", quoted=True) for name in log_key],
        order=exp.Order(expressions=[exp.Ordered(this=exp.column(name), desc=True) for name in _ORDER]),
    )
    query = (
        exp.select(*keys, exp.alias_(exp.column(OPERATION), "op"), *values)
        .from_(exp.alias_(sql.table(to), "log", table=True))
        .join(exp.alias_(_temp("read"), "read", table=True), on=was_read, join_type="semi")
        .where(*_rows(floor))
        .qualify(number.eq(1))
    )
    return exp.Create(
        this=exp.table_("_aidbt_newest"),
        kind="TABLE",
        expression=query,
        properties=exp.Properties(expressions=[exp.TemporaryProperty()]),
    )


def _current(to: Destination, log_key: Sequence[str], key: Sequence[str], floor: int | None) -> exp.Subquery:
    """The keys whose newest row is no deletion, as `c`."""
    order = exp.Anonymous(this="row", expressions=[exp.column(name) for name in _ORDER])
    last = exp.Anonymous(this="arg_max", expressions=[exp.column(OPERATION), order])
    keys = [exp.column(name, quoted=True) for name in log_key]
    query = (
        exp.select(*(exp.alias_(column, alias) for column, alias in zip(keys, key, strict=True)))
        .from_(sql.table(to))
        .where(*_rows(floor))
        .group_by(*(column.copy() for column in keys))
        .having(last.neq(exp.Literal.string(DELETED)))
    )
    return query.subquery("c")


def _without(query: exp.Select, kept: str, key: Sequence[str]) -> exp.Select:
    """The rows of `c` whose key is not in a temporary table."""
    other = exp.alias_(_temp(kept), kept, table=True)
    return query.join(other, on=_same(key, "c", kept), join_type="anti")


def _same(key: Sequence[str], one: str, other: str) -> exp.Expr:
    return exp.and_(*(exp.column(name, table=one).eq(exp.column(name, table=other)) for name in key))


def _temp(name: str) -> exp.Table:
    return exp.table_(f"_aidbt_{name}", db="temp")


def _comparable(column: exp.Expr, data_type: str) -> exp.Expr:
    is_loose = any(word in data_type for word in _AS_TEXT) and "TIMESTAMP WITH" not in data_type
    return exp.cast(column, "text") if is_loose else column


def _renamed(reader: pa.RecordBatchReader, names: Sequence[str]) -> pa.RecordBatchReader:
    schema = pa.schema([of.with_name(name) for of, name in zip(reader.schema, names, strict=True)])
    batches = (pa.RecordBatch.from_arrays(batch.columns, schema=schema) for batch in reader)
    return pa.RecordBatchReader.from_batches(schema, batches)
