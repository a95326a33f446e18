"""Models from English on a real PostgreSQL: their rows, and what dbt says of them."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from sqlglot import exp

from aidbt.cli.main import cli
from aidbt.generate.english_models.tried_rows import as_answered
from aidbt.generate.english_models.witnesses import NotTheSame, WitnessRows, find_witnesses
from aidbt.semantic.query import Grain, Measure
from aidbt.semantic.rendering import render_query
from tests.aidbt.generate.english_shop import AMOUNT, MONTH, ORDERS, SHOP, grouped
from tests.dbt_shop import DBT, DBT_PROJECT
from tests.kit import PASSWORD, USER, PostgresServer, ServerMissing, postgres_server

psycopg2 = pytest.importorskip("psycopg2")

MEANS = grouped(
    (replace(MONTH, grain=Grain.WEEK), "week"),
    measures={"orders": ORDERS, "mean": Measure("avg", "orders", AMOUNT)},
)
_WORDS = {
    "INTEGER": "integer",
    "VARCHAR": "text",
    "DECIMAL(10,2)": "numeric(10,2)",
    "DOUBLE": "double precision",
    "DATE": "date",
    "TIMESTAMP": "timestamp with time zone",
}
# The shop in PostgreSQL's words, its times with a zone.
POSTGRES_SHOP = replace(
    SHOP,
    tables=tuple(
        replace(t, columns=tuple(replace(c, data_type=_WORDS[c.data_type]) for c in t.columns))
        for t in SHOP.tables
    ),
)


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    """In a zone that changes its clocks."""
    try:
        with postgres_server() as started:
            started.psql(f"alter role {USER} set timezone = 'America/New_York'")
            yield started
    except ServerMissing as error:
        pytest.skip(str(error))


def test_expected_rows_have_the_digits_of_the_warehouse(server: PostgresServer):
    found = find_witnesses(MEANS, POSTGRES_SHOP, "postgres")
    raw = psycopg2.connect(server.url())

    def ask(tree: exp.Query) -> list[tuple[Any, ...]]:
        with raw.cursor() as cursor:
            cursor.execute(render_query(tree, "postgres"))
            return cursor.fetchall()

    answered = as_answered(found, MEANS, POSTGRES_SHOP, "postgres", ask)

    means = [row[2] for rows in answered.sets for row in rows.expected]
    assert all(len(str(mean).partition(".")[2]) >= 16 for mean in means if mean is not None)
    assert [[row[:2] for row in rows.expected] for rows in answered.sets] == [
        [row[:2] for row in rows.expected] for rows in found.sets
    ]
    wrong = tuple(WitnessRows(rows.rows, rows.expected[:-1], rows.killed) for rows in found.sets)
    with pytest.raises(NotTheSame):
        as_answered(replace(found, sets=wrong), MEANS, POSTGRES_SHOP, "postgres", ask)
    raw.close()


TABLES = """
create schema raw;
create table raw.flights(
    id int primary key, carrier text not null, delay numeric(8, 2), departed_at timestamptz not null);
insert into raw.flights
select i, (array['AA', 'UA', 'DL'])[1 + i % 3], nullif(i % 50, 7),
    timestamptz '2024-01-01 00:00+00' + i * interval '7 hours' from generate_series(1, 900) i;
"""
SOURCES = """
sources:
  - name: raw
    tables: [{name: flights, columns: [{name: id, data_tests: [unique, not_null]}]}]
"""


@pytest.mark.long
def test_groups_of_instants_and_means_of_decimals_are_built_and_tested_by_dbt(
    server: PostgresServer, tmp_path: Path
):
    server.create_database("shop")
    server.psql(TABLES, "shop")
    login = {"host": "127.0.0.1", "port": server.port, "user": USER, "password": PASSWORD, "dbname": "shop"}
    target = {"type": "postgres", **login, "schema": "analytics", "threads": 2}
    profiles = {"shop": {"target": "dev", "outputs": {"dev": target}}}
    (tmp_path / "models").mkdir()
    (tmp_path / "dbt_project.yml").write_text(DBT_PROJECT)
    (tmp_path / "profiles.yml").write_text(json.dumps(profiles))
    (tmp_path / "models/sources.yml").write_text(SOURCES)
    where = ["--project-dir", str(tmp_path), "--profiles-dir", str(tmp_path)]
    for name, sentence, *options in (
        ("per_month", "number of flights per month", "--materialized", "incremental"),
        ("per_week", "average delay and total delay by carrier and week", "--contract"),
        ("per_day", "number of flights by day, where delay is above 20", "--materialized", "table"),
    ):
        written = CliRunner().invoke(cli, ["model", sentence, "--name", name, *options, *where])
        assert written.exit_code == 0, (written.stdout, written.exception)
        assert "cut as the clock of the database session's time zone shows it" in written.stdout

    for _ in range(2):
        done = subprocess.run(
            [DBT, "build", *where], capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, done.stdout
    per_week = yaml.safe_load((tmp_path / "models/gold/per_week.yml").read_text())
    assert list(per_week["models"][0]["data_tests"][0]) == ["aidbt_unique_combination"]
    months = server.psql("select min(month), sum(flights) from analytics.per_month", "shop")
    assert months == "2024-01-01 00:00:00-05\t900"
