"""What questions about a dbt project are grounded in: its tables, its words for them, and its data."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from aidbt.core.schema import Relation
from aidbt.project.manifest import Manifest, read_manifest
from aidbt.semantic.english.grounding.lexicon import ColumnName, TableName, ValueName
from aidbt.semantic.graph import Relationship
from aidbt.semantic.grounding import Grounding, project_grounding
from aidbt.semantic.tables.documentation import documentation_of
from aidbt.warehouse.duckdb import DuckDBWarehouse

SQL = """
create schema raw;
create table raw.customers(id integer, name varchar);
insert into raw.customers values (1, 'Ada'), (2, 'Bo');
create table stg_shop__customers as from raw.customers;
create table dim_customers(customer_id integer, full_name varchar, email varchar, tier varchar, plan varchar,
    credit_cents integer);
insert into dim_customers
    select i, 'Name ' || i, 'a' || i || '@shop.example', 'gold', 'basic', i * 100 from range(1, 21) as t(i);
create table fct_orders(order_id integer, buyer integer, amount integer, status varchar, ordered_on date);
insert into fct_orders select i, i, i * 10, ['open', 'closed'][1 + i % 2], date '2025-01-01' + i::integer
    from range(1, 21) as t(i);
create table scratch(x integer);
insert into scratch values (1);
"""


def _node(name: str, schema: str = "main", *, upstream: tuple[str, ...] = (), **more: Any) -> dict[str, Any]:
    return {
        "unique_id": f"model.shop.{name}",
        "resource_type": "model",
        "name": name,
        "alias": name,
        "schema": schema,
        "original_file_path": f"models/{name}.sql",
        "package_name": "shop",
        "depends_on": {"nodes": list(upstream)},
        **more,
    }


def _test(name: str, on: str, column: str, depends_on: tuple[str, ...], **arguments: Any) -> dict[str, Any]:
    node = _node(f"{name}_{on}_{column}", upstream=depends_on)
    metadata = {"name": name, "kwargs": {"column_name": column, **arguments}}
    return {
        **node,
        "unique_id": f"test.shop.{name}_{on}_{column}",
        "resource_type": "test",
        "attached_node": f"model.shop.{on}",
        "test_metadata": metadata,
        "config": arguments.pop("config", {}),
    }


CUSTOMERS = {
    "customer_id": {"name": "customer_id"},
    "full_name": {"name": "full_name", "description": "How we call them", "meta": {"pii": True}},
    "tier": {"name": "tier", "config": {"meta": {"synonyms": ["loyalty level"]}}},
    "plan": {"name": "plan"},
    "credit_cents": {"name": "credit_cents", "meta": {"synonyms": "balance, credit", "unit": "cents"}},
}
_DIM, _FCT = "model.shop.dim_customers", "model.shop.fct_orders"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("shop")


@pytest.fixture
def manifest(folder: Path) -> Manifest:
    return _manifest(folder)


def _manifest(folder: Path) -> Manifest:
    staged = "model.shop.stg_shop__customers"
    nodes = [
        _node("stg_shop__customers", upstream=("source.shop.shop.customers",)),
        _node(
            "dim_customers",
            upstream=(staged,),
            description="One row for each customer",
            columns=CUSTOMERS,
            config={"meta": {"synonyms": ["accounts", "VIP people"]}},
        ),
        _node("fct_orders", upstream=(staged,)),
        _test(
            "relationships",
            "fct_orders",
            "buyer",
            (_DIM, _FCT),
            to="ref('dim_customers')",
            field="customer_id",
        ),
        _test("accepted_values", "dim_customers", "plan", (_DIM,), values=["basic", "pro"]),
    ]
    source = {
        **_node("customers", "raw"),
        "unique_id": "source.shop.shop.customers",
        "resource_type": "source",
        "source_name": "shop",
        "identifier": "customers",
    }
    document = {
        "metadata": {
            "dbt_schema_version": "https://schemas.getdbt.com/dbt/manifest/v12.json",
            "dbt_version": "1.11.0",
            "generated_at": "2025-06-01T00:00:00Z",
            "invocation_id": "1",
        },
        "nodes": {node["unique_id"]: node for node in nodes},
        "sources": {source["unique_id"]: source},
    }
    path = folder / "manifest.json"
    path.write_text(json.dumps(document))
    return read_manifest(path)


@pytest.fixture(scope="module")
def warehouse(folder: Path) -> DuckDBWarehouse:
    path = folder / "shop.duckdb"
    with duckdb.connect(str(path)) as made:
        made.execute(SQL)
    return DuckDBWarehouse(path)


@pytest.fixture(scope="module")
def grounding(folder: Path, warehouse: DuckDBWarehouse) -> Grounding:
    return _grounded(_manifest(folder), warehouse)


def _grounded(manifest: Manifest | None, warehouse: DuckDBWarehouse) -> Grounding:
    relations = warehouse.relations()
    profiles = list(warehouse.profile(relations, sample_rows=1000))
    with warehouse.connect() as connection:
        return project_grounding(manifest, relations, profiles, connection)


def test_of_tables_of_the_same_rows_the_last_is_asked(grounding: Grounding) -> None:
    assert [table.name for table in grounding.graph.tables] == ["dim_customers", "fct_orders"]


def test_without_a_parsed_project_every_relation_is_asked(warehouse: DuckDBWarehouse) -> None:
    names = {table.name for table in _grounded(None, warehouse).graph.tables}

    assert {"scratch", "dim_customers", "stg_shop__customers"} <= names


def test_descriptions_synonyms_and_units_come_from_the_project(grounding: Grounding) -> None:
    table = grounding.graph.table("dim_customers")

    assert table.description == "One row for each customer"
    assert table.synonyms == ("accounts", "VIP people")
    assert table.column("tier").synonyms == ("loyalty level",)
    assert table.column("credit_cents").synonyms == ("balance", "credit")
    assert table.column("credit_cents").unit == "cents"


def test_the_words_of_a_project_name_its_tables_and_columns(grounding: Grounding) -> None:
    known = grounding.lexicon.meanings

    assert [m.table for m in known[("account",)] if isinstance(m, TableName)] == ["dim_customers"]
    assert [m.column for m in known[("loyalty", "level")] if isinstance(m, ColumnName)] == ["tier"]


def test_relationships_tests_say_which_rows_belong_together(grounding: Grounding) -> None:
    assert grounding.graph.relationships == (
        Relationship(
            "fct_orders.buyer", "fct_orders", ("buyer",), "dim_customers", ("customer_id",), evidence="tested"
        ),
    )


def test_values_that_are_accepted_are_codes_though_no_row_has_them_yet(grounding: Grounding) -> None:
    assert grounding.graph.table("dim_customers").column("plan").values == ("basic", "pro")


def test_values_name_rows_and_personal_data_never_does(grounding: Grounding) -> None:
    values = [m for ms in grounding.lexicon.meanings.values() for m in ms if isinstance(m, ValueName)]

    assert {m.value for m in values if m.column == "status"} == {"open", "closed"}
    assert not {"email", "full_name"} & {m.column for m in values}
    assert grounding.graph.table("dim_customers").column("full_name").is_pii


def test_the_fingerprint_follows_what_can_be_asked(
    manifest: Manifest, warehouse: DuckDBWarehouse, grounding: Grounding
) -> None:
    assert _grounded(manifest, warehouse).fingerprint == grounding.fingerprint
    manifest.nodes[_DIM] = replace(manifest.nodes[_DIM], description="What a customer is")
    assert _grounded(manifest, warehouse).fingerprint != grounding.fingerprint


def test_a_test_of_some_rows_is_no_relationship(manifest: Manifest) -> None:
    test = manifest.nodes["test.shop.relationships_fct_orders_buyer"]
    test.config["where"] = "amount > 0"

    assert documentation_of(manifest).references == ()


def test_a_test_of_a_source_counts_as_one_of_a_model(manifest: Manifest) -> None:
    test = manifest.nodes["test.shop.relationships_fct_orders_buyer"]
    source = "source.shop.shop.customers"
    # As dbt writes it: attached to nothing, the source named in a call.
    test.raw["attached_node"] = None
    test.raw["test_metadata"]["kwargs"]["model"] = "{{ get_where_subquery(source('shop', 'customers')) }}"
    manifest.nodes[test.unique_id] = replace(test, depends_on=(source, _DIM))

    [reference] = documentation_of(manifest).references

    assert (reference.source, reference.target) == (source, _DIM)


def test_what_a_project_does_not_know_is_not_asked(manifest: Manifest) -> None:
    docs = documentation_of(manifest)

    assert docs.asked([Relation("main", "fct_orders"), Relation("main", "scratch")]) == [
        Relation("main", "fct_orders")
    ]
    assert docs.asked([Relation("main", "scratch")]) == [Relation("main", "scratch")]
