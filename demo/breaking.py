"""Five real faults of a running project, and what `aidbt heal` does about each."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from demo.stage import PROJECT, SCRATCH, aidbt, say, show
from tests.kit import PASSWORD, PostgresServer

# What the people of this project declare: what is deployed, and what may be mended without one of them.
_DECLARED = """\
heal:
  deployed_branch: main
  quarantine: allowed
  classes:
    TRANSIENT: auto
    SCHEMA_DRIFT: auto
    DATA_QUALITY: auto
    CODE: propose
"""
_GOLD = PROJECT / "models" / "gold" / "weather_impact.sql"
# A column that people want, and a slip of the hand.
_WANTED = {
    "    avg(case": "    max(departure_delay_minutes) as longest_departure_delay_minutes,\n    avg(case",
    "ref('stg_nycflights__weather')": "ref('stg_nycflights__wheather')",
}
_SET_ASIDE = """
select quarantine_reason as reason, count(*) as rows
from analytics.stg_nycflights__weather__quarantine group by quarantine_reason
"""
_DBT = Path(sys.executable).parent / "dbt"
_HELD_S = 6
_HOLD = """
import sys, time, duckdb
connection = duckdb.connect(sys.argv[1])
print("held", flush=True)
time.sleep(float(sys.argv[2]))
"""


def break_and_mend(server: PostgresServer, env: dict[str, str]) -> None:
    """Break the running system in five ways, one after the other."""
    say("12. It breaks, for real, and is mended where that can be proved")
    _deploy(env)
    _rename_a_column(server, env)
    _load_rows_twice(server, env)
    _lock_the_warehouse(env)
    _commit_a_typo(env)
    _let_a_password_expire(server, env)
    print("\nWhat became of each:")
    aidbt(["heal", "status", "--all"], env)
    print()
    _git("log", "--oneline", show=True)


def _deploy(env: dict[str, str]) -> None:
    """Put the project under git, as it runs in production."""
    settings = PROJECT / "aidbt.yml"
    settings.write_text(settings.read_text(encoding="utf-8") + _DECLARED, encoding="utf-8")
    print("\nThe project is put under git, and its people declare in aidbt.yml what may be mended alone:")
    print("  " + _DECLARED.replace("\n", "\n  ").rstrip())
    _git("init", "--quiet", "--initial-branch", "main")
    (PROJECT / ".gitignore").write_text("target/\nlogs/\n", encoding="utf-8")
    _commit("As deployed")


def _rename_a_column(server: PostgresServer, env: dict[str, str]) -> None:
    say("    a column of the source is renamed")
    server.psql("alter table airports rename column faa to iata_code;")
    print("\nin PostgreSQL: alter table airports rename column faa to iata_code")
    aidbt(["ingest", "run", "--table", "airports"], env)
    aidbt(["build", "--heal", "--no-monitor", "-s", "stg_nycflights__airports+"], env)
    _git("show", "--stat", "--format=%s", "HEAD", show=True)


def _load_rows_twice(server: PostgresServer, env: dict[str, str]) -> None:
    say("    a few rows come twice")
    server.psql("insert into weather select * from weather where origin = 'JFK' and month = 7 and day = 4;")
    print("\nin PostgreSQL: the hours of 4 July at JFK stand there twice, the table has no key")
    aidbt(["ingest", "run", "--table", "weather"], env)
    aidbt(["build", "--heal", "--no-monitor", "-s", "stg_nycflights__weather+"], env)
    show("what was set aside", _SET_ASIDE)


def _lock_the_warehouse(env: dict[str, str]) -> None:
    say("    another process holds the warehouse while the scheduler runs dbt")
    with _held(SCRATCH / "warehouse.duckdb"):
        done = subprocess.run(
            [_DBT, "build", "--profiles-dir", SCRATCH, "-s", "stg_nycflights__airlines"],
            cwd=PROJECT, env=env, text=True, capture_output=True, check=False,
        )  # fmt: skip
        print(f"\n$ dbt build   (exit code {done.returncode})")
        aidbt(["heal", "run", "--from", "runs"], env)


def _commit_a_typo(env: dict[str, str]) -> None:
    say("    a commit holds a typo beside what was wanted")
    text = _GOLD.read_text(encoding="utf-8")
    for old, new in _WANTED.items():
        text = text.replace(old, new)
    _GOLD.write_text(text, encoding="utf-8")
    _commit("The longest delay in each weather")
    _git("show", "--unified=0", "--format=%s", "HEAD", show=True)
    aidbt(["build", "--heal", "--no-monitor", "-s", "weather_impact"], env, expected=2)
    print("\nMends of code are to be proposed here: there is a branch with the mend, which a person merges.")
    branch = _git("branch", "--list", "--format=%(refname:short)", "aidbt/heal/*").split()[-1]
    _git("show", "--unified=0", "--format=%s", branch, show=True)
    _git("merge", "--quiet", "--ff-only", branch, show=True)
    aidbt(["build", "--no-monitor", "-s", "weather_impact"], env)


def _let_a_password_expire(server: PostgresServer, env: dict[str, str]) -> None:
    say("    a password expires")
    server.psql(f"create role loader login password '{PASSWORD}' valid until '2020-01-01';")
    url = server.url().replace("//aidbt:", "//loader:")
    expired = {**env, "NYCFLIGHTS_URL": url}
    aidbt(["ingest", "run", "--table", "airlines"], expired, expected=2)
    aidbt(["heal", "run", "--from", "connectors"], expired, expected=1)


@contextmanager
def _held(database: Path) -> Iterator[None]:
    """The database held by another process for a few seconds."""
    command = [sys.executable, "-c", _HOLD, str(database), str(_HELD_S)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        try:
            yield
        finally:
            holder.wait()


def _commit(message: str) -> None:
    _git("add", "--all")
    _git("-c", "user.name=Ana Lyst", "-c", "user.email=ana@example.org", "commit", "--quiet", "-m", message)


def _git(*words: str, show: bool = False) -> str:
    """What git printed; "" where that is shown."""
    if show:
        print(f"\n$ git {' '.join(words)}", flush=True)
    out = None if show else subprocess.PIPE
    return subprocess.run(["git", *words], cwd=PROJECT, check=True, stdout=out, text=True).stdout or ""
