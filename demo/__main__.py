"""`python -m demo`: from a raw PostgreSQL to a built, tested dbt project, printed step by step.

`python -m demo --update` copies what it generated into dbt_project/, after a change of what is generated.
"""

from __future__ import annotations

import filecmp
import json
import os
import shutil
import sys
import time
from pathlib import Path

from demo.breaking import break_and_mend
from demo.decisions import commands
from demo.source_system import change, fill
from demo.stage import PROJECT, ROOT, SCRATCH, aidbt, say, short, show
from tests.kit import postgres_server

GENERATED = (
    "models/bronze",
    "models/silver",
    "models/gold/carrier_months.sql",
    "models/gold/carrier_months.yml",
    "aidbt/mappings",
    "aidbt/models",
    "aidbt/generated.lock",
)


def main() -> None:
    """Run every step; stop with its exit code at the first that fails."""
    started = time.monotonic()
    _scratch_copy()
    with postgres_server() as server:
        say("1. A source system: PostgreSQL with the flights of 2013 from New York")
        for table, rows in fill(server).items():
            print(f"  {table:9} {rows:>8,} rows")
        env = {**os.environ, "NYCFLIGHTS_URL": server.url()}

        say("2. Land it in bronze")
        aidbt(["ingest", "run"], env)
        aidbt(["ingest", "cdc", "--once"], env)

        say("3. Map it, decide what is certain, write the dbt files")
        aidbt(["generate"], env)

        say("4. What a person decides")
        aidbt(["review", "--why", "--tests"], env)
        for command in commands():
            aidbt(command, env)
        if json.loads(aidbt(["review", "--output", "json"], env, quiet=True)):
            raise SystemExit("something still waits for review")

        say("5. Write what follows from the decisions, and build with the gold models")
        aidbt(["generate"], env)
        aidbt(["build", "--no-monitor"], env)

        say("6. Load and generate once more: a second batch lands, no file changes")
        before = _texts()
        aidbt(["ingest", "run", "--table", "airlines", "--table", "planes"], env)
        aidbt(["generate"], env)
        if _texts() != before:
            raise SystemExit("the second run changed a file")

        say("7. Where a number comes from, and what hangs on a raw column")
        aidbt(["lineage", "carrier_punctuality.on_time_rate"], env)
        aidbt(["lineage", "carrier_punctuality.on_time_rate", "--html", "lineage.html"], env, quiet=True)
        aidbt(["impact", "nycflights.flights.arr_delay", "--change", "removed"], env)

        say("8. The source goes on: its changes are streamed, and seen in gold after the next build")
        show("SkyWest before", _SKYWEST)
        counts = ", ".join(f"{rows} {what}" for what, rows in change(server).items())
        print(f"\nin PostgreSQL, of SkyWest's flights: {counts}")
        aidbt(["ingest", "cdc", "--once"], env)
        aidbt(["build", "--no-monitor"], env)
        show("SkyWest after", _SKYWEST)

        say("9. A gold model from a sentence, with its tests")
        aidbt(["model", _SENTENCE, "--name", "carrier_months"], env)
        print(f"\n{(PROJECT / 'models/gold/carrier_months.sql').read_text()}", end="")
        aidbt(["build", "--no-monitor", "-s", "carrier_months"], env)

        say("10. Questions in English, and one that cannot be answered; no language model is asked")
        for question in _QUESTIONS:
            aidbt(["query", question, "--limit", "5"], env)
        aidbt(["query", _UNANSWERABLE], env, expected=1)

        say("11. Watch the year: each day of 2013 judged by the days before it, as if it had just come")
        _watch(env)
        if "--update" in sys.argv[1:]:
            _update_committed()
        _compare_with_committed()
        break_and_mend(server, env)

    say("13. What came out")
    for title, query in _GOLD.items():
        show(title, query)
    say(f"Done in {time.monotonic() - started:.0f} s. What to look at")
    print(f"  {short(PROJECT / 'models/silver/nycflights/stg_nycflights__flights.sql')}   the mapped flights")
    print(f"  {short(PROJECT / 'models/silver/nycflights/_nycflights__models.yml')}   docs, types and tests")
    print(f"  {short(PROJECT / 'aidbt/mappings')}   the decisions, one line each")
    print(
        f"  {short(PROJECT / 'models/gold/carrier_months.yml')}   a model from a sentence: tests, unit test"
    )
    print(f"  {short(SCRATCH / 'lineage.html')}   every column and what it is made of; open it in a browser")
    print(f"  {short(SCRATCH / 'report.html')}   what was odd in 2013, quality, tests, runs; works offline")
    print(f"  {short(SCRATCH / 'warehouse.duckdb')}   bronze, silver and gold")
    print(f"  in {short(PROJECT)}: git log -p shows each mend")
    print(f"  in {short(SCRATCH)}: aidbt heal status --all, incidents list, quality, review, doctor")


