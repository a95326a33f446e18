"""When a source's column was renamed, moved, lost, retyped or added: what is mended, and what is declined."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from aidbt.core.config import Settings
from aidbt.core.failures import ErrorClass
from aidbt.core.healing import Declined, Diagnosis, Mend, Stage
from aidbt.core.table_state import GoodState
from aidbt.healing.evidence.case import Case
from aidbt.healing.evidence.failed_run import FailedRun
from aidbt.healing.evidence.tables_now import tables_now
from aidbt.healing.proof.claims import check_claims
from aidbt.healing.remedies.added_column import AddedColumn
from aidbt.healing.remedies.cast_column import CastColumn
from aidbt.healing.remedies.default_column import DefaultColumn
from aidbt.healing.remedies.moved_column import MovedColumn
from aidbt.healing.remedies.remedy import Remedy, Tools
from aidbt.healing.remedies.renamed_column import RenamedColumn
from aidbt.project.artifacts import ArtifactMetadata
from aidbt.project.manifest import Manifest, Node
from aidbt.warehouse.duckdb import DuckDBWarehouse
from aidbt.warehouse.table_states import engine_of, measured_table
from tests.dbt_shop import new_shop

NOON = datetime(2026, 3, 1, tzinfo=UTC)
PEOPLE = "source.shop.crm.people"
STAGING = "models/staging/stg_people.sql"
SQL = "select id, lower(email) as email, amount, seen_at, channel from {{ source('crm', 'people') }}\n"
LAND = """
create schema raw;
create table raw.people as select i as id, 'p' || i || '@mail.example' as email, 'DE' as country,
    cast(i * 1.25 as decimal(12, 2)) as amount, i % 7 as points,
    timestamp '2026-01-01 08:00:00' + to_minutes(i * 37) as seen_at,
    ['web', 'shop', 'app'][i % 3 + 1] as channel, timestamp '2026-02-01' as loaded_at
