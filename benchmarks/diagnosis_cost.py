"""Claim: diagnosing a failed run of a project of 1,000 nodes costs at most 1 s of CPU beyond reading its
artifacts, with the sources asked and compared with the last good run.

A real project on DuckDB: sources of some thousand rows, staging views, tables above them and tests. A column
of one source is renamed, three rows of another have no key; dbt runs and fails. There is no peer: nothing
comparable compares sources. The floor is reading the same artifacts and doing nothing.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import duckdb

from benchmarks.common import measure, report, standard_arguments

SOURCES = {"quick": 10, "full": 100}
ROWS = 5_000
ROUNDS = 3
GOAL_S = 1.0
_EACH = 10  # nodes: a source's staging view, three tables above it, and six tests
_DBT = Path(sys.executable).parent / "dbt"
PROFILES = """\
shop:
  target: dev
  outputs:
    dev: {type: duckdb, path: "{{ flags.PROFILES_DIR }}/shop.duckdb", threads: 2}
"""
PROJECT = """\
name: shop
version: "1.0"
profile: shop
flags: {send_anonymous_usage_stats: false}
models: {shop: {marts: {+materialized: table}}}
"""
STAGING = """\
with source as (select * from {{{{ source('raw', 't{n}') }}}})
select
    id as order_id, customer, lower(email) as email, status, placed_at,
    cast(amount as decimal(12, 2)) as amount
from source
"""
MARTS = {
    "daily": "select placed_at::date as day, status, sum(amount) as amount"
    " from {{{{ ref('stg_{n}') }}}} group by all\n",
    "customers": "select customer, max(email) as email, count(*) as orders"
    " from {{{{ ref('stg_{n}') }}}} group by all\n",
    "wide": "select s.*, d.amount as day_amount from {{{{ ref('stg_{n}') }}}} s"
    " left join {{{{ ref('daily_{n}') }}}} d on d.day = s.placed_at::date and d.status = s.status\n",
}
MODELS_YAML = """\
  - name: stg_{n}
    columns:
      - {{name: order_id, data_tests: [unique, not_null]}}
      - {{name: customer, data_tests: [not_null]}}
      - name: status
        data_tests: [{{accepted_values: {{arguments: {{values: [new, paid, sent]}}}}}}]
  - name: wide_{n}
    columns:
      - {{name: order_id, data_tests: [not_null]}}
      - {{name: email, data_tests: [not_null]}}
"""
TABLE = """\
create or replace table raw.t{n} as
select i as id, 'c' || (hash(i * 7 + {n}) % 900) as customer, 'm' || i || '@mail.example' as email,
    ((hash(i * 3 + {n}) % 100000) / 100)::decimal(12, 2) as amount,
    ['new', 'paid', 'sent'][1 + (hash(i * 5) % 3)::int] as status,
    timestamp '2026-01-01' + to_minutes((i * 7)::int) as placed_at
from range({rows}) r(i)
"""


@dataclass(frozen=True, slots=True)
class Shop:
    """The project in a folder of its own."""

    root: Path

    def make(self, sources: int) -> None:
        self._write("dbt_project.yml", PROJECT)
        self._write("profiles.yml", PROFILES)
        tables = "\n".join(f"      - name: t{n}" for n in range(sources))
        listed = f"version: 2\nsources:\n  - name: raw\n    schema: raw\n    tables:\n{tables}\n"
        models = "".join(MODELS_YAML.format(n=n) for n in range(sources))
        self._write("models/sources.yml", listed)
        self._write("models/models.yml", f"version: 2\nmodels:\n{models}")
        for n in range(sources):
            self._write(f"models/staging/stg_{n}.sql", STAGING.format(n=n))
            for name, text in MARTS.items():
                self._write(f"models/marts/{name}_{n}.sql", text.format(n=n))
        self.execute("create schema raw", *(TABLE.format(n=n, rows=ROWS) for n in range(sources)))

    def execute(self, *statements: str) -> None:
        with duckdb.connect(str(self.root / "shop.duckdb")) as database:
            for statement in statements:
                database.execute(statement)

    def dbt(self) -> int:
        """Run `dbt build`; how it ended."""
        words = ["--quiet", "--log-format-file", "json", "build", "--profiles-dir", "."]
        env = {**os.environ, "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"}
        return subprocess.run(
            [str(_DBT), *words], cwd=self.root, env=env, capture_output=True, check=False
        ).returncode

    def _write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU and clock seconds, and how many causes were found; CPU of reading alone."""

    cpu_s: float
    wall_s: float
    reading_cpu_s: float
    causes: int
    failures: int


