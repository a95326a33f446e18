"""What is generated over change logs: a model with the rows as they are now, and staging that reads it."""

from __future__ import annotations

import contextlib
from pathlib import Path

import duckdb
import pytest

import aidbt
from aidbt.core.errors import SettingsError
from aidbt.core.schema import MappedColumn, Mapping
from aidbt.generate.base_models import BaseModel, base_sql
from aidbt.generate.sql_style import learn_sql_style
from aidbt.generate.staging import staging_sql
from aidbt.lineage.project import read_project
from aidbt.lineage.written.staging import StagingModel, read_staging_model
from aidbt.mapping.files import load_mappings, parse_mapping
from aidbt.project import open_project
from aidbt.project.dbt import run_dbt
from tests.bronze_logs import ChangeLog, Event

BASE = "models/bronze/crm/base_crm__orders.sql"
STAGING = "models/silver/crm/stg_crm__orders.sql"
MAPPING = "aidbt/mappings/crm__orders.yml"
COLUMNS = {"id": "BIGINT", "status": "VARCHAR", "note": "VARCHAR"}


@pytest.fixture
def log(shop):
    """A change log of 40 orders, on a connection that is open only while something is landed."""
    return Orders(shop.database)


class Orders:
    def __init__(self, database: Path, key: tuple[str, ...] = ("id",)) -> None:
        self._database = database
        with duckdb.connect(str(database)) as connection:
            self._log = ChangeLog(connection, "bronze_crm", "orders", COLUMNS, key)
        self.land([Event("r", 10, {"id": n, "status": "open", "note": f"n{n}"}, 0) for n in range(1, 41)])

    def land(self, events: list[Event], column: tuple[str, str] | None = None) -> None:
        with duckdb.connect(str(self._database)) as connection:
            self._log._connection = connection
            if column is not None:
                self._log.add_column(*column)
            self._log.land(events)

    def rename(self, old: str, new: str) -> None:
        """As a stream does it: a new column beside the old one, which is not sent any more."""
        with duckdb.connect(str(self._database)) as connection:
            self._log._connection = connection
            self._log.add_column(new, COLUMNS[old])
            self._log.drop_column(old)
            rows = connection.execute(f'select id, "{old}" from bronze_crm.orders').fetchall()
            sent = ["status"]
            self._log.land([Event("u", 20, {"id": n, new: value}, 0, unchanged=sent) for n, value in rows])

    def has_key(self, *key: str) -> None:
        self._log.key = key


def build(shop):
    report = run_dbt(open_project(shop.root), "build")
    assert report.status == "success", report.failures
    return report


@pytest.mark.long
def test_staging_has_the_rows_as_they_are_after_every_build(shop, log):
    shop.generate()
    build(shop)
    log.land(
        [
            Event("u", 20, {"id": 1, "status": "paid"}, unchanged=["note"]),
            Event("d", 21, {"id": 2}),
            Event("c", 22, {"id": 41, "status": "open"}),
        ]
    )
    build(shop)

    rows = shop.rows("select * from analytics.stg_crm__orders where order_id in (1, 2, 41) order by all")
    assert rows == [(1, "paid", "n1"), (41, "open", None)]
    assert not shop.generate().patch.edits
    assert not shop.check().is_drift


@pytest.mark.long
def test_a_quiet_log_is_as_fresh_as_its_stream(shop, log):
    shop.sql(
        "create table bronze_crm._aidbt_streams as select 'crm' as source, '' as part, now() as updated_at;"
        "update bronze_crm.orders set _aidbt_loaded_at = now() - interval 9 days;"
        "update bronze_crm._aidbt_loads set loaded_at = now() - interval 9 days"
    )
    shop.generate()
    assert freshness(shop) == {"orders": "pass", "_aidbt_loads": "pass"}

    shop.sql("update bronze_crm._aidbt_streams set updated_at = now() - interval 2 days")
    assert freshness(shop) == {"orders": "warn", "_aidbt_loads": "warn"}


def freshness(shop):
    report = run_dbt(open_project(shop.root), "source freshness")
    return {result.unique_id.rpartition(".")[2]: result.status for result in report.results}


