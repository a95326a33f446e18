"""A small shop with a semantic layer, in the legacy form and in that of dbt 1.12, and its rows in DuckDB.

Every line of an order and every visit of a customer is a chance to count something twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import duckdb

from aidbt.semantic.definitions import SemanticManifest, SemanticRelation
from aidbt.semantic.layer.yaml_files import read_yaml
from aidbt.semantic.metricflow.compiler import CompiledQuery, compile_query

SCHEMA = "shop"
ROWS = """
create schema shop;
create table shop.regions as from (values (1, 'north'), (2, 'south')) t(region_id, continent);
create table shop.customers as from (values
    (10, 1, 'gold', date '2023-12-01'), (11, 1, 'basic', date '2024-01-02'),
    (12, 2, 'basic', date '2024-01-03')
) t(customer_id, region_id, tier, signed_up_on);
create table shop.orders as from (values
    (100, 10, date '2024-01-01', 20.0, true), (101, 10, date '2024-01-03', 30.0, false),
    (102, 11, date '2024-01-03', 5.0, false), (103, 12, date '2024-02-10', 45.0, true)
) t(order_id, customer_id, ordered_on, amount, is_gift);
create table shop.order_lines as from (values
    (1, 100, 'tea', 1), (2, 100, 'cup', 2), (3, 101, 'tea', 3), (4, 102, 'tea', 1), (5, 103, 'pot', 1)
) t(line_id, order_id, product, quantity);
create table shop.visits as from (values
    (1, 10, date '2024-01-01'), (2, 10, date '2024-01-02'), (3, 11, date '2024-01-20'),
    (4, 12, date '2024-02-09')
) t(visit_id, customer_id, visited_on);
create table shop.stock as from (values
    ('tea', date '2024-01-01', 9), ('tea', date '2024-01-31', 4), ('cup', date '2024-01-31', 2)
) t(product, counted_on, on_hand);
create table shop.days as
    select cast(day as date) as date_day, strftime(day + interval 1 month, 'F%Y-%m') as fiscal_month
    from range(date '2023-12-01', date '2024-03-01', interval 1 day) t(day);
"""

LEGACY = {
    "models/spine.yml": """
models:
  - name: days
    columns: [{name: date_day, granularity: day}, {name: fiscal_month}]
    time_spine: {standard_granularity_column: date_day, custom_granularities: [{name: fiscal_month}]}
""",
    "models/semantic.yml": """
semantic_models:
  - name: orders
    description: One row per order.
    model: ref('orders')
    defaults: {agg_time_dimension: ordered_on}
    entities:
      - {name: order, type: primary, expr: order_id}
      - {name: customer, type: foreign, expr: customer_id}
    dimensions:
      - {name: ordered_on, type: time, type_params: {time_granularity: day}}
      - {name: is_gift, type: categorical}
    measures:
      - {name: revenue, agg: sum, expr: amount}
      - {name: order_count, agg: sum, expr: 1}
      - {name: buyers, agg: count_distinct, expr: customer_id}
      - {name: typical_amount, agg: percentile, expr: amount, agg_params: {percentile: 0.5}}
  - name: customers
    model: ref('customers')
    defaults: {agg_time_dimension: signed_up_on}
    entities:
      - {name: customer, type: primary, expr: customer_id}
      - {name: region, type: foreign, expr: region_id}
    dimensions:
      - {name: tier, type: categorical}
      - {name: signed_up_on, type: time, type_params: {time_granularity: day}}
  - name: regions
    model: ref('regions')
    entities: [{name: region, type: primary, expr: region_id}]
    dimensions: [{name: continent, type: categorical}]
  - name: order_lines
    model: ref('order_lines')
    defaults: {agg_time_dimension: no_time}
    entities:
      - {name: line, type: primary, expr: line_id}
      - {name: order, type: foreign, expr: order_id}
    dimensions:
      - {name: product, type: categorical}
      - {name: no_time, type: time, expr: "date '2024-01-01'", type_params: {time_granularity: day}}
    measures: [{name: quantity, agg: sum, create_metric: true, description: Pieces sold.}]
  - name: visits
    model: ref('visits')
    defaults: {agg_time_dimension: visited_on}
    entities:
      - {name: visit, type: primary, expr: visit_id}
      - {name: customer, type: foreign, expr: customer_id}
    dimensions: [{name: visited_on, type: time, type_params: {time_granularity: day}}]
    measures: [{name: visit_count, agg: sum, expr: 1}]
  - name: stock
    model: ref('stock')
    primary_entity: shelf
    defaults: {agg_time_dimension: counted_on}
    dimensions:
      - {name: product, type: categorical}
      - {name: counted_on, type: time, type_params: {time_granularity: day}}
    measures:
      - {name: on_hand, agg: sum, non_additive_dimension: {name: counted_on, window_choice: max}}
