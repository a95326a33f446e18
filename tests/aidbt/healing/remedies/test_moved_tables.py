"""When a source's table is not where it was: what its YAML says afterwards, and what is declined."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from aidbt.core.config import Settings
from aidbt.core.failures import ErrorClass
from aidbt.core.healing import Declined, Diagnosis, Mend, Stage
from aidbt.core.table_state import GoodState
from aidbt.healing.evidence.case import Case
from aidbt.healing.evidence.code_changes import CodeChanges, changed_files
from aidbt.healing.evidence.failed_run import FailedRun
from aidbt.healing.proof.claims import check_claims
from aidbt.healing.remedies.moved_table import MovedTable
from aidbt.healing.remedies.remedy import Remedy, Tools
from aidbt.healing.remedies.restored_place import RestoredPlace, _is_nowhere
from aidbt.project.artifacts import ArtifactMetadata
from aidbt.project.manifest import Manifest, Node
from aidbt.warehouse import Warehouse, open_warehouse
from aidbt.warehouse.duckdb import DuckDBWarehouse
from aidbt.warehouse.table_states import engine_of, measured_table
from tests.dbt_shop import new_shop, no_profiles
from tests.kit import PASSWORD, USER, ServerMissing, postgres_server

NOON = datetime(2026, 3, 1, tzinfo=UTC)
PATH = "models/sources.yml"
YAML = """\
sources:
  - name: app  # the shop
    schema: raw
    tables:
      - name: orders
      - name: payments
        identifier: payments
        columns: [{name: id, data_tests: [unique]}]
