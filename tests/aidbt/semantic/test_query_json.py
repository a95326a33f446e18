"""The written form of a query: nothing is lost on the way, and what is wrong is told by its place."""

from __future__ import annotations

import datetime as dt
import json
import re
from dataclasses import fields
from typing import Any, get_args

import jsonschema_rs
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aidbt.core.config import parse_yaml
from aidbt.semantic.graph import Graph, GraphColumn, GraphTable
from aidbt.semantic.query import (
    Attribute,
    Clock,
    Compared,
    Duration,
    Extreme,
    Grain,
    InPeriod,
    Measure,
    OneOf,
    Operator,
    Order,
    Output,
    OutputRef,
    SemanticQuery,
    TimePoint,
    Value,
)
from aidbt.semantic.query_json.document import WrongQuery, json_schema, query_from_json, query_to_json
from aidbt.semantic.query_json.form import ALL_FUNCTIONS, COMPARED, COMPARISONS
from tests.aidbt.semantic.query_strategies import METRICS, SHOP, queries

_SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]


def read(value: Any) -> SemanticQuery:
    return query_from_json(value, SHOP, metrics=METRICS)


@settings(deadline=None, suppress_health_check=_SLOW)
@given(queries())
def test_a_query_survives_json_and_fits_the_schema(query: SemanticQuery):
    written = json.loads(json.dumps(query_to_json(query)))

    assert read(written) == query
    jsonschema_rs.validate(json_schema(SHOP, metrics=METRICS), written)


@settings(deadline=None, max_examples=30, suppress_health_check=_SLOW)
@given(queries(with_source=False))
def test_a_query_survives_yaml(query: SemanticQuery):
    text = yaml.safe_dump(query_to_json(query), sort_keys=False)

    assert read(parse_yaml(text, "question.yml")) == query


def test_the_form_is_one_that_a_person_writes():
    text = """\
outputs:
  - customers.country
  - {name: revenue, term: {sum: orders.amount, where: {in: orders.status, values: [paid]}}}
group_by: [customers.country]
where: {period: orders.placed_at, from: {start_of: year, shift: -1, unit: year}, before: 2025-01-01}
order_by: [{by: revenue, descending: true}]
limit: 10
clock: {now: 2025-06-15 12:00:00, week_start: 7}
"""
    country = Attribute("customers", "country")
    paid = OneOf(Attribute("orders", "status"), (Value("paid"),))

    assert read(yaml.safe_load(text)) == SemanticQuery(
        (
            Output(country, "country"),
            Output(Measure("sum", "orders", Attribute("orders", "amount"), paid), "revenue"),
        ),
        group_by=(country,),
        where=InPeriod(
            Attribute("orders", "placed_at"),
            TimePoint(cut_to=Grain.YEAR, shift=-1, unit=Grain.YEAR),
            TimePoint(at=dt.datetime(2025, 1, 1), cut_to=None),
        ),
        order_by=(Order(OutputRef("revenue"), True),),
        limit=10,
        clock=Clock(dt.datetime(2025, 6, 15, 12), 7),
    )


def test_every_word_of_the_form_stands_for_what_a_query_can_hold():
    assert _words(Compared, "kind") == COMPARED
    assert _words(Extreme, "function") == ALL_FUNCTIONS
    assert set(get_args(Operator)) == set(COMPARISONS.values())


def _words(kind: type, field: str) -> tuple[str, ...]:
    """The words that a field's `Literal` has."""
    (found,) = [item for item in fields(kind) if item.name == field]
    return tuple(re.findall(r"'(\w+)'", str(found.type).replace('"', "'")))


COUNT = {"name": "n", "term": {"count_rows": "orders"}}

