"""A built shop for questions: its tables in DuckDB and the artifacts that dbt leaves, made without dbt."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb
import yaml

from aidbt.semantic.definitions import SemanticRelation
from aidbt.semantic.layer.yaml_files import read_yaml
from tests.dbt_shop import Shop

MODELS = {
    "customers": """\
select i as customer_id, 'Customer ' || i as name, ['Germany', 'France', 'Spain'][1 + i % 3] as country
from range(40) r(i)
""",
    "orders": """\
select
    i as order_id,
    case when i % 50 <> 0 then i % 35 end as customer_id,
    (i % 97)::decimal(10, 2) * 1.25 as amount,
    case when i % 9 <> 0 then ['paid', 'returned', 'open'][1 + i % 3] end as status,
    timestamp '2024-01-01' + to_hours((i * 5)::int) as ordered_at
from range(2000) r(i)
""",
    "days": """\
select cast(day as date) as date_day from range(date '2024-01-01', date '2026-01-01', interval 1 day) t(day)
""",
}
PROPERTIES = """\
models:
  - name: customers
    columns: [{name: customer_id, data_tests: [unique, not_null]}]
  - name: orders
    columns:
      - {name: order_id, data_tests: [unique, not_null]}
      - name: customer_id
        data_tests:
          - relationships: {arguments: {to: ref('customers'), field: customer_id}}
      - {name: amount, description: What was paid., config: {meta: {unit: eur}}}
  - name: days
    time_spine: {standard_granularity_column: date_day}
    columns: [{name: date_day, granularity: day}]
semantic_models:
  - name: orders
    model: ref('orders')
    defaults: {agg_time_dimension: ordered_at}
    entities: [{name: order, type: primary, expr: order_id}]
    dimensions:
      - {name: ordered_at, type: time, type_params: {time_granularity: day}}
      - {name: status, type: categorical}
    measures: [{name: turnover, agg: sum, expr: amount}]
metrics:
  - {name: turnover, label: Turnover, type: simple, type_params: {measure: turnover}}
"""
TABLE = "{{ config(materialized='table') }}\n"
FILES = {
    "models/schema.yml": PROPERTIES,
    **{f"models/{name}.sql": TABLE + sql for name, sql in MODELS.items()},
}


def build_without_dbt(shop: Shop) -> None:
    """Make the tables of `MODELS`, and what dbt writes into target/, for a project with `FILES`."""
    with duckdb.connect(str(shop.database)) as connection:
        for name, sql in MODELS.items():
            connection.sql(sql).create(name)
    reading = read_yaml({"schema.yml": PROPERTIES}, relation_of=lambda name: SemanticRelation("main", name))
    shop.write(
        {
            "target/manifest.json": json.dumps(_manifest()),
            "target/semantic_manifest.json": reading.manifest.document,
        }
    )


def _manifest() -> dict[str, Any]:
    """The part of dbt's manifest that questions rest on."""
    described = {model["name"]: model for model in yaml.safe_load(PROPERTIES)["models"]}
    nodes = [_model(name, described[name]) for name in MODELS]
    metadata = {
        "dbt_schema_version": "https://schemas.getdbt.com/dbt/manifest/v12.json",
        "dbt_version": "1.11.0",
        "generated_at": (datetime.now(UTC) + timedelta(seconds=5)).isoformat(),
        "invocation_id": "1",
        "adapter_type": "duckdb",
        "project_name": "shop",
    }
    nodes.append(_relationships_test())
    return {"metadata": metadata, "nodes": {node["unique_id"]: node for node in nodes}, "sources": {}}


def _model(name: str, described: dict[str, Any]) -> dict[str, Any]:
    node = _node(f"model.shop.{name}", name, "model", f"models/{name}.sql")
    columns = {column["name"]: column for column in described["columns"]}
    return node | {"database": "shop", "schema": "main", "alias": name, "columns": columns}


def _relationships_test() -> dict[str, Any]:
    arguments = {"to": "ref('customers')", "field": "customer_id", "column_name": "customer_id"}
    node = _node("test.shop.relationships_orders.1", "relationships_orders", "test", "models/schema.yml")
    return node | {
        "attached_node": "model.shop.orders",
        "test_metadata": {"name": "relationships", "kwargs": arguments},
        "depends_on": {"nodes": ["model.shop.customers", "model.shop.orders"]},
        "refs": [{"name": "customers"}, {"name": "orders"}],
    }


def _node(unique_id: str, name: str, resource_type: str, path: str) -> dict[str, Any]:
    known = {"unique_id": unique_id, "name": name, "resource_type": resource_type, "package_name": "shop"}
    return known | {"original_file_path": path, "path": path, "config": {}, "depends_on": {"nodes": []}}
