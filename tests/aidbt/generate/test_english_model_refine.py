"""`--refine`: what a phrase changes in the sentence is changed in the kept reading."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from aidbt.generate.english_models.refine import lifted, refined
from aidbt.semantic.english.grounding.refusal import Refused
from aidbt.semantic.query import (
    All,
    Attribute,
    Comparison,
    Grain,
    InPeriod,
    Measure,
    OneOf,
    Order,
    Output,
    SemanticQuery,
    TimePoint,
    Value,
    both,
)
from tests.aidbt.generate.english_shop import (
    COUNTRY,
    IS_PAID,
    MONTH,
    NAME,
    ORDERS,
    PLACED,
    REVENUE,
    STATUS,
    grouped,
)

SENTENCE = "revenue per customer and month"
BASE = grouped((NAME, "name"), (MONTH, "month"), measures={"revenue": REVENUE})
QUARTER = replace(MONTH, grain=Grain.QUARTER)
IS_OPEN = OneOf(STATUS, (Value("open"),))


def year(number: int) -> InPeriod:
    return InPeriod(PLACED, TimePoint(dt.datetime(number, 1, 1)), TimePoint(dt.datetime(number + 1, 1, 1)))


def also(output: Output, query: SemanticQuery = BASE, **more) -> SemanticQuery:
    return replace(query, outputs=(*query.outputs, output), **more)


READINGS = {
    SENTENCE: BASE,
    f"{SENTENCE}, only 2013": replace(BASE, where=year(2013)),
    f"{SENTENCE}, only 2014": replace(BASE, where=year(2014)),
    f"{SENTENCE}, only paid orders": grouped(
        (NAME, "name"), (MONTH, "month"), measures={"revenue": replace(REVENUE, where=IS_PAID)}
    ),
    f"{SENTENCE}, only open orders": replace(BASE, where=IS_OPEN),
    f"{SENTENCE}, by country": grouped(
        (NAME, "name"), (MONTH, "month"), (COUNTRY, "country"), measures={"revenue": REVENUE}
    ),
    f"{SENTENCE}, by quarter": grouped(
        (NAME, "name"), (MONTH, "month"), (QUARTER, "quarter"), measures={"revenue": REVENUE}
    ),
    f"{SENTENCE} and number of orders": also(Output(ORDERS, "orders")),
    f"{SENTENCE}, top 5": replace(BASE, order_by=(Order(REVENUE, True),), limit=5),
    f"{SENTENCE}, above 100": replace(BASE, having=Comparison(">", REVENUE, Value(100))),
    f"{SENTENCE}, of every customer": replace(BASE, base="customers"),
    f"{SENTENCE}, please": BASE,
}


def read(sentence: str) -> SemanticQuery:
    if sentence not in READINGS:
        raise Refused(f"not understood: {sentence}", spans=[sentence.rpartition(", ")[2]])
    return READINGS[sentence]


def refine(*phrases: str, kept: SemanticQuery = BASE) -> SemanticQuery:
    for phrase in phrases:
        kept = refined(kept, SENTENCE, phrase, read)
    return kept


def test_a_condition_is_added():
    assert refine("only 2013") == replace(BASE, where=year(2013))


def test_a_condition_takes_the_place_of_one_on_the_same_column():
    assert refine("only 2013", "only paid orders", "only 2014", "only open orders") == replace(
        BASE, where=both(year(2014), IS_OPEN)
    )


def test_what_the_measures_share_is_a_condition_like_any_other():
    assert refine("only paid orders") == replace(BASE, where=IS_PAID)


def test_a_group_stands_behind_the_others():
    found = refine("by country")

    assert [output.name for output in found.outputs] == ["name", "month", "country", "revenue"]
    assert found.group_by == (NAME, MONTH, COUNTRY)


def test_a_grain_takes_the_place_of_another():
    found = refine("by quarter")

    assert [output.name for output in found.outputs] == ["name", "quarter", "revenue"]
    assert found.group_by == (NAME, QUARTER)


def test_a_number_stands_at_the_end_under_a_name_of_its_own():
    kept = also(Output(Measure("max", "orders", Attribute("orders", "amount")), "orders"))

    assert [output.name for output in refine("number of orders").outputs][-1] == "orders"
    assert [output.name for output in refine("number of orders", kept=kept).outputs][-1] == "orders_2"


def test_a_limit_brings_its_order():
    found = refine("top 5")

    assert (found.limit, found.order_by) == (5, (Order(REVENUE, True),))


def test_conditions_on_groups_hold_together():
    kept = replace(BASE, having=Comparison("<", REVENUE, Value(900)))

    found = refine("above 100", kept=kept)

    assert isinstance(found.having, All)
    assert len(found.having.predicates) == 2


def test_what_people_changed_in_the_reading_stays():
    kept = replace(BASE, where=OneOf(COUNTRY, (Value("fr"),)))

    assert refine("only 2013", kept=kept).where == both(OneOf(COUNTRY, (Value("fr"),)), year(2013))


@pytest.mark.parametrize(
    ("phrase", "why"),
    [
        ("only blue ones", "not understood"),
        ("please", "changes nothing"),
        ("of every customer", "whole model"),
    ],
)
def test_what_is_not_understood_or_changes_nothing_or_everything_is_refused(phrase: str, why: str):
    with pytest.raises(Refused, match=why):
        refine(phrase)


def test_conditions_of_all_measures_are_lifted_only_where_that_is_the_same():
    paid = replace(REVENUE, where=IS_PAID)
    one = grouped((NAME, "name"), measures={"revenue": paid})
    two = grouped((NAME, "name"), measures={"revenue": paid, "orders": ORDERS})

    assert lifted(one).where == IS_PAID
    assert lifted(two) == two
    assert lifted(replace(one, base="customers")) == replace(one, base="customers")
