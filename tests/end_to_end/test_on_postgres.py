"""A project on PostgreSQL, from raw tables with awkward names and types to a green `dbt build`."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator

import pytest

from tests.end_to_end.conftest import Ran, User
from tests.kit import PASSWORD, USER, PostgresServer, ServerMissing, postgres_server

RAW = """
create schema raw_shop;
create type raw_shop.order_status as enum ('new', 'paid', 'sent');
create table raw_shop.customers (
    id bigint primary key, "Full Name" text not null, email text, "order" integer, "createdAt" timestamptz,
    born date, country_code char(2), "größe" numeric(5,2)
);
comment on table raw_shop.customers is 'People who bought once; see {{ the wiki }}.';
comment on column raw_shop.customers.email is 'May be shared by a family.';
insert into raw_shop.customers
    select i, 'Name ' || i, case when i % 3 > 0 then 'mail' || i || '@example.org' end, i % 7,
        timestamptz '2024-01-01 00:00+01' + i * interval '1 hour', date '1980-01-01' + i,
        (array['DE', 'FR', 'IT'])[1 + i % 3], i / 7.0
    from generate_series(1, 300) as i;
create table raw_shop.orders (
    order_id uuid primary key default gen_random_uuid(), customer_id bigint references raw_shop.customers,
    status raw_shop.order_status not null, net numeric(12,2) not null,
    gross numeric generated always as (net * 1.19) stored,
    lines jsonb, tags text[], from_ip inet, ordered_at timestamp, amount_text text, placed text
);
comment on column raw_shop.orders.customer_id is 'Who pays.';
insert into raw_shop.orders (customer_id, status, net, lines, tags, from_ip, ordered_at, amount_text, placed)
    select 1 + i % 300, (array['new', 'paid', 'sent'])[1 + i % 3]::raw_shop.order_status, i / 3.0,
        jsonb_build_object('n', i), array['a', 'b'], ('10.0.0.' || i % 250)::inet,
        timestamp '2024-02-01' + i * interval '1 minute', round(i / 10.0, 2)::text,
        to_char(date '2024-03-01' + i % 20, 'YYYY-MM-DD')
    from generate_series(1, 1200) as i;
create table raw_shop."Page Views" (id integer, day date, url varchar(200)) partition by range (day);
create table raw_shop.v1 partition of raw_shop."Page Views" for values from ('2024-01-01') to ('2024-06-01');
create table raw_shop.v2 partition of raw_shop."Page Views" for values from ('2024-06-01') to ('2025-01-01');
insert into raw_shop."Page Views"
    select i, date '2024-01-01' + i % 300, '/p/' || i from generate_series(1, 900) as i;
create view raw_shop.paid_orders as select order_id, net from raw_shop.orders where status = 'paid';
"""
PROFILES = """
shop:
  target: dev
  outputs:
    dev:
      type: postgres
      host: 127.0.0.1
      port: {port}
      user: {user}
      password: "{{{{ env_var('SHOP_PASSWORD') }}}}"
      dbname: {dbname}
      schema: analytics
      threads: 2