WRONG = {
    "no mapping": (["outputs"], "a query is a mapping with outputs", None),
    "nothing asked": ({"outputs": []}, "outputs: a query needs outputs", "name what"),
    "key": ({"output": [COUNT]}, "no key of a query is called 'output'", "'outputs'?"),
    "table": ({"outputs": ["order.id"]}, "outputs[0]: no table is called 'order'", "'orders'?"),
    "column": (
        {"outputs": [{"name": "a", "term": {"sum": "orders.amout"}}]},
        "outputs[0].term.sum: no column of orders is called 'amout'",
        "'amount'?",
    ),
    "column without its table": (
        {"outputs": [COUNT], "order_by": ["status"]},
        "order_by[0]: no output is called 'status'",
        "orders.status",
    ),
    "text as a term": (
        {"outputs": [COUNT], "where": {"is": ["orders.status", "paid"]}},
        "where.is[1]: no output is called 'paid'",
        "{value: paid}",
    ),
    "function": (
        {"outputs": [{"name": "a", "term": {"mean": "orders.amount"}}]},
        "outputs[0].term: no key of a term is called 'mean'",
        None,
    ),
    "two at once": (
        {"outputs": [{"name": "a", "term": {"sum": "orders.amount", "avg": "orders.amount"}}]},
        "outputs[0].term: it is sum and avg at once",
        None,
    ),
    "metric": ({"outputs": [{"name": "r", "term": {"metric": "revenu"}}]}, "'revenu'", "'revenue'?"),
    "relationship": (
        {"outputs": [{"name": "c", "term": {"column": "customers.country", "via": ["orders.buyer"]}}]},
        "no relationship is called 'orders.buyer'",
        "'orders.buyer_id'?",
    ),
    "grain": (
        {"outputs": [{"name": "c", "term": {"column": "orders.placed_at", "grain": "months"}}]},
        "no grain is called 'months'",
        "'month'?",
    ),
    "name twice": ({"outputs": [COUNT, COUNT]}, "outputs[1]: a second output is called 'n'", None),
    "limit": ({"outputs": [COUNT], "limit": 0}, "limit: a whole number of 1 or more", None),
    "limit is a truth": ({"outputs": [COUNT], "limit": True}, "limit: a whole number of 1 or more", None),
    "date": (
        {"outputs": [COUNT], "where": {"period": "orders.placed_at", "from": "2024-13-01"}},
        "where.period.from: '2024-13-01' is not a time",
        None,
    ),
    "number": (
        {"outputs": [COUNT], "where": {"at_least": ["orders.amount", float("nan")]}},
        "where.at_least[1]: nan is no number",
        None,
    ),
    "condition": ({"outputs": [COUNT], "where": "amount > 3"}, "where: a condition is a mapping", "as in"),
    "in the source": (
        {"source": {"outputs": ["orders.nothing"]}, "outputs": [COUNT]},
        "source.outputs[0]: no column of orders is called 'nothing'",
        None,
    ),
    "week": ({"outputs": [COUNT], "clock": {"week_start": 8}}, "clock.week_start: 1 is Monday", None),
    "equal to null": (
        {"outputs": [COUNT], "where": {"is": ["orders.status", None]}},
        "where.is: nothing is ever equal to null",
        "{missing: table.column}",
    ),
    "null among values": (
        {"outputs": [COUNT], "where": {"not": {"in": "orders.status", "values": ["paid", None]}}},
        "where.not.in.values: nothing is ever equal to null",
        "{missing: table.column}",
    ),
    "period without a bound": (
        {"outputs": [COUNT], "where": {"period": "orders.placed_at"}},
        "where.period: a period without a bound",
        "'before'",
    ),
    "time zone": (
        {"outputs": [COUNT], "where": {"period": "orders.placed_at", "from": "2025-06-01T00:00:00Z"}},
        "where.period.from: 2025-06-01T00:00:00+00:00 has a time zone",
        "the data's clock",
    ),
    "time zone of a constant": (
        {"outputs": [COUNT], "where": {"is": ["orders.placed_at", dt.datetime(2025, 6, 1, tzinfo=dt.UTC)]}},
        "where.is[1]: 2025-06-01T00:00:00+00:00 has a time zone",
        None,
    ),
    "before the calendar": (
        {
            "outputs": [COUNT],
            "where": {"period": "orders.placed_at", "from": {"shift": -9_000, "unit": "year"}},
        },
        "where.period.from.shift: -9,000 years from 1500-01-01 is out of the calendar",
        None,
    ),
    "after the calendar": (
        {
            "outputs": [COUNT],
            "where": {
                "period": "orders.placed_at",
                "before": {"at": "9999-12-31", "shift": 1, "unit": "day"},
            },
        },
        "where.period.before.shift: 1 days from 9999-12-31 is out of the calendar",
        None,
    ),
    "outputs made of each other": (
        {
            "outputs": [
                COUNT,
                {"name": "a", "term": {"add": [{"output": "b"}, 1]}},
                {"name": "b", "term": {"add": [{"output": "a"}, 1]}},
            ]
        },
        "outputs: 'a' is made of itself",
        None,
    ),
}


def test_outputs_may_be_made_of_others_and_of_those_of_the_source():
    twice = {"name": "a", "term": {"add": [{"output": "n"}, {"output": "n"}]}}

    assert len(read({"outputs": [twice, COUNT]}).outputs) == 2
    assert len(read({"source": {"outputs": [COUNT]}, "outputs": [{"name": "n", "term": "n"}]}).outputs) == 1


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_told_by_its_place(case: str):
    value, message, hint = WRONG[case]

    with pytest.raises(WrongQuery) as caught:
        read(value)

    assert message in caught.value.message
    assert hint is None or hint in (caught.value.hint or "")


def test_a_document_that_is_nested_deeply_is_refused():
    condition: Any = {"missing": "orders.amount"}
    for _ in range(3_000):
        condition = {"not": condition}

    with pytest.raises(WrongQuery, match="levels deep"):
        read({"outputs": [COUNT], "where": condition})


def test_a_document_that_grows_by_aliases_is_refused():
    text = "a: &a [1,1,1,1,1,1,1,1,1,1]\n"
    for before, after in zip("abcdefgh", "bcdefghi", strict=True):
        text += f"{after}: &{after} [{','.join([f'*{before}'] * 10)}]\n"

    with pytest.raises(WrongQuery, match="too large"):
        read(yaml.safe_load(text))


def test_a_unit_that_is_left_empty_is_the_usual_one():
    null = {"duration": ["orders.placed_at", "orders.shipped_at"], "unit": None}

    (output,) = read({"outputs": [{"name": "d", "term": null}]}).outputs

    assert output.term == Duration(
        Attribute("orders", "placed_at"), Attribute("orders", "shipped_at"), Grain.DAY
    )


def test_names_with_dots_are_found_where_only_one_column_is_meant():
    (output,) = read({"outputs": ["raw.visits.page.url"]}).outputs
    assert output.term == Attribute("raw.visits", "page.url")

    names = Graph(
        (GraphTable("a", (GraphColumn("b.c", "text"),)), GraphTable("a.b", (GraphColumn("c", "text"),)))
    )
    with pytest.raises(WrongQuery, match="several columns"):
        query_from_json({"outputs": ["a.b.c"]}, names)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "outputs",
                    "term",
                    "sum",
                    "where",
                    "is",
                    "in",
                    "values",
                    "column",
                    "name",
                    "by",
                    "duration",
                    "unit",
                    "period",
                    "from",
                ]
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=12,
)


@settings(deadline=None)
@given(json_values)
def test_any_json_is_a_query_or_told_to_be_none(value: Any):
    try:
        query = read(value)
    except WrongQuery as error:
        assert error.message
    else:
        assert read(query_to_json(query)) == query
