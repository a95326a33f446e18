"""What we measured as rows of Elementary's `data_monitoring_metrics`, so that its tests and report find them.

Columns, names and properties are those of version 0.26 of its dbt package: what a test of its kind with the
same timestamp column and bucket would have written. Rows of ours are known by their ids; where Elementary has
measured a bucket itself, its row stays the only one.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlglot import exp

from aidbt.core.errors import StatementRefused, WarehouseError
from aidbt.monitors.histories import SPANS
from aidbt.store.buckets import Series
from aidbt.warehouse import Connection, Warehouse

TABLE = "data_monitoring_metrics"
OWN_ID = "aidbt:"
COLUMNS: Mapping[str, str] = {
    "id": "text",
    "full_table_name": "text",
    "column_name": "text",
    "metric_name": "text",
    "metric_type": "text",
    "metric_value": "double",
    "source_value": "text",
    "bucket_start": "timestampntz",
    "bucket_end": "timestampntz",
    "bucket_duration_hours": "int",
    "updated_at": "timestampntz",
    "dimension": "text",
    "dimension_value": "text",
    "metric_properties": "text",
    "created_at": "timestampntz",
}
_ROWS_AT_ONCE = 500
_TRANSACTIONAL = frozenset({"duckdb", "postgres", "redshift", "snowflake"})
Key = tuple[str, str, str, datetime]  # table, column, metric, start of the bucket


@dataclass(frozen=True, slots=True)
class Written:
    """What was written to Elementary's table.

    Attributes:
        kept: rows of Elementary's own for the same buckets, which stayed instead of ours.
    """

    table: str
    rows: int
    kept: int


def metric_rows(
    series: Series, full_table_name: str, timestamp_column: str, now: datetime
) -> Iterator[tuple[Any, ...]]:
    """The rows of the buckets of a series, in the order of `COLUMNS`."""
    span = SPANS[series.grain]
    at = now.astimezone(UTC).replace(tzinfo=None, microsecond=0)
    properties = json.dumps(_properties(timestamp_column, series.grain), sort_keys=True)
    columns = sorted({column for _, column in series.keys})
    for place, start in enumerate(series.starts):
        for column in columns:
            facts = {
                fact: float(series.values[place, n])
                for (fact, of), n in series.keys.items()
                if of == column and not math.isnan(series.values[place, n])
            }
            rows = float(series.fact("rows")[place])
            for metric, value in _metrics(facts, rows, is_table=not column):
                said = "|".join([full_table_name, column, metric, start.isoformat(), properties])
                digest = hashlib.md5(said.encode(), usedforsecurity=False).hexdigest()
                yield (
                    OWN_ID + digest, full_table_name, column or None, metric, metric, value, None, start,
                    start + span, round(span / timedelta(hours=1)), at, None, None, properties, at,
                )  # fmt: skip


def _properties(timestamp_column: str, grain: str) -> dict[str, Any]:
    return {
        "timestamp_column": timestamp_column,
        "where_expression": None,
        "time_bucket": {"period": grain, "count": 1},
        "freshness_column": None,
        "event_timestamp_column": None,
        "seasonality": None,
    }


def _metrics(facts: Mapping[str, float], rows: float, *, is_table: bool) -> Iterator[tuple[str, float]]:
    """Elementary's metrics of one column in one bucket."""
    if is_table:
        yield "row_count", rows
        return
    if not rows or "nulls" not in facts:
        return
    nulls, filled = facts["nulls"], rows - facts["nulls"]
    yield "null_count", nulls
    yield "null_percent", 100 * nulls / rows
    for metric, fact in (("min", "low"), ("max", "high"), ("zero_count", "zeros"), ("sum", "sum")):
        if fact in facts and "sum" in facts:  # of numbers: times have no such metrics there
            yield metric, facts[fact]
    if "trues" in facts:
        yield "count_true", facts["trues"]
    if filled and "sum" in facts:
        yield "average", facts["sum"] / filled
    if filled and "lengths" in facts:
        yield "average_length", facts["lengths"] / filled


