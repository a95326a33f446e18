"""What a table holds: one scan for the exact figures, a block sample for values and formats.

The scan reads every row once (per so many columns, for very wide tables). Keys are then proven on every row,
but only for the columns whose approximate distinct count lets them be one.

Where a warehouse cannot tell a figure in the scan it comes from elsewhere: quantiles from the sample
(PostgreSQL, Redshift), distinct counts from the values whose hashes fall in a part of their range
(PostgreSQL, `aidbt.warehouse.distinct`).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from sqlglot import exp

from aidbt.core.errors import StatementRefused
from aidbt.core.loads import BATCH_ID, LOADED_AT
from aidbt.core.schema import Column, ColumnProfile, Relation, Role, TableProfile
from aidbt.core.types import type_family
from aidbt.warehouse.base import Connection, OnRefused
from aidbt.warehouse.distinct import correct_distinct_counts, partly_distinct
from aidbt.warehouse.keys import composite_keys
from aidbt.warehouse.pii import SAMPLED_VALUES, Pii, guess_pii, with_pii
from aidbt.warehouse.rows import Rows, change_key, is_unique, latest_batch, number, rows_of
from aidbt.warehouse.sampling import (
    COLUMNS_PER_SCAN,
    DOUBLE,
    TEXT,
    WITHOUT_QUANTILES,
    Figures,
    Sample,
    kind_of,
    measured,
    ordinate,
    sampled_rows,
    text_formats,
    top_values,
)

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
_QUANTILE_ROWS = 16_384
# PostgreSQL selects at most 1,664 things at once; there are up to eight of a column.
_COLUMNS_PER_SCAN_ELSEWHERE = 200
_TIME = re.compile(
    r"(?P<date>\S+?)[T ](?P<time>[0-9]{2}:[0-9]{2}:[0-9]{2})(?P<fraction>[.][0-9]+)?"
    r"(?P<offset> ?UTC|Z|[+-].*)?"
)
# HyperLogLog is a few percent off: a key shows at least this share of distinct values.
_KEY_CANDIDATE_RATIO = 0.85
_KEY_MAX_LENGTH = 128
_MEASURED = ("integer", "number", "date", "timestamp")  # the kinds that have quantiles
_DECIMAL_TYPES = re.compile(r"(decimal|numeric|number|bignumeric|bigdecimal)\b", re.IGNORECASE)
_CODE_MAX_VALUES = 50
_CODE_VALUE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_./+-]{0,19}\Z")
_LOAD_TIME_NAMES = re.compile(
    r"_aidbt_loaded_at|_fivetran_synced|_airbyte_(emitted|extracted|loaded|normalized)_at|_sdc_\w+_at"
    r"|_dlt_load_time|_?(etl_|dw_|dwh_)?(loaded|ingested|synced|extracted|imported)_(at|on|time|ts|timestamp)"
    r"|_?load_(time|ts|timestamp|date)",
    re.IGNORECASE,
)


def profile_table(connection: Connection, relation: Relation, *, sample_rows: int) -> TableProfile:
    """What `relation` holds, read from its latest complete batch when it is append-only bronze, and from the
    latest row of each key when it is a change log; of that, without the columns that say what happened.

    Args:
        sample_rows: about how many rows top values and formats are read from, in whole blocks spread over
            the table where the warehouse can draw blocks; all rows when the table has no more.

    Raises:
        WarehouseError: the table vanished or cannot be read.
    """
    mark = fingerprint(relation, latest_batch(connection, relation))
    key = change_key(connection, relation)
    rows = rows_of(connection, relation)
    relation = rows.relation
    row_count = int(rows.first(exp.Count(this=exp.Star()))[0])
    raw = _scan(rows, row_count)
    with sampled_rows(rows, row_count, sample_rows, raw) as sample:
        if rows.dialect == "postgres":
            correct_distinct_counts(rows, row_count, raw, sample)
        if rows.dialect in WITHOUT_QUANTILES:
            for column in (c for c in relation.columns if kind_of(c.data_type) in _MEASURED):
                raw[column.name]["quantiles"] = sample.quantiles(column.name, QUANTILES)
        values = top_values(relation.columns, raw, sample)
        formats = text_formats(relation.columns, raw, sample)
        profiles = [
            _column_profile(c, raw[c.name], row_count, values.get(c.name, ()), formats.get(c.name, {}))
            for c in relation.columns
        ]
        personal = _personal(relation, raw, sample)
        profiles = [with_pii(p, personal.get(p.name)) for p in profiles]
        candidates = [p.name for p in profiles if _may_be_key(p, row_count)]
        repeating = sample.repeating(candidates)
        sampled = sample.rows
        # What does not repeat in a sample of all rows was compared with all rows.
        is_whole = sampled == row_count
        keys = {
            name: name not in repeating and (is_whole or is_unique(rows, name, row_count))
            for name in candidates
        }
        together: tuple[tuple[str, ...], ...] = ()
        if not any(keys.values()):
            together = _declared_key(key or (), profiles) or composite_keys(
                rows, profiles, row_count, repeats_in_sample=sample.repeats_together
            )
    profiles = [replace(p, is_unique=keys.get(p.name)) for p in _with_code_ranges(rows, profiles)]
    return TableProfile(
        schema=relation.schema,
        name=relation.name,
        row_count=row_count,
        sample_rows=sampled,
        fingerprint=mark,
        columns=tuple(profiles),
        keys=tuple(name for name, unique in keys.items() if unique),
        composite_keys=together,
    )


def profile_if_readable(
    connection: Connection, relation: Relation, sample_rows: int, on_refused: OnRefused | None
) -> TableProfile | None:
    """The profile, or None when the warehouse refuses and `on_refused` was told."""
    try:
        return profile_table(connection, relation, sample_rows=sample_rows)
    except StatementRefused as error:
        if on_refused is None:
            raise
        on_refused(relation, error)
        return None


def _personal(relation: Relation, raw: Figures, sample: Sample) -> dict[str, Pii]:
    """The columns that seem to hold personal data; the values that tell are looked at here and forgotten."""
    names = relation.column_names
    telling = ("text", "integer", "number")
    looked_at = [c for c in relation.columns if raw[c.name]["count"] and kind_of(c.data_type) in telling]
    values = sample.some_values(looked_at, SAMPLED_VALUES)
    guesses = (
        (c.name, guess_pii(c, values.get(c.name, ()), table=relation.name, siblings=names))
        for c in relation.columns
    )
    return {name: pii for name, pii in guesses if pii is not None}


def fingerprint(relation: Relation, batch: str | None) -> str:
    """A text that changes when the relation's columns, contents or latest batch change; "" where the
    warehouse does not tell whether they did: then no older profile counts.
    """
    contents = batch or relation.version or relation.row_count
    if contents is None:
        return ""
    parts = [str(relation), str(contents)]
    parts += [f"{column.name}\0{column.data_type}" for column in relation.columns]
    return hashlib.sha256("\1".join(parts).encode()).hexdigest()[:24]


def _aggregates(column: Column, rows: Rows, one_in: int, row_count: int) -> Iterator[tuple[str, exp.Expr]]:
    """What is computed of a column in the scan, by name."""
    kind = kind_of(column.data_type)
    dialect = rows.dialect
    c = exp.column(column.name, quoted=True)

    yield "count", exp.func("count", c, copy=False)
    if kind == "other" and not _is_scalar(column.data_type, dialect):
        return
    yield "distinct", _distinct(c, dialect, row_count)
    if kind == "other":
        return
    if kind == "boolean" and dialect != "duckdb":  # which has no order everywhere
        ordered = exp.Case(ifs=[exp.If(this=c, true=number(1)), exp.If(this=exp.not_(c), true=number(0))])
        yield "min", exp.func("min", ordered, copy=False)
        yield "max", exp.func("max", ordered, copy=False)
    elif kind != "text":  # free text may hold anything; codes get theirs below, from their values
        yield "min", exp.cast(exp.func("min", c, copy=False), TEXT, copy=False)
        yield "max", exp.cast(exp.func("max", c, copy=False), TEXT, copy=False)
    if kind in ("number", "integer"):
        value = measured(column, dialect=dialect)
        yield "mean", exp.func("avg", value, copy=False)
        yield "stddev", exp.Anonymous(this="stddev_samp", expressions=[value])
    elif kind == "text":
        length = exp.Anonymous(this="length", expressions=[c])
        yield "min_length", exp.func("min", length, copy=False)
        yield "max_length", exp.func("max", length, copy=False)
        yield "mean_length", exp.func("avg", length if dialect == "duckdb" else exp.cast(length, DOUBLE))
    place = ordinate(column, dialect=dialect)
    if place is not None and dialect not in WITHOUT_QUANTILES:
        yield "quantiles", _quantiles(place, one_in)


def _distinct(column: exp.Expr, dialect: str, row_count: int) -> exp.Expr:
    if dialect == "postgres":
        return partly_distinct(column, row_count)
    return exp.ApproxDistinct(this=column)


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


def _is_scalar(data_type: str, dialect: str) -> bool:
    """Whether values of a type without figures can be told apart by the warehouse."""
    if dialect != "duckdb":  # PostgreSQL's json has no equality; elsewhere nested types have none
        return type_family(data_type) in ("text", "time")
    return not (data_type.upper().endswith("]") or data_type.upper().startswith(("STRUCT", "MAP", "UNION")))


def _scan(rows: Rows, row_count: int) -> Figures:
    """The exact figures of every column, by column and name of the figure."""
    columns = rows.relation.columns
    is_duckdb = rows.dialect == "duckdb"
    has_row_ids = (
        is_duckdb and rows.relation.kind == "table" and all(c.name.lower() != "rowid" for c in columns)
    )
    one_in = max(row_count // _QUANTILE_ROWS, 1) if has_row_ids else 1
    step = COLUMNS_PER_SCAN if is_duckdb else _COLUMNS_PER_SCAN_ELSEWHERE
    raw: Figures = {}
    for start in range(0, len(columns), step):
        asked = [
            (column, what, aggregate)
            for column in columns[start : start + step]
            for what, aggregate in _aggregates(column, rows, one_in, row_count)
        ]
        figures = rows.first(*[aggregate for *_, aggregate in asked])
        for (column, what, _), value in zip(asked, figures, strict=True):
            found = value if is_duckdb else _plain(value, what, column)
            raw.setdefault(column.name, {})[what] = found
    return raw


def _plain(value: Any, what: str, column: Column) -> Any:
    """A figure as DuckDB would give it, from whatever a driver gives: Decimals, lists as text, …"""
    if value is None:
        return None
    if what in ("count", "distinct", "min_length", "max_length"):
        return int(value)
    if what in ("mean", "stddev", "mean_length"):
        return float(value)
    if what == "quantiles":
        found = value.strip("[] ").split(",") if isinstance(value, str) else value
        if len(found) > len(QUANTILES):  # BigQuery gives all twentieths
            found = [found[round(point * (len(found) - 1))] for point in QUANTILES]
        return tuple(float(item) for item in found if item is not None)
    kind = kind_of(column.data_type)
    if kind == "boolean":
        return "true" if int(value) else "false"
    return plain_text(str(value), column.data_type)


def plain_text(text: str, data_type: str) -> str:
    """How a number or a time reads, in one spelling for all warehouses.

    Example:
        >>> plain_text("2026-03-01T12:00:00.500000 UTC", "TIMESTAMP"), plain_text("2.5E7", "double")
        ('2026-03-01 12:00:00.5+00', '25000000.0')
    """
    kind = kind_of(data_type)
    if kind == "timestamp":
        found = _TIME.fullmatch(text)
        if found is not None:
            fraction = (found["fraction"] or "").rstrip("0").rstrip(".")
            offset = re.sub(r"^( ?UTC|Z|[+-]00:?00)$", "+00", found["offset"] or "")
            return f"{found['date']} {found['time']}{fraction}{offset}"
    if kind == "number" and not _DECIMAL_TYPES.match(data_type):
        return str(float(text))
    return text


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
    # In the order of bytes, as everywhere else, and not in that of a language.
    columns = [_in_byte_order(exp.column(name, quoted=True), rows.dialect) for name in codes]
    row = rows.first(*[exp.func(which, column) for column in columns for which in ("min", "max")])
    found = {name: row[2 * i : 2 * i + 2] for i, name in enumerate(codes)}
    return [
        replace(p, minimum=found[p.name][0], maximum=found[p.name][1]) if p.name in found else p
        for p in profiles
    ]


def _in_byte_order(column: exp.Expr, dialect: str) -> exp.Expr:
    if dialect != "postgres":
        return column
    return exp.Collate(this=exp.cast(column, TEXT), expression=exp.to_identifier("C", quoted=True))


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
    return "load_time" if kind == "timestamp" and is_load_time(column.name) else "event_time"


def is_load_time(name: str) -> bool:
    """Whether a column's name says that a loader wrote it, when it wrote the row.

    Example:
        >>> is_load_time("_fivetran_synced"), is_load_time("ordered_at")
        (True, False)
    """
    return name == LOADED_AT or _LOAD_TIME_NAMES.fullmatch(name) is not None


def _declared_key(key: Sequence[str], profiles: Sequence[ColumnProfile]) -> tuple[tuple[str, ...], ...]:
    """The key of a change log, of which there is one row each, where no part of it is ever null."""
    parts = [profile for profile in profiles if profile.name in key]
    is_key = len(parts) > 1 and all(profile.null_rate == 0 for profile in parts)
    return (tuple(profile.name for profile in parts),) if is_key else ()


def _may_be_key(profile: ColumnProfile, row_count: int) -> bool:
    if row_count < 2 or profile.null_rate > 0 or profile.role == "load_time" or profile.name == BATCH_ID:
        return False
    if profile.distinct_count < _KEY_CANDIDATE_RATIO * row_count - 1:  # of few rows, one is a large share
        return False
    kind = kind_of(profile.data_type)
    if kind == "text":
        return (profile.max_length or 0) <= _KEY_MAX_LENGTH
    is_uuid = profile.data_type.lower() == "uuid"
    return kind == "integer" or is_uuid or _DECIMAL_TYPES.match(profile.data_type) is not None