""",
    "models/metrics.yml": """
metrics:
  - {name: revenue, label: Revenue, type: simple, type_params: {measure: revenue}}
  - name: gift_revenue
    label: Revenue of gifts
    type: simple
    type_params: {measure: {name: revenue, fill_nulls_with: 0, join_to_timespine: true}}
    filter: "{{ Dimension('order__is_gift') }}"
  - {name: orders, label: Orders, type: simple, type_params: {measure: order_count}}
  - {name: buyers, label: Buyers, type: simple, type_params: {measure: buyers}}
  - {name: visits, label: Visits, type: simple, type_params: {measure: visit_count}}
  - {name: on_hand, label: On hand, type: simple, type_params: {measure: on_hand}}
  - {name: typical_amount, label: Typical, type: simple, type_params: {measure: typical_amount}}
  - name: gift_share
    label: Share of gifts
    type: ratio
    type_params: {numerator: {name: gift_revenue}, denominator: {name: revenue}}
  - name: revenue_growth
    label: Growth
    type: derived
    type_params:
      expr: revenue - before
      metrics: [{name: revenue}, {name: revenue, offset_window: 1 month, alias: before}]
  - name: revenue_so_far
    label: Revenue so far
    type: cumulative
    type_params: {measure: revenue}
  - name: revenue_2_days
    label: Revenue of two days
    type: cumulative
    type_params: {measure: revenue, cumulative_type_params: {window: 2 days}}
  - name: visits_to_orders
    label: Conversion
    type: conversion
    type_params:
      conversion_type_params:
        {entity: customer, calculation: conversions, base_measure: visit_count,
         conversion_measure: order_count, window: 7 days}
saved_queries:
  - name: by_tier
    label: By tier
    query_params:
      metrics: [revenue, orders]
      group_by: ["Dimension('customer__tier')"]
      where: ["{{ Dimension('customer__tier') }} <> 'none'"]
""",
}

NEWER = {
    "models/spine.yml": LEGACY["models/spine.yml"],
    "models/shop.yml": """
