"""Claim: profiling takes at most half the CPU of DuckDB's SUMMARIZE while reporting more, and profiles a
table of 50 million rows and 12 columns below 1 GB of memory.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import duckdb

from aidbt.warehouse.duckdb import DuckDBWarehouse
from benchmarks.common import measure, report, standard_arguments

SIZES = {"quick": (4, 100_000, 2_000_000), "full": (20, 200_000, 50_000_000)}
TABLE = """
select
    i as id, 'C' || lpad((i % 9973)::varchar, 6, '0') as customer_code, hash(i) % 1000 as quantity,
    (hash(i * 7) % 100000) / 100.0 as amount, ((hash(i * 3) % 1000000) / 100)::decimal(12, 2) as price,
    ['new', 'paid', 'sent', 'done'][1 + (hash(i * 5) % 4)::int] as status,
    timestamp '2024-01-01' + to_seconds((hash(i * 11) % 31536000)::int) as ordered_at,
    date '2020-01-01' + (hash(i * 13) % 1500)::int as birth_date, hash(i * 17) % 2 = 0 as is_active,
    case when hash(i * 19) % 10 > 2 then 'note ' || hash(i * 23)::varchar end as note,
    (hash(i * 29) % 1000000000)::bigint as account, md5(i::varchar) as token
from range(?) r(i)
"""
MAKE_ONE = """
import sys
from pathlib import Path
from benchmarks.profile import make
make(Path(sys.argv[1]), 1, int(sys.argv[2]))
"""
PROFILE_ONE = """
import sys
from pathlib import Path
from aidbt.warehouse.duckdb import DuckDBWarehouse
warehouse = DuckDBWarehouse(Path(sys.argv[1]))
found = list(warehouse.profile(warehouse.relations(), sample_rows=10_000))
print(found[0].row_count, found[0].keys)
"""


def main() -> None:
    arguments = standard_arguments(__doc__).parse_args()
    tables, rows, many = SIZES["quick" if arguments.quick else "full"]
    with tempfile.TemporaryDirectory(prefix="aidbt-bench-") as folder:
        path = Path(folder) / "many_tables.duckdb"
        make(path, tables, rows)
        ours, peer = _interleaved(path)
        big = Path(folder) / "big.duckdb"
        measure([sys.executable, "-c", MAKE_ONE, big, str(many)])
        alone = measure([sys.executable, "-c", PROFILE_ONE, big])
    report(
        "profile",
        ours={
            "tables": tables,
            "rows each": rows,
            "cpu_s": round(ours[0], 2),
            "wall_s": round(ours[1], 2),
            "reports beyond SUMMARIZE": "lengths, top values, formats, codes, proven keys, kinds of times",
            "big table rows": many,
            "big table cpu_s": round(alone.cpu_s, 1),
            "big table wall_s": round(alone.wall_s, 1),
            "big table peak_mb": round(alone.peak_mb),
        },
        peers={"SUMMARIZE": {"cpu_s": round(peer[0], 2), "wall_s": round(peer[1], 2)}},
        ratios={"cpu ours / SUMMARIZE": round(ours[0] / peer[0], 3), "wall": round(ours[1] / peer[1], 3)},
        output=arguments.output,
    )


def make(path: Path, tables: int, rows: int) -> None:
    with duckdb.connect(str(path)) as connection:
        for number in range(tables):
            # The numbers are constants of this file.
            connection.execute("set enable_progress_bar = false")
            connection.execute(f"create table t{number:02} as {TABLE}", [rows])


def _interleaved(path: Path) -> tuple[tuple[float, float], tuple[float, float]]:
    """CPU and wall seconds of ours and of SUMMARIZE, table by table in turn, each on its own connection."""
    warehouse = DuckDBWarehouse(path)
    ours = [0.0, 0.0]
    peer = [0.0, 0.0]
    relations = warehouse.relations()
    list(warehouse.profile(relations[:1], sample_rows=10_000))  # imports and caches are not what is measured
    profiles = warehouse.profile(relations, sample_rows=10_000)
    with warehouse.connect() as same:  # the same settings for both
        connection = same.raw
        connection.execute("summarize t00").fetchall()
        for relation in relations:
            _timed(ours, lambda: next(profiles))
            _timed(peer, lambda name=relation.name: connection.execute(f"summarize {name}").fetchall())
    return (ours[0], ours[1]), (peer[0], peer[1])


def _timed(total: list[float], work: object) -> None:
    cpu, wall = time.process_time(), time.perf_counter()
    work()  # type: ignore[operator]
    total[0] += time.process_time() - cpu
    total[1] += time.perf_counter() - wall


if __name__ == "__main__":
    main()
