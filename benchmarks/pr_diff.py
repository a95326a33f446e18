"""Claim: comparing two builds of a model by key costs less CPU than a plain full outer join on all columns
where they are equal or differ in few rows, and hardly more where a fifth of the rows differ; it finds the
same, which is what was put in.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb

from aidbt.core.schema import Relation
from aidbt.review.data_diff import compare_relations
from aidbt.warehouse.duckdb import DuckDBConnection, DuckDBWarehouse
from benchmarks.common import measure, report, standard_arguments

ROWS = {"quick": 500_000, "full": 10_000_000}
ROUNDS = {"quick": 3, "full": 3}
CASES = ("equal", "few", "many")
BASE = """
select
    i as id, 'C' || lpad((i % 9973)::varchar, 6, '0') as customer_code, (hash(i) % 1000)::int as quantity,
    (hash(i * 7) % 100000) / 100.0 as ratio, ((hash(i * 3) % 1000000) / 100)::decimal(12, 2) as price,
    ['new', 'paid', 'sent', 'done'][1 + (hash(i * 5) % 4)::int] as status,
    timestamp '2024-01-01' + to_seconds((hash(i * 11) % 31536000)::int) as ordered_at,
    date '2020-01-01' + (hash(i * 13) % 1500)::int as birth_date, hash(i * 17) % 2 = 0 as is_active,
    case when hash(i * 19) % 10 > 2 then 'note ' || hash(i * 23)::varchar end as note,
    (hash(i * 29) % 1000000000)::bigint as account, md5(i::varchar) as token