"""
ROWS = {"customers": 300, "orders": 1200, "page_views": 900, "paid_orders": 400}


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresServer]:
    try:
        with postgres_server() as server:
            yield server
    except ServerMissing as error:
        pytest.skip(str(error))


@pytest.fixture
def dbname() -> str:
    return f"shop_{uuid.uuid4().hex}"


@pytest.fixture
def shop(nobody: User, postgres: PostgresServer, dbname: str) -> User:
    pytest.importorskip("dbt.adapters.postgres", reason="dbt-postgres is not installed")
    postgres.create_database(dbname)
    postgres.psql(RAW, dbname)
    nobody.write("dbt_project.yml", "name: shop\nversion: '1.0'\nconfig-version: 2\nprofile: shop\n")
    nobody.write("profiles.yml", PROFILES.format(port=postgres.port, user=USER, dbname=dbname))
    nobody.env["SHOP_PASSWORD"] = PASSWORD
    return nobody


def dbt(user: User, *arguments: str) -> Ran:
    command = [sys.executable, "-m", "dbt.cli.main", *arguments]
    done = subprocess.run(
        command, cwd=user.folder, env={**os.environ, **user.env}, capture_output=True, text=True, check=False
    )
    return Ran(done.returncode, done.stdout, done.stderr)


@pytest.mark.long
def test_from_raw_tables_on_postgresql_to_a_green_build(shop: User, postgres: PostgresServer, dbname: str):
    generated = shop.aidbt("generate")
    assert generated.code == 0, generated.out + generated.err
    assert generated.err == ""
    files = shop.files()
    staging = {path.rpartition("/")[2] for path in files if path.endswith(".sql")}
    assert staging == {f"stg_shop__{table}.sql" for table in ROWS}
    models = b"".join(text for path, text in files.items() if path.endswith(".sql")).decode()
    assert '"Full Name" as full_name' in models
    assert '"order"' in models

    built = dbt(shop, "build", "--warn-error")
    assert built.code == 0, built.out[-4000:]
    for table, rows in ROWS.items():
        assert postgres.psql(f"select count(*) from analytics.stg_shop__{table}", dbname) == str(rows)

    in_process = shop.aidbt("build")
    assert in_process.code == 0, in_process.out + in_process.err
    assert "model  4 success" in in_process.out

    again = shop.aidbt("generate")
    assert again.code == 0, again.err
    assert shop.files() == files
    assert shop.aidbt("generate", "--check").code == 0
    assert PASSWORD not in "".join(text.decode() for text in files.values())


@pytest.mark.long
def test_only_a_table_whose_rows_changed_is_scanned_again(shop: User, postgres: PostgresServer, dbname: str):
    postgres.psql("drop view raw_shop.paid_orders", dbname)  # of a view nothing tells whether it changed
    scans = """
        select relname, seq_scan from pg_stat_user_tables
        where schemaname = 'raw_shop' and relname in ('customers', 'orders', 'v1') order by relname
    """

    def scanned() -> dict[str, int]:
        rows = (line.split("\t") for line in postgres.psql(scans, dbname).splitlines())
        return {name: int(times) for name, times in rows}

    assert shop.aidbt("profile").code == 0
    first = scanned()
    assert min(first.values()) > 0
    assert shop.aidbt("profile").code == 0
    assert scanned() == first

    postgres.psql("update raw_shop.customers set born = born + 1 where id = 1", dbname)
    before = scanned()
    assert shop.aidbt("profile").code == 0

    changed = {name for name, times in scanned().items() if times > before[name]}
    assert changed == {"customers"}


@pytest.mark.long
def test_doctor_says_how_far_the_adapter_was_tried(shop: User):
    doctor = shop.aidbt("doctor", "--output", "json")

    assert doctor.code == 0, doctor.out
    checks = {check["part"]: check for check in json.loads(doctor.out)["checks"]}
    assert checks["adapter"]["state"] == "ok"
    assert "proven" in checks["adapter"]["detail"]
    assert "4 tables and views in 1 schemas" in checks["warehouse"]["detail"]


def test_a_wrong_password_is_one_clear_error(shop: User):
    wrong = shop.aidbt("generate", SHOP_PASSWORD="wrong").assert_one_clear_error()

    assert "does not let this user in" in wrong.err


def test_data_is_not_landed_in_postgresql(shop: User):
    shop.write("exports/people.csv", "id\n1\n")

    ran = shop.aidbt("ingest", "run", "--source", "crm", "--from", "exports/*.csv").assert_one_clear_error()

    assert "data is landed in DuckDB only" in ran.err


@pytest.mark.long
def test_what_cannot_be_read_is_named_and_the_rest_goes_on(shop: User, postgres: PostgresServer, dbname: str):
    postgres.psql(
        """
        create view raw_shop.broken as select id, 1 / (id - 5) as share from raw_shop.customers;
        create materialized view raw_shop.later as select * from raw_shop.orders with no data;
        """,
        dbname,
    )

    profiled = shop.aidbt("profile")
    assert profiled.code == 1, profiled.err
    assert "error: shop.broken cannot be read: postgres refused: division by zero" in profiled.err
    assert 'error: shop.later cannot be read: postgres refused: materialized view "later"' in profiled.err
    assert f"profiled {len(ROWS)} tables" in profiled.out

    generated = shop.aidbt("generate")
    assert generated.code == 1, generated.out + generated.err
    assert "shop.broken: it cannot be read: postgres refused: division by zero" in generated.out
    staging = {path.rpartition("/")[2] for path in shop.files() if path.endswith(".sql")}
    assert staging == {f"stg_shop__{table}.sql" for table in ROWS}


@pytest.mark.long
def test_tables_that_were_scanned_before_the_connection_was_lost_are_not_scanned_again(
    shop: User, postgres: PostgresServer, dbname: str
):
    postgres.psql(
        "create view raw_shop.zz as select pg_terminate_backend(pg_backend_pid()) as gone;"
        "drop view raw_shop.paid_orders",
        dbname,
    )
    shop.aidbt("profile").assert_one_clear_error()
    postgres.psql("drop view raw_shop.zz", dbname)

    plan = json.loads(shop.aidbt("profile", "--dry-run", "--output", "json").out)

    assert plan["tables"] == []


@pytest.mark.long
@pytest.mark.parametrize("how", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.long)])
def test_what_runs_in_the_warehouse_ends_with_the_command(
    shop: User, postgres: PostgresServer, dbname: str, how: signal.Signals
):
    postgres.psql("create view raw_shop.slow as select pg_sleep(100) is null as x", dbname)
    command = [sys.executable, "-m", "aidbt", "profile", "-s", "slow"]
    # The tag names the command, not the program.
    active = """
        select count(*) from pg_stat_activity
        where application_name like 'aidbt {"command": "profile"%' and state = 'active'
    """

    def wait_for(number: int) -> bool:
        return any(postgres.psql(active) == str(number) or time.sleep(0.1) for _ in range(200))

    with subprocess.Popen(command, cwd=shop.folder, env=shop.env, stderr=subprocess.PIPE, text=True) as run:
        assert wait_for(1)
        run.send_signal(how)
        _, said = run.communicate(timeout=30)

    assert (run.returncode, said) == (130, "\nerror: stopped; what was not finished was not kept\n")
    assert wait_for(0)


def test_a_project_on_postgresql_is_not_told_to_land_data(shop: User):
    adopted = shop.aidbt("init", ".")

    assert "next: aidbt doctor --access, then aidbt generate --dry-run" in adopted.out
    assert "ingest" not in adopted.out
