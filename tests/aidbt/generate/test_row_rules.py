"""Which rows staging keeps: deleted ones are left out, of several of a key the last one stays."""

from __future__ import annotations

import pytest
from sqlfluff.core import FluffConfig, Linter

from aidbt.core.config import ConventionSettings
from aidbt.core.schema import Column, MappedColumn, Mapping, RowRule
from aidbt.generate.questions.row_rules import deletion_mark
from aidbt.generate.sql_style import SqlStyle
from aidbt.generate.staging import staging_sql
from aidbt.generate.templates import render
from aidbt.mapping.files import load_mappings
from aidbt.mapping.question_files import answer, load_questions

ORDERS = Mapping(
    "shop",
    "orders",
    (MappedColumn("order_id", ("id",)), MappedColumn("total", ("total",), cast="double")),
    unmapped=("_fivetran_deleted", "updated_at", "region"),
)
NOT_DELETED = RowRule("soft_delete", where="not coalesce(_fivetran_deleted, false)")
ONE_REGION = RowRule("filter", where="region = 'eu' or region is null")
LATEST = RowRule("latest_row", keys=("id",), order_by="updated_at")


def sql(*rules: RowRule, loads: bool = False, style: SqlStyle | None = None, dialect: str = "duckdb") -> str:
    mapping = Mapping(ORDERS.source, ORDERS.table, ORDERS.columns, unmapped=ORDERS.unmapped, row_rules=rules)
    return staging_sql(mapping, source_table="orders", loads=loads, dialect=dialect, style=style)


@pytest.mark.parametrize(
    ("column", "where"),
    [
        (Column("_fivetran_deleted", "BOOLEAN"), "not coalesce(_fivetran_deleted, false)"),
        (Column("_sdc_deleted_at", "TIMESTAMP"), "_sdc_deleted_at is null"),
        (Column("__deleted", "VARCHAR"), "coalesce(lower(__deleted), 'false') <> 'true'"),
        (Column("_ab_cdc_deleted_at", "VARCHAR"), "_ab_cdc_deleted_at is null"),
        (Column("is_deleted", "INTEGER"), "coalesce(is_deleted, 0) = 0"),
        (Column("deletedAt", "TIMESTAMP WITH TIME ZONE"), '"deletedAt" is null'),
    ],
)
def test_a_mark_of_deleted_rows_keeps_rows_without_a_mark(column, where):
    mark = deletion_mark([Column("id", "INTEGER"), column], ConventionSettings(), "duckdb")

    assert mark is not None
    assert mark.where == where


@pytest.mark.parametrize("name", ["deleted_by", "deleted_count", "undeleted_at", "deletion_reason"])
def test_what_only_talks_of_deleting_is_no_mark(name):
    assert deletion_mark([Column(name, "TIMESTAMP")], ConventionSettings(), "duckdb") is None


def test_the_team_s_own_condition_comes_first():
    rules = ConventionSettings(where={"is_gone": "is_gone = 'N'"})
    columns = [Column("_fivetran_deleted", "BOOLEAN"), Column("IS_GONE", "VARCHAR")]

    mark = deletion_mark(columns, rules, "duckdb")

    assert mark is not None
    assert (mark.where, mark.is_certain) == ("is_gone = 'N'", True)


RULES = {
    "none": (),
    "deleted": (NOT_DELETED,),
    "filter and deleted": (ONE_REGION, NOT_DELETED),
    "latest": (LATEST,),
    "all": (ONE_REGION, NOT_DELETED, LATEST),
}


@pytest.mark.parametrize("loads", [False, True])
@pytest.mark.parametrize("rules", RULES.values(), ids=RULES)
def test_the_sql_passes_sqlfluff(rules, loads, tmp_path):
    (tmp_path / ".sqlfluff").write_text(render("project/sqlfluff.jinja", dialect="duckdb"))
    linted = Linter(config=FluffConfig.from_path(str(tmp_path))).lint_string(sql(*rules, loads=loads))

    assert not linted.get_violations()


def test_rules_that_wait_or_were_rejected_are_not_written():
    waiting = RowRule("soft_delete", where="x", status="review")
    rejected = RowRule("filter", where="y", status="rejected")

    assert sql(waiting, rejected) == sql()


ROWS = """
create table orders (id int, total int, updated_at int, region text, _fivetran_deleted boolean);
insert into orders values
    (1, 10, 1, 'eu', false), (1, 11, 2, 'eu', null), (2, 20, 1, 'eu', false), (2, 21, 2, 'eu', true),
    (3, 30, 1, 'us', false), (4, 40, null, null, false), (4, 41, 1, 'eu', false);
"""
STYLE = SqlStyle(
    skeleton="with source as (\n    select * from {{ source('<source>', '<table>') }}\n),\n\n"
    "renamed as (\n    select\n        <columns>\n    from source\n)\n\nselect * from renamed\n",
    line_indent="        ",
)


@pytest.mark.parametrize("style", [None, STYLE], ids=["ours", "the team's"])
@pytest.mark.parametrize(
    ("rules", "kept"),
    [
        ((), [10, 11, 20, 21, 30, 40, 41]),
        ((NOT_DELETED,), [10, 11, 20, 30, 40, 41]),
        ((ONE_REGION,), [10, 11, 20, 21, 40, 41]),
        ((LATEST,), [11, 21, 30, 41]),
        # The last row of order 2 says that it is deleted: its first one does not come back.
        ((ONE_REGION, NOT_DELETED, LATEST), [11, 41]),
    ],
)
def test_the_rows_that_the_rules_mean_are_kept(rules, kept, style):
    import duckdb

    text = sql(*rules, style=style).replace("{{ source('shop', 'orders') }}", "orders")
    with duckdb.connect() as connection:
        connection.execute(ROWS)
        rows = connection.execute(text).fetchall()

    assert sorted(int(total) for _, total in rows) == kept


