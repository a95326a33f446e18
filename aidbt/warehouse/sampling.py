"""A block sample of a table: its most frequent values, and what its text reads as."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

import sqlglot
from sqlglot import exp

from aidbt.core.schema import Column
from aidbt.core.types import type_family
from aidbt.warehouse.base import Connection
from aidbt.warehouse.rows import Rows, number

COLUMNS_PER_SCAN = 250
TOP_VALUES = 10
_TOP_VALUES_OF = 1_000
_FIRST_LOOK_ROWS = 500
# How a sampled text value reads. Only objects and arrays count as JSON: every number is valid JSON too.
# A test runs only where the lengths found in the scan let some value pass it.
_FORMATS = {
    "integer": (1, 40, "regexp_full_match(:c, '[+-]?[0-9]+')"),
    "decimal": (2, 60, "regexp_full_match(:c, '[+-]?([0-9]+[.][0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)?')"),
    "date": (
        8,
        10,
        "regexp_full_match(:c, '[0-9]{4}[-/.][0-9]{1,2}[-/.][0-9]{1,2}')"
        " or regexp_full_match(:c, '[0-9]{1,2}[-/.][0-9]{1,2}[-/.][0-9]{4}')",
    ),
    "timestamp": (
        16,
        40,
        "regexp_full_match(:c, '[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}.*')",
    ),
    "boolean": (1, 5, "lower(:c) in ('true', 'false', 't', 'f', 'yes', 'no', 'y', 'n')"),
    "json": (2, 10**9, "left(ltrim(:c), 1) in ('{', '[') and json_valid(:c)"),
}
# Built once: reading a type's name costs more than the rest of a cast.
DOUBLE, TEXT = exp.DataType.build("double"), exp.DataType.build("text")
_FORMAT_TREES = {name: sqlglot.parse_one(test) for name, (_, _, test) in _FORMATS.items()}


def kind_of(data_type: str) -> str:
    """The family of a DuckDB type as far as its figures go; "other" for what only has a count."""
    family = type_family(data_type)
    if family == "time" or (family == "text" and data_type != "VARCHAR"):  # UUID and ENUM have no length
        return "other"
    return family


@contextlib.contextmanager
def sampled_rows(rows: Rows, row_count: int, sample_rows: int) -> Iterator[int]:
    """A temporary table `_aidbt_sample` with some of the rows; yields how many: 0 of an empty table only."""
    run = rows.connection.rows
    everything = rows.select(*[exp.column(c.name, quoted=True) for c in rows.relation.columns])

    def taken(query: exp.Select) -> int:
        run(_temporary("_aidbt_sample", query).sql("duckdb", copy=False))
        return int(run("select count(*) from _aidbt_sample")[0][0])

    try:
        if row_count <= sample_rows:
            yield taken(everything)
        elif rows.relation.kind == "view":
            yield taken(_some(everything, sample_rows))
        else:
            # When few rows are asked for, it happens that no block is drawn.
            yield taken(_some_blocks(everything, row_count, sample_rows)) or taken(
                _some(everything, sample_rows)
            )
    finally:
        run("drop table if exists temp._aidbt_sample")


def _some_blocks(query: exp.Select, row_count: int, sample_rows: int) -> exp.Select:
    """Whole blocks, drawn from the whole table: so the share is one of the rows that are profiled."""
    percent = exp.Literal.number(f"{max(100.0 * sample_rows / row_count, 0.0001):.6f}")
    query = query.copy()
    table = query.find(exp.Table)
    assert table is not None
    table.set("sample", exp.TableSample(method="SYSTEM", percent=percent, seed=number(42)))
    return query


def _some(query: exp.Select, sample_rows: int) -> exp.Select:
    """Single rows from everywhere. That reads all of them, as a view has to anyway."""
    rows = query.subquery("rows")
    rows.set(
        "sample", exp.TableSample(method=exp.var("RESERVOIR"), size=number(sample_rows), seed=number(42))
    )
    return exp.select("*").from_(rows)


def _temporary(name: str, query: exp.Select) -> exp.Create:
    return exp.Create(
        this=exp.to_table(name),
        kind="TABLE",
        replace=True,
        expression=query,
        properties=exp.Properties(expressions=[exp.TemporaryProperty()]),
    )


def top_values(
    connection: Connection, columns: Sequence[Column], raw: dict[str, dict[str, Any]], sampled: int
) -> dict[str, tuple[tuple[str, float], ...]]:
    """The most frequent values of the columns whose values repeat, with their share of the filled rows."""
    found = {}
    for column in columns:
        distinct = raw[column.name].get("distinct") or 0
        repeats = 0 < distinct <= min(_TOP_VALUES_OF, max(sampled // 2, 2))
        if kind_of(column.data_type) in ("text", "integer", "boolean") and repeats:
            found[column.name] = _top_values_of(connection, column)
    return found


def _top_values_of(connection: Connection, column: Column) -> tuple[tuple[str, float], ...]:
    c = exp.column(column.name, quoted=True)
    total = exp.Window(this=exp.func("sum", exp.Count(this=exp.Star())))
    share = exp.Div(this=exp.cast(exp.Count(this=exp.Star()), DOUBLE), expression=total)
    query = (
        exp.select(exp.cast(c, TEXT), share)
        .from_("_aidbt_sample")
        .where(c.is_(exp.null()).not_())
        .group_by(c)
        .order_by("2 desc", "1")
        .limit(TOP_VALUES)
    )
    return tuple(
        (str(value), float(part)) for value, part in connection.rows(query.sql("duckdb", copy=False))
    )


def text_formats(
    connection: Connection, columns: Sequence[Column], raw: dict[str, dict[str, Any]]
) -> dict[str, dict[str, float]]:
    """For each text column the share of its sampled values that read as each format, where it is not 0.

    A first look at few rows leaves only the formats that any of them has for the whole sample.
    """
    asked = [
        (column.name, name)
        for column in columns
        if kind_of(column.data_type) == "text"
        for name in _possible_formats(raw[column.name])
    ]
    few = exp.select("*").from_("_aidbt_sample").limit(_FIRST_LOOK_ROWS).subquery("few")
    seen = _format_shares(connection, asked, few)
    # None: those few rows were all null.
    likely = [pair for pair in asked if seen[pair] is None or seen[pair] > 0]
    shares = _format_shares(connection, likely, exp.to_table("_aidbt_sample"))
    found: dict[str, dict[str, float]] = {}
    for (column_name, name), share in shares.items():
        if share:
            found.setdefault(column_name, {})[name] = share
    return found


def _format_shares(
    connection: Connection, asked: Sequence[tuple[str, str]], rows: exp.Expr
) -> dict[tuple[str, str], Any]:
    shares: dict[tuple[str, str], Any] = {}
    for start in range(0, len(asked), COLUMNS_PER_SCAN):
        part = asked[start : start + COLUMNS_PER_SCAN]
        selected = []
        for column_name, name in part:
            c = exp.column(column_name, quoted=True)
            holds = exp.replace_placeholders(_FORMAT_TREES[name], c=c)
            hits = exp.Anonymous(this="count_if", expressions=[holds])
            filled = exp.func("nullif", exp.func("count", c), exp.Literal.number(0))
            selected.append(exp.Div(this=exp.cast(hits, DOUBLE), expression=filled))
        row = connection.rows(exp.select(*selected).from_(rows, copy=False).sql("duckdb", copy=False))[0]
        shares.update(zip(part, row, strict=True))
    return shares


def _possible_formats(raw: dict[str, Any]) -> list[str]:
    shortest, longest = raw.get("min_length"), raw.get("max_length")
    if longest is None or shortest is None:
        return []
    return [name for name, (least, most, _) in _FORMATS.items() if longest >= least and shortest <= most]


def repeating_in_sample(connection: Connection, names: Sequence[str]) -> set[str]:
    """Which of the columns repeat a value among the sampled rows already."""
    if not names:
        return set()
    columns = [exp.column(name, quoted=True) for name in names]
    repeated = [
        exp.LT(this=exp.Count(this=exp.Distinct(expressions=[c])), expression=exp.Count(this=exp.Star()))
        for c in columns
    ]
    row = connection.rows(exp.select(*repeated).from_("_aidbt_sample").sql("duckdb", copy=False))[0]
    return {name for name, repeats in zip(names, row, strict=True) if repeats}
