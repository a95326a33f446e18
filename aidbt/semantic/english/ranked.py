"""Ranks: what is ranked, by what, and inside of which groups, as a question or a definition says it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from aidbt.semantic.english.asked import Asked
from aidbt.semantic.english.number_phrases import Group, Number, Shown
from aidbt.semantic.english.numbers import NumberRules
from aidbt.semantic.english.phrases import Claim, Columns, Link, Rows
from aidbt.semantic.english.refusal import Refused
from aidbt.semantic.query import Attribute, Compared, Measure, measures


def rank(asked: Asked, rules: NumberRules) -> None:
    """`rank the customers by revenue`: each with what it is ranked by, and its rank."""
    if not asked.rankings:
        return
    asked.rankings = list(dict.fromkeys(asked.rankings))
    of = asked.rankings[0].of
    columns = [term for term in asked.group.terms if rules.is_measured(term)]
    if asked.rankings[0].by is not None:
        _ranked_as_defined(asked, rules)
        return
    if len(asked.rankings) > 1 or len(asked.by) + len(columns) != 1 or asked.tops or asked.best:
        raise Refused("it is not said by what is ranked", hint="say by which number")
    asked.shown.append(of)
    if asked.by:
        number = asked.by.pop()
        asked.shown.append(number)
    else:
        number = _measure_of(columns[0], of, asked, rules)
    for column in columns:
        asked.group = without(asked.group, column)
    is_ascending = False
    if asked.orders and asked.orders[0].by is None and not asked.orders[0].of:
        is_ascending = asked.orders.pop(0).is_descending is False
    asked.shown.append(replace(number, term=Compared("rank", number.term, is_ascending=is_ascending)))


def _ranked_as_defined(asked: Asked, rules: NumberRules) -> None:
    """A rank whose definition says of what, and by what: groups of the same are what is ranked."""
    ranking = asked.rankings[0]
    if len(asked.rankings) > 1 or ranking.by is None or asked.by or asked.tops or asked.best:
        raise Refused("it is not certain by what is ranked")
    ranked = set(rules.named(ranking.of))
    table = ranking.of.table if isinstance(ranking.of, Rows) else ""
    rows = tuple(rows for rows in asked.group.rows if rows.table != table or rows.where is not None)
    terms = tuple(term for term in asked.group.terms if term not in ranked)
    asked.group = replace(asked.group, rows=rows, terms=terms)
    if any(isinstance(shown, Rows) and shown.table == ranking.by.table for shown in asked.shown):
        # "For all customers with paid orders" are those that have some.
        asked.claims = [claim for claim in asked.claims if not _is_all_of(claim, ranking.of)]
    inside = ranking.within.terms
    rank = Compared("rank", ranking.by.term, within=inside, is_ascending=ranking.is_ascending)
    # "The amount they spent" is what they are ranked by.
    summed = _summed(ranking.by)
    others = [shown for shown in asked.shown if not _is_any(shown, summed)]
    asked.returned = [ranking.by if _is_any(shown, summed) else shown for shown in asked.returned]
    asked.shown = [ranking.of, ranking.by, replace(ranking.by, term=rank), *others]


def _is_all_of(claim: Claim, of: Rows | Columns) -> bool:
    return isinstance(claim, Link) and claim.is_all and claim.rows == of


def _summed(number: Number) -> list[Attribute]:
    found = [measure.of for measure in measures(number.term) if measure.function == "sum"]
    return [of for of in found if isinstance(of, Attribute)]


def _is_any(shown: Shown, columns: Sequence[Attribute]) -> bool:
    return isinstance(shown, Columns) and any(shown.terms == (other,) for other in columns)


def _measure_of(column: Attribute, of: Rows | Columns, asked: Asked, rules: NumberRules) -> Number:
    """A column that rows are ranked by: their own, which is shown beside them, or the sum of others'."""
    if isinstance(of, Rows) and of.table == column.table:
        asked.shown.append(Columns((column,)))
        return Number(Measure("max", column.table, column), column.table)
    number = rules.implied(Columns((column,)))
    if number is None:
        raise Refused(f"it is not said how {column.column} is added up", hint="say total or average")
    asked.shown.append(number)
    return number


def without(group: Group, term: Attribute) -> Group:
    """A group without one of its terms."""
    return replace(group, terms=tuple(other for other in group.terms if other != term))
