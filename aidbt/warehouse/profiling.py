"""What a table holds: one scan for the exact figures, a block sample for values and formats.

The scan reads every row once (per 250 columns for very wide tables). Keys are then proven on every row,
but only for the columns whose approximate distinct count lets them be one.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import sqlglot
from sqlglot import exp

from aidbt.core.loads import BATCH_ID, LOADED_AT, LOADS_BATCH_ID, LOADS_TABLE, LOADS_TABLE_NAME
from aidbt.core.schema import Column, ColumnProfile, Relation, Role, TableProfile
from aidbt.core.types import type_family
from aidbt.warehouse.base import Connection

COLUMNS_PER_SCAN = 250
TOP_VALUES = 10
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)

_QUANTILE_ROWS = 16_384
# HyperLogLog is a few percent off: a key shows at least this share of distinct values.
_KEY_CANDIDATE_RATIO = 0.85
_KEY_MAX_LENGTH = 128
_CODE_MAX_VALUES = 50
_CODE_VALUE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_./+-]{0,19}\Z")

_LOAD_TIME_NAMES = re.compile(
    r"_aidbt_loaded_at|_fivetran_synced|_airbyte_(emitted|extracted|loaded|normalized)_at|_sdc_\w+_at"
    r"|_dlt_load_time|_?(etl_|dw_|dwh_)?(loaded|ingested|synced|extracted|imported)_(at|on|time|ts|timestamp)"
    r"|_?load_(time|ts|timestamp|date)",
    re.IGNORECASE,
)

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
_FORMAT_TREES = {name: sqlglot.parse_one(test) for name, (_, _, test) in _FORMATS.items()}


def profile_table(connection: Connection, relation: Relation, *, sample_rows: int) -> TableProfile:
    """What `relation` holds, read from its latest complete batch when it is append-only bronze.

    Args:
        sample_rows: about how many rows top values and formats are read from, in whole blocks spread over
            the table; all rows when the table has no more.

    Raises:
        WarehouseError: the table vanished or cannot be read.
    """
    batch = latest_batch(connection, relation)
    where = exp.column(BATCH_ID, quoted=True).eq(exp.Literal.string(batch)) if batch is not None else None
    columns = list(relation.columns)
    row_count, raw = _scan(connection, relation, columns, where)
    sampled, values, formats = _sample(connection, relation, columns, raw, row_count, where, sample_rows)
    profiles = [
        _column_profile(
            column, raw[column.name], row_count, values.get(column.name, ()), formats.get(column.name, {})
        )
        for column in columns
    ]
    profiles = _with_code_ranges(connection, relation, profiles, where)
    keys = _proven_keys(connection, relation, profiles, row_count, where)
    return TableProfile(
        schema=relation.schema,
        name=relation.name,
        row_count=row_count,
        sample_rows=sampled,
        fingerprint=fingerprint(relation, batch),
        columns=tuple(_with_uniqueness(profile, keys) for profile in profiles),
        keys=tuple(name for name, unique in keys.items() if unique),
    )


def latest_batch(connection: Connection, relation: Relation) -> str | None:
    """The id of the latest complete batch of an append-only bronze table; None for any other table."""
    if relation.column(BATCH_ID) is None:
        return None
    loads = exp.table_(LOADS_TABLE, db=relation.schema, quoted=True)
    query = (
        exp.select(exp.func("max", exp.column(LOADS_BATCH_ID)))
        .from_(loads)
        .where(exp.column(LOADS_TABLE_NAME).eq(exp.Literal.string(relation.name)))
    )
    found = connection.rows(query.sql("duckdb"))[0][0]
    return str(found) if found is not None else None


def fingerprint(relation: Relation, batch: str | None) -> str:
    """A text that changes when the relation's columns, size or latest batch change."""
    parts = [str(relation), str(batch or relation.row_count)]
    parts += [f"{column.name}\0{column.data_type}" for column in relation.columns]
    return hashlib.sha256("\1".join(parts).encode()).hexdigest()[:24]


def kind_of(data_type: str) -> str:
    """The family of a DuckDB type as far as its figures go; "other" for what only has a count."""
    family = type_family(data_type)
    if family == "time" or (family == "text" and data_type != "VARCHAR"):  # UUID and ENUM have no length
        return "other"
    return family


