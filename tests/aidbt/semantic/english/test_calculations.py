"""Steps as formulas, and pieces of SQL as numbers."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aidbt.semantic.english.instructions.procedures import formula_text, spelled_out
from aidbt.semantic.english.instructions.sql_pieces import condition_of_sql, number_of_sql
from aidbt.semantic.english.meanings.number_phrases import Number
from aidbt.semantic.planning.planner import plan
from aidbt.semantic.query import Output, SemanticQuery
from tests.aidbt.semantic.english.small_shop import connection, world


@pytest.mark.parametrize(
    ("steps", "formula"),
    [
        ("divide a by b", "(a) / (b)"),
        ("divide a by b, then multiply by 100", "((a) / (b)) * 100"),
        ("subtract the sum of a and b from c, then divide by c", "((c) - (the sum of a and b)) / (c)"),
        ("dividing a by b and multiplying the result by 100", "((a) / (b)) * 100"),
        ("join x and y, group by z, and sum the amounts", "total amounts"),
        ("join x and y, filter for paid orders, and count the orders", "number of orders, over paid orders"),
        ("divide a by b, and express it as a percentage", "((a) / (b)) * 100"),
        ("sum of the amounts", None),
        ("divide a", None),
        ("join x and y", None),
        ("multiply by 100", None),
        ("", None),
    ],
)
def test_steps_are_one_formula(steps: str, formula: str | None) -> None:
    assert formula_text(steps) == formula


@pytest.mark.parametrize(
    ("text", "signs"),
    [
        ("sum of tax and fee", "(tax + fee)"),
        ("sum of tax and fee of paid orders", "(tax of paid orders + fee of paid orders)"),
        ("ratio of a to b", "(a) / (b)"),
        ("a as a percentage of b", "((a) / (b)) * 100"),
        ("late orders over all orders", "(late orders) / (all orders)"),
        ("average price", "average price"),
    ],
)
def test_calculations_in_words_are_written_with_signs(text: str, signs: str) -> None:
    assert spelled_out(text) == signs


@settings(deadline=None)
@given(st.text(max_size=80), st.sampled_from(["divide ", "sum the ", "subtract a from ", ""]))
def test_any_steps_are_a_formula_or_none(text: str, start: str) -> None:
    assert formula_text(start + text) is None or isinstance(formula_text(start + text), str)


@pytest.mark.parametrize(
    ("sql", "value"),
    [
        ("COUNT(DISTINCT customer_id) FROM orders", 3),
        ("COUNT(shipped_on)", 4),
        ("SUM(quantity * unit_price)", 163),
        ("SUM(quantity * (1 - 0.5))", 17),
        ("AVG(freight) WHERE status = 'delivered'", 8.1667),
        ("COUNT(*) FILTER (WHERE shipped_on <= required_on) / COUNT(shipped_on)", 0.75),
        ("100.0 * SUM(CASE WHEN status IN ('open', 'cancelled') THEN 1 ELSE 0 END) / COUNT(*)", 42.8571),
        ("AVG(CASE WHEN rating >= 3 THEN 1.0 ELSE 0 END)", 0.6667),
        ("COUNT(DISTINCT CASE WHEN freight BETWEEN 5 AND 9 THEN customer_id END)", 2),
        ("SUM(freight::float) / NULLIF(COUNT(DISTINCT orders.order_id), 0)", 6.6429),
        ("COUNT(CASE WHEN NOT discontinued AND stock IS NOT NULL THEN 1 END)", 4),
    ],
)
def test_a_piece_of_sql_is_a_number(sql: str, value: float) -> None:
    graph, _ = world()
    number = number_of_sql(sql, graph)
    assert isinstance(number, Number)

    query = SemanticQuery((Output(number.term, "number"),))
    ((found,),) = connection().execute(plan(query, graph).sql("duckdb", identify=True)).fetchall()

    assert round(float(found), 4) == value


@pytest.mark.parametrize(
    "sql",
    [
        "total freight",
        "COUNT(*)",
        "SUM(name) FROM nowhere",
        "SUM(freight) FROM orders GROUP BY status",
        "COUNT(DISTINCT(order_id) WHERE status = 'open'",
        "SUM(CASE WHEN status = 'open' THEN 1 ELSE 2 END) / COUNT(*)",
        "SUM(CASE WHEN status > 4 THEN 1 ELSE 0 END)",
        "AVG(CASE WHEN rating >= 3 THEN 1.0 END)",
        "SUM(RANDOM() * freight)",
        "(SELECT SUM(freight) FROM orders)",
        "SUM(freight); DROP TABLE orders",
        "SUM(NULLIF(freight, 5))",
        "SUM(CAST(freight AS INT))",
        "COUNT(DISTINCT CAST(shipped_on AS DATE))",
    ],
)
def test_other_sql_is_not_understood(sql: str) -> None:
    assert number_of_sql(sql, world()[0]) is None


@settings(deadline=None)
@given(st.text(alphabet="SUMCOUNT(*) freightatus='+-/1", max_size=40))
def test_any_text_is_a_number_or_none(text: str) -> None:
    found = number_of_sql(text, world()[0])

    assert found is None or isinstance(found, Number)


def test_a_condition_of_sql_is_of_the_table_that_has_its_columns() -> None:
    graph, _ = world()

    assert condition_of_sql("status = 'open' AND freight > 5", graph) is not None
    assert condition_of_sql("name = 'Ada'", graph) is None
    assert condition_of_sql("nothing here", graph) is None
