"""What each command touches, and the smallest grants: printed, checked, and enough when they are run."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from click.testing import CliRunner

import aidbt
from aidbt.cli.main import COMMANDS, cli
from aidbt.core.errors import WarehouseError
from aidbt.observability.access import Access, access
from aidbt.observability.grants import Grant, Place, grants_for
from aidbt.warehouse.budget import RunsAs
from tests.aidbt.warehouse.conftest import Target
from tests.kit import PostgresServer

DATABASE = "access"
PASSWORD = "plain"
NUMBERS = count(1)


def project(folder: Path, target: Target, **more: Any) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    config = {"name": "shop", "version": "1.0", "config-version": 2, "profile": "shop", **more}
    (folder / "dbt_project.yml").write_text(yaml.safe_dump(config))
    profiles = {"shop": {"target": "dev", "outputs": {"dev": target}}}
    (folder / "profiles.yml").write_text(yaml.safe_dump(profiles))
    return folder


def access_of(folder: Path) -> Access:
    session = aidbt.open(folder)
    try:
        return access(session.project, session.settings, lambda: session.warehouse)
    finally:
        session.close()


def doctor(folder: Path) -> tuple[int, str]:
    ran = CliRunner().invoke(cli, ["doctor", "--access", "--project-dir", str(folder)])
    return ran.exit_code, ran.output


# --- the statements of each warehouse -----------------------------------------------------------------


STATEMENTS = {
    "snowflake": (
        Place(
            RunsAs("snowflake", "ann", "LOADER", "WH", "RAW"),
            ("CRM", "web shop"),
            "analytics",
            has_target=True,
        ),
        [
            "grant usage on warehouse WH to role LOADER",
            "grant usage on database RAW to role LOADER",
            "grant usage on schema RAW.CRM to role LOADER",
            "grant select on all tables in schema RAW.CRM to role LOADER",
            "grant select on all views in schema RAW.CRM to role LOADER",
            'grant usage on schema RAW."web shop" to role LOADER',
            'grant select on all tables in schema RAW."web shop" to role LOADER',
            'grant select on all views in schema RAW."web shop" to role LOADER',
            "grant usage, create table, create view on schema RAW.analytics to role LOADER",
        ],
    ),
    "bigquery": (
        Place(
            RunsAs("bigquery", "etl@p.iam.gserviceaccount.com", "", "billed", "data"),
            ("crm",),
            "analytics",
            has_target=True,
        ),
        [
            "gcloud projects add-iam-policy-binding billed"
            " --member=serviceAccount:etl@p.iam.gserviceaccount.com --role=roles/bigquery.jobUser",
            "gcloud projects add-iam-policy-binding data"
            " --member=serviceAccount:etl@p.iam.gserviceaccount.com --role=roles/bigquery.metadataViewer",
            "grant `roles/bigquery.dataViewer` on schema `data`.`crm`"
            ' to "serviceAccount:etl@p.iam.gserviceaccount.com"',
            "grant `roles/bigquery.dataEditor` on schema `data`.`analytics`"
            ' to "serviceAccount:etl@p.iam.gserviceaccount.com"',
        ],
    ),
    "redshift": (
        Place(RunsAs("redshift", "ann", database="dw"), ("crm",), "analytics"),
        [
            "grant select on svv_table_info to ann",
            "grant usage on schema crm to ann",
            "grant select on all tables in schema crm to ann",
            "grant create on database dw to ann",
        ],
    ),
    "databricks": (
        Place(RunsAs("databricks", database="main"), ("crm",), "analytics"),
        [
            "permission CAN USE on the SQL warehouse or CAN ATTACH TO on the cluster",
            "grant use catalog on catalog `main` to `<your user>`",
            "grant use schema, select on schema `main`.`crm` to `<your user>`",
            "grant create schema on catalog `main` to `<your user>`",
        ],
    ),
    "trino": (
        Place(RunsAs("trino", "ann", database="hive"), ("crm",), "analytics"),
        [
            "read access to information_schema of the catalog, system.jdbc and system.metadata",
            "grant select on schema hive.crm to user ann",
            "grant create, select, insert, delete on schema hive.analytics to user ann",
        ],
    ),
    "spark": (
        Place(RunsAs("spark"), ("crm",), "analytics"),
        [
            "access to the metastore",
            "read permission on the files of the schema crm",
            "write permission on the folder of the schema analytics",
        ],
    ),
    "sqlserver": (
        Place(RunsAs("sqlserver"), (), "dbo"),
        [
            "the right to select from the tables of the schema <raw schema>, and its metadata",
            "create tables and views in the schema dbo",
        ],
    ),
}


@pytest.mark.parametrize("kind", STATEMENTS)
def test_the_grants_of_each_warehouse_with_the_projects_names(kind: str):
    place, expected = STATEMENTS[kind]

    assert [grant.statement for grant in grants_for(place)] == expected


@pytest.mark.parametrize(
    ("has_target", "has_custom_schemas", "statement"),
    [
        (True, False, 'grant usage, create on schema "Analytics" to ann'),
        (True, True, "grant create on database shop to ann"),  # dbt makes more schemas than that one
        (False, False, "grant create on database shop to ann"),
    ],
)
def test_the_right_to_build_is_the_smallest_that_is_enough(
    has_target: bool, has_custom_schemas: bool, statement: str
):
    place = Place(
        RunsAs("postgres", "ann", database="shop"), ("raw",), "Analytics", has_target, has_custom_schemas
    )

    assert grants_for(place)[-1].statement == statement


# --- DuckDB -------------------------------------------------------------------------------------------


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    target = {"type": "duckdb", "path": str(tmp_path / "w.duckdb"), "schema": "analytics"}
    return project(tmp_path / "shop", target)


def test_every_command_says_what_it_touches(shop: Path):
    assert [item.command for item in access_of(shop).commands] == list(COMMANDS)


def test_on_duckdb_the_rights_are_those_of_the_file(shop: Path):
    assert [grant.held for grant in access_of(shop).grants] == [None, None, True]  # no file yet

    duckdb.connect(str(shop.parent / "w.duckdb")).close()

    found = access_of(shop)
    assert [(grant.need, grant.held) for grant in found.grants] == [
        ("read", True),
        ("build", True),
        ("build", True),
    ]
    assert found.checked


def test_the_sources_that_the_project_names_are_named(shop: Path):
    (shop / "models").mkdir()
    (shop / "models" / "sources.yml").write_text(
        "sources:\n  - name: crm\n    schema: raw_crm\n    tables: [{name: users}]\n"
    )
    (shop / "aidbt.yml").write_text("generate:\n  sources: {landing: web}\n")

    found = access_of(shop)

    assert found.place.sources == ("landing", "raw_crm")
    [profile] = [item for item in found.commands if item.command == "profile"]
    assert "rows of landing, raw_crm" in profile.reads


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        ({"flags": {"send_anonymous_usage_stats": False}}, "no usage statistics"),
        ({}, "dbt's own usage statistics"),
    ],
)
def test_what_dbt_itself_sends_is_told(tmp_path: Path, monkeypatch, flags: dict, says: str):
    for name in ("DBT_SEND_ANONYMOUS_USAGE_STATS", "DO_NOT_TRACK"):
        monkeypatch.delenv(name, raising=False)
    target = {"type": "duckdb", "path": str(tmp_path / "w.duckdb"), "schema": "analytics"}

    found = access_of(project(tmp_path / "p", target, **flags))

    build = next(item for item in found.commands if item.command == "build")
    assert build.sends.startswith(says)


def test_a_warehouse_that_is_not_asked_says_so(tmp_path: Path):
    target = {
        "type": "snowflake",
        "account": "a",
        "user": "ann",
        "role": "R",
        "database": "RAW",
        "schema": "x",
    }

    code, text = doctor(project(tmp_path / "p", target | {"password": "s3cret"}))

    assert code == 0
    assert "grants for R on snowflake, not checked" in text
    assert "s3cret" not in text


# --- PostgreSQL, the real one -------------------------------------------------------------------------


RAW = """
create schema raw_crm;
create schema "Raw Web";
create table raw_crm.users as select i as id, 'u' || i as login from generate_series(1, 60) as i;
create table raw_crm.salaries as select i as id, i * 100 as amount from generate_series(1, 60) as i;
create view raw_crm.names as select login from raw_crm.users;
create table "Raw Web".visits as select i as visit_id, i % 60 + 1 as user_id from generate_series(1, 90) as i;
"""


@pytest.fixture(scope="module")
def database(postgres: PostgresServer) -> str:
    postgres.create_database(DATABASE)
    postgres.psql(RAW, DATABASE)
    postgres.psql(f"revoke connect on database {DATABASE} from public", DATABASE)
    return DATABASE


@pytest.fixture
def role(postgres: PostgresServer, database: str) -> Iterator[str]:
    """A new user who may do nothing but connect."""
    name = f"Reader {next(NUMBERS)}"
    postgres.psql(f"create role \"{name}\" login password '{PASSWORD}'", database)
    postgres.psql(f'grant connect on database {database} to "{name}"', database)
    try:
        yield name
    finally:
        postgres.psql(f'drop owned by "{name}" cascade; drop role "{name}"', database)


@pytest.fixture
def crm(tmp_path: Path, role: str, database: str, postgres_target: Callable[..., Target]) -> Path:
    """A project on PostgreSQL that declares its raw tables."""
    folder = project(tmp_path / "crm", postgres_target(database, user=role, password=PASSWORD))
    (folder / "models").mkdir()
    (folder / "models" / "sources.yml").write_text(
        "sources:\n"
        "  - {name: crm, schema: raw_crm, tables: [{name: users}]}\n"
        "  - {name: web, schema: Raw Web, tables: [{name: visits}]}\n"
    )
    return folder


def run(postgres: PostgresServer, grants: tuple[Grant, ...]) -> None:
    for grant in grants:
        postgres.psql(grant.statement, DATABASE)


def aidbt_cli(folder: Path, *arguments: str) -> Any:
    return CliRunner().invoke(cli, [*arguments, "--project-dir", str(folder)])


@pytest.mark.long
def test_the_missing_grants_are_named_and_enough(crm: Path, role: str, postgres: PostgresServer):
    with pytest.raises(WarehouseError, match="may not look into any schema"):
        list(aidbt.open(crm).warehouse.relations())

    before = access_of(crm)

    assert [grant.statement for grant in before.missing] == [
        f'grant usage on schema "Raw Web" to "{role}"',
        f'grant select on all tables in schema "Raw Web" to "{role}"',
        f'grant usage on schema raw_crm to "{role}"',
        f'grant select on all tables in schema raw_crm to "{role}"',
        f'grant create on database {DATABASE} to "{role}"',
    ]
    code, text = doctor(crm)
    assert code == 1
    assert all(f"missing    {g.need:8} {g.statement};\n" in text for g in before.missing)

    run(postgres, before.missing)

    assert access_of(crm).missing == ()
    assert doctor(crm)[0] == 0
    profiled = aidbt_cli(crm, "profile", "--output", "json")
    assert profiled.exit_code == 0, profiled.output
    assert {"crm.users", "web.visits"} <= json.loads(profiled.stdout).keys()
    generated = aidbt_cli(crm, "generate")
    assert generated.exit_code == 0, generated.output
    assert list(crm.rglob("stg_crm__users.sql"))


@pytest.mark.long
def test_a_table_that_is_needed_and_closed_gets_a_grant_of_its_own(
    crm: Path, role: str, postgres: PostgresServer
):
    postgres.psql(f'grant usage on schema raw_crm to "{role}"', DATABASE)
    postgres.psql(f'grant select on raw_crm.names to "{role}"', DATABASE)

    [missing] = [g for g in access_of(crm).missing if g.about == "raw_crm"]

    assert missing.statement == f'grant select on raw_crm.users to "{role}"'
    run(postgres, (missing,))
    assert [g for g in access_of(crm).missing if g.about == "raw_crm"] == []


def test_tables_that_nobody_asked_for_may_stay_closed(crm: Path, role: str, postgres: PostgresServer):
    postgres.psql(f'grant usage on schema raw_crm to "{role}"', DATABASE)
    postgres.psql(f'grant select on raw_crm.users to "{role}"', DATABASE)

    [select] = [g for g in access_of(crm).grants if "select on all" in g.statement and g.about == "raw_crm"]

    assert select.held is True
    assert select.detail == "left out, because they are closed: names, salaries"


@pytest.mark.long
def test_the_target_schema_that_exists_needs_rights_on_it_only(
    crm: Path, role: str, postgres: PostgresServer
):
    postgres.psql("create schema analytics", DATABASE)
    try:
        build = access_of(crm).grants[-1]
        assert (build.statement, build.held) == (
            f'grant usage, create on schema analytics to "{role}"',
            False,
        )
        run(postgres, (build,))
        assert access_of(crm).grants[-1].held is True
    finally:
        postgres.psql("drop schema analytics", DATABASE)


@pytest.mark.long
def test_a_project_that_names_no_source_gets_the_schemas_with_tables(
    tmp_path: Path, role: str, database: str, postgres_target: Callable[..., Target]
):
    folder = project(tmp_path / "new", postgres_target(database, user=role, password=PASSWORD))

    assert access_of(folder).place.sources == ("Raw Web", "raw_crm")


@pytest.mark.long
def test_a_source_whose_schema_is_not_there_is_told(crm: Path):
    (crm / "models" / "more.yml").write_text("sources:\n  - {name: gone, tables: [{name: t}]}\n")

    gone = [grant for grant in access_of(crm).grants if grant.about == "gone"]

    assert {(g.held, g.detail) for g in gone} == {(None, "there is no schema called gone")}


@pytest.mark.long
def test_a_role_that_may_not_read_the_catalog_gets_one_clear_error(
    crm: Path, role: str, postgres: PostgresServer
):
    postgres.psql("revoke select on pg_catalog.pg_class, pg_catalog.pg_attribute from public", DATABASE)
    try:
        found = access_of(crm)
        ran = aidbt_cli(crm, "profile")
        code, text = doctor(crm)
    finally:
        postgres.psql("grant select on pg_catalog.pg_class, pg_catalog.pg_attribute to public", DATABASE)

    assert "permission denied for table pg_class" in found.problem
    assert found.hint.startswith("grant select on pg_class to")
    assert not found.checked
    assert code == 1
    assert f'grant usage on schema raw_crm to "{role}"' in text
    assert isinstance(ran.exception, WarehouseError)
    assert "may not read which tables there are" in ran.exception.message
    assert ran.exception.hint


@pytest.mark.long
def test_a_server_that_cannot_be_reached_still_gets_its_grants(crm: Path):
    profiles = yaml.safe_load((crm / "profiles.yml").read_text())
    profiles["shop"]["outputs"]["dev"] |= {"port": 1, "connect_timeout": 2, "retries": 0}
    (crm / "profiles.yml").write_text(yaml.safe_dump(profiles))

    found = access_of(crm)

    assert "cannot be reached" in found.problem
    assert {grant.held for grant in found.grants} == {None}
