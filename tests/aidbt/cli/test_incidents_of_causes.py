"""One incident for each cause of real failing runs: observed, healed, told, and ended by a green run."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import duckdb
import pytest
from click.testing import CliRunner

from aidbt.cli.main import cli
from tests.dbt_shop import DBT, Shop, new_shop

FILES = {
    "models/sources.yml": "sources:\n- {name: crm, schema: crm, tables: [{name: orders}, {name: people}]}\n",
    "models/stg_orders.sql": "select id, amount from {{ source('crm', 'orders') }}\n",
    "models/stg_people.sql": "select id, email from {{ source('crm', 'people') }}\n",
    "models/people.sql": "{{ config(materialized='table') }}\nselect * from {{ ref('stg_people') }}\n",
    "models/mailing.sql": "select email from {{ source('crm', 'people') }}\n",
    "aidbt.yml": "alerts: {channels: {me: {kind: console}}}\n",
}  # fmt: skip


def sql(shop: Shop, *statements: str) -> None:
    with duckdb.connect(str(shop.database)) as connection:
        for statement in statements:
            connection.execute(statement)


def aidbt(shop: Shop, *words: str) -> tuple[dict[str, Any], str]:
    """What programs get, and what people are told."""
    where = ["--project-dir", str(shop.root), "--profiles-dir", str(shop.root), "--output", "json"]
    ran = CliRunner().invoke(cli, [*words, *where])
    assert ran.exception is None or isinstance(ran.exception, SystemExit), (ran.output, ran.exception)
    return json.loads(ran.stdout), ran.stderr


def incidents(shop: Shop) -> list[tuple[str, str, str]]:
    found, _ = aidbt(shop, "incidents", "list", "--all")
    return [(one["id"], one["state"], one["cause"]["kind"]) for one in found["incidents"]]


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    monkeypatch.setenv("USER", "ana")
    made = new_shop(tmp_path / "shop", FILES)
    sql(
        made, "create schema crm",
        "create table crm.orders as select range as id, range * 2.5 as amount from range(300)",
        "create table crm.people as select range as id, 'p' || range || '@x.org' as email from range(60)",
    )  # fmt: skip
    assert aidbt(made, "build")[0]["good_state"]["number"] == 1
    return made


@pytest.mark.long
def test_a_renamed_column_is_one_incident_from_the_run_that_was_observed_to_the_green_one(shop: Shop):
    sql(shop, "alter table crm.people rename email to mail")
    for _ in range(2):
        subprocess.run([DBT, "build", "--quiet", "--profiles-dir", "."], cwd=shop.root, capture_output=True)
        observed, told = aidbt(shop, "observe", "--artifacts", str(shop.root / "target"))
        (cause,) = observed["causes"]
        assert (cause["error_class"], cause["incident"]) == ("SCHEMA_DRIFT/COLUMN_RENAMED", "INC-1")
    assert told == ""  # the same once more is told to nobody
    assert {failure["unique_id"] for failure in cause["failures"]} == {
        "model.shop.stg_people", "model.shop.mailing",
    }  # fmt: skip

    healed, told = aidbt(shop, "heal", "run")
    (cause,) = healed["causes"]
    assert cause["attempt"]["incident"] == "INC-1" and "INC-1" in told
    shown, _ = aidbt(shop, "incidents", "show", "1")
    assert shown["attempt"]["id"] == shown["found"]["attempt"] == cause["attempt"]["id"]
    assert shown["cause"] == {"kind": "schema", "node": "source.shop.crm.people", "column": "email"}
    assert shown["found"]["proof"] and shown["found"]["next_step"]
    assert incidents(shop) == [("INC-1", "open", "schema")]

    sql(shop, "alter table crm.people rename mail to email")
    _, told = aidbt(shop, "build")
    assert "resolved" in told and incidents(shop) == [("INC-1", "resolved", "schema")]


@pytest.mark.long
def test_a_source_that_was_emptied_is_open_over_green_runs_until_its_rows_are_back(shop: Shop):
    sql(shop, "create table crm.kept as from crm.orders", "delete from crm.orders")
    for words in (["build"], ["build"], ["build", "-s", "people"]):
        built, _ = aidbt(shop, *words)
        assert built["status"] == "success"
        assert len(built["good_state"]["doubted"]) == ("-s" not in words)
    assert incidents(shop) == [("INC-1", "open", "data")]
    (cause,) = aidbt(shop, "heal", "run")[0]["causes"]
    assert cause["attempt"]["state"] == "waiting"
    aidbt(shop, "build")
    assert aidbt(shop, "heal", "status")[0]["attempts"]  # a green run does not end it

    sql(shop, "insert into crm.orders from crm.kept")
    aidbt(shop, "build")
    assert incidents(shop) == [("INC-1", "resolved", "data")]
    assert not aidbt(shop, "heal", "status")[0]["attempts"]


@pytest.mark.long
def test_a_source_that_a_person_says_is_expected_so_is_the_new_good_state(shop: Shop):
    sql(shop, "delete from crm.orders where id >= 20")
    aidbt(shop, "build")
    aidbt(shop, "incidents", "resolve", "1", "--as", "expected", "--no-feedback")

    assert aidbt(shop, "build")[0]["good_state"]["doubted"] == []
    sql(shop, "delete from crm.orders")
    assert len(aidbt(shop, "build")[0]["good_state"]["doubted"]) == 1
    assert [state for _, state, _ in incidents(shop)] == ["open", "terminated"]
