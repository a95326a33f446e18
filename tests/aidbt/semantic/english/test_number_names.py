"""What numbers and their columns are called, and which may be added up."""

from __future__ import annotations

import pytest

from aidbt.semantic.english.words.additive import amount_of, is_additive, is_duration
from aidbt.semantic.english.words.naming import name_of, things, unique_names
from aidbt.semantic.graph import GraphColumn, GraphTable
from aidbt.semantic.query import (
    Attribute,
    Calculation,
    Compared,
    Grain,
    Measure,
    Output,
    Value,
)

_AMOUNT = Attribute("fct_orders", "amount")
_TOTAL = Measure("sum", "fct_orders", _AMOUNT)


@pytest.mark.parametrize(
    ("term", "name"),
    [
        (_TOTAL, "total_amount"),
        (Measure("avg", "reviews", Attribute("reviews", "rating")), "average_rating"),
        (Measure("max", "orders", Attribute("orders", "orderDate")), "last_order_date"),
        (Measure("sum", "orders", Attribute("orders", "total_amount")), "total_amount"),
        (Measure("count", "dim_category"), "categories"),
        (Measure("count_distinct", "leaves", Attribute("leaves", "days")), "different_days"),
        (Attribute("orders", "placed_at", grain=Grain.MONTH), "month"),
        (Compared("running", _TOTAL), "running_total_amount"),
        (Calculation("*", Compared("share", _TOTAL), Value(100)), "percentage_of_total_amount"),
        (Calculation("/", _TOTAL, Measure("count", "fct_orders")), "ratio"),
    ],
)
def test_a_number_is_called_what_people_call_it(term, name):
    assert name_of(term) == name


@pytest.mark.parametrize(
    ("table", "rows"),
    [("dim_user", "users"), ("Orders", "orders"), ("stg_shop__boxes", "boxes"), ("fct_sales", "sales")],
)
def test_rows_are_called_without_the_layer_of_their_table(table, rows):
    assert things(table) == rows


def test_no_two_columns_of_an_answer_have_one_name():
    outputs = [
        Output(Attribute("categories", "name"), "name"),
        Output(Attribute("products", "name"), "name"),
        Output(Measure("count", "orders"), "orders"),
        Output(Measure("count", "orders", None, None), "Orders"),
    ]

    assert [output.name for output in unique_names(outputs)] == ["name", "product_name", "orders", "Orders_2"]


def _table(*columns: str) -> GraphTable:
    return GraphTable(
        "payments", tuple(GraphColumn(name, "number") for name in ("id", *columns)), keys=(("id",),)
    )


@pytest.mark.parametrize("column", ["amount", "tax_amount", "quantity", "net_pay", "freight", "days"])
def test_amounts_and_quantities_add_up(column):
    assert is_additive(_table(column), column)


@pytest.mark.parametrize("column", ["unit_price", "rating", "discount_rate", "model_year", "latitude", "id"])
def test_prices_rates_codes_and_keys_do_not(column):
    assert not is_additive(_table(column), column)


def test_rows_that_are_amounts_say_in_which_column():
    assert amount_of(_table("payment_amount", "fee")) == "payment_amount"
    assert amount_of(_table("fee")) == ""
    assert is_duration("leave_days")
    assert not is_duration("day")