@pytest.mark.long
def test_a_new_column_of_the_log_reaches_staging(shop, log):
    shop.generate()
    build(shop)
    sent = {"id": 1, "discount": 0.5}
    log.land([Event("u", 30, sent, 0, unchanged=["status", "note"])], column=("discount", "DOUBLE"))

    plan = shop.generate()
    build(shop)

    assert STAGING in plan.updated
    assert BASE not in plan.updated
    assert shop.rows("select * from analytics.stg_crm__orders where order_id = 1") == [(1, "open", "n1", 0.5)]


def test_a_column_that_was_renamed_in_mid_stream_is_proposed_as_renamed(shop, log):
    shop.generate()
    log.rename("note", "remark")

    (renamed,) = shop.generate().findings

    assert renamed.code == "source.column_renamed"
    assert "note" in renamed.message and "remark" in renamed.message


def test_a_base_model_that_was_removed_is_written_again_while_staging_needs_it(shop, log):
    shop.generate()
    before = shop.read(BASE)
    (shop.root / BASE).unlink()
    (shop.root / "macros/aidbt/latest.sql").unlink()

    assert set(shop.generate().written) == {BASE, "macros/aidbt/latest.sql"}
    assert shop.read(BASE) == before

    (shop.root / BASE).unlink()
    (shop.root / STAGING).unlink()
    assert not shop.generate().written


def test_a_persons_edit_of_a_base_model_stays(shop, log):
    shop.generate()
    edited = shop.read(BASE) + "-- ours now\n"
    shop.write(BASE, edited)

    assert shop.generate().edited == (BASE,)
    assert shop.read(BASE) == edited


def test_a_base_model_of_a_person_is_never_overwritten(shop, log):
    shop.write("models/base_crm__orders.sql", "select 1 as id")

    plan = shop.generate()

    reasons = {item.table: item.reason for item in plan.skipped}
    assert reasons == {"crm.orders": "models/base_crm__orders.sql exists and was not written by aidbt"}
    assert not (shop.root / BASE).exists()


def test_another_key_is_followed_and_said(shop, log):
    shop.generate()
    log.has_key("id", "status")
    log.land([Event("c", 40, {"id": 50, "status": "open"})])

    plan = shop.generate()

    (finding,) = [found for found in plan.findings if found.code == "change_log.key_changed"]
    assert "told apart by id, now by id, status" in finding.message
    assert "key=['id', 'status']" in shop.read(BASE)


def test_a_table_that_comes_as_a_change_log_now_is_followed(shop):
    shop.sql(
        "create schema bronze_crm;"
        "create table bronze_crm.orders as select i as id, 's' as status, 'n' as note,"
        " now() as _aidbt_loaded_at, 'b1' as _aidbt_batch_id from range(40) r(i);"
    )
    shop.generate()
    assert "rows: latest_batch" in shop.read(MAPPING)
    shop.write(MAPPING, shop.read(MAPPING) + "# looked at by the team\n")
    shop.sql("drop table bronze_crm.orders")
    Orders(shop.database)

    plan = shop.generate()

    assert "rows: changes, key: [id]" in shop.read(MAPPING)
    assert shop.read(MAPPING).endswith("# looked at by the team\n")
    assert BASE in plan.written
    assert "from {{ ref('base_crm__orders') }}" in shop.read(STAGING)


def test_a_person_who_reads_the_log_itself_goes_on_doing_so(shop, log):
    shop.generate()
    shop.write(MAPPING, shop.read(MAPPING).replace("rows: changes, key: [id]", "rows: all"))

    shop.generate()

    assert "rows: all" in shop.read(MAPPING) or "rows:" not in shop.read(MAPPING)
    assert "from {{ source('crm', 'orders') }}" in shop.read(STAGING)


