"""Claim: `aidbt_latest` turns a change log of 10 million events of 2.5 million keys into the latest row per
key at 500,000 events per CPU second or more in one build; a batch costs what its own events do, not what the
log holds.

In batches of 500,000 that touch a fifth of all keys, in random order, most of the cost is not the macro's:
DuckDB's checkpoints write row groups anew as soon as four of them fit into three. Measured as DuckDB is, and
with one such task per 500,000 keys and checkpoint (`max_vacuum_tasks`).

Peers, on the same batches in the same run: dbt-duckdb's strategy `merge` (the statement that it writes), and
a full rebuild by one window function.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import duckdb

from aidbt.generate.base_models import macro_files
from benchmarks.common import measure, report, standard_arguments
from tests.change_logs import Model


@dataclass(frozen=True)
class Scale:
    """How many of what.

    Attributes:
        events: in the log before the first build.
        batches, batch: how many follow it, each of so many events.
        merges: the number of those that the peers apply too.
        small: events of the batches whose cost is compared between sizes of table and log.
        cliff: sizes of batches on which `merge` is compared with delete+insert.
    """

    keys: int
    events: int
    batches: int
    batch: int
    merges: int
    small: int
    cliff: tuple[int, ...]


SCALES = {
    "quick": Scale(250_000, 500_000, 5, 100_000, 2, 20_000, (10_000, 50_000)),
    "full": Scale(2_500_000, 5_000_000, 10, 500_000, 2, 100_000, (20_000, 40_000, 60_000, 100_000)),
}
# DuckDB's `max_vacuum_tasks`; a task makes one row group less of at most four, of 122,880 rows each.
VACUUM_TASKS = 100
ROWS_PER_VACUUM_TASK = 500_000
CLEAR_AWAY = "set max_vacuum_tasks = {tasks}"
LOG = """
create table {log} (
    id bigint, name varchar, amount decimal(10, 2), status integer, placed_at timestamp, note varchar,
    _aidbt_op varchar, _aidbt_position bigint, _aidbt_sequence bigint, _aidbt_event_at timestamptz,
    _aidbt_committed_at timestamptz, _aidbt_unchanged varchar[], _aidbt_loaded_at timestamptz,
    _aidbt_batch_id varchar
)
"""
# Parameters: number of keys, first event, number of events, batch. The first event of each key creates it;
# those behind come for keys in random order, one in a hundred a deletion.
LAND = """
insert into {log}
select
    id,
    case when op <> 'd' then 'customer ' || hash(i * 7) % 100000 end,
    case when op <> 'd' then (hash(i * 3) % 10000) / 100 end,
    case when op <> 'd' then hash(i * 11) % 5 end,
    case when op <> 'd' then timestamp '2024-01-01' + to_seconds((hash(i * 13) % 30000000)::bigint) end,
    case when op <> 'd' then 'note about event ' || i end,
    op, i // 10, 1 + i % 10, moment, moment, null,
    timestamptz '2026-01-01 00:00:00+00' + to_seconds($batch),
    strftime(timestamp '2026-01-01' + to_seconds($batch), '%Y%m%dT%H%M%S.%fZ-0001')
