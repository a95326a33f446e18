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

from sqlglot import exp

from aidbt.core.loads import BATCH_ID, LOADED_AT
from aidbt.core.schema import Column, ColumnProfile, Relation, Role, TableProfile
from aidbt.warehouse.base import Connection
from aidbt.warehouse.rows import Rows, is_unique, latest_batch
from aidbt.warehouse.sampling import (
    COLUMNS_PER_SCAN,
    DOUBLE,
    TEXT,
    kind_of,
    repeating_in_sample,
    sampled_rows,
    text_formats,
    top_values,
)

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
    rows = Rows(connection, relation, where)
    row_count = int(rows.first(exp.Count(this=exp.Star()))[0])
    raw = _scan(rows, row_count)
    with sampled_rows(rows, row_count, sample_rows) as sampled:
        values = top_values(connection, relation.columns, raw, sampled)
        formats = text_formats(connection, relation.columns, raw)
        profiles = [
            _column_profile(c, raw[c.name], row_count, values.get(c.name, ()), formats.get(c.name, {}))
            for c in relation.columns
        ]
        candidates = [p.name for p in profiles if _may_be_key(p, row_count)]
        repeating = repeating_in_sample(connection, candidates)
    keys = {name: name not in repeating and is_unique(rows, name, row_count) for name in candidates}
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


def fingerprint(relation: Relation, batch: str | None) -> str:
    """A text that changes when the relation's columns, size or latest batch change."""
    parts = [str(relation), str(batch or relation.row_count)]
    parts += [f"{column.name}\0{column.data_type}" for column in relation.columns]
    return hashlib.sha256("\1".join(parts).encode()).hexdigest()[:24]


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
        yield "min", exp.cast(exp.func("min", c), TEXT)
        yield "max", exp.cast(exp.func("max", c), TEXT)
    if kind in ("number", "integer"):
        number = exp.cast(c, DOUBLE)
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


def _scan(rows: Rows, row_count: int) -> dict[str, dict[str, Any]]:
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


def _with_code_ranges(rows: Rows, profiles: Sequence[ColumnProfile]) -> list[ColumnProfile]:
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


def _may_be_key(profile: ColumnProfile, row_count: int) -> bool:
    if row_count < 2 or profile.null_rate > 0 or profile.role == "load_time" or profile.name == BATCH_ID:
        return False
    if profile.distinct_count < _KEY_CANDIDATE_RATIO * row_count - 1:  # of few rows, one is a large share
        return False
    kind = kind_of(profile.data_type)
    if kind == "text":
        return (profile.max_length or 0) <= _KEY_MAX_LENGTH
    return kind == "integer" or profile.data_type == "UUID" or profile.data_type.startswith("DECIMAL")