@pytest.mark.parametrize(
    ("settings", "folder"),
    [
        ("", "models/bronze/crm"),
        ("generate: {base_file: 'models/current/{source}__{model}.sql'}", "models/current"),
        (
            "generate:\n  sources_file: models/staging/{source}/src.yml\n"
            "  models_file: models/staging/{source}/stg.yml\n"
            "  model_file: models/staging/{source}/{model}.sql",
            "models/staging/crm/base",
        ),
    ],
)
def test_base_models_go_where_the_layout_has_them(shop, log, settings, folder):
    if settings:
        shop.write("aidbt.yml", settings + "\n")

    plan = shop.generate(write=False)

    written = [path for path in plan.written if "base" in path and path.startswith("models")]
    assert {str(Path(path).parent) for path in written} == {folder}
    assert {Path(path).suffix for path in written} == {".sql", ".yml"}


def test_without_tests_the_base_models_have_none(shop, log):
    shop.write("aidbt.yml", "generate: {tests: none}\n")

    shop.generate()

    assert "not_null" not in shop.read("models/bronze/crm/_crm__base.yml")


@pytest.mark.long
def test_the_rows_of_a_log_without_a_key_are_those_behind_the_last_truncation(shop):
    log = Orders(shop.database, key=())
    log.land([Event("t", 20, {}), Event("c", 20, {"id": 7}, 2), Event("c", 21, {"id": 7})])

    shop.generate()
    build(shop)

    assert shop.rows("select id, status, note from analytics.base_crm__orders") == [(7, None, None)] * 2
    assert shop.rows("select count(*) from analytics.stg_crm__orders") == [(2,)]


def test_a_key_in_a_mapping_is_that_of_a_change_log(shop, log):
    shop.generate()
    assert load_mappings(shop.root)["crm.orders"].row_key == ("id",)
    text = shop.read(MAPPING).replace("rows: changes", "rows: latest_batch")

    with pytest.raises(SettingsError, match="'key' is that of a change log"):
        parse_mapping(text, shop.root / MAPPING, shop.root)


@pytest.mark.parametrize(
    ("dialect", "wanted"),
    [
        ("postgres", "incremental_strategy='delete+insert'"),
        ("bigquery", "incremental_strategy='merge'"),
        ("spark", "config(materialized='table')"),
    ],
)
def test_rows_are_replaced_as_the_warehouse_can(dialect, wanted):
    mapping = Mapping("crm", "orders", (), rows="changes", row_key=("id",))

    assert wanted in base_sql(BaseModel("base_crm__orders", mapping, "orders"), dialect)


@pytest.mark.long
def test_lineage_goes_through_the_base_model_to_the_column_of_the_source_system(shop, log):
    shop.generate()
    with contextlib.closing(aidbt.open(shop.root)) as session:
        read = read_project(session.project, session.settings.values.dbt, warehouse=session.warehouse)

    path = read.lineage.upstream(read.lineage.find("stg_crm__orders.status"))

    names = [edge.source.node.rpartition(".")[2] for edge in path]
    assert names == ["base_crm__orders", "orders", "orders"]
    assert not read.lineage.findings


@pytest.mark.long
def test_a_key_of_several_columns_is_tested_and_known_as_a_key(shop):
    Orders(shop.database, key=("id", "status"))
    shop.generate()
    with contextlib.closing(aidbt.open(shop.root)) as session:
        read = read_project(session.project, session.settings.values.dbt, warehouse=session.warehouse)

    assert read.lineage.node("base_crm__orders").unique == (("id", "status"),)
    assert "- aidbt_unique_combination:" in shop.read("models/bronze/crm/_crm__base.yml")


_TEAMS = """\
with src as (
  select * from {{ source("shop", "%s") }}
)
select
  id as %s_id
from src
"""


def test_in_a_teams_style_the_base_model_is_read_in_the_place_of_the_source():
    models = [
        read_staging_model(_TEAMS % (name, name), path=f"models/{name}.sql", dialect="duckdb")
        for name in ("order", "user")
    ]
    style = learn_sql_style([model for model in models if isinstance(model, StagingModel)])
    assert style is not None
    columns = (MappedColumn("line_id", ("id",)),)
    mapping = Mapping("shop", "line", columns, rows="changes", row_key=("id",))

    text = staging_sql(mapping, source_table="line", base="base_shop__line", dialect="duckdb", style=style)

    assert 'select * from {{ ref("base_shop__line") }}\n  where not _aidbt_is_deleted\n' in text
    assert "source(" not in text