from (
    select
        i,
        case when i < $keys then i else (hash(i) % $keys)::bigint end as id,
        case when i < $keys then 'c' when hash(i * 17) % 100 = 0 then 'd' else 'u' end as op,
        timestamptz '2025-01-01 00:00:00+00' + to_milliseconds(i) as moment
    from range($first, $first + $events) as r(i)
)
"""
# What dbt-duckdb 1.11 writes for a model with one key and no further settings.
MERGE = """
merge into merged as DBT_INTERNAL_DEST
using new_rows as DBT_INTERNAL_SOURCE
on (DBT_INTERNAL_SOURCE."id" = DBT_INTERNAL_DEST."id")
when matched then update by name
when not matched then insert by name
"""
REBUILD = """
create or replace table rebuilt as
select *, _aidbt_op in ('d', 't') as _aidbt_is_deleted
from log
qualify row_number() over (partition by id order by _aidbt_position desc, _aidbt_sequence desc) = 1
"""
SHUFFLE = "create or replace table {table} as from rebuilt order by hash(id)"
SAME = """
select count(*) from (
    select * exclude (_aidbt_loaded_at, _aidbt_batch_id) from latest
    except select * exclude (_aidbt_loaded_at, _aidbt_batch_id) from {other}
)
"""
# Rows in the row groups of the table, deleted ones too, and those that are there.
STORED = """
select sum(count), (select count(*) from latest)
from pragma_storage_info('latest')
where column_name = 'id' and segment_type <> 'VALIDITY'
"""


class Merged(Model):
    """The same new rows, written by MERGE."""

    def write_sql(self) -> str:
        return MERGE


class Stream:
    """A change log in a database that grows by batches.

    Args:
        vacuum_tasks: how many row groups a checkpoint may save, but for those behind what is landed here.
    """

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, log: str, keys: int, *, vacuum_tasks: int = VACUUM_TASKS
    ) -> None:
        self.connection, self.log, self.keys, self.vacuum_tasks = connection, log, keys, vacuum_tasks
        self.landed = self.batches = 0
        connection.execute(LOG.format(log=log))

    def land(self, events: int, *, batch: int | None = None) -> None:
        """Land `events` as one batch, or as several of the size `batch`."""
        # What readers of the log deleted in their tables is cleared away on their own bill.
        self.connection.execute(CLEAR_AWAY.format(tasks=0))
        for first in range(0, events, batch or events):
            now = min(batch or events, events - first)
            values = {"keys": self.keys, "first": self.landed, "events": now, "batch": self.batches}
            self.connection.execute(LAND.format(log=self.log), values)
            self.landed += now
            self.batches += 1
        # What is written for the log is not on the bill of those who read it.
        self.connection.execute("checkpoint")
        self.connection.execute(CLEAR_AWAY.format(tasks=self.vacuum_tasks))


def main() -> None:
    arguments = standard_arguments(__doc__).parse_args()
    scale = SCALES["quick" if arguments.quick else "full"]
    with tempfile.TemporaryDirectory(prefix="aidbt-bench-") as folder:
        streamed = stream(Path(folder) / "stream.duckdb", scale)
        spared = with_few_vacuum_tasks(Path(folder) / "spared.duckdb", scale)
        linear = costs_of_a_batch(Path(folder) / "linear.duckdb", scale)
        history = histories(Path(folder) / "history.duckdb", scale)
        dbt_cpu_s = cost_of_dbt(Path(folder) / "shop")
    ours, peers = streamed
    report(
        "cdc_apply",
        ours={**ours, **spared, **linear, **history, "dbt's own CPU per run": dbt_cpu_s},
        peers=peers,
        ratios={
            "batch: merge / ours": round(peers["merge"]["batch cpu_s"] / ours["batch cpu_s"], 1),
            "batch: rebuild / ours": round(peers["rebuild"]["batch cpu_s"] / ours["batch cpu_s"], 1),
            "batch: most keys, longest log / fewest, shortest": linear["ratio"],
        },
        output=arguments.output,
    )


def stream(path: Path, scale: Scale) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """The first build, then batch by batch, the peers on the first few."""
    with duckdb.connect(str(path)) as connection:
        source = Stream(connection, "log", scale.keys)
        source.land(scale.events, batch=scale.batch)
        ours = Model(connection, "aidbt_latest", "log", "latest", ["id"])
        merged = Merged(connection, "aidbt_latest", "log", "merged", ["id"])
        first = _cpu_s(connection, ours.run)
        connection.execute("create table merged as from latest")
        costs: list[float] = []
        peers: dict[str, list[float]] = {"merge": [], "rebuild": []}
        for number in range(scale.batches):
            source.land(scale.batch)
            costs.append(_cpu_s(connection, ours.run))
            if number < scale.merges:
                peers["merge"].append(_cpu_s(connection, merged.run))
                peers["rebuild"].append(_cpu_s(connection, lambda: connection.execute(REBUILD)))
                _check_same(connection, "merged")
                _check_same(connection, "rebuilt")
        connection.execute(REBUILD)
        _check_same(connection, "rebuilt")
        whole = _cpu_s(connection, lambda: ours.run(full_refresh=True))
        _check_same(connection, "rebuilt")
        # Rows in no order, as a table has them after a while: only then does MERGE show what it costs.
        for table in ("latest", "merged"):
            connection.execute(SHUFFLE.format(table=table))
        connection.execute("checkpoint")
        cliff = {}
        for events in scale.cliff:
            source.land(events)
            figures = _cpu_s(connection, ours.run), _cpu_s(connection, merged.run)
            cliff[f"merge / delete+insert, {events:,} events"] = f"{figures[1]:.2f} s / {figures[0]:.2f} s"
    events = scale.events + scale.batches * scale.batch
    return {
        "events": events,
        "keys": scale.keys,
        "events per cpu_s, one build of all": round(events / whole),
        "events per cpu_s, half in one build, then batches": round(events / (first + sum(costs))),
        "events per cpu_s, batches alone": round(scale.batches * scale.batch / sum(costs)),
        "batch": scale.batch,
        "batch cpu_s": round(median(costs), 3),
        "batch cpu_s, slowest": round(max(costs), 3),
    }, {
        "merge": {"batch cpu_s": round(median(peers["merge"]), 3), **cliff},
        "rebuild": {"batch cpu_s": round(median(peers["rebuild"]), 3)},
    }


def with_few_vacuum_tasks(path: Path, scale: Scale) -> dict[str, Any]:
    """The first build and the batches once more, where a checkpoint clears away less of what was deleted."""
    tasks = max(1, scale.keys // ROWS_PER_VACUUM_TASK)
    with duckdb.connect(str(path)) as connection:
        source = Stream(connection, "log", scale.keys, vacuum_tasks=tasks)
        source.land(scale.events, batch=scale.batch)
        model = Model(connection, "aidbt_latest", "log", "latest", ["id"])
        first = _cpu_s(connection, model.run)
        costs = []
        for _ in range(scale.batches):
            source.land(scale.batch)
            costs.append(_cpu_s(connection, model.run))
        connection.execute(REBUILD)
        _check_same(connection, "rebuilt")
        stored, live = connection.execute(STORED).fetchone() or (0, 0)
    setting = f"max_vacuum_tasks = {tasks}"
    speed = round(source.landed / (first + sum(costs)))
    return {
        f"events per cpu_s, half in one build, then batches, {setting}": speed,
        f"batch cpu_s, {setting}": round(median(costs), 3),
        f"rows stored per row, {setting}": round(stored / live, 2),
    }


def costs_of_a_batch(path: Path, scale: Scale) -> dict[str, Any]:
    """CPU seconds of one batch by the number of keys and the size of the log before it (median of 5)."""
    costs = {}
    with duckdb.connect(str(path)) as connection:
        sizes = ((scale.keys // 10, scale.events // 5), (scale.keys // 10, scale.events * 2))
        for keys, events in (*sizes, (scale.keys, scale.events * 2)):
            name = f"log_{keys}_{events}"
            source = Stream(connection, name, keys)
            source.land(events, batch=events // 20)
            model = Model(connection, "aidbt_latest", name, f"latest_{keys}_{events}", ["id"])
            model.run()
            found = []
            for _ in range(5):
                source.land(scale.small)
                found.append(_cpu_s(connection, model.run))
            costs[keys, events] = median(found)
    named = {f"batch cpu_s, {k:,} keys, log of {e:,}": round(cost, 3) for (k, e), cost in costs.items()}
    smallest, *_, largest = costs.values()
    return {**named, "ratio": round(largest / smallest, 2)}


def histories(path: Path, scale: Scale) -> dict[str, Any]:
    """Events per CPU second of `aidbt_history` at a fifth of the scale, first build and one batch."""
    with duckdb.connect(str(path)) as connection:
        source = Stream(connection, "log", scale.keys // 5)
        source.land(scale.events // 5, batch=scale.small)
        model = Model(connection, "aidbt_history", "log", "history", ["id"])
        first = _cpu_s(connection, model.run)
        source.land(scale.small)
        batch = _cpu_s(connection, model.run)
    return {
        "history, events per cpu_s, first build": round(scale.events / 5 / first),
        "history, events per cpu_s, batch": round(scale.small / batch),
    }


DBT_FILES = {
    "dbt_project.yml": "name: shop\nversion: '1.0'\nprofile: shop\n",
    "profiles.yml": "shop:\n  target: dev\n  outputs:\n    dev: {type: duckdb, path: shop.duckdb}\n",
    "models/sources.yml": "sources: [{name: crm, schema: main, tables: [{name: log}]}]\n",
    "models/latest.sql": """{{ config(materialized='incremental', incremental_strategy='delete+insert',
    unique_key=['id'], on_schema_change='sync_all_columns') }}
{{ aidbt_latest(source('crm', 'log'), key=['id']) }}
""",
}


def cost_of_dbt(root: Path) -> float:
    """CPU seconds of `dbt run` of one such model when a handful of events came."""
    for path, text in {**DBT_FILES, **macro_files("macros")}.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    with duckdb.connect(str(root / "shop.duckdb")) as connection:
        source = Stream(connection, "log", 10)
    for _ in range(2):
        with duckdb.connect(str(root / "shop.duckdb")) as source.connection:
            source.land(10)
        cost = measure([Path(sys.executable).parent / "dbt", "run"], cwd=root).cpu_s
    return round(cost, 1)


def _check_same(connection: duckdb.DuckDBPyConnection, other: str) -> None:
    found = connection.execute(SAME.format(other=other)).fetchone()
    if found != (0,):
        raise SystemExit(f"latest and {other} differ in {found} rows")


def _cpu_s(connection: duckdb.DuckDBPyConnection, work: Callable[[], object]) -> float:
    """CPU seconds of this process, all its threads, until the work is done and stands in the file."""
    started = time.process_time()
    work()
    connection.execute("checkpoint")
    return time.process_time() - started


if __name__ == "__main__":
    main()