"""
LAND = """
create schema raw;
create table raw.orders as select i as id, i * 7 % 101 as amount, timestamp '2026-01-01' + to_hours(i) as at
from range(1, 201) t(i);
create table raw.payments as select i as id, i * 3 as cents, 'p' || i as code from range(1, 301) t(i);
create table raw.kept_copy as from raw.payments;
"""


class Moved:
    """A warehouse whose tables were measured, and then changed."""

    def __init__(self, root: Path, *statements: str, yaml: str = YAML) -> None:
        self.shop = new_shop(root, {PATH: YAML})
        self._execute(LAND)
        self.warehouse: Warehouse = DuckDBWarehouse(self.shop.database)
        self.good = self.measured()
        self._execute(*statements)
        (root / PATH).write_text(yaml)

    def _execute(self, *statements: str) -> None:
        with duckdb.connect(str(self.shop.database)) as database:
            for statement in statements:
                database.execute(statement)

    def measured(self) -> GoodState:
        relations = tuple(self.warehouse.relations())
        with self.warehouse.connect() as connection:
            tables = {f"source.shop.app.{r.name}": measured_table(connection, r) for r in relations}
            return GoodState(
                "dev", NOON, "r", engine=engine_of(connection), relations=relations, tables=tables
            )

    def proposed(self, remedy: Remedy, table: str = "payments") -> Mend | Declined:
        names = {"orders": "", "payments": "payments"}
        nodes = {
            (node := Node(f"source.shop.app.{name}", "source", name, PATH, "shop", schema="raw",
                          identifier=identifier or name, source_name="app")).unique_id: node
            for name, identifier in names.items()
        }  # fmt: skip
        manifest = Manifest(ArtifactMetadata(12, "", NOON, "", {}), {}, nodes, {}, {})
        now = (self.shop.root / PATH).read_text()
        code = CodeChanges(tuple(changed_files({PATH: YAML}, {PATH: now})), "the last good state", True)
        case = Case(
            "shop", self.shop.root, FailedRun(Stage.NODE), "duckdb", "duckdb", good=self.good,
            good_manifest=manifest, code=code,
        )  # fmt: skip
        tools = Tools(self.shop.open(), Settings(), lambda: self.warehouse, lambda: 0, profiles=no_profiles)
        source = f"source.shop.app.{table}"
        gone = Diagnosis("k", ErrorClass.TABLE_RENAMED, 0.9, Stage.NODE, source, facts={"source": source})
        return remedy.propose(gone, case, tools)

    def mended(self, remedy: Remedy, table: str = "payments") -> str | None:
        mend = self.proposed(remedy, table)
        assert isinstance(mend, Mend) and mend.patch is not None, mend
        holds, said = check_claims(mend.claims)
        assert holds, said
        return mend.patch.edits[0].after


@pytest.mark.parametrize(
    ("statements", "table", "now"),
    [
        (["alter table raw.payments rename to pay_records"], "payments",
         ("identifier: payments", "identifier: pay_records")),
        (["alter table raw.orders rename to sales"], "orders",
         ("- name: orders\n", "- name: orders\n        identifier: sales\n")),
        (["alter table raw.payments rename to pay2", "create view raw.pay_view as from raw.pay2"],
         "payments", ("identifier: payments", "identifier: pay2")),
        (["create table raw.payments_day as from raw.payments where id < 290",
          "alter table raw.payments rename to pay2"],
         "payments", ("identifier: payments", "identifier: pay2")),
        (["create schema app2", "create table app2.orders as from raw.orders",
          "create table app2.payments as from raw.payments", "drop table raw.orders",
          "drop table raw.payments"], "orders", ("schema: raw", "schema: app2")),
        (["insert into raw.payments select i, i, 'n' || i from range(301, 331) t(i)",
          "alter table raw.payments rename to pay3"],
         "payments", ("identifier: payments", "identifier: pay3")),
        (["create table raw.payments_backup as from raw.payments",
          "insert into raw.payments select i, i, 'n' || i from range(301, 331) t(i)",
          "alter table raw.payments rename to pay4"],
         "payments", ("identifier: payments", "identifier: pay4")),
        (["create table raw.payments_alt as from raw.payments",
          "insert into raw.payments select i, i, 'n' || i from range(301, 331) t(i)",
          "alter table raw.payments rename to pay5"],
         "payments", ("identifier: payments", "identifier: pay5")),
        (["insert into raw.payments select i, i, 'n' || i from range(301, 331) t(i)",
          "alter table raw.payments add column kind varchar default 'P'",
          "alter table raw.payments add column seen timestamp default '2026-01-01'",
          "update raw.payments set seen = '2026-01-02' where id > 300",
          "alter table raw.payments rename to pay7"],
         "payments", ("identifier: payments", "identifier: pay7")),
        (["create table raw.few as from raw.payments limit 10", "alter table raw.payments rename to pay8"],
         "payments", ("identifier: payments", "identifier: pay8")),
        (["create table raw.more as select i as id, i as cents, 'n' || i as code from range(9001, 9101) t(i)",
          "insert into raw.payments select i, i, 'n' || i from range(301, 331) t(i)",
          "alter table raw.payments rename to pay6"],
         "payments", ("identifier: payments", "identifier: pay6")),
    ],
)  # fmt: skip
def test_the_source_says_where_its_table_is(
    tmp_path: Path, statements: list[str], table: str, now: tuple[str, str]
):
    assert Moved(tmp_path, *statements).mended(MovedTable(), table) == YAML.replace(*now)


@pytest.mark.parametrize(
    ("statements", "why"),
    [
        (["create table raw.a as from raw.payments", "alter table raw.payments rename to b"],
         "hold the same"),
        (["create table raw.pay as from raw.payments", "create table raw.payments_bak as from raw.payments",
          "insert into raw.payments_bak select i, i, 'n' || i from range(301, 331) t(i)",
          "drop table raw.payments"], "hold the same"),
        (["create table raw.payments_old as from raw.payments", "drop table raw.payments"],
         "a copy by its name"),
        (["create table raw.pay as from raw.payments limit 100", "drop table raw.payments"], "100 rows"),
        (["create table raw.pay as from raw.payments limit 0", "drop table raw.payments"],
         "too few values"),
        (["create table raw.pay as select id, cents + 1 as cents, code from raw.payments",
          "drop table raw.payments"], "others"),
        (["create table raw.pay as select id, cents::varchar as cents, code from raw.payments",
          "drop table raw.payments"], "another type"),
        (["drop table raw.payments"], "no relation that was not there before"),
        (["create schema pay", "create table pay.payments as from raw.payments", "drop table raw.payments"],
         "a source of its own"),
        (["select 1"], "raw.payments is there"),
        (["create table raw.payments_2025 as from raw.payments",
          "create table raw.pay as select i as id, i as cents, 'n' || i as code from range(301, 331) t(i)",
          "drop table raw.payments"], "and none that is new: these stand in raw.pay"),
        (["create table raw.pay_eu as from raw.payments where id < 290",
          "create table raw.pay_us as from raw.payments where id >= 290",
          "drop table raw.payments"], "and others stand in raw.pay_us"),
        (["create table raw.bookings as select *, 'P' as kind from raw.payments union all"
          " select i, i, 'c' || i, 'C' from range(8001, 8041) t(i)",
          "drop table raw.payments"], "its kind tells 40 of its rows from those of then"),
        (["create table raw.closed as from raw.payments",
          "create table raw.pay as select i as id, i as cents, 'p' || i as code from range(280, 331) t(i)",
          "drop table raw.payments"], "and none that is new: these stand in raw.pay"),
    ],
)  # fmt: skip
def test_what_may_be_another_table_is_a_persons(tmp_path: Path, statements: list[str], why: str):
    declined = Moved(tmp_path, *statements).proposed(MovedTable())

    assert isinstance(declined, Declined) and why in declined.why


def test_jinja_in_the_sources_place_is_left_to_a_person_with_a_draft(tmp_path: Path):
    yaml = YAML.replace("identifier: payments", "identifier: \"{{ 'payments' }}\"")
    declined = Moved(tmp_path, "alter table raw.payments rename to pay", yaml=yaml).proposed(MovedTable())

    assert isinstance(declined, Declined) and declined.draft is not None
    assert declined.draft.edits[0].after == YAML.replace("identifier: payments", "identifier: pay")


def test_a_schema_that_a_commit_made_up_is_taken_back_and_the_rest_stays(tmp_path: Path):
    yaml = YAML.replace("schema: raw", "schema: raw_uat") + "        description: What came in.\n"

    assert Moved(tmp_path, yaml=yaml).mended(RestoredPlace()) == YAML + "        description: What came in.\n"


def test_a_mistyped_key_of_a_place_is_written_right(tmp_path: Path):
    wanted = "        description: What came in.\n"
    moved = Moved(tmp_path, yaml=YAML.replace("schema: raw", "shcema: raw") + wanted)

    assert moved.mended(RestoredPlace()) == YAML + wanted


@pytest.mark.parametrize("there", ["payments", "orders"])  # itself, or what is read from there with it
def test_a_schema_that_is_there_was_meant(tmp_path: Path, there: str):
    yaml = YAML.replace("schema: raw", "schema: raw_uat")
    land = "create schema raw_uat", f"create table raw_uat.{there} as from raw.{there} limit 3"
    mend = Moved(tmp_path, *land, yaml=yaml).proposed(RestoredPlace())

    assert isinstance(mend, Mend)
    assert not check_claims(mend.claims)[0]


@pytest.mark.parametrize(
    ("land", "named"),
    [
        (
            ["create schema lake_new", "create table lake_new.payments as from raw.payments"],
            "lake_nwe.payments",
        ),
        (["create schema landing", "create view landing.payments as from raw.payments"], "raw_uat.payments"),
        (["create table raw.payments_all as from raw.payments"], "raw.payments_al"),
    ],
)
def test_a_place_that_the_changed_file_may_mean_is_not_taken_back(
    tmp_path: Path, land: list[str], named: str
):
    schema, _, table = named.partition(".")
    yaml = YAML.replace("schema: raw", f"schema: {schema}").replace(
        "identifier: payments", f"identifier: {table}"
    )
    mend = Moved(tmp_path, *land, yaml=yaml).proposed(RestoredPlace())

    assert isinstance(mend, Mend)
    holds, said = check_claims(mend.claims)
    assert not holds and "may be meant" in said[-1]


@pytest.mark.long
def test_on_postgresql_too(tmp_path: Path):
    land = re.sub(r"range\(1, (\d)01\) t\(i\)", r"generate_series(1, \g<1>00) i", LAND)
    land = land.replace("as from", "as table").replace("to_hours(i)", "i * interval '1 hour'")
    try:
        with postgres_server() as server:
            server.create_database("moved")
            server.psql(land, "moved")
            target = {
                "type": "postgres", "host": "127.0.0.1", "port": server.port, "user": USER,
                "password": PASSWORD, "dbname": "moved", "schema": "analytics",
            }  # fmt: skip
            moved = Moved(tmp_path)
            moved.warehouse = open_warehouse("postgres", schema="analytics", settings=target)
            moved.good = moved.measured()
            server.psql("create table raw.pay_old as select * from raw.payments where id < 200", "moved")
            server.psql("alter table raw.payments rename to pay_records", "moved")

            found = moved.mended(MovedTable())
    except ServerMissing as error:
        pytest.skip(str(error))
    assert found == YAML.replace("identifier: payments", "identifier: pay_records")


def test_a_database_that_a_commit_names_is_a_persons_where_others_can_be_read(tmp_path: Path):
    other = YAML.replace("    schema: raw\n", "    schema: raw\n    database: shp\n")
    before = YAML.replace("    schema: raw\n", "    schema: raw\n    database: shop\n")
    case = Moved(tmp_path, yaml=other)
    node = Node("source.shop.app.orders", "source", "orders", PATH, "shop", "shop", "raw", source_name="app")
    tools = Tools(case.shop.open(), Settings(), lambda: case.warehouse, lambda: 0, profiles=no_profiles)

    assert not _is_nowhere(node, other, tools).holds
    assert not _is_nowhere(node, before, tools).holds
