"""A shop that models from English are made of: customers, their orders, and what was paid for each."""

from __future__ import annotations

from typing import Any

from aidbt.semantic.graph import Graph, GraphColumn, GraphTable, Relationship
from aidbt.semantic.query import Attribute, Grain, Measure, OneOf, Output, SemanticQuery, Term, Value

CALLS = {
    "customers": "ref('stg_customers')",
    "orders": "ref('stg_orders')",
    "payments": "source('till', 'payments')",
}


def _column(name: str, kind: Any, data_type: str, nullable: bool = True) -> GraphColumn:
    return GraphColumn(name, kind, data_type, nullable=nullable)


SHOP = Graph(
    (
        GraphTable(
            "customers",
            (
                _column("id", "number", "INTEGER", nullable=False),
                _column("name", "text", "VARCHAR"),
                _column("country", "text", "VARCHAR"),
            ),
            identifier="stg_customers",
            schema="main",
            keys=(("id",),),
            label="name",
        ),
        GraphTable(
            "orders",
            (
                _column("id", "number", "INTEGER", nullable=False),
                _column("customer_id", "number", "INTEGER"),
                _column("amount", "number", "DECIMAL(10,2)"),
                _column("status", "text", "VARCHAR"),
                _column("placed_at", "time", "TIMESTAMP"),
            ),
            identifier="stg_orders",
            schema="main",
            keys=(("id",),),
            time="placed_at",
        ),
        GraphTable(
            "payments",
            (
                _column("order_id", "number", "INTEGER"),
                _column("amount", "number", "DOUBLE"),
                _column("paid_on", "date", "DATE"),
            ),
            schema="till",
        ),
    ),
    (
        Relationship("orders.customer_id", "orders", ("customer_id",), "customers", ("id",)),
        Relationship("payments.order_id", "payments", ("order_id",), "orders", ("id",)),
    ),
)

NAME = Attribute("customers", "name")
COUNTRY = Attribute("customers", "country")
AMOUNT = Attribute("orders", "amount")
STATUS = Attribute("orders", "status")
PLACED = Attribute("orders", "placed_at")
MONTH = Attribute("orders", "placed_at", grain=Grain.MONTH)
IS_PAID = OneOf(STATUS, (Value("paid"),))
REVENUE = Measure("sum", "orders", AMOUNT)
ORDERS = Measure("count", "orders")
PAID = Measure("sum", "payments", Attribute("payments", "amount"))


def grouped(*groups: tuple[Term, str], measures: dict[str, Term], **more: Any) -> SemanticQuery:
    """Measures by groups, all of them shown."""
    outputs = [Output(term, name) for term, name in groups]
    outputs += [Output(term, name) for name, term in measures.items()]
    return SemanticQuery(tuple(outputs), group_by=tuple(term for term, _ in groups), **more)