from range(?) r(i)
"""
# Built anew, so in another order. A thousandth differs in one of two columns; a fifth in one, and a
# thousandth of the keys is another one.
HEADS = {
    "equal": "select * from base",
    "few": """
        select * replace (
            (price + (hash(id + 1) % 2000 = 0)::int)::decimal(12, 2) as price,
            case when hash(id + 1) % 2000 = 1 then null else status end as status
        ) from base""",
    "many": """
        select * replace (
            id + case when id % 1000 = 7 then 1000000000 else 0 end as id,
            (price + (hash(id + 1) % 5 = 0)::int)::decimal(12, 2) as price
        ) from base""",
}
TRUTH = {
    "equal": "select 0, 0, 0, 0",
    "few": """
        select 0, 0, count_if(hash(id + 1) % 2000 = 0),
            count_if(hash(id + 1) % 2000 = 1 and status is not null) from base""",
    "many": """
        select count_if(id % 1000 = 7), count_if(id % 1000 = 7),
            count_if(hash(id + 1) % 5 = 0 and id % 1000 <> 7), 0 from base""",
}
RUN_ONE = """
import sys
from pathlib import Path
from benchmarks.pr_diff import run_one
run_one(Path(sys.argv[1]), sys.argv[2], sys.argv[3])
"""
Counts = tuple[int, int, int, int]  # added, removed, changed prices, changed statuses


def main() -> None:
    arguments = standard_arguments(__doc__).parse_args()
    size = "quick" if arguments.quick else "full"
    with tempfile.TemporaryDirectory(prefix="aidbt-bench-") as folder:
        path = Path(folder) / "builds.duckdb"
        truth = make(path, ROWS[size])
        times = {case: _interleaved(path, case, truth[case], ROUNDS[size]) for case in CASES}
        peaks = {
            (who, case): measure([sys.executable, "-c", RUN_ONE, path, who, case]).peak_mb
            for case in CASES
            for who in ("ours", "join")
        }

    def figures(who: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for case in CASES:
            cpu, wall = times[case][who]
            found[f"{case} cpu_s"], found[f"{case} wall_s"] = round(cpu, 2), round(wall, 2)
            found[f"{case} peak_mb"] = round(peaks[who, case])
        return found

    ratios = {}
    for case in CASES:
        ours, join = times[case]["ours"], times[case]["join"]
        ratios[f"{case} cpu ours / join"] = round(ours[0] / join[0], 2)
        ratios[f"{case} wall ours / join"] = round(ours[1] / join[1], 2)
        ratios[f"{case} peak ours / join"] = round(peaks["ours", case] / peaks["join", case], 2)
    found = ", ".join(f"{case}: {truth[case]}" for case in CASES)
    report(
        "pr_diff",
        ours={"rows": ROWS[size], "columns": 12, "found as put in": found, **figures("ours")},
        peers={"full outer join on all columns": figures("join")},
        ratios=ratios,
        output=arguments.output,
    )


def make(path: Path, rows: int) -> dict[str, Counts]:
    """The tables base, equal, few and many in a new file, and what they differ in by construction."""
    with duckdb.connect(str(path), config={"memory_limit": "2GB"}) as connection:
        connection.execute("set enable_progress_bar = false; set preserve_insertion_order = false")
        connection.execute(f"create table base as {BASE}", [rows])
        for case in CASES:
            connection.execute(f"create table {case} as {HEADS[case]}")
        return {case: connection.execute(TRUTH[case]).fetchall()[0] for case in CASES}


def run_one(path: Path, who: str, case: str) -> None:
    """One comparison in a process of its own, for its memory."""
    warehouse = DuckDBWarehouse(path)
    relations = {relation.name: relation for relation in warehouse.relations()}
    with warehouse.connect() as connection:
        RUNNERS[who](connection, relations["base"], relations[case])


def compared(connection: DuckDBConnection, base: Relation, head: Relation) -> Counts:
    diff = compare_relations(connection, base, head, keys=["id"])
    assert diff.added and diff.removed
    changed = {c.name: c.changed.count for c in diff.columns if c.changed is not None}
    prices, statuses = changed.pop("price", 0), changed.pop("status", 0)
    assert not changed
    return diff.added.share.count, diff.removed.share.count, prices, statuses


def joined(connection: DuckDBConnection, base: Relation, head: Relation) -> Counts:
    """The plain way: every column of both sides in one join, and how many values of each differ."""
    both = "b.id is not null and h.id is not null"
    names = [name for name in base.column_names if name != "id"]
    counted = [f"count_if({both} and b.{name} is distinct from h.{name})" for name in names]
    added, removed, *changed = connection.rows(
        f"select count_if(b.id is null), count_if(h.id is null), {', '.join(counted)} "
        f"from {base.name} b full join {head.name} h on b.id = h.id"
    )[0]
    found = {name: count for name, count in zip(names, changed, strict=True) if count}
    prices, statuses = found.pop("price", 0), found.pop("status", 0)
    assert not found
    return added, removed, prices, statuses


RUNNERS: dict[str, Callable[[DuckDBConnection, Relation, Relation], Counts]] = {
    "ours": compared,
    "join": joined,
}


def _interleaved(path: Path, case: str, truth: Counts, rounds: int) -> dict[str, tuple[float, float]]:
    """The median CPU and wall seconds of each, in turn on one connection; the first turn does not count.

    Raises:
        SystemExit: one of them found something else than was put in.
    """
    warehouse = DuckDBWarehouse(path)
    relations = {relation.name: relation for relation in warehouse.relations()}
    taken: dict[str, list[tuple[float, float]]] = {who: [] for who in RUNNERS}
    with warehouse.connect() as connection:
        for _ in range(rounds + 1):
            for who, run in RUNNERS.items():
                cpu, wall = time.process_time(), time.perf_counter()
                found = run(connection, relations["base"], relations[case])
                taken[who].append((time.process_time() - cpu, time.perf_counter() - wall))
                if found != truth:
                    raise SystemExit(f"{who} found {found} in the case '{case}', put in was {truth}")
    return {
        who: (statistics.median(cpu for cpu, _ in some[1:]), statistics.median(wall for _, wall in some[1:]))
        for who, some in taken.items()
    }


if __name__ == "__main__":
    main()
