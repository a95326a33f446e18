"""What a question said has to be in its query."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aidbt.semantic.english.checks.complete import check_complete
from aidbt.semantic.english.grounding.refusal import Refused
from aidbt.semantic.english.meanings.chart import Item
from aidbt.semantic.query import Measure, SemanticQuery, Term
from tests.aidbt.semantic.english.small_shop import reading, world

ASKED = "top 2 customers by number of delivered orders in 2024"


def _query() -> tuple[SemanticQuery, list[list[Item]]]:
    found = reading(ASKED)
    return found.query, [list(found.phrases)]


def test_a_query_that_says_all_of_its_question_is_complete():
    query, phrases = _query()

    check_complete(phrases, query, world()[0])


def _without_conditions(query: SemanticQuery) -> SemanticQuery:
    def bare(term: Term) -> Term:
        return replace(term, where=None) if isinstance(term, Measure) else term

    outputs = tuple(replace(output, term=bare(output.term)) for output in query.outputs)
    orders = tuple(replace(order, term=bare(order.term)) for order in query.order_by)
    return replace(query, outputs=outputs, order_by=orders, where=None)


@pytest.mark.parametrize(
    "cut",
    [
        lambda query: replace(query, limit=None),
        lambda query: replace(query, outputs=query.outputs[:1], order_by=()),
        _without_conditions,
    ],
    ids=["the limit", "the number", "the conditions"],
)
def test_what_is_left_out_is_noticed(cut):
    query, phrases = _query()

    with pytest.raises(Refused):
        check_complete(phrases, cut(query), world()[0])
