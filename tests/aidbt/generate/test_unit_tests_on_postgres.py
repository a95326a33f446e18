"""Unit tests of models from English and of people's models, on a real PostgreSQL."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from sqlglot import exp

from aidbt.cli.main import cli
from aidbt.core.errors import WarehouseError
from aidbt.generate.english_models.tried_rows import as_answered
from aidbt.generate.english_models.witnesses import NotTheSame, WitnessRows, find_witnesses
from aidbt.generate.unit_tests.digits import Ask, in_its_digits
from aidbt.generate.unit_tests.drafts import Drafted, draft
from aidbt.generate.unit_tests.subject import Input, InputColumn, Subject
from aidbt.semantic.planning.rendering import render_query
from aidbt.semantic.query import Attribute, Grain, Measure
from aidbt.sql.parse import parse_sql
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


@pytest.fixture
def ask(server: PostgresServer) -> Iterator[Ask]:
    raw = psycopg2.connect(server.url())
    raw.autocommit = True

    def rows(sql: str) -> list[tuple[Any, ...]]:
        with raw.cursor() as cursor:
            try:
                cursor.execute(sql)
            except psycopg2.Error as error:
                raise WarehouseError(str(error)) from error
            return cursor.fetchall()

    yield rows
    raw.close()


def test_witness_rows_have_the_digits_of_the_warehouse(ask: Ask):
    found = find_witnesses(MEANS, POSTGRES_SHOP, "postgres")

    def answer(tree: exp.Query) -> Sequence[Sequence[Any]]:
        return ask(render_query(tree, "postgres"))

    answered = as_answered(found, MEANS, POSTGRES_SHOP, "postgres", answer)

    means = [row[2] for rows in answered.sets for row in rows.expected]
    assert all(len(str(mean).partition(".")[2]) >= 16 for mean in means if mean is not None)
    assert [[row[:2] for row in rows.expected] for rows in answered.sets] == [
        [row[:2] for row in rows.expected] for rows in found.sets
    ]
    wrong = tuple(WitnessRows(rows.rows, rows.expected[:-1], rows.killed) for rows in found.sets)
    with pytest.raises(NotTheSame):
        as_answered(replace(found, sets=wrong), MEANS, POSTGRES_SHOP, "postgres", answer)


def test_the_warehouse_answers_the_same_where_keys_are_short_texts(ask: Ask):
    types = {("customers", "id"): "character(2)", ("orders", "customer_id"): "character varying(2)"}
    tables = tuple(
        replace(
            t,
            columns=tuple(
                replace(c, kind="text", data_type=types[t.name, c.name]) if (t.name, c.name) in types else c
                for c in t.columns
            ),
        )
        for t in POSTGRES_SHOP.tables
    )
    shop = replace(POSTGRES_SHOP, tables=tables)
    query = grouped((Attribute("customers", "id"), "id"), measures={"orders": ORDERS})
    found = find_witnesses(query, shop, "postgres")

    answered = as_answered(found, query, shop, "postgres", lambda tree: ask(render_query(tree, "postgres")))

    assert answered == found
    assert found.sets


def test_drafted_rows_have_the_digits_of_the_warehouse_where_it_gives_the_same(ask: Ask):
    sql = "select shop, sum(price) as total, avg(price) as mean, max(at) as at from sales group by shop"
    columns = (("shop", "TEXT"), ("price", "DECIMAL(10, 2)"), ("at", "TIMESTAMP WITH TIME ZONE"))
    inputs = (Input("sales", "ref('sales')", tuple(InputColumn(*column) for column in columns)),)
    tree = parse_sql(sql, "postgres").tree
    assert tree is not None
    drafted = draft(Subject("m", inputs, tree, written=tree))
    assert isinstance(drafted, Drafted)

    found = in_its_digits(drafted, "postgres", ask)

    cells = [row for test in found.tests for row in test.expected if row[1] is not None]
    assert cells
    assert all(re.fullmatch(r"-?\d+\.\d\d", str(row[1])) for row in cells)
    assert all(re.fullmatch(r"-?\d+\.\d{16,}", str(row[2])) for row in cells)
    assert [test.case for test in found.tests] == [test.case for test in drafted.tests]
    unknown = parse_sql("select shop, nothing_like_it(price), 1, 2 from sales", "postgres").tree
    broken = replace(drafted, subject=replace(drafted.subject, written=unknown))
    assert in_its_digits(broken, "postgres", ask) == broken


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
HAND = """
select
    carrier, date_trunc('month', departed_at) as month, sum(delay) as total, avg(delay) as mean, count(*) as n
from {{ source('raw', 'flights') }} where delay > 3 group by 1, 2
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

    (tmp_path / "models/hand.sql").write_text(HAND)
    drafted = CliRunner().invoke(cli, ["generate", "--unit-tests", "-s", "hand", *where])
    assert drafted.exit_code == 0, (drafted.stdout, drafted.exception)
    assert "11 of 11 faults shown" in drafted.stdout
    for _ in range(2):
        done = subprocess.run(
            [DBT, "build", *where], capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, done.stdout
    per_week = yaml.safe_load((tmp_path / "models/gold/per_week.yml").read_text())
    assert list(per_week["models"][0]["data_tests"][0]) == ["aidbt_unique_combination"]
    months = server.psql("select min(month), sum(flights) from analytics.per_month", "shop")
    assert months == "2024-01-01 00:00:00-05\t900"