def write_rows(warehouse: Warehouse, schema: str, rows: Sequence[tuple[Any, ...]]) -> Written:
    """Replace our rows in Elementary's table; it is made where it is missing.

    Raises:
        WarehouseError: the warehouse cannot be reached, the table has other columns, or this user may not
            write there.
    """
    is_file = warehouse.dialect == "duckdb"
    with warehouse.connect(read_only=not is_file) as connection:
        place = exp.table_(TABLE, db=schema)
        try:
            _make(connection, place)
            theirs = _theirs(connection, place, {str(row[1]) for row in rows})
            ours = [row for row in rows if _key(row) not in theirs]
            _replace(connection, place, ours)
        except StatementRefused as error:
            raise WarehouseError(
                f"{schema}.{TABLE} cannot be written: {error.message}",
                hint="let this user write there, and its columns be those of version 0.26 of Elementary",
            ) from error
    return Written(f"{schema}.{TABLE}", len(ours), len(rows) - len(ours))


def _key(row: Sequence[Any]) -> Key:
    return str(row[1]).upper(), str(row[2] or "").upper(), str(row[4]), row[7]


def _make(connection: Connection, place: exp.Table) -> None:
    definitions: list[exp.Expr] = [
        exp.ColumnDef(this=exp.to_identifier(name), kind=exp.DataType.build(kind))
        for name, kind in COLUMNS.items()
    ]
    schema = exp.Create(this=exp.Table(db=place.args["db"].copy()), kind="SCHEMA", exists=True)
    table = exp.Create(this=exp.Schema(this=place.copy(), expressions=definitions), kind="TABLE", exists=True)
    try:
        connection.rows(exp.select("id").from_(place).limit(0).sql(connection.dialect))
    except StatementRefused:
        for statement in (schema, table):
            connection.rows(statement.sql(connection.dialect))


def _theirs(connection: Connection, place: exp.Table, tables: Collection[str]) -> set[Key]:
    """What Elementary measured itself of our tables."""
    if not tables:
        return set()
    names = [exp.Literal.string(name.upper()) for name in sorted(tables)]
    query = (
        exp.select("full_table_name", "column_name", "metric_type", "bucket_start")
        .from_(place)
        .where(
            exp.In(this=exp.Upper(this=exp.column("full_table_name")), expressions=names),
            exp.not_(exp.Like(this=exp.column("id"), expression=exp.Literal.string(f"{OWN_ID}%"))),
        )
    )
    found = connection.rows(query.sql(connection.dialect))
    return {
        (str(table).upper(), str(column or "").upper(), str(metric), start.replace(tzinfo=None))
        for table, column, metric, start in found
        if start is not None
    }


def _replace(connection: Connection, place: exp.Table, rows: Sequence[tuple[Any, ...]]) -> None:
    dialect = connection.dialect
    own = exp.Like(this=exp.column("id"), expression=exp.Literal.string(f"{OWN_ID}%"))
    statements: Iterable[exp.Expr] = (exp.delete(place.copy(), where=own), *_inserts(place, rows))
    if dialect not in _TRANSACTIONAL:
        for statement in statements:
            connection.rows(statement.sql(dialect))
        return
    connection.rows("begin")
    try:
        for statement in statements:
            connection.rows(statement.sql(dialect))
    except BaseException:
        connection.rows("rollback")
        raise
    connection.rows("commit")


def _inserts(place: exp.Table, rows: Sequence[tuple[Any, ...]]) -> Iterator[exp.Expr]:
    for first in range(0, len(rows), _ROWS_AT_ONCE):
        some = rows[first : first + _ROWS_AT_ONCE]
        values = [exp.Tuple(expressions=[_literal(value) for value in row]) for row in some]
        target = exp.Schema(this=place.copy(), expressions=[exp.to_identifier(name) for name in COLUMNS])
        yield exp.Insert(this=target, expression=exp.Values(expressions=values))


def _literal(value: Any) -> exp.Expr:
    if isinstance(value, datetime):
        return exp.cast(exp.Literal.string(value.isoformat(sep=" ")), "timestampntz")
    return exp.convert(value)