from range(1, 201) t(i);
"""


@dataclass
class Shop:
    """A source in DuckDB, a staging model that reads it, and what the last good run kept."""

    root: Path
    good: GoodState
    source: Node

    def change(self, *statements: str) -> Shop:
        with duckdb.connect(str(self.root / "shop.duckdb")) as database:
            for statement in statements:
                database.execute(statement)
        return self

    def write(self, sql: str, path: str = STAGING) -> Shop:
        (self.root / path).write_text(sql)
        return self

    @property
    def case(self) -> Case:
        warehouse = DuckDBWarehouse(self.root / "shop.duckdb")
        reader = Node(
            "model.shop.stg_people", "model", "stg_people", STAGING, "shop", depends_on=(PEOPLE,),
            raw={"compiled_code": SQL.replace("{{ source('crm', 'people') }}", "shop.raw.people")},
        )  # fmt: skip
        metadata = ArtifactMetadata("", "", NOON, {})
        manifest = Manifest(metadata, {reader.unique_id: reader}, {PEOPLE: self.source})
        return Case(
            "shop", self.root, FailedRun(Stage.NODE), adapter="duckdb", dialect="duckdb", manifest=manifest,
            good=self.good, tables=tables_now(warehouse, [self.source], self.good).tables,
        )  # fmt: skip

    @property
    def tools(self) -> Tools:
        warehouse = DuckDBWarehouse(self.root / "shop.duckdb")
        project = new_shop(self.root, {}).open()
        return Tools(project, Settings(), lambda: warehouse, lambda: 0)

    def proposed(
        self, remedy: Callable[[], Remedy], error_class: ErrorClass, **facts: str
    ) -> Mend | Declined:
        diagnosis = Diagnosis("k", error_class, 0.97, Stage.NODE, PEOPLE, facts={"source": PEOPLE, **facts})
        return remedy().propose(diagnosis, self.case, self.tools)

    def mended(self, remedy: Callable[[], Remedy], error_class: ErrorClass, **facts: str) -> str:
        """The staging model after a mend whose claims all hold."""
        mend = self.proposed(remedy, error_class, **facts)
        assert isinstance(mend, Mend) and mend.patch is not None, mend
        holds, found = check_claims(mend.claims)
        assert holds, found
        (edit,) = mend.patch.edits
        assert edit.path == STAGING and edit.after is not None
        return edit.after

    def refused(self, remedy: Callable[[], Remedy], error_class: ErrorClass, **facts: str) -> str:
        """Why there is no mend: it is declined, or a claim does not hold."""
        mend = self.proposed(remedy, error_class, **facts)
        if isinstance(mend, Declined):
            return mend.why
        holds, found = check_claims(mend.claims)
        assert not holds, found
        return found[-1]


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    new_shop(tmp_path, {STAGING: SQL})
    with duckdb.connect(str(tmp_path / "shop.duckdb")) as database:
        database.execute(LAND)
    columns: dict[str, Any] = {
        "channel": {"name": "channel", "config": {"meta": {"aidbt": {"default": "'web'"}}}},
        "points": {"name": "points", "config": {"meta": {"aidbt": {"default": 0}}}},
        "email": {
            "name": "email",
            "config": {"meta": {"aidbt": {"critical": True, "default": "'none'"}}},
        },
        "amount": {"name": "amount", "config": {"meta": {"aidbt": {"default": "random()"}}}},
    }
    source = Node(
        PEOPLE, "source", "people", "models/sources.yml", "shop", schema="raw", identifier="people",
        source_name="crm", raw={"columns": columns},
    )  # fmt: skip
    warehouse = DuckDBWarehouse(tmp_path / "shop.duckdb")
    relation = next(r for r in warehouse.relations() if r.name == "people")
    with warehouse.connect() as connection:
        state = measured_table(connection, relation, keys=["id"])
        engine = engine_of(connection)
    good = GoodState("dev", NOON, "r", engine=engine, tables={PEOPLE: state})
    return Shop(tmp_path, good, source)


RENAME = (RenamedColumn, ErrorClass.COLUMN_RENAMED)
NEW_ROWS = (
    "insert into raw.people select id + 1000, 'n' || id, country, amount, points, seen_at, channel,"
    " timestamp '2026-03-01' from raw.people where id < 30"
)


def test_a_renamed_column_is_read_under_its_old_name(shop: Shop):
    shop.change(NEW_ROWS, "alter table raw.people rename column email to address")

    after = shop.mended(*RENAME, old="email", new="address", how="gone")

    assert after == SQL.replace("lower(email)", "lower(address)")


def test_the_key_itself_may_have_another_name(shop: Shop):
    shop.change("alter table raw.people rename column id to person_id")

    assert shop.mended(*RENAME, old="id", new="person_id").startswith("select person_id as id, ")


@pytest.mark.parametrize(
    ("changes", "new", "why"),
    [
        (
            ["add column address varchar default 'x'", "drop column email"],
            "address",
            "not so: address has the",
        ),
        (["rename column email to a"], "b", "has no b"),
        # the decoy holds the same values as the right one
        (["add column b varchar", "rename column email to a"], "a", ""),
        (["rename column email to a"], "a", ""),
    ],
)
def test_values_decide_which_column_it_is(shop: Shop, changes: Sequence[str], new: str, why: str):
    shop.change(*(f"alter table raw.people {change}" for change in changes))

    if not why:
        assert f"lower({new})" in shop.mended(*RENAME, old="email", new=new)
    else:
        assert why in shop.refused(*RENAME, old="email", new=new)


def test_a_second_column_with_the_same_values_is_never_guessed(shop: Shop):
    shop.change(
        "alter table raw.people rename column email to a", "alter table raw.people add column b varchar",
        "update raw.people set b = a",
    )  # fmt: skip

    assert "b may be email too" in shop.refused(*RENAME, old="email", new="a")


def test_a_column_of_one_value_is_told_by_its_name_too(shop: Shop):
    shop.write(SQL.replace("channel", "country")).change(
        "alter table raw.people rename column country to country_code"
    )
    assert "country_code as country" in shop.mended(*RENAME, old="country", new="country_code")

    shop.change("alter table raw.people rename column country_code to payload_17")
    assert "chance" in shop.refused(*RENAME, old="country", new="payload_17")


def test_renamed_and_retyped_is_proved_wholly(shop: Shop):
    shop.change(
        "alter table raw.people rename column amount to total",
        "alter table raw.people alter total type varchar",
    )
    after = shop.mended(*RENAME, old="amount", new="total")
    assert "cast(total as decimal(12,2)) as amount" in after

    shop.change("update raw.people set total = 'EUR ' || total where id = 7")
    assert "every value of total comes through" in shop.refused(*RENAME, old="amount", new="total")


def test_a_test_of_the_source_itself_is_not_edited(shop: Shop):
    shop.change("alter table raw.people rename column email to address")
    case = shop.case
    assert case.manifest is not None
    test = Node(
        "test.shop.not_null_email", "test", "not_null_email", "models/sources.yml", "shop",
        depends_on=(PEOPLE,), raw={"column_name": "email", "test_metadata": {"name": "not_null"}},
    )  # fmt: skip
    asked = replace(
        case, manifest=replace(case.manifest, nodes={**case.manifest.nodes, test.unique_id: test})
    )
    facts = {"source": PEOPLE, "old": "email", "new": "address"}
    diagnosis = Diagnosis("k", ErrorClass.COLUMN_RENAMED, 0.97, Stage.NODE, PEOPLE, facts=facts)

    declined = RenamedColumn().propose(diagnosis, asked, shop.tools)

    assert isinstance(declined, Declined) and "tests are not edited" in declined.why


MOVE = (MovedColumn, ErrorClass.COLUMN_RENAMED)
MOVED = (
    "alter table raw.people add column address varchar",
    "update raw.people set address = email, email = null, loaded_at = timestamp '2026-03-01' where id % 4 = 0",
)
MOVE_FACTS = {"old": "email", "new": "address", "how": "null_since", "conflicts": "0"}


def test_a_column_that_turned_null_is_read_where_the_new_one_is_not_filled(shop: Shop):
    shop.change(*MOVED)

    assert "lower(coalesce(address, email)) as email" in shop.mended(*MOVE, **MOVE_FACTS)


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ("update raw.people set address = 'other' where id = 3", "filled with different values: 1 such row"),
        ("update raw.people set email = null where id = 3", "both are null in 1 of 200 rows"),
        (
            "update raw.people set address = 'x' || address where id % 4 = 0",
            "not so: where email turned null",
        ),
    ],
)
def test_what_contradicts_a_move_is_found(shop: Shop, more: str, why: str):
    shop.change(*MOVED, more)

    assert why in shop.refused(*MOVE, **MOVE_FACTS)


def test_values_that_nobody_knows_are_no_proof_of_a_move(shop: Shop):
    shop.change(
        "alter table raw.people add column address varchar",
        "insert into raw.people select id + 1000, null, country, amount, points, seen_at, channel, loaded_at,"
        " 'new' || id from raw.people where id <= 40",
    )
    assert "not so: where email turned null" in shop.refused(*MOVE, **MOVE_FACTS)


REMOVED = (DefaultColumn, ErrorClass.COLUMN_REMOVED)


def test_a_declared_default_stands_in_for_a_column_that_is_gone(shop: Shop):
    shop.change("alter table raw.people drop column channel")

    assert "'web' as channel" in shop.mended(*REMOVED, column="channel")


def test_a_default_of_another_type_is_cast_to_the_columns(shop: Shop):
    shop.write(SQL.replace("channel", "points")).change("alter table raw.people drop column points")

    assert "cast(0 as bigint) as points" in shop.mended(*REMOVED, column="points")


@pytest.mark.parametrize(
    ("column", "why"),
    [("email", "critical"), ("seen_at", "no default is declared"), ("amount", "is no constant: random()")],
)
def test_what_nobody_declared_or_is_critical_is_a_persons(shop: Shop, column: str, why: str):
    shop.change(f"alter table raw.people drop column {column}")

    assert why in shop.refused(*REMOVED, column=column)


def test_a_column_that_is_there_under_another_name_is_not_defaulted(shop: Shop):
    shop.change("alter table raw.people rename column channel to medium")

    assert "medium may be channel too" in shop.refused(*REMOVED, column="channel")


RETYPE = (CastColumn, ErrorClass.TYPE_CHANGED)


@pytest.mark.parametrize(
    ("column", "data_type", "read"),
    [
        ("amount", "varchar", "cast(amount as decimal(12,2)) as amount"),
        ("amount", "double", "cast(amount as decimal(12,2)) as amount"),
        ("seen_at", "varchar", "cast(seen_at as timestamp) as seen_at"),
        ("seen_at", "varchar using strftime(seen_at, '%Y-%m-%dT%H:%M:%S')", "cast(seen_at as timestamp)"),
        ("seen_at", "bigint using epoch_ms(seen_at)", "epoch_ms(seen_at) as seen_at"),
        ("seen_at", "bigint using epoch(seen_at)::bigint", "make_timestamp(seen_at * 1000000) as seen_at"),
    ],
)
def test_a_type_is_taken_back_where_every_value_proves_it(shop: Shop, column: str, data_type: str, read: str):
    shop.change(f"alter table raw.people alter {column} type {data_type}")

    assert read in shop.mended(*RETYPE, column=column)


@pytest.mark.parametrize(
    ("change", "column"),
    [
        ("alter amount type varchar using 'EUR ' || amount", "amount"),
        (
            "alter amount type bigint using (amount * 100)::bigint",
            "amount",
        ),  # cents: castable, and another value
        ("alter amount type varchar using case when id = 9 then '1e2' else amount::varchar end", "amount"),
        ("alter seen_at type varchar using strftime(seen_at, '%d/%m/%Y %H:%M')", "seen_at"),
        ("alter seen_at type date", "seen_at"),
        ("alter id type varchar using format('C{:06d}', id)", "id"),
        ("alter email type varchar", "email"),
    ],
)
def test_a_type_whose_values_do_not_prove_it_is_a_persons(shop: Shop, change: str, column: str):
    shop.change(f"alter table raw.people {change}")

    assert shop.refused(*RETYPE, column=column)


def test_columns_that_came_are_left_out_of_a_star_that_breaks(shop: Shop):
    shop.write("select * from {{ source('crm', 'people') }}\n").change(
        "alter table raw.people add column utm varchar"
    )
    case = shop.case
    diagnosis = Diagnosis(
        "k", ErrorClass.COLUMN_ADDED, 0.9, Stage.NODE, PEOPLE, facts={"source": PEOPLE, "new": "utm"}
    )
    failed = replace(diagnosis, failures=())

    assert isinstance(AddedColumn().propose(failed, case, shop.tools), Declined)