def _aggregates(column: Column, one_in: int) -> Iterator[tuple[str, exp.Expr]]:
    """What is computed of a column in the scan, by name."""
    kind = kind_of(column.data_type)
    c = exp.column(column.name, quoted=True)

    yield "count", exp.func("count", c)
    if kind == "other":
        if _is_scalar(column.data_type):
            yield "distinct", exp.func("approx_count_distinct", c, dialect="duckdb")
        return
    yield "distinct", exp.func("approx_count_distinct", c, dialect="duckdb")
    if kind != "text":  # free text may hold anything; codes get theirs below, from their values
        yield "min", exp.cast(exp.func("min", c), "text")
        yield "max", exp.cast(exp.func("max", c), "text")
    if kind in ("number", "integer"):
        number = exp.cast(c, "double")
        # The largest doubles overflow avg() and stddev() with an error; those columns go without.
        finite = exp.and_(
            exp.Anonymous(this="isfinite", expressions=[number]),
            exp.LT(this=exp.func("abs", number), expression=exp.Literal.number("1e150")),
        )
        measured = exp.Case().when(finite, number) if kind == "number" else number
        yield "mean", exp.func("avg", measured)
        yield "stddev", exp.Anonymous(this="stddev_samp", expressions=[measured])
        yield "quantiles", _quantiles(measured, one_in)
    elif kind in ("date", "timestamp"):
        seconds = exp.Anonymous(this="epoch", expressions=[c])
        finite = exp.Anonymous(this="isfinite", expressions=[c])
        yield "quantiles", _quantiles(exp.Case().when(finite, seconds), one_in)
    elif kind == "text":
        length = exp.Anonymous(this="length", expressions=[c])
        yield "min_length", exp.func("min", length)
        yield "max_length", exp.func("max", length)
        yield "mean_length", exp.func("avg", length)


def _quantiles(value: exp.Expr, one_in: int) -> exp.Expr:
    # A t-digest over all rows costs as much as everything else together; over 1 row in k, chosen by hash,
    # it is within 0.5 % of the rank. DuckDB's cheap reservoir_quantile is no alternative: on sorted columns
    # it was seen to sample the end of the table only.
    points = exp.Array(expressions=[exp.Literal.number(q) for q in QUANTILES])
    digest = exp.Anonymous(this="approx_quantile", expressions=[value, points])
    if one_in == 1:
        return digest
    row_hash = exp.Anonymous(this="hash", expressions=[exp.column("rowid")])
    chosen = exp.Mod(this=row_hash, expression=exp.Literal.number(one_in)).eq(exp.Literal.number(0))
    return exp.Filter(this=digest, expression=exp.Where(this=chosen))


def _is_scalar(data_type: str) -> bool:
    return not (data_type.upper().endswith("]") or data_type.upper().startswith(("STRUCT", "MAP", "UNION")))