models:
  - name: orders
    description: One row per order.
    semantic_model: true
    agg_time_dimension: ordered_on
    columns:
      - {name: order_id, entity: {name: order, type: primary}}
      - {name: customer_id, entity: {name: customer, type: foreign}}
      - {name: ordered_on, granularity: day, dimension: {type: time}}
      - {name: is_gift, dimension: categorical}
    metrics:
      - {name: revenue, label: Revenue, agg: sum, expr: amount, type: simple}
      - name: gift_revenue
        label: Revenue of gifts
        type: simple
        agg: sum
        expr: amount
        filter: "{{ Dimension('order__is_gift') }}"
        fill_nulls_with: 0
        join_to_timespine: true
      - {name: orders, label: Orders, type: simple, agg: sum, expr: 1}
      - {name: buyers, label: Buyers, type: simple, agg: count_distinct, expr: customer_id}
      - {name: typical_amount, label: Typical, type: simple, agg: percentile, percentile: 0.5, expr: amount}
  - name: customers
    semantic_model: {enabled: true}
    agg_time_dimension: signed_up_on
    columns:
      - {name: customer_id, entity: {name: customer, type: primary}}
      - {name: region_id, entity: {name: region, type: foreign}}
      - {name: tier, dimension: categorical}
      - {name: signed_up_on, granularity: day, dimension: {type: time}}
  - name: regions
    semantic_model: true
    columns:
      - {name: region_id, entity: {name: region, type: primary}}
      - {name: continent, dimension: categorical}
  - name: order_lines
    semantic_model: true
    agg_time_dimension: no_time
    columns:
      - {name: line_id, entity: {name: line, type: primary}}
      - {name: order_id, entity: {name: order, type: foreign}}
      - {name: product, dimension: categorical}
    derived_semantics:
      dimensions: [{name: no_time, type: time, expr: "date '2024-01-01'", granularity: day}]
    metrics: [{name: quantity, type: simple, agg: sum, expr: quantity, description: Pieces sold.}]
  - name: visits
    semantic_model: true
    agg_time_dimension: visited_on
    columns:
      - {name: visit_id, entity: {name: visit, type: primary}}
      - {name: customer_id, entity: {name: customer, type: foreign}}
      - {name: visited_on, granularity: day, dimension: {type: time}}
    metrics: [{name: visits, label: Visits, type: simple, agg: sum, expr: 1}]
  - name: stock
    semantic_model: true
    primary_entity: shelf
    agg_time_dimension: counted_on
    columns:
      - {name: product, dimension: categorical}
      - {name: counted_on, granularity: day, dimension: {type: time}}
    metrics:
      - name: on_hand
        label: On hand
        type: simple
        agg: sum
        expr: on_hand
        non_additive_dimension: {name: counted_on, window_agg: max}
""",
    "models/metrics.yml": """
metrics:
  - {name: gift_share, label: Share of gifts, type: ratio, numerator: gift_revenue, denominator: revenue}
  - name: revenue_growth
    label: Growth
    type: derived
    expr: revenue - before
    input_metrics: [{name: revenue}, {name: revenue, offset_window: 1 month, alias: before}]
  - {name: revenue_so_far, label: Revenue so far, type: cumulative, input_metric: revenue}
  - {name: revenue_2_days, label: Revenue of two days, type: cumulative, window: 2 days,
     input_metric: revenue}
  - {name: visits_to_orders, label: Conversion, type: conversion, entity: customer, calculation: conversions,
     base_metric: visits, conversion_metric: orders, window: 7 days}
saved_queries:
  - name: by_tier
    label: By tier
    query_params:
      metrics: [revenue, orders]
      group_by: ["Dimension('customer__tier')"]
      where: ["{{ Dimension('customer__tier') }} <> 'none'"]
""",
}
FORMS = {"legacy": LEGACY, "newer": NEWER}
MODELS = ("orders", "customers", "regions", "order_lines", "visits", "stock", "days")


def relation_of(model: str) -> SemanticRelation | None:
    """Where a model of the shop stands."""
    return SemanticRelation(SCHEMA, model) if model in MODELS else None


@cache
def shop(form: str = "legacy") -> SemanticManifest:
    """The shop's manifest, read from YAML of a form."""
    reading = read_yaml(FORMS[form], relation_of=relation_of)
    assert reading.findings == ()
    return reading.manifest


def shop_rows() -> duckdb.DuckDBPyConnection:
    """A connection to the shop's rows."""
    connection = duckdb.connect()
    connection.execute(ROWS)
    return connection


def answer(manifest: SemanticManifest, metrics: Sequence[str] = (), **query: Any) -> list[tuple[Any, ...]]:
    """The rows that answer a query, in the order of their text unless the query has one."""
    rows = run(compile_query(manifest, metrics=metrics, **query))
    return rows if query.get("order_by") else sorted(rows, key=str)


def run(compiled: CompiledQuery) -> list[tuple[Any, ...]]:
    """The rows of a compiled query; its columns are those that it names."""
    with shop_rows() as connection:
        result = connection.execute(compiled.sql)
        assert [column[0] for column in result.description or []] == [item.name for item in compiled.columns]
        return [tuple(map(_plain, row)) for row in result.fetchall()]


def _plain(value: Any) -> Any:
    """A value as tests write it: numbers as float, times as text, days without a time of day."""
    if isinstance(value, int | float) or type(value).__name__ == "Decimal":
        return float(value)
    return str(value).removesuffix(" 00:00:00") if value is not None else None
