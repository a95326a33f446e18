"""Claim: on PostgreSQL, through dbt's adapter, profiling takes the server about as much CPU as one query of
the usual figures per column, as dbt packages write them, while it reports more.
"""

from __future__ import annotations

import importlib.util
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aidbt.core.schema import Relation
from aidbt.core.types import type_family
from aidbt.sql.identifiers import quote_identifier
from aidbt.warehouse import Connection, open_warehouse
from benchmarks.common import report, standard_arguments
from tests.kit import PASSWORD, USER, PostgresServer, ServerMissing, postgres_server

SIZES = {"quick": (3, 50_000), "full": (6, 500_000)}
TABLE = """
create table raw.t{number} as
select
    i as id, 'C' || lpad((i % 9973)::text, 6, '0') as customer_code, hashint8(i) % 1000 as quantity,
    (hashint8(i * 7) % 100000) / 100.0::double precision as amount,
    ((hashint8(i * 3) % 1000000) / 100.0)::numeric(12, 2) as price,
    (array['new', 'paid', 'sent', 'done'])[1 + abs(hashint8(i * 5) % 4)] as status,
    timestamp '2024-01-01' + abs(hashint8(i * 11) % 31536000) * interval '1 second' as ordered_at,
    date '2020-01-01' + abs(hashint8(i * 13) % 1500) as birth_date, hashint8(i * 17) % 2 = 0 as is_active,
    case when abs(hashint8(i * 19) % 10) > 2 then 'note ' || hashint8(i * 23) end as note,
    hashint8(i * 29)::bigint as account, md5(i::text) as token
from generate_series(1, {rows}::bigint) as i
"""


@dataclass
class Cost:
    """Seconds spent so far: of this process, of the server's processes, and by the clock."""

    client_cpu_s: float = 0.0
    server_cpu_s: float = 0.0
    wall_s: float = 0.0

    def rounded(self) -> dict[str, float]:
        return {name: round(value, 2) for name, value in vars(self).items()}


def main() -> None:
    arguments = standard_arguments(__doc__).parse_args()
    if importlib.util.find_spec("dbt.adapters.postgres") is None:
        raise SystemExit("this benchmark needs dbt-postgres: pip install 'aidbt[postgres]'")
    tables, rows = SIZES["quick" if arguments.quick else "full"]
    try:
        with postgres_server() as server:
            server.psql("create schema raw")
            for number in range(tables):
                server.psql(TABLE.format(number=number, rows=rows))
            server.psql("analyze")
            ours, peer = _interleaved(server)
    except ServerMissing as error:
        raise SystemExit(str(error)) from error
    report(
        "adapter_profile",
        ours={
            "tables": tables,
            "rows each": rows,
            "columns each": 12,
            **ours.rounded(),
            "reports beyond the peer": "quantiles, lengths, top values, formats, codes, every row compared "
            "for keys, kinds of times, personal data",
        },
        peers={"one query per column": peer.rounded()},
        ratios={
            "server cpu ours / peer": round(ours.server_cpu_s / peer.server_cpu_s, 3),
            "wall": round(ours.wall_s / peer.wall_s, 3),
        },
        output=arguments.output,
    )


def _interleaved(server: PostgresServer) -> tuple[Cost, Cost]:
    """What ours and the peer cost, table by table in turn, over the same connection."""
    target = {"type": "postgres", "host": "127.0.0.1", "port": server.port, "user": USER}
    target |= {"password": PASSWORD, "dbname": "postgres", "schema": "analytics"}
    warehouse = open_warehouse("postgres", schema="analytics", settings=target, tag="benchmark")
    postmaster = int((server.data / "postmaster.pid").read_text().splitlines()[0])
    ours, peer = Cost(), Cost()
    with warehouse.connect() as connection:
        relations = warehouse.relations()
        next(
            warehouse.profile(relations[:1], sample_rows=10_000)
        )  # imports and caches are not what is measured
        _query_per_column(connection, relations[0])
        profiles = warehouse.profile(relations, sample_rows=10_000)
        for relation in relations:
            _spend(ours, postmaster, lambda: next(profiles))
            _spend(peer, postmaster, lambda table=relation: _query_per_column(connection, table))
    return ours, peer


def _query_per_column(connection: Connection, relation: Relation) -> list[Any]:
    """The figures that dbt packages for profiling write: one SELECT per column, put together by UNION ALL."""
    table = f"{quote_identifier(relation.schema, 'postgres')}.{quote_identifier(relation.name, 'postgres')}"
    parts = []
    for column in relation.columns:
        name, family = quote_identifier(column.name, "postgres"), type_family(column.data_type)
        has_range = family not in ("boolean", "text", "other")
        is_number = family in ("integer", "number")
        parts.append(
            f"select '{column.name}' as column_name, count(*) as row_count,"
            f" sum(case when {name} is null then 0 else 1 end)::numeric / count(*) as not_null_proportion,"
            f" count(distinct {name})::numeric / count(*) as distinct_proportion,"
            f" count(distinct {name}) as distinct_count, count(distinct {name}) = count(*) as is_unique,"
            f" {f'min({name})::text' if has_range else 'null'} as min,"
            f" {f'max({name})::text' if has_range else 'null'} as max,"
            f" {f'avg({name})' if is_number else 'null::numeric'} as avg,"
            f" {f'stddev_samp({name})' if is_number else 'null::numeric'} as std_dev from {table}"
        )
    return connection.rows(" union all ".join(parts))


def _spend(cost: Cost, postmaster: int, work: Callable[[], object]) -> None:
    cpu, server, wall = time.process_time(), _server_cpu_s(postmaster), time.perf_counter()
    work()
    cost.client_cpu_s += time.process_time() - cpu
    cost.server_cpu_s += _server_cpu_s(postmaster) - server
    cost.wall_s += time.perf_counter() - wall


def _server_cpu_s(postmaster: int) -> float:
    """CPU seconds of the server's processes, those that ended included (parallel workers come and go)."""
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue  # it ended meanwhile
        # After the name: state, parent, …; 11–14: user and system time, its own, then of ended children.
        if int(stat.parent.name) == postmaster:
            ticks += sum(map(int, fields[11:15]))
        elif int(fields[1]) == postmaster:
            ticks += sum(map(int, fields[11:13]))
    return ticks / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
