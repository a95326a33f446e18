"""Foreign keys and keys of several columns, found by names and values in schemas full of traps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest

from aidbt.core.findings import Finding
from aidbt.core.schema import ColumnProfile, MappedColumn, MappedTest, Mapping, TableProfile
from aidbt.generate.data_tests import accepted_values_candidates
from aidbt.generate.decide import RawTable, Ways, map_table, propose_tests
from aidbt.generate.discover import questions
from aidbt.warehouse.duckdb import DuckDBConnection, DuckDBWarehouse


class Counted(DuckDBConnection):
    """A connection that remembers what was asked."""

    def __init__(self, raw: duckdb.DuckDBPyConnection) -> None:
        super().__init__(raw)
        self.asked: list[str] = []

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        self.asked.append(sql)
        return super().rows(sql, parameters)


@dataclass(frozen=True)
class Decided:
    mappings: dict[str, Mapping]
    findings: list[Finding]
    asked: list[str]

    def references(self, *, status: str = "accepted") -> dict[str, str]:
        """ "table.column" → "table.column" of its parent."""
        found = {}
        for mapping in self.mappings.values():
            sources = {column.target: column.sources[0] for column in mapping.columns}
            for test in mapping.tests:
                if test.test == "relationships" and test.status == status:
                    found[f"{mapping.table}.{sources[test.column]}"] = f"{test.to}.{test.field}"
        return found

    def tests(self, key: str, name: str) -> list[MappedTest]:
        return [test for test in self.mappings[key].tests if test.test == name]


def decide(path: Path, tables: dict[str, str], *, combinations: bool = True) -> Decided:
    """What is decided on tables that are made by queries; "s.users" stands in the source s."""
    with duckdb.connect(str(path / "w.duckdb")) as connection:
        for name, query in tables.items():
            connection.execute(f"create schema if not exists {name.split('.')[0]}")
            connection.execute(f"create or replace table {name} as {query}")
    warehouse = DuckDBWarehouse(path / "w.duckdb", schema="analytics")
    relations = warehouse.relations()
    profiles = list(warehouse.profile(relations, sample_rows=10_000))
    raw = {f"{r.schema}.{r.name}": RawTable(r.schema, r, p) for r, p in zip(relations, profiles, strict=True)}
    with duckdb.connect(str(path / "w.duckdb"), read_only=True) as driver:
        connection = Counted(driver)
        ask = questions(connection, "duckdb")
        mappings = {key: map_table(table, None, Ways("duckdb"), ask)[0] for key, table in raw.items()}
        connection.asked.clear()
        decided, findings = propose_tests(mappings, raw, {}, set(mappings), ask, combinations=combinations)
        return Decided(decided, findings, list(connection.asked))


STAR = {
    "s.regions": "select i + 1 as id, 'region ' || i as title from range(12) r(i)",
    "s.users": "select i + 1 as id, 'u' || i as login from range(300) r(i)",
    "s.employees": "select i + 1 as id, case when i > 0 then 1 + i % 9 end as manager_id, i % 5 + 1 as grade"
    " from range(200) r(i)",
    "s.departments": "select i + 1 as id, i * 3 + 1 as manager_id from range(20) r(i)",
    "s.addresses": "select i + 1 as id, 'street ' || i as street from range(900) r(i)",
    "s.categories": "select i + 1 as id, case when i > 3 then 1 + i // 4 end as parent_id,"
    " case when i > 3 then 1 + i // 4 end as parent_category_id from range(60) r(i)",
    "s.products": "select i + 1 as id, 'P' || (i * 104729 % 999983) as sku, 1 + i % 60 as category_id"
    " from range(500) r(i)",
    "s.campaigns": "select 900000 + i * 7919 as id, i as budget from range(100) r(i)",
    "s.orders": "select i + 1 as id, 1 + i % 5 as status, 1 + i % 5 as priority_code,"
    " 1 + i % 50 as created_by, 1 + i % 900 as billing_address_id, 1 + (i * 7) % 900 as shipping_address_id,"
    " case when i % 100 < 3 then 1000 + i else 1 + i % 20 end as dept_id,"
    " case when i % 100 < 3 then -i else 900000 + (i % 100) * 7919 end as campaign_id,"
    " 900000 + (i % 100) * 7919 as partner_ref, 1 + i % 200 as emp_id, i % 400 as visits"
    " from range(4000) r(i)",
    "s.order_items": "select 1 + i // 3 as order_id, i % 3 + 1 as line_number, 1 + i % 500 as product_id,"
    " i % 50 * 0.5 as price from range(9000) r(i)",
}


@pytest.fixture(scope="module")
def star(tmp_path_factory) -> Decided:
    return decide(tmp_path_factory.mktemp("star"), STAR)


def test_references_are_found_by_name_role_synonym_and_abbreviation(star):
    assert star.references() == {
        "categories.parent_category_id": "s.categories.id",
        "categories.parent_id": "s.categories.id",
        "departments.manager_id": "s.employees.id",
        "employees.manager_id": "s.employees.id",
        "order_items.order_id": "s.orders.id",
        "order_items.product_id": "s.products.id",
        "orders.billing_address_id": "s.addresses.id",
        "orders.created_by": "s.users.id",
        "orders.emp_id": "s.employees.id",
        "orders.shipping_address_id": "s.addresses.id",
        "products.category_id": "s.categories.id",
    }


def test_values_without_a_name_are_proposed_to_a_person(star):
    assert star.references(status="review") == {"orders.partner_ref": "s.campaigns.id"}
    [proposed] = [t for t in star.tests("s.orders", "relationships") if t.status == "review"]
    assert proposed.note == "every value is one of s.campaigns.id; the names do not say so"


def test_a_reference_that_most_rows_keep_is_told_and_not_tested(star):
    told = {finding.where: finding.message for finding in star.findings}

    assert told == {
        "s.orders.campaign_id": "120 of 4,000 rows have no match in s.campaigns; no test was written"
    }


def test_a_key_of_several_columns_is_tested(star):
    assert star.tests("s.order_items", "unique_combination") == [
        MappedTest("order_id", "unique_combination", columns=("order_id", "line_number"))
    ]
    assert star.tests("s.order_items", "unique") == []


def test_without_such_a_test_in_the_project_the_combination_is_for_review(tmp_path):
    decided = decide(tmp_path, {"s.order_items": STAR["s.order_items"]}, combinations=False)

    [proposed] = decided.tests("s.order_items", "unique_combination")
    assert (proposed.status, proposed.columns) == ("review", ("order_id", "line_number"))
    assert "dbt_utils" in proposed.note


def test_each_table_is_sketched_and_verified_in_one_statement(star):
    sketched = [sql for sql in star.asked if "AS hashed" in sql]
    verified = [sql for sql in star.asked if "NOT IN" in sql.upper() or " IN (SELECT" in sql.upper()]

    assert len(sketched) <= len(STAR)
    assert len(verified) <= len(STAR)
    by_table = Counter(sql.split("FROM", 1)[1].split()[0] for sql in sketched)
    assert max(by_table.values()) == 1


def test_what_is_read_grows_with_the_tables_and_not_with_their_pairs(tmp_path):
    def schema(count: int) -> dict[str, str]:
        """Tables whose sparse keys are referred to by names that say nothing, in a ring."""
        return {
            f"s.t{n:02d}": f"select {n * 10**7} + i * 7919 as id, i as visits,"
            f" {(n + 1) % count * 10**7} + (i % 150) * 7919 as other_ref, 1 + i % 70 as kind_code"
            " from range(300) r(i)"
            for n in range(count)
        }

    few, many = decide(tmp_path, schema(5)), decide(tmp_path, schema(20))

    assert len(few.references(status="review")) == 5
    assert len(many.references(status="review")) == 20
    assert len(many.asked) <= 4 * len(few.asked) + 4
    reads = [sum(sql.count('"s"."t') for sql in decided.asked) for decided in (few, many)]
    assert reads[1] <= 4.2 * reads[0]


def test_small_numbers_never_refer_to_ids_by_their_values_alone(tmp_path):
    decided = decide(
        tmp_path,
        {
            "s.shops": "select i + 1 as id from range(500) r(i)",
            "s.visits": "select i + 5000 as id, 1 + i % 400 as visitor_code, 1 + i % 300 as token_id"
            " from range(2000) r(i)",
        },
    )

    assert decided.references() == decided.references(status="review") == {}


def test_a_column_that_may_refer_to_two_tables_gets_no_test(tmp_path):
    decided = decide(
        tmp_path,
        {
            "s.employees": "select i + 1 as id from range(100) r(i)",
            "s.members": "select i + 1 as id from range(100) r(i)",
            "s.deals": "select i + 7000 as id, 1 + i % 90 as owner_id from range(400) r(i)",
        },
    )

    assert decided.references() == {}
    [finding] = decided.findings
    assert (finding.code, finding.where) == ("relationship.ambiguous", "s.deals.owner_id")


def test_another_sources_key_is_referred_to_by_its_name_only_where_values_are_no_accident(tmp_path):
    decided = decide(
        tmp_path,
        {
            "crm.customers": "select uuid() as customer_uuid, i as n from range(300) r(i)",
            "crm.teams": "select i + 1 as team_id from range(300) r(i)",
            "shop.orders": "select i + 1 as id, 1 + i % 100 as team_id, 1 + i as customer_uuid"
            " from range(400) r(i)",
        },
    )
    assert decided.references() == {}

    with duckdb.connect(str(tmp_path / "w.duckdb")) as connection:
        keys = [
            str(key) for (key,) in connection.execute("select customer_uuid from crm.customers").fetchall()
        ]
    values = ", ".join(f"('{key}'::uuid)" for key in keys)
    again = decide(
        tmp_path,
        {"shop.orders": f"select row_number() over () as id, k as customer_uuid from (values {values}) v(k)"},
    )
    assert again.references() == {"orders.customer_uuid": "crm.customers.customer_uuid"}


def test_a_table_that_is_decided_later_refers_to_an_older_one(tmp_path):
    first = decide(tmp_path, {"s.users": STAR["s.users"]})
    both = decide(tmp_path, {"s.visits": "select i as id, 1 + i % 300 as user_id from range(900) r(i)"})

    assert first.references() == {}
    assert both.references() == {"visits.user_id": "s.users.id"}


def test_a_personal_column_gets_no_list_of_values():
    mapping = Mapping("s", "people", (MappedColumn("gender", ("gender",)), MappedColumn("tier", ("tier",))))
    codes = {"code": 1.0}
    gender = ColumnProfile("gender", "VARCHAR", 0, 3, formats=codes, pii="gender")
    tier = ColumnProfile("tier", "VARCHAR", 0, 3, formats=codes)
    profile = TableProfile("s", "people", 900, 900, "", (gender, tier))

    assert [column.target for column in accepted_values_candidates(mapping, profile)] == ["tier"]
