"""A shop with known faults in its rows, built by a real dbt."""

from __future__ import annotations

import duckdb
import pytest

from aidbt.project.dbt import run_dbt
from tests.dbt_shop import Shop, new_shop

# Of 100 orders: 2 without a customer, 10 of customers that there are not, 1 with an odd status, 3 twice.
ROWS = """
create table raw_orders as
select case when i between 97 and 99 then i - 50 else i end as order_id,
    case when i in (0, 50) then null else i end as customer_id,
    case when i = 3 then 'lost' else 'paid' end as status,
    now()::timestamp - interval 3 day as loaded_at
from range(100) t(i)
"""
PROPERTIES = """
sources:
  - name: raw
    schema: main
    tables:
      - name: raw_orders
        config:
          loaded_at_field: loaded_at
          freshness: {warn_after: {count: 1, period: day}, error_after: {count: 30, period: day}}
models:
  - name: stg_orders
    config: {materialized: table}
    columns:
      - {name: order_id, data_tests: [not_null, unique]}
      - name: customer_id
        data_tests:
          - not_null: {config: {severity: warn}}
          - relationships: {arguments: {to: ref('customers'), field: customer_id}}
      - {name: status, data_tests: [{accepted_values: {arguments: {values: [open, paid]}}}]}
  - name: customers
    config: {materialized: table, meta: {owner: Bo}}
    columns:
      - {name: customer_id, data_tests: [unique, not_null]}
  - name: revenue
    config: {meta: {owner: Ann}}
exposures:
  - {name: board, type: dashboard, owner: {name: Ann}, depends_on: [ref('revenue')]}
unit_tests:
  - name: adds_up
    model: revenue
    given:
      - input: ref('stg_orders')
        rows: [{order_id: 1, customer_id: 1, status: paid}, {order_id: 2, customer_id: 1, status: paid}]
    expect: {rows: [{customer_id: 1, orders: 3}]}
"""
FILES = {
    "models/schema.yml": PROPERTIES,
    "models/staging/stg_orders.sql": (
        "select order_id, customer_id, status from {{ source('raw', 'raw_orders') }}\n"
    ),
    "models/staging/customers.sql": "select i as customer_id from range(90) t(i)\n",
    "models/marts/revenue.sql": (
        "select customer_id, count(*) as orders from {{ ref('stg_orders') }} group by customer_id\n"
    ),
}


def built_shop(factory: pytest.TempPathFactory) -> Shop:
    """The shop after `dbt run`, `dbt source freshness` and `dbt test`, its artifacts in target/; built once
    for all tests of a process, so a test that changes it takes a copy.
    """
    root = factory.getbasetemp() / "shop_of_quality"
    if root.exists():
        return Shop(root)
    root.mkdir()
    shop = new_shop(root, FILES)
    with duckdb.connect(str(shop.database)) as connection:
        connection.execute(ROWS)
    project = shop.open()
    run_dbt(project, "run")
    run_dbt(project, "source freshness")
    tested = run_dbt(project, "test")
    assert tested.status == "failed"
    return shop
