"""The history that Elementary's dbt package kept, as buckets to begin with.

Its table `data_monitoring_metrics` has a row for each metric of each bucket, in the columns of version 0.26
(elementary-data/dbt-data-reliability, macros/edr/system/system_utils/empty_table.sql): full_table_name,
column_name, metric_name, metric_type (since 0.16), metric_value, bucket_start, bucket_end,
bucket_duration_hours, dimension, updated_at. A metric is turned back into the counts and sums that it was
made of, as far as it says them; the rest is left out and counted.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlglot import exp

from aidbt.core.config import MonitorSettings
from aidbt.core.errors import UnknownName, WarehouseError
from aidbt.core.measured import Bucket, FactKey
from aidbt.core.schema import Relation
from aidbt.monitors.collection.elementary_rows import Written, metric_rows, write_rows
from aidbt.monitors.collection.targets import find_targets
from aidbt.project.manifest import Manifest
from aidbt.project.selection import select_nodes
from aidbt.store import Store
from aidbt.store.buckets import Buckets
from aidbt.warehouse import Warehouse
from aidbt.warehouse.dialects import render
from aidbt.warehouse.dialects.times import WALL_CLOCK
from aidbt.warehouse.rows import table_of

TABLE = "data_monitoring_metrics"
_NEEDED = ("full_table_name", "column_name", "metric_name", "metric_value", "bucket_start", "bucket_end")
_GRAINS: Mapping[int, Literal["hour", "day"]] = {1: "hour", 24: "day"}
# Metrics that a spread needs besides, in whichever order they come.
_Values = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Taken:
    """What was taken over.

    Attributes:
        rows: of Elementary's table.
        kept: buckets that we had measured ourselves, which stayed.
        left_out: reason → rows.
    """

    table: str
    rows: int
    nodes: tuple[str, ...]
    buckets: int
    kept: int = 0
    left_out: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Row:
    """One metric of one bucket."""

    table: str
    column: str
    metric: str
    value: float
    start: datetime
    hours: int
    is_of_dimension: bool


def take_history(
    manifest: Manifest, warehouse: Warehouse, store: Store, schema: str, *, grain: Literal["hour", "day"]
) -> Taken:
    """Keep what Elementary measured of the project's nodes, where we measured nothing ourselves.

    Raises:
        UnknownName: there is no such schema with that table.
        WarehouseError: the table is not Elementary's, or cannot be read.
        StoreError: the store cannot be read or written.
    """
    with warehouse.connect() as connection:
        relation = _table(warehouse.relations(), schema)
        rows = [
            _row(row)
            for row in connection.rows(render(_query(relation, connection.dialect), connection.dialect))
        ]
    nodes = {
        f"{node.schema}.{node.identifier or node.name}".upper(): node.unique_id
        for group in (manifest.nodes, manifest.sources)
        for node in group.values()
        if node.resource_type in ("model", "snapshot", "source", "seed")
    }
    left_out: Counter[str] = Counter()
    buckets = list(buckets_of_rows(rows, nodes, grain, left_out))
    known = Buckets(store)
    spans = {node: {b.start for b in known.buckets(node, grain)} for node in {b.node for b in buckets}}
    new = [bucket for bucket in buckets if bucket.start not in spans[bucket.node]]
    known.put(new)
    return Taken(
        table=str(relation),
        rows=len(rows),
        nodes=tuple(sorted({bucket.node for bucket in buckets})),
        buckets=len(new),
        kept=len(buckets) - len(new),
        left_out=dict(sorted(left_out.items())),
    )


def hand_history(
    manifest: Manifest,
    warehouse: Warehouse,
    store: Store,
    settings: MonitorSettings,
    schema: str,
    *,
    days: int = 30,
    now: datetime,
) -> Written:
    """Write the last days of what we measured to Elementary's table, which is made where it is missing.

    Raises:
        WarehouseError: the table cannot be written, or has other columns.
        StoreError: the store cannot be read.
    """
    found = find_targets(manifest, select_nodes(manifest, ()), warehouse.relations(), settings)
    timed = {target.unique_id: target for target in found.targets if target.event_time is not None}
    since = now.replace(tzinfo=None) - timedelta(days=days)
    rows: list[tuple[Any, ...]] = []
    for series in Buckets(store).read(list(timed), settings.grain, since=since):
        target = timed[series.node]
        relation = target.relation
        parts = (relation.database, relation.schema, relation.name)
        name = ".".join(part for part in parts if part).upper()
        column = target.event_time.name if target.event_time else ""
        rows += metric_rows(series, name, column, now)
    return write_rows(warehouse, schema, rows)


def buckets_of_rows(
    rows: Iterable[_Row],
    nodes: Mapping[str, str],
    grain: Literal["hour", "day"],
    left_out: Counter[str],
) -> Iterator[Bucket]:
    """A bucket for each node and start; what cannot be used is counted in `left_out`.

    Args:
        nodes: "SCHEMA.TABLE" in upper case → unique_id.
    """
    found: dict[tuple[str, datetime], dict[str, dict[str, float]]] = {}
    for row in rows:
        node = nodes.get(".".join(row.table.upper().replace('"', "").split(".")[-2:]))
        reason = _why_not(row, node, grain)
        if reason or node is None:
            left_out[reason] += 1
            continue
        # Later rows of the same metric replace earlier ones.
        found.setdefault((node, row.start), {}).setdefault(row.column, {})[row.metric] = row.value
    for (node, start), columns in sorted(found.items()):
        facts = dict(_facts(columns, left_out))
        if facts:
            yield Bucket(node, grain, start, facts)


def _why_not(row: _Row, node: str | None, grain: str) -> str:
    if node is None:
        return "of a table that is no node of this project"
    if row.is_of_dimension:
        return "of a dimension"
    if _GRAINS.get(row.hours) != grain:
        return f"of buckets that are no {grain}"
    if not math.isfinite(row.value):
        return "no finite number"
    known = {"row_count"} if not row.column else _KNOWN
    return "" if row.metric in known else f"the metric {row.metric}, which says no count or sum"


def _facts(
    columns: Mapping[str, Mapping[str, float]], left_out: Counter[str]
) -> Iterator[tuple[FactKey, float]]:
    rows = columns.get("", {}).get("row_count")
    if rows is not None:
        yield ("rows", ""), rows
    for column, values in columns.items():
        if not column:
            continue
        if rows is None:
            left_out["of a bucket whose rows were not counted"] += len(values)
            continue
        for fact, value in _column_facts(values, rows):
            yield (fact, column), value


def _column_facts(values: _Values, rows: float) -> Iterator[tuple[str, float]]:
    """Counts and sums from averages and shares."""
    nulls = values.get("null_count")
    if nulls is None and "null_percent" in values:
        nulls = round(values["null_percent"] / 100 * rows)
    if nulls is not None:
        yield "nulls", nulls
    filled = rows - (nulls or 0.0)
    for metric, (fact, make) in _PLAIN.items():
        if metric in values:
            yield fact, make(values[metric], filled)
    total = values.get("sum", values["average"] * filled if "average" in values else None)
    if total is not None:
        yield "sum", total
        variance = values.get("variance", values.get("standard_deviation", math.nan) ** 2)
        if filled > 1 and math.isfinite(variance):
            yield "squares", variance * (filled - 1) + total**2 / filled


def _same(value: float, filled: float) -> float:
    return value


# Elementary's metric → our fact, and how that is made of it.
_PLAIN: Mapping[str, tuple[str, Callable[[float, float], float]]] = {
    "zero_count": ("zeros", _same),
    "count_true": ("trues", _same),
    "min": ("low", _same),
    "max": ("high", _same),
    "average_length": ("lengths", lambda value, filled: value * filled),
}
_KNOWN = {"null_count", "null_percent", "sum", "average", "variance", "standard_deviation", *_PLAIN}


def _table(relations: Sequence[Relation], schema: str) -> Relation:
    found = [r for r in relations if r.name.lower() == TABLE]
    here = next((r for r in found if r.schema.lower() == schema.lower()), None)
    if here is None:
        raise UnknownName(f"schema with Elementary's {TABLE}", schema, [r.schema for r in found])
    missing = [name for name in _NEEDED if name not in {c.name.lower() for c in here.columns}]
    if missing:
        raise WarehouseError(
            f"{here} is not Elementary's table: it has no {', '.join(missing)}",
            hint="versions since 0.6 of its dbt package can be read",
        )
    return here


def _query(relation: Relation, dialect: str) -> exp.Expr:
    names = {column.name.lower(): column.name for column in relation.columns}

    def column(name: str) -> exp.Expr:
        return exp.column(names[name], quoted=True)

    def seconds(name: str) -> exp.Expr:
        return exp.Anonymous(this="epoch", expressions=[exp.cast(column(name), WALL_CLOCK)])

    metric: exp.Expr = column("metric_name")
    if "metric_type" in names:  # the name may be the user's own
        metric = exp.Coalesce(this=column("metric_type"), expressions=[metric])
    dimension = column("dimension") if "dimension" in names else exp.null()
    chosen = [
        *(column(name) for name in ("full_table_name", "column_name")),
        metric,
        exp.cast(column("metric_value"), "double"),
        seconds("bucket_start"),
        seconds("bucket_end"),
        dimension,
    ]
    query = exp.Select(expressions=chosen).from_(table_of(relation, dialect))
    is_known = [
        exp.not_(exp.Is(this=column(name), expression=exp.null()))
        for name in ("bucket_start", "metric_value")
    ]
    query = query.where(*is_known)
    order = "updated_at" if "updated_at" in names else "bucket_end"
    return query.order_by(exp.Ordered(this=column(order), nulls_first=True))


def _row(row: Sequence[Any]) -> _Row:
    table, column, metric, value, start, end, dimension = row
    begin = float(start)
    return _Row(
        table=str(table or ""),
        column=str(column or ""),
        metric=str(metric),
        value=float(value),
        start=datetime(1970, 1, 1) + timedelta(seconds=round(begin)),
        hours=round((float(end) - begin) / 3600) if end is not None else 0,
        is_of_dimension=dimension is not None,
    )