def _scan(
    connection: Connection, relation: Relation, columns: Sequence[Column], where: exp.Expr | None
) -> tuple[int, dict[str, dict[str, Any]]]:
    row_count = _count(connection, relation, where)
    one_in = max(row_count // _QUANTILE_ROWS, 1) if relation.kind == "table" else 1
    raw: dict[str, dict[str, Any]] = {}
    for start in range(0, max(len(columns), 1), COLUMNS_PER_SCAN):
        names: list[tuple[str, str]] = []
        selected: list[exp.Expr] = []
        for column in columns[start : start + COLUMNS_PER_SCAN]:
            for what, aggregate in _aggregates(column, one_in):
                names.append((column.name, what))
                selected.append(aggregate)
        query = exp.select(*selected).from_(_table(relation))
        row = connection.rows((query.where(where) if where is not None else query).sql("duckdb"))[0]
        for (name, what), value in zip(names, row, strict=True):
            raw.setdefault(name, {})[what] = value
    return row_count, raw


def _count(connection: Connection, relation: Relation, where: exp.Expr | None) -> int:
    query = exp.select(exp.Count(this=exp.Star())).from_(_table(relation))
    return int(connection.rows((query.where(where) if where is not None else query).sql("duckdb"))[0][0])


def _table(relation: Relation) -> exp.Table:
    return exp.table_(relation.name, db=relation.schema, quoted=True)


def _sample(
    connection: Connection,
    relation: Relation,
    columns: Sequence[Column],
    raw: dict[str, dict[str, Any]],
    row_count: int,
    where: exp.Expr | None,
    sample_rows: int,
) -> tuple[int, dict[str, tuple[tuple[str, float], ...]], dict[str, dict[str, float]]]:
    """Rows sampled, top values and text formats by column."""
    wanted = [c for c in columns if kind_of(c.data_type) in ("text", "integer", "boolean")]
    if not wanted or not row_count:
        return row_count, {}, {}
    table: exp.Expr = _table(relation)
    if row_count > sample_rows and relation.kind == "table":
        total = max(relation.row_count or 0, row_count)
        percent = max(
            100.0 * sample_rows / row_count if where is not None else 100.0 * sample_rows / total, 0.0001
        )
        table = exp.alias_(table, None)
        table.set("sample", exp.TableSample(method="SYSTEM", percent=exp.Literal.number(f"{percent:.6f}"),
                                            seed=exp.Literal.number(42)))  # fmt: skip
    query = exp.select(*[exp.column(c.name, quoted=True) for c in wanted]).from_(table)
    query = query.where(where) if where is not None else query
    if relation.kind == "view":
        query = query.limit(sample_rows)
    connection.rows(f"create or replace temp table _aidbt_sample as {query.sql('duckdb')}")
    sampled = int(connection.rows("select count(*) from _aidbt_sample")[0][0])
    try:
        values = {
            column.name: _top_values(connection, column)
            for column in wanted
            if 0 < (raw[column.name].get("distinct") or 0) <= max(_CODE_MAX_VALUES * 20, 1)
        }
        formats = _formats(connection, [c for c in wanted if kind_of(c.data_type) == "text"], raw)
    finally:
        connection.rows("drop table _aidbt_sample")
    return sampled, values, formats


def _top_values(connection: Connection, column: Column) -> tuple[tuple[str, float], ...]:
    c = exp.column(column.name, quoted=True)
    total = exp.Window(this=exp.func("sum", exp.Count(this=exp.Star())))
    share = exp.Div(this=exp.cast(exp.Count(this=exp.Star()), "double"), expression=total)
    query = (
        exp.select(exp.cast(c, "text"), share)
        .from_("_aidbt_sample")
        .where(c.is_(exp.null()).not_())
        .group_by(c)
        .order_by("2 desc", "1")
        .limit(TOP_VALUES)
    )
    return tuple((str(value), float(part)) for value, part in connection.rows(query.sql("duckdb")))


def _formats(
    connection: Connection, columns: Sequence[Column], raw: dict[str, dict[str, Any]]
) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = {}
    for start in range(0, len(columns), COLUMNS_PER_SCAN):
        asked: list[tuple[str, str]] = []
        selected: list[exp.Expr] = []
        for column in columns[start : start + COLUMNS_PER_SCAN]:
            c = exp.column(column.name, quoted=True)
            filled = exp.func("nullif", exp.func("count", c), exp.Literal.number(0))
            for name in _possible_formats(raw[column.name]):
                holds = exp.replace_placeholders(_FORMAT_TREES[name], c=c)
                hits = exp.Anonymous(this="count_if", expressions=[holds])
                asked.append((column.name, name))
                selected.append(exp.Div(this=exp.cast(hits, "double"), expression=filled))
        if selected:
            row = connection.rows(exp.select(*selected).from_("_aidbt_sample").sql("duckdb"))[0]
            for (column_name, name), share in zip(asked, row, strict=True):
                if share:
                    found.setdefault(column_name, {})[name] = float(share)
    return found


def _possible_formats(raw: dict[str, Any]) -> list[str]:
    shortest, longest = raw.get("min_length"), raw.get("max_length")
    if longest is None or shortest is None:
        return []
    return [name for name, (least, most, _) in _FORMATS.items() if longest >= least and shortest <= most]


def _column_profile(
    column: Column,
    raw: dict[str, Any],
    row_count: int,
    values: tuple[tuple[str, float], ...],
    formats: dict[str, float],
) -> ColumnProfile:
    kind = kind_of(column.data_type)
    distinct = int(raw.get("distinct") or 0)
    filled = int(raw["count"])
    is_code = kind == "text" and _is_code_list(values, distinct, filled)
    if is_code:
        formats = {**formats, "code": 1.0}
    # Values stay only where they are codes: free text may hold anything, people's names included.
    keeps_values = kind != "text" or is_code
    return ColumnProfile(
        name=column.name,
        data_type=column.data_type,
        null_rate=1 - filled / row_count if row_count else 0.0,
        distinct_count=min(distinct, filled),
        minimum=raw.get("min"),
        maximum=raw.get("max"),
        mean=raw.get("mean"),
        stddev=raw.get("stddev"),
        quantiles=tuple(float(value) for value in raw.get("quantiles") or ()),
        min_length=raw.get("min_length"),
        max_length=raw.get("max_length"),
        mean_length=raw.get("mean_length"),
        top_values=values if keeps_values else (),
        formats=formats,
        role=_role(column, kind, formats),
    )


def _with_code_ranges(
    connection: Connection,
    relation: Relation,
    profiles: Sequence[ColumnProfile],
    where: exp.Expr | None,
) -> list[ColumnProfile]:
    """The profiles, with the exact minimum and maximum of the text columns that hold codes."""
    codes = [profile.name for profile in profiles if "code" in profile.formats]
    if not codes:
        return list(profiles)
    columns = [exp.column(name, quoted=True) for name in codes]
    ends = [exp.func(which, column) for column in columns for which in ("min", "max")]
    query = exp.select(*ends).from_(_table(relation))
    row = connection.rows((query.where(where) if where is not None else query).sql("duckdb"))[0]
    found = {name: row[2 * i : 2 * i + 2] for i, name in enumerate(codes)}
    return [
        replace(p, minimum=found[p.name][0], maximum=found[p.name][1]) if p.name in found else p
        for p in profiles
    ]


def _is_code_list(values: Sequence[tuple[str, float]], distinct: int, filled: int) -> bool:
    """Whether a text column holds a short list of codes: few distinct, short, repeated values."""
    if not values or distinct > _CODE_MAX_VALUES or filled < 2 * distinct:
        return False
    return all(_CODE_VALUE.match(value) for value, _ in values)


def _role(column: Column, kind: str, formats: dict[str, float]) -> Role | None:
    """When a loader wrote the row, or when something happened; by name, since only names tell them apart."""
    is_time = kind in ("date", "timestamp") or max(formats.get("date", 0), formats.get("timestamp", 0)) > 0.95
    if not is_time:
        return None
    is_load_time = column.name == LOADED_AT or _LOAD_TIME_NAMES.fullmatch(column.name) is not None
    return "load_time" if is_load_time and kind == "timestamp" else "event_time"


def _proven_keys(
    connection: Connection,
    relation: Relation,
    profiles: Sequence[ColumnProfile],
    row_count: int,
    where: exp.Expr | None,
) -> dict[str, bool]:
    """Candidate key columns, each with whether all rows differ. Every row is compared."""
    proven: dict[str, bool] = {}
    for profile in profiles:
        if not _may_be_key(profile, row_count):
            continue
        c = exp.column(profile.name, quoted=True)
        groups = exp.select(exp.Literal.number(1)).from_(_table(relation))
        groups = groups.where(where) if where is not None else groups
        query = groups.group_by(c).having(
            exp.GT(this=exp.Count(this=exp.Star()), expression=exp.Literal.number(1))
        )
        proven[profile.name] = not connection.rows(query.limit(1).sql("duckdb"))
    return proven


def _may_be_key(profile: ColumnProfile, row_count: int) -> bool:
    if row_count < 2 or profile.null_rate > 0 or profile.role == "load_time" or profile.name == BATCH_ID:
        return False
    if profile.distinct_count < _KEY_CANDIDATE_RATIO * row_count:
        return False
    kind = kind_of(profile.data_type)
    if kind == "text":
        return (profile.max_length or 0) <= _KEY_MAX_LENGTH
    return kind == "integer" or profile.data_type == "UUID" or profile.data_type.startswith("DECIMAL")


def _with_uniqueness(profile: ColumnProfile, keys: dict[str, bool]) -> ColumnProfile:
    return replace(profile, is_unique=keys.get(profile.name))
