"""What a table holds: one scan for the exact figures, a block sample for values and formats.

The scan reads every row once (per 250 columns for very wide tables). Keys are then proven on every row,
but only for the columns whose approximate distinct count lets them be one.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
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
_TOP_VALUES_OF = 1_000
_FIRST_LOOK_ROWS = 500
# Rows whose hashes are compared at once: about 300 MB.
_ROWS_PER_PART = 5_000_000
# So many equal hashes are no chance: a column that repeats.
_SUSPECTS = 100
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
_HAS_TABLE = "select 1 from information_schema.tables where table_schema = ? and table_name = ?"
# Built once: reading a type's name costs more than the rest of a cast.
_DOUBLE, _TEXT = exp.DataType.build("double"), exp.DataType.build("text")
_FORMAT_TREES = {name: sqlglot.parse_one(test) for name, (_, _, test) in _FORMATS.items()}


@dataclass(frozen=True, slots=True)
class _Rows:
    """The rows that are profiled: a table, or the latest batch of it, on an open connection."""

    connection: Connection
    relation: Relation
    where: exp.Expr | None

    def select(self, *expressions: exp.Expr) -> exp.Select:
        # copy=False: each builder step would copy a tree of a thousand nodes.
        query = exp.select(*expressions).from_(_table(self.relation), copy=False)
        return query.where(self.where.copy(), copy=False) if self.where is not None else query

    def first(self, *expressions: exp.Expr) -> tuple[Any, ...]:
        return self.connection.rows(self.select(*expressions).sql("duckdb", copy=False))[0]


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
    rows = _Rows(connection, relation, where)
    row_count = int(rows.first(exp.Count(this=exp.Star()))[0])
    raw = _scan(rows, row_count)
    with _sampled(rows, row_count, sample_rows) as sampled:
        values = _top_values(connection, relation.columns, raw, sampled)
        formats = _formats(connection, relation.columns, raw)
        profiles = [
            _column_profile(c, raw[c.name], row_count, values.get(c.name, ()), formats.get(c.name, {}))
            for c in relation.columns
        ]
        candidates = [p.name for p in profiles if _may_be_key(p, row_count)]
        repeating = _repeating_in_sample(connection, candidates)
    keys = {name: name not in repeating and _is_unique(rows, name, row_count) for name in candidates}
    profiles = [replace(p, is_unique=keys.get(p.name)) for p in _with_code_ranges(rows, profiles)]
    return TableProfile(
        schema=relation.schema,
        name=relation.name,
        row_count=row_count,
        sample_rows=sampled,
        fingerprint=fingerprint(relation, batch),
        columns=tuple(profiles),
        keys=tuple(name for name, unique in keys.items() if unique),
    )


def latest_batch(connection: Connection, relation: Relation) -> str | None:
    """The id of the latest complete batch of an append-only bronze table; None for any other table."""
    if relation.column(BATCH_ID) is None:
        return None
    if not connection.rows(_HAS_TABLE, [relation.schema, LOADS_TABLE]):
        return None  # a copy of bronze somewhere else
    loads = exp.table_(LOADS_TABLE, db=relation.schema, quoted=True)
    query = (
        exp.select(exp.func("max", exp.column(LOADS_BATCH_ID)))
        .from_(loads)
        .where(exp.column(LOADS_TABLE_NAME).eq(exp.Literal.string(relation.name)))
    )
    found = connection.rows(query.sql("duckdb", copy=False))[0][0]
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
        yield "min", exp.cast(exp.func("min", c), _TEXT)
        yield "max", exp.cast(exp.func("max", c), _TEXT)
    if kind in ("number", "integer"):
        number = exp.cast(c, _DOUBLE)
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


def _scan(rows: _Rows, row_count: int) -> dict[str, dict[str, Any]]:
    """The exact figures of every column, by column and name of the figure."""
    columns = rows.relation.columns
    has_row_ids = rows.relation.kind == "table" and all(c.name.lower() != "rowid" for c in columns)
    one_in = max(row_count // _QUANTILE_ROWS, 1) if has_row_ids else 1
    raw: dict[str, dict[str, Any]] = {}
    for start in range(0, len(columns), COLUMNS_PER_SCAN):
        asked = [
            (column.name, what, aggregate)
            for column in columns[start : start + COLUMNS_PER_SCAN]
            for what, aggregate in _aggregates(column, one_in)
        ]
        figures = rows.first(*[aggregate for *_, aggregate in asked])
        for (name, what, _), value in zip(asked, figures, strict=True):
            raw.setdefault(name, {})[what] = value
    return raw


def _table(relation: Relation) -> exp.Table:
    return exp.table_(relation.name, db=relation.schema, quoted=True)


@contextlib.contextmanager
def _sampled(rows: _Rows, row_count: int, sample_rows: int) -> Iterator[int]:
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
    table.set("sample", exp.TableSample(method="SYSTEM", percent=percent, seed=_number(42)))
    return query


def _some(query: exp.Select, sample_rows: int) -> exp.Select:
    """Single rows from everywhere. That reads all of them, as a view has to anyway."""
    rows = query.subquery("rows")
    rows.set(
        "sample", exp.TableSample(method=exp.var("RESERVOIR"), size=_number(sample_rows), seed=_number(42))
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


def _top_values(
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
    share = exp.Div(this=exp.cast(exp.Count(this=exp.Star()), _DOUBLE), expression=total)
    query = (
        exp.select(exp.cast(c, _TEXT), share)
        .from_("_aidbt_sample")
        .where(c.is_(exp.null()).not_())
        .group_by(c)
        .order_by("2 desc", "1")
        .limit(TOP_VALUES)
    )
    return tuple(
        (str(value), float(part)) for value, part in connection.rows(query.sql("duckdb", copy=False))
    )


def _formats(
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
            selected.append(exp.Div(this=exp.cast(hits, _DOUBLE), expression=filled))
        row = connection.rows(exp.select(*selected).from_(rows, copy=False).sql("duckdb", copy=False))[0]
        shares.update(zip(part, row, strict=True))
    return shares


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


def _with_code_ranges(rows: _Rows, profiles: Sequence[ColumnProfile]) -> list[ColumnProfile]:
    """The profiles, with the exact minimum and maximum of the text columns that hold codes."""
    codes = [profile.name for profile in profiles if "code" in profile.formats]
    if not codes:
        return list(profiles)
    columns = [exp.column(name, quoted=True) for name in codes]
    row = rows.first(*[exp.func(which, column) for column in columns for which in ("min", "max")])
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


def _repeating_in_sample(connection: Connection, names: Sequence[str]) -> set[str]:
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


def _is_unique(rows: _Rows, name: str, row_count: int) -> bool:
    """Whether no two rows have the same value: every row is compared.

    Compared are 64-bit hashes, in parts that fit in memory: values with different hashes differ. Rows whose
    hashes are the same are compared by value.
    """
    c = exp.column(name, quoted=True)
    hashed = exp.Anonymous(this="hash", expressions=[c])
    parts = row_count // _ROWS_PER_PART + 1
    for part in range(parts):
        here = rows.select(hashed.copy())
        if parts > 1:
            here = here.where(exp.Mod(this=hashed.copy(), expression=_number(parts)).eq(_number(part)))
        repeated = here.group_by(hashed.copy()).having(_more_than_one()).limit(_SUSPECTS)
        suspects = [found for (found,) in rows.connection.rows(repeated.sql("duckdb", copy=False))]
        if suspects:
            same_hash = hashed.copy().isin(*[_number(value) for value in suspects])
            again = rows.select(_number(1)).where(same_hash).group_by(c).having(_more_than_one()).limit(1)
            if len(suspects) == _SUSPECTS or rows.connection.rows(again.sql("duckdb", copy=False)):
                return False
    return True


def _number(value: int) -> exp.Expr:
    return exp.Literal.number(value)


def _more_than_one() -> exp.Expr:
    return exp.GT(this=exp.Count(this=exp.Star()), expression=_number(1))


def _may_be_key(profile: ColumnProfile, row_count: int) -> bool:
    if row_count < 2 or profile.null_rate > 0 or profile.role == "load_time" or profile.name == BATCH_ID:
        return False
    if profile.distinct_count < _KEY_CANDIDATE_RATIO * row_count - 1:  # of few rows, one is a large share
        return False
    kind = kind_of(profile.data_type)
    if kind == "text":
        return (profile.max_length or 0) <= _KEY_MAX_LENGTH
    return kind == "integer" or profile.data_type == "UUID" or profile.data_type.startswith("DECIMAL")