@pytest.mark.parametrize("dialect", ["postgres", "spark", "snowflake", "bigquery", "redshift", "trino"])
def test_the_last_row_of_a_key_is_told_in_words_of_every_dialect(dialect):
    from sqlglot import parse_one

    text = sql(LATEST, dialect=dialect)

    assert "qualify" not in text
    parse_one(text.replace("{{ source('shop', 'orders') }}", "orders"), dialect=dialect)


TABLES = """
create schema raw_crm;
create table raw_crm.users as select i as id, 'u' || i as login, i % 7 = 0 as _fivetran_deleted
from range(1, 101) t(i);
create table raw_crm.notes as select i as id, 'n' || i as title,
    case when i % 9 = 0 then timestamp '2024-01-01 10:00:00' end as deleted_at from range(1, 101) t(i);
create table raw_crm.tickets_history as select i // 3 as id, 's' || (i % 5) as state,
    timestamp '2024-01-01 00:00:00' + to_hours(i::int) as updated_at from range(3, 303) t(i);
"""


@pytest.fixture
def crm(shop):
    shop.sql(TABLES)
    return shop


def rules(shop, table):
    return load_mappings(shop.root)[f"crm.{table}"].row_rules


def test_a_loader_s_mark_is_decided_and_a_business_column_is_asked_about(crm):
    crm.generate()

    assert rules(crm, "users") == (NOT_DELETED,)
    (proposed,) = rules(crm, "notes")
    assert (proposed.where, proposed.status) == ("deleted_at is null", "review")
    assert list(load_questions(crm.root)["soft_delete:crm"].about) == ["crm.notes.deleted_at"]
    assert "deleted_at is null" not in crm.read("models/silver/crm/stg_crm__notes.sql")


def test_a_table_of_versions_is_asked_about_and_keeps_the_last_row_once_answered(crm):
    crm.generate()
    assert list(load_questions(crm.root)["latest_row:crm"].about) == ["crm.tickets_history"]
    before = crm.texts()
    crm.generate()
    assert crm.texts() == before

    answer(crm.root, "latest_row:crm", "latest")
    answer(crm.root, "soft_delete:crm", "keep")
    crm.generate()

    (rule,) = rules(crm, "tickets_history")
    assert (rule.keys, rule.order_by, rule.status, rule.by) == (("id",), "updated_at", "accepted", "person")
    assert rules(crm, "notes")[0].status == "rejected"
    assert [len(kept(crm, table)) for table in ("users", "notes", "tickets_history")] == [86, 100, 100]
    assert "unique" in crm.read("models/silver/crm/_crm__models.yml").partition("tickets_history_id")[2]


def test_a_reference_to_a_table_without_its_deleted_rows_is_tested_where_it_was_verified(crm):
    crm.sql("create table raw_crm.calls as select i as id, 1 + i % 100 as user_id from range(300) t(i)")
    crm.generate()

    properties = crm.read("models/silver/crm/_crm__models.yml")
    assert "to: source('crm', 'users')\n                field: id\n" in properties

    path = crm.root / "aidbt/mappings/crm__users.yml"
    path.write_text(path.read_text().replace("false)', status: accepted", "false)', status: rejected"))
    crm.generate()

    properties = crm.read("models/silver/crm/_crm__models.yml")
    assert "to: ref('stg_crm__users')\n                field: user_id\n" in properties


@pytest.mark.parametrize(
    ("condition", "to"),
    [("where not _fivetran_deleted", "source('crm', 'users')"), ("", "ref('base_users')")],
)
def test_a_reference_to_a_model_of_somebody_s_that_filters_is_tested_on_its_source(crm, condition, to):
    crm.sql("create table raw_crm.calls as select i as id, 1 + i % 100 as user_id from range(300) t(i)")
    folder = crm.root / "models/base"
    folder.mkdir(parents=True)
    (folder / "crm.yml").write_text(
        "version: 2\nsources:\n  - {name: crm, schema: raw_crm, tables: [{name: users}]}\n"
    )
    (folder / "base_users.sql").write_text(
        f"select id as user_pk, login from {{{{ source('crm', 'users') }}}} {condition}\n"
    )

    crm.generate(select=["calls"])

    assert f"to: {to}\n" in crm.read("models/silver/crm/_crm__models.yml")


def test_deciding_again_brings_no_deleted_row_back(crm):
    crm.generate()
    before = crm.texts()

    crm.generate(refresh=True)

    assert crm.texts() == before


def kept(shop, table):
    """The rows of a staging model."""
    text = shop.read(f"models/silver/crm/stg_crm__{table}.sql")
    return shop.rows(text.replace(f"{{{{ source('crm', '{table}') }}}}", f"raw_crm.{table}"))


def test_a_mark_that_appears_later_is_asked_about_even_a_loader_s(crm):
    crm.generate()
    crm.sql("alter table raw_crm.tickets_history add column _fivetran_deleted boolean default false")
    crm.generate()

    proposed = next(rule for rule in rules(crm, "tickets_history") if rule.rule == "soft_delete")
    assert proposed.status == "review"
    asked = load_questions(crm.root)["soft_delete:crm"]
    assert list(asked.about) == ["crm.notes.deleted_at", "crm.tickets_history._fivetran_deleted"]
