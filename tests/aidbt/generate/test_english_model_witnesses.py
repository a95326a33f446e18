"""Witness rows: few, answered without the SQL, and changed by a fault in it."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import replace
from decimal import Decimal

import pytest
from sqlglot import exp

from aidbt.generate.english_models import witnesses as module
from aidbt.generate.english_models.small_database import bag_of, column_type
from aidbt.generate.english_models.witnesses import NotTheSame, NoWitness, Witnesses, find_witnesses
from aidbt.semantic.evaluation.evaluator import evaluate
from aidbt.semantic.graph import GraphColumn
from aidbt.semantic.planning.errors import CannotPlan
from aidbt.semantic.planning.planner import plan
from aidbt.semantic.query import (
    All,
    Attribute,
    Comparison,
    Exists,
    Grain,
    InPeriod,
    Matches,
    MetricRef,
    Missing,
    Not,
    Order,
    Output,
    OutputRef,
    SemanticQuery,
    TimePoint,
    Value,
)
from tests.aidbt.generate.english_shop import (
    AMOUNT,
    COUNTRY,
    IS_PAID,
    MONTH,
    NAME,
    ORDERS,
    PLACED,
    REVENUE,
    SHOP,
    STATUS,
    grouped,
)

PER_MONTH = grouped(
    (MONTH, "month"),
    measures={"revenue": REVENUE},
    where=All(
        (IS_PAID, InPeriod(PLACED, TimePoint(dt.datetime(2013, 1, 1)), TimePoint(dt.datetime(2014, 1, 1))))
    ),
)


@pytest.fixture(scope="module")
def per_month() -> Witnesses:
    return find_witnesses(PER_MONTH, SHOP, "duckdb")


def test_rows_are_few_and_tell_the_sql_from_its_faults(per_month: Witnesses):
    found = per_month

    killed = {words for one in found.sets for words in one.killed}
    assert len(killed) >= 12
    assert found.survived == ()
    assert all(sum(map(len, one.rows.values())) <= 12 for one in found.sets)


@pytest.mark.parametrize(
    "fault",
    [
        lambda query: replace(query, where=IS_PAID),
        lambda query: replace(query, where=query.where.predicates[1]),
        lambda query: replace(query, outputs=(*query.outputs[:1], Output(ORDERS, "revenue"))),
        lambda query: replace(
            query,
            where=All(
                (
                    IS_PAID,
                    InPeriod(PLACED, TimePoint(dt.datetime(2013, 1, 1)), TimePoint(dt.datetime(2014, 1, 2))),
                )
            ),
        ),
        lambda query: replace(
            query,
            where=All(
                (
                    IS_PAID,
                    InPeriod(PLACED, TimePoint(dt.datetime(2013, 1, 2)), TimePoint(dt.datetime(2014, 1, 1))),
                )
            ),
        ),
    ],
    ids=["without the period", "without the status", "a count", "a day more", "a day less"],
)
def test_another_question_gives_other_rows(per_month: Witnesses, fault):
    """Faults of our own, made in the question and not in its SQL."""
    assert any(
        bag_of(evaluate(fault(PER_MONTH), SHOP, one.rows)) != bag_of(one.expected) for one in per_month.sets
    )


def test_the_same_question_has_the_same_rows(per_month: Witnesses):
    assert find_witnesses(PER_MONTH, SHOP, "duckdb") == per_month


def test_keys_are_unique_and_references_hold_or_miss():
    query = grouped((COUNTRY, "country"), measures={"orders": ORDERS})

    for one in find_witnesses(query, SHOP, "duckdb").sets:
        ids = [row["id"] for row in one.rows["customers"]]
        assert len(set(ids)) == len(ids)
        assert None not in ids
        # One that has a customer, and one that is lost with the join.
        assert len({row["customer_id"] in ids for row in one.rows["orders"]}) == 2


def test_a_time_seen_from_today_is_asked_at_one_moment():
    recent = Exists("orders", where=InPeriod(PLACED, TimePoint(cut_to=Grain.DAY, shift=-30)))
    query = SemanticQuery(
        (Output(NAME, "name"),), base="customers", where=All((Not(recent), Missing(COUNTRY)))
    )

    found = find_witnesses(query, SHOP, "duckdb")

    assert not found.survived
    times = {row["placed_at"] for one in found.sets for row in one.rows["orders"]}
    assert times & {dt.datetime(2024, 7, 15), dt.datetime(2024, 7, 14, 23, 59, 59)}


def test_a_limit_has_rows_without_ties_at_it():
    query = grouped((NAME, "name"), measures={"orders": ORDERS}, order_by=(Order(ORDERS, True),), limit=1)

    found = find_witnesses(query, SHOP, "duckdb")

    for one in found.sets:
        assert len(evaluate(replace(query, has_ties=True), SHOP, one.rows)) == 1
    assert any("other way round" in words for one in found.sets for words in one.killed)


def test_a_number_of_rows_that_is_asked_for_is_met_and_missed():
    query = grouped((NAME, "name"), measures={"orders": ORDERS}, having=Comparison(">", ORDERS, Value(3)))

    found = find_witnesses(query, SHOP, "duckdb")

    assert {row[1] for one in found.sets for row in one.expected} == {4}
    assert not [words for words in found.survived if "3" in words]


def test_what_cannot_be_true_has_no_witness():
    never = All((Missing(COUNTRY), Comparison("=", COUNTRY, Value("fr"))))
    query = grouped((NAME, "name"), measures={"orders": ORDERS}, where=never)

    with pytest.raises(NoWitness):
        find_witnesses(query, SHOP, "duckdb")


def test_a_metric_is_not_answered_without_sql():
    with pytest.raises(CannotPlan, match="metrics"):
        find_witnesses(SemanticQuery((Output(MetricRef("revenue"), "revenue"),)), SHOP, "duckdb")


def test_sql_that_is_wrong_is_found_out(monkeypatch: pytest.MonkeyPatch):
    wrong = replace(PER_MONTH, where=IS_PAID)
    monkeypatch.setattr(module, "plan", lambda query, graph: plan(wrong, graph))

    with pytest.raises(NotTheSame):
        find_witnesses(PER_MONTH, SHOP, "duckdb")


def test_the_small_database_reaches_nothing_outside(tmp_path):
    from aidbt.generate.english_models.small_database import SmallDatabase

    (tmp_path / "secret.csv").write_text("a\n1\n")
    database = SmallDatabase(SHOP, (), "duckdb")

    assert database.prepare(f"select * from '{tmp_path / 'secret.csv'}'") is None
    assert database.answer("nothing") is None


def test_sql_that_fails_on_rows_or_cannot_be_run_is_no_witness(monkeypatch: pytest.MonkeyPatch):
    def failing(function: str) -> None:
        tree = exp.select(exp.func(function, exp.Literal.string("no")).as_("month")).from_(
            exp.to_table("orders")
        )
        monkeypatch.setattr(module, "plan", lambda query, graph: tree)

    for function in ("error", "nowhere"):
        failing(function)
        with pytest.raises(NoWitness):
            find_witnesses(PER_MONTH, SHOP, "duckdb")


def test_an_instant_is_seen_as_the_clock_of_the_session_shows_it():
    orders = SHOP.table("orders")
    columns = tuple(
        replace(column, data_type="timestamp with time zone") if column.kind == "time" else column
        for column in orders.columns
    )
    tables = tuple(replace(orders, columns=columns) if t is orders else t for t in SHOP.tables)

    found = find_witnesses(PER_MONTH, replace(SHOP, tables=tables), "postgres")

    assert found == find_witnesses(PER_MONTH, SHOP, "postgres")


@pytest.mark.parametrize("limit", [2, 10])
def test_a_limit_and_its_order_are_told_from_others(limit: int):
    query = grouped(
        (Attribute("customers", "id"), "id"),
        measures={"orders": ORDERS},
        order_by=(Order(OutputRef("orders"), True),),
        limit=limit,
    )

    found = find_witnesses(query, SHOP, "duckdb")

    killed = {words for one in found.sets for words in one.killed}
    assert {"one row more than the limit", "the other way round by COUNT(*)"} <= killed
    assert found.survived == ()


@pytest.mark.parametrize(
    ("data_type", "allowed"),
    [
        ("UUID", re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")),
        ("ENUM('new', 'it''s old')", re.compile("new|it's old")),
    ],
)
def test_rows_hold_what_a_type_of_few_texts_takes(data_type: str, allowed: re.Pattern[str]):
    places = {("customers", "id"), ("orders", "customer_id")}
    tables = tuple(
        replace(
            table,
            columns=tuple(
                replace(c, kind="text", data_type=data_type) if (table.name, c.name) in places else c
                for c in table.columns
            ),
        )
        for table in SHOP.tables
    )
    where = Matches(Attribute("customers", "id"), "contains", "0")
    query = grouped((Attribute("customers", "id"), "id"), measures={"orders": ORDERS})
    asked = replace(query, where=Not(where))

    for one in find_witnesses(query, replace(SHOP, tables=tables), "duckdb").sets:
        found = [row[c] for t, c in places for row in one.rows[t] if row[c] is not None]
        assert found
        assert all(allowed.fullmatch(value) for value in found)
    if data_type != "UUID":  # which all have a 0
        assert find_witnesses(asked, replace(SHOP, tables=tables), "duckdb").sets


@pytest.mark.long
@pytest.mark.parametrize("data_type", ["DECIMAL(2,1)", "numeric(4, 3)", "TINYINT", "UTINYINT", "number(2)"])
@pytest.mark.parametrize("bound", [Decimal("4.5"), 1000])
def test_numbers_fit_into_the_type_of_their_column(data_type: str, bound: object):
    orders = SHOP.table("orders")
    columns = tuple(replace(c, data_type=data_type) if c.name == "amount" else c for c in orders.columns)
    tables = tuple(replace(orders, columns=columns) if t is orders else t for t in SHOP.tables)
    query = grouped(
        (STATUS, "status"), measures={"revenue": REVENUE}, where=Comparison("<", AMOUNT, Value(bound))
    )

    found = find_witnesses(query, replace(SHOP, tables=tables), "duckdb")

    amounts = {row["amount"] for one in found.sets for row in one.rows["orders"]}
    assert amounts
    assert all(abs(amount) < 256 for amount in amounts if amount is not None)


@pytest.mark.long
@pytest.mark.parametrize(
    ("types", "lengths"),
    [
        (("varchar(2)", "character varying(2)"), (range(1, 3), range(1, 3))),
        (("char(2)", "varchar(9)"), (range(2, 3), range(1, 10))),
        (("varchar(9)", "character(5)"), (range(1, 10), range(5, 6))),
        (("varchar(1)", "text"), (range(1, 2), range(1, 99))),
    ],
)
def test_texts_are_as_long_as_both_sides_of_a_reference_can_hold(
    types: tuple[str, str], lengths: tuple[range, range]
):
    places = dict(zip((("orders", "customer_id"), ("customers", "id")), types, strict=True))
    tables = tuple(
        replace(
            table,
            columns=tuple(
                replace(c, kind="text", data_type=places[table.name, c.name])
                if (table.name, c.name) in places
                else c
                for c in table.columns
            ),
        )
        for table in SHOP.tables
    )
    key = Attribute("customers", "id")
    like_one = Matches(key, "contains", "kilo")
    query = grouped((key, "id"), measures={"orders": ORDERS}, where=Not(like_one))

    for one in find_witnesses(query, replace(SHOP, tables=tables), "postgres").sets:
        for (table, column), allowed in zip(places, lengths, strict=True):
            found = {row[column] for row in one.rows[table] if row[column] is not None}
            assert found
            assert all(len(text) in allowed for text in found)


def test_a_type_that_duckdb_does_not_have_is_one_of_its_kind():
    money = GraphColumn("price", "number", "money")

    assert column_type(money, "postgres").sql("duckdb") == "DOUBLE"
    assert column_type(replace(money, data_type="numeric(4,1)"), "postgres").sql("duckdb") == "DECIMAL(4, 1)"


def test_the_last_day_of_all_has_none_after_it():
    end = Value(dt.datetime(9999, 12, 31))
    query = grouped((STATUS, "status"), measures={"orders": ORDERS}, where=Comparison("<", PLACED, end))

    assert find_witnesses(query, SHOP, "duckdb").sets
