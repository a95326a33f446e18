"""What orders events: a position and a sequence out of each event's `source`, the same whenever it is read.

PostgreSQL: Debezium gives the LSN of the change, not of its commit, and changes of transactions that overlap
come out of LSN order. `source.sequence` holds the LSN of the commit before; the greater of the two ascends as
the events do. MySQL, MariaDB: the binlog's file and position, and the row within the event. Elsewhere the
source's clock, and then Debezium's. The sequence's last bit puts the delete of an old key before the insert
of the new one, which a changed key becomes; rows read by a snapshot come before all changes at its position.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

_CLOCKS = {"ts_ms": "BIGINT", "ts_us": "BIGINT"}
_PLACE = {"schema": "VARCHAR", "table": "VARCHAR"}
_BINLOG = {"file": "VARCHAR", "pos": "BIGINT", "row": "INTEGER"}
# Multiplied as 128 bits: a number that is too large has no place, and is no error for all the others.
_POSTGRES = """
select op, try_cast(coalesce(ts_us, ts_ms * 1000::hugeint) as bigint) as event_us,
    try_cast(coalesce(sorc.ts_us, sorc.ts_ms * 1000::hugeint) as bigint) as committed_us,
    concat_ws('.', sorc.schema, sorc."table") as table_name,
    if(try_cast(sorc.lsn * 2::hugeint + 1 as bigint) is null, null, greatest(
        sorc.lsn,
        if(sorc.sequence like '[null,%', null, try_cast(split_part(sorc.sequence, '"', 2) as bigint))
    )) as position,
    if(op = 'r', 0, try_cast(sorc.lsn * 2::hugeint + (op <> 'd')::bigint as bigint)) as sequence,
    coalesce(starts_with(sorc.sequence, '[null,'), false) as is_first
from (select unnest(from_json(tail, $structure)) from tails)
"""
_MYSQL = """
select op, try_cast(coalesce(ts_us, ts_ms * 1000::hugeint) as bigint) as event_us,
    try_cast(coalesce(sorc.ts_us, sorc.ts_ms * 1000::hugeint) as bigint) as committed_us,
    concat_ws('.', sorc.db, sorc."table") as table_name,
    try_cast(
        try_cast(regexp_extract(sorc.file, '[0-9]+$') as bigint) * 1099511627776::hugeint + sorc.pos as bigint
    ) as position,
    if(op = 'r', 0, coalesce(sorc."row", 0)::bigint * 2 + 1 + (op <> 'd')::bigint) as sequence,
    false as is_first
from (select unnest(from_json(tail, $structure)) from tails)
"""
_CLOCK = """
select op, event_us, committed_us, table_name,
    if(op <> 'r' and try_cast(event_us * 2::hugeint + 1 as bigint) is null, null, committed_us) as position,
    if(op = 'r', 0, try_cast(event_us * 2::hugeint + (op <> 'd')::bigint as bigint)) as sequence,
    false as is_first
from (
    select op, try_cast(coalesce(ts_us, ts_ms * 1000::hugeint) as bigint) as event_us,
        try_cast(coalesce(sorc.ts_us, sorc.ts_ms * 1000::hugeint) as bigint) as committed_us,
        concat_ws('.', coalesce(sorc.schema, sorc.db), coalesce(sorc."table", sorc.collection)) as table_name
    from (select unnest(from_json(tail, $structure)) from tails)
)
"""
_VALID = "select coalesce(json_valid(tail), false) as is_valid from tails"
_NOT_EXACT = """
select count(*) as not_exact from tails
where value is not null and not contains(tail, $member || value::varchar || ',')
    and not contains(tail, $member || value::varchar || '}')
"""


@dataclass(frozen=True, slots=True)
class Log:
    """A kind of log: what is read of `source`, and the statement that orders its events."""

    source: Mapping[str, str]
    sql: str

    @property
    def is_postgres(self) -> bool:
        """Whether its tails may be read by `alike`."""
        return self.sql == _POSTGRES

    @property
    def structure(self) -> str:
        """What a tail holds, in the words of DuckDB's `from_json`."""
        return json.dumps({"sorc": dict(self.source), "op": "VARCHAR", **_CLOCKS})


_POSTGRES_LOG = Log({**_CLOCKS, "lsn": "BIGINT", "sequence": "VARCHAR", **_PLACE}, _POSTGRES)
_MYSQL_LOG = Log({**_CLOCKS, **_BINLOG, "db": "VARCHAR", "table": "VARCHAR"}, _MYSQL)
_CLOCK_LOG = Log({**_CLOCKS, **_PLACE, "db": "VARCHAR", "collection": "VARCHAR"}, _CLOCK)


def log_of(source: Mapping[str, Any]) -> Log:
    """The log that an event's `source` comes from, by what it holds."""
    if "lsn" in source:  # also without a value: then the event has no place among the others
        return _POSTGRES_LOG
    return _MYSQL_LOG if "file" in source and "pos" in source else _CLOCK_LOG


@dataclass(frozen=True, slots=True)
class Order:
    """What orders some events, and names their tables; one value an event.

    Attributes:
        columns: op, event_us, committed_us, table_name, position, sequence, is_first.
    """

    columns: pa.Table

    def take(self, which: np.ndarray) -> Order:
        """That of some of the events, which ascend."""
        return self if len(which) == len(self) else Order(self.columns.take(pa.array(which)))

    def __len__(self) -> int:
        return int(self.columns.num_rows)

    def __getitem__(self, name: str) -> pa.Array:
        column = self.columns.column(name)
        return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


class Orderer:
    """Reads tails with DuckDB's JSON parser, the fastest at hand; nothing of a row passes through it."""

    def __init__(self) -> None:
        import duckdb

        self._connection = duckdb.connect(":memory:", config={"threads": 1})
        self._connection.execute("set enable_external_access = false")

    def valid(self, tails: pa.Array) -> np.ndarray:
        """Which of the tails are JSON."""
        found = self._run(_VALID, {"tail": tails})
        return np.asarray(found.column(0).to_numpy(zero_copy_only=False), bool)

    def order(self, tails: pa.Array, log: Log) -> Order:
        """What orders these events; NULL where a tail does not hold it.

        Raises:
            ValueError: a tail is not JSON.
        """
        return Order(self._run(log.sql, {"tail": tails}, {"structure": log.structure}))

    def are_exact(self, heads: pa.Array, name: str, values: pa.Array) -> bool:
        """Whether each double is printed in its head as DuckDB prints it: shortest, so it is that number."""
        member = json.dumps(name, ensure_ascii=False) + ":"
        table = {"tail": heads.cast(pa.string()), "value": values}
        return bool(self._run(_NOT_EXACT, table, {"member": member}).column(0)[0].as_py() == 0)

    def close(self) -> None:
        """Let go of the parser."""
        self._connection.close()

    def _run(
        self, sql: str, columns: Mapping[str, pa.Array], parameters: Mapping[str, str] | None = None
    ) -> pa.Table:
        import duckdb

        self._connection.register("tails", pa.table(dict(columns)))
        try:
            return self._connection.sql(sql, params=dict(parameters or {})).to_arrow_table()
        except duckdb.Error as error:
            raise ValueError(str(error)) from error
        finally:
            self._connection.unregister("tails")
