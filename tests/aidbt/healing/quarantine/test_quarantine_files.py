"""The files of a quarantine: their text in each dialect, and what dbt makes of them."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from datetime import date
from pathlib import Path

import duckdb
import pytest
import sqlglot
from sqlglot import exp

from aidbt.core.healing import Stage
from aidbt.core.schema import Column, Relation
from aidbt.healing.evidence.case import Case
from aidbt.healing.evidence.failed_run import FailedRun
from aidbt.healing.quarantine.entry import Entry
from aidbt.healing.quarantine.files import condition_text, yaml_text
from aidbt.healing.quarantine.kept_keys import snapshot_of_this_run
from aidbt.healing.quarantine.patching import quarantine_patch
from aidbt.healing.quarantine.rules import Parent, Rule, unreadable
from aidbt.healing.quarantine.staging_edit import Filter, with_filter
from aidbt.healing.quarantine.standing import late_lines, quarantines
from aidbt.healing.quarantine.tracing import trace
from aidbt.project.artifacts import ArtifactMetadata
from aidbt.project.manifest import Manifest, Node, read_manifest
from tests.dbt_shop import DBT, new_shop
from tests.kit import postgres_server

ORDERS = Node("source.s.pay.orders", "source", "orders", "", schema="raw", source_name="pay")
COLUMN = exp.column("Amount", quoted=True)


def condition(sql: str) -> exp.Expr:
    return sqlglot.parse_one(sql, dialect="duckdb")


@pytest.mark.parametrize(
    ("dialect", "text"),
    [
        ("duckdb", '"Amount" is not null\n            and try_cast("Amount" as decimal(9, 2)) is null'),
        ("spark", "Amount is not null\n            and try_cast(Amount as decimal(9, 2)) is null"),
        ("redshift", '"Amount" is not null\n            and try_cast("Amount" as decimal(9, 2)) is null'),
        (
            "postgres",
            '"Amount" is not null\n            and not pg_input_is_valid("Amount", \'decimal(9, 2)\')',
        ),
        ("snowflake", '"Amount" is not null\n            and try_cast("Amount" as decimal(9, 2)) is null'),
    ],
)
def test_a_value_that_cannot_be_read_is_told_in_each_dialect(dialect: str, text: str):
    rule = Rule("bad_casts", unreadable(COLUMN, "DECIMAL(9, 2)", dialect), "r", ("Amount",))
    assert condition_text(rule, dialect) == text


def test_another_source_is_named_as_dbt_names_it_and_braces_are_printed():
    orphans = Rule(
        "orphans", condition("a is not null and not a in (select id from raw.orders)"), "r", ("a",),
        parent=Parent(ORDERS, "id"),
    )  # fmt: skip
    assert condition_text(orphans, "duckdb").endswith(
        "not a in (select id from {{ source('pay', 'orders') }})"
    )
    braces = Rule("other_values", condition("a = '{{ x }}'"), "r", ("a",))
    assert condition_text(braces, "duckdb") == "a = '{{ '{' }}{ x }}'"


def test_a_quarantine_that_nobody_looked_at_is_told_of():
    def model(name: str, until: str) -> Node:
        said = {"source": "pay.orders", "since": "2026-03-01", "until": until, "owner": "finance"}
        raw = {"config": {"meta": {"aidbt": {"quarantine": said}}}}
        return Node(f"model.s.{name}", "model", name, "", raw=raw)

    nodes = [model("late", "2026-03-31"), model("due", "2026-04-01"), model("odd", "soon")]
    manifest = Manifest(ArtifactMetadata("", "", None, {}), {n.unique_id: n for n in nodes}, {})  # type: ignore[arg-type]

    found = quarantines(manifest)
    assert [one.model for one in found] == ["late", "due"]
    (line,) = late_lines(found, date(2026, 4, 1))
    assert line.startswith("late holds rows of pay.orders since 2026-03-01") and "(finance)" in line


def test_the_rows_are_whose_the_source_is_else_whose_the_staging_model_is():
    mine = {"meta": {"owner": {"name": "Payments team"}}}
    staging = Node("model.s.stg", "model", "stg", "", config={"group": "finance"})

    def said(source: Node) -> str:
        traced = trace("select id from orders", "duckdb", ["id"], lambda table: True)
        assert traced is not None
        entry = Entry(source, Relation("raw", "orders"), staging, traced)
        return yaml_text(entry, date(2026, 3, 1), 30)

    assert "owner: Payments team" in said(replace(ORDERS, config=mine))
    assert "owner: finance" in said(ORDERS)


@pytest.mark.parametrize(
    ("kind", "built", "told"),
    [
        ("incremental", True, ""),  # looked at where the mend is built aside
        ("table", True, ""),
        ("snapshot", True, "facts"),
        ("snapshot", False, ""),
    ],
)
def test_rows_that_the_failed_run_added_to_a_snapshot_are_told_of(kind: str, built: bool, told: str):
    type_ = "snapshot" if kind == "snapshot" else "model"
    facts = Node(
        "model.s.facts", type_, "facts", "", depends_on=("model.s.stg",), config={"materialized": kind}
    )
    staging = Node("model.s.stg", "model", "stg", "", depends_on=(ORDERS.unique_id,))
    nodes = {node.unique_id: node for node in (facts, staging)}
    manifest = Manifest(ArtifactMetadata("", "", None, {}), nodes, {})  # type: ignore[arg-type]
    run = FailedRun(Stage.TEST, succeeded=("model.s.stg", *(["model.s.facts"] if built else [])))

    assert snapshot_of_this_run(staging.unique_id, Case("s", Path(), run, manifest=manifest)) == told
    tests_alone = FailedRun(Stage.TEST, succeeded=("test.s.one", "test.s.two"))
    kept = "facts" if kind == "snapshot" else ""
    assert snapshot_of_this_run(ORDERS.unique_id, Case("s", Path(), tests_alone, manifest=manifest)) == kept


@pytest.mark.long
def test_postgres_never_casts_what_is_left_out():
    rows = Filter(("pay", "payments"), "payments", "bad", ("id", "amount"), is_fenced=True)
    text = "select id, cast(amount as decimal(9, 2)) as amount from {{ source('pay', 'payments') }}"
    rule = Rule("bad_casts", unreadable(exp.column("amount"), "DECIMAL(9, 2)", "postgres"), "r", ("amount",))
    # More reasons cost more than the cast, so that PostgreSQL would rather ask for them last.
    more = " ".join(f"when lower(upper(amount)) = 'none {n}' then 'n'" for n in range(9))
    reason = f"case when {condition_text(rule, 'postgres')} then 'r' {more} end"
    view = with_filter(text, rows, "postgres", path="m.sql").replace("{{ bad() }}", reason)
    with postgres_server() as server:
        server.psql(
            "create table payments as"
            " select i as id, case when i % 9 = 0 then 'n/a' else i::text end as amount"
            " from generate_series(1, 5000) i"
        )
        server.psql("create view stg as " + view.replace("{{ source('pay', 'payments') }}", "payments"))
        for asked in ("amount < 0", "amount in (4, 5) or id < 3", "amount is null", "id = 9 and amount > 1"):
            server.psql(f"select count(*) from stg where {asked}")
        assert server.psql("select count(*) from stg where amount > 0") == "4445"


STAGING = """\
with s as (select * from {{ source('pay', 'payments') }})
select id, cast(amount as int) as amount from s
"""
SOURCES = "sources: [{name: pay, schema: raw, tables: [{name: payments}, {name: orders}]}]\n"


@pytest.mark.long
def test_dbt_builds_what_is_written_and_no_row_is_ever_lost(tmp_path: Path):
    shop = new_shop(tmp_path, {"models/stg.sql": STAGING, "models/sources.yml": SOURCES})
    with duckdb.connect(str(shop.database)) as database:
        database.execute("create schema raw; create table raw.orders as select 1 as id")
        database.execute(
            "create table raw.payments as"
            " select * from (values (1, '5'), (2, 'n/a'), (2, '7'), (2, '7')) t(id, amount)"
        )
    relation = Relation("raw", "payments", (Column("id", "integer"), Column("amount", "varchar")))
    source = Node("source.shop.pay.payments", "source", "payments", "", schema="raw", source_name="pay")
    staging = Node("model.shop.stg", "model", "stg", "models/stg.sql", "shop", depends_on=(source.unique_id,))
    compiled = STAGING.replace("{{ source('pay', 'payments') }}", "raw.payments")
    traced = trace(compiled, "duckdb", ["id", "amount"], lambda table: table.name == "payments")
    assert traced is not None
    rules = (
        Rule("bad_casts", unreadable(exp.column("amount"), "INT", "duckdb"), "amount is no int", ("amount",)),
        Rule(
            "duplicates",
            condition("row_number() over (partition by id, amount order by id) > 1"),
            "a copy",
            ("id",),
        ),
    )
    entry = Entry(source, relation, staging, traced)
    patch = quarantine_patch(
        entry, rules, lambda path: STAGING if path == "models/stg.sql" else None,
        dialect="duckdb", macros="macros", since=date(2026, 3, 1), days=30,
    )  # fmt: skip
    shop.write({edit.path: edit.after or "" for edit in patch.edits})

    def dbt(command: str) -> int:
        words = [str(DBT), command, "--project-dir", str(tmp_path), "--profiles-dir", str(tmp_path)]
        return subprocess.run(words, capture_output=True, check=False).returncode

    assert dbt("build") == 0
    with duckdb.connect(str(shop.database)) as database:
        assert database.execute("select * from stg order by all").fetchall() == [(1, 5), (2, 7)]
        reasons = (
            "select quarantine_reason, amount, length(quarantined_in_run) from stg__quarantine order by all"
        )
        assert database.execute(reasons).fetchall() == [("a copy", "7", 36), ("amount is no int", "n/a", 36)]
        database.execute("delete from stg__quarantine where amount = '7'")
    assert dbt("test") == 1
    assert [one.source for one in quarantines(read_manifest(tmp_path / "target/manifest.json"))] == [
        "pay.payments"
    ]