def main() -> None:
    arguments = standard_arguments(__doc__).parse_args()
    form = "quick" if arguments.quick else "full"
    with tempfile.TemporaryDirectory(prefix="aidbt-diagnosis-") as folder:
        shop = Shop(Path(folder))
        broken(shop, SOURCES[form])
        costs = [cost(shop) for _ in range(ROUNDS)]
        words = [sys.executable, "-m", "aidbt", "diagnose", "--project-dir", str(shop.root)]
        command = measure([*words, "--profiles-dir", str(shop.root)], check=False)
    best = min(costs, key=lambda one: one.cpu_s)
    beyond = best.cpu_s - best.reading_cpu_s
    ours = {
        "nodes": SOURCES[form] * _EACH,
        "failed nodes": best.failures,
        "causes": best.causes,
        "cpu_s": round(best.cpu_s, 2),
        "wall_s": round(best.wall_s, 2),
        "cpu_s beyond reading": round(beyond, 2),
        "cpu_s of the command": round(command.cpu_s, 2),
        "wall_s of the command": round(command.wall_s, 2),
        "peak_mb": round(command.peak_mb),
    }
    floor = {"cpu_s": round(best.reading_cpu_s, 2)}
    ratios = {"cpu to reading": round(best.cpu_s / max(best.reading_cpu_s, 0.001), 2)}
    report(
        "diagnosis_cost", ours=ours, peers={"reading alone": floor}, ratios=ratios, output=arguments.output
    )
    if form == "full" and beyond > GOAL_S:
        raise SystemExit(f"diagnosis costs {beyond:.2f} s of CPU beyond reading, {GOAL_S:g} are allowed")


def broken(shop: Shop, sources: int) -> None:
    """Build the project, keep its good state, break two sources and run dbt again.

    Raises:
        SystemExit: the healthy project does not build, or the broken one does.
    """
    from aidbt.healing.evidence.keeping import keep_good_state
    from aidbt.project import open_project
    from aidbt.store import open_store
    from aidbt.warehouse.duckdb import DuckDBWarehouse

    shop.make(sources)
    if shop.dbt() != 0:
        raise SystemExit("the healthy project does not build")
    with closing(open_store(shop.root / ".aidbt" / "state.db")) as store:
        warehouse = DuckDBWarehouse(shop.root / "shop.duckdb")
        project = open_project(shop.root, profiles_dir=shop.root)
        kept = keep_good_state(project, warehouse, store, scan_bytes=10**12)
    if kept.state is None:
        raise SystemExit(f"the good state was not kept: {kept.why}")
    shutil.rmtree(shop.root / "logs")
    shop.execute(
        "alter table raw.t3 rename column email to mail_address",
        "update raw.t7 set customer = null where id < 3",
    )
    if shop.dbt() == 0:
        raise SystemExit("the broken project builds")


def cost(shop: Shop) -> Cost:
    """What a diagnosis costs in a process that has everything imported."""
    from aidbt.cli.diagnose import causes_of, read
    from aidbt.healing.evidence.failed_run import read_failed_run
    from aidbt.project.manifest import read_manifest
    from aidbt.session import open_session

    session = open_session(shop.root, profiles_dir=str(shop.root))
    target = session.project.target_path
    began, clock = time.process_time(), time.perf_counter()
    case = read(session, None)
    causes = causes_of(case)
    cpu, wall = time.process_time() - began, time.perf_counter() - clock
    began = time.process_time()
    run = read_failed_run(target, project="shop")
    read_manifest(target / "manifest.json")  # the kept one is as large
    reading = time.process_time() - began
    return Cost(cpu, wall, reading, len(causes), len(run.failures))


if __name__ == "__main__":
    main()