def _watch(env: dict[str, str]) -> None:
    """Measure the year, say what was odd in it, and write the report."""
    aidbt(["monitor", "collect", "--until", "2014-01-01"], env)
    year = ["--since", "2013-01-01", "--until", "2014-01-01"]
    aidbt(["monitor", "check", *year, "--fail-on", "none"], env)
    listed = json.loads(aidbt(["incidents", "list", "--all", "--output", "json"], env, quiet=True))
    shown = [
        json.loads(aidbt(["incidents", "show", one["id"], "--output", "json"], env, quiet=True))
        for one in listed["incidents"]
        if one["opened_at"] < "2013-02-11"
    ]
    blizzard = next((one for one in shown if {a["start"][:10] for a in one["anomalies"]} >= _BLIZZARD), None)
    if blizzard is None:
        raise SystemExit("the blizzard of 8 and 9 February 2013 was not flagged")
    print("\nThe blizzard of 8 and 9 February, and what was known of it:")
    aidbt(["incidents", "show", blizzard["id"]], env)
    aidbt(["report", "--since", "2013-01-01", "--out", "report.html"], env)


def _scratch_copy() -> None:
    """The reference project without what was generated, so that everything is written anew."""
    shutil.rmtree(SCRATCH, ignore_errors=True)
    SCRATCH.mkdir(parents=True)
    ignored = shutil.ignore_patterns("target", "logs", ".aidbt", "dbt_packages", ".user.yml")
    shutil.copytree(ROOT / "dbt_project", PROJECT, ignore=ignored)
    shutil.copy(ROOT / "profiles.yml", SCRATCH)
    for name in GENERATED:
        path = PROJECT / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _texts() -> dict[str, bytes]:
    return {
        str(path): path.read_bytes()
        for name in GENERATED
        for path in sorted([PROJECT / name, *(PROJECT / name).rglob("*")])
        if path.is_file()
    }


_BLIZZARD = {"2013-02-08", "2013-02-09"}
_SENTENCE = "number of flights, average departure delay and average arrival delay per carrier and month"
_QUESTIONS = (
    "flights per month and the change from the previous month",
    "top 3 carriers by number of flights in each origin airport",
    "planes that never flew",
)
_UNANSWERABLE = "what was the fuel cost per flight"
_SKYWEST = """
select scheduled_flights, cancelled_flights, round(mean_arrival_delay_minutes, 1) as mean_delay_min,
    round(100 * on_time_rate, 1) as on_time_pct
from analytics.carrier_punctuality where carrier_code = 'OO'
"""
_GOLD = {
    "carriers by punctuality": """
        select carrier_name, scheduled_flights, round(100 * on_time_rate, 1) as on_time_pct
        from analytics.carrier_punctuality order by on_time_rate desc limit 5
    """,
    "weather and departures": """
        select weather_condition, scheduled_flights,
            round(mean_departure_delay_minutes, 1) as mean_delay_min,
            round(100 * late_departure_rate, 1) as late_pct
        from analytics.weather_impact order by late_pct
    """,
}


def _update_committed() -> None:
    for name in GENERATED:
        made, kept = PROJECT / name, ROOT / "dbt_project" / name
        shutil.rmtree(kept, ignore_errors=True)
        if made.is_dir():
            shutil.copytree(made, kept)
        else:
            shutil.copy(made, kept)


def _compare_with_committed() -> None:
    """The files just generated are the ones in the repository."""
    different = []
    for name in GENERATED:
        made, kept = PROJECT / name, ROOT / "dbt_project" / name
        paths = [p.relative_to(made) for p in made.rglob("*") if p.is_file()] if made.is_dir() else [Path()]
        different += [
            str(Path(name) / path)
            for path in paths
            if not (kept / path).is_file() or not filecmp.cmp(made / path, kept / path, shallow=False)
        ]
    if different:
        print(f"\nThese differ from the committed files in dbt_project/: {', '.join(different)}")
        raise SystemExit(1)
    print("\nEvery generated file is the same as the committed one in dbt_project/.")


if __name__ == "__main__":
    main()
