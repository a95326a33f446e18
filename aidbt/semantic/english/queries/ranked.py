"""Ranks: what is ranked, by what, and inside of which groups, as a question or a definition says it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from aidbt.semantic.english.grounding.refusal import Refused
from aidbt.semantic.english.meanings.number_phrases import Best, Group, Number, Shown
from aidbt.semantic.english.meanings.phrases import Claim, Columns, Link, Rows
from aidbt.semantic.english.number_rules.asked import Asked
from aidbt.semantic.english.number_rules.numbers import NumberRules
from aidbt.semantic.graph import is_to_one
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


def tell_own(asked: Asked) -> None:
    """`the 5 flights with the most passengers? Return their number and the number of passengers`: where rows
    themselves are ranked by a column, what is told beside them of it is each row's own and no sum.
    """
    bests = [*asked.best, *(top.of for top in asked.tops if isinstance(top.of, Best))]
    own = {
        term
        for best in bests
        if isinstance(best.by, Columns) and isinstance(best.rows, Rows)
        for term in best.by.terms
        if term.table == best.rows.table
    }
    if not any(isinstance(shown, Columns) for shown in asked.returned):
        return
    for place, shown in enumerate(asked.returned):
        total = shown.term if isinstance(shown, Number) else None
        if not isinstance(total, Measure) or total.function != "sum" or total.where is not None:
            continue
        if isinstance(total.of, Attribute) and total.of in own:
            asked.returned[place] = Columns((total.of,))


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
    ranked_by = Compared("rank", ranking.by.term, within=inside, is_ascending=ranking.is_ascending)
    # "The amount they spent" is what they are ranked by.
    summed = _summed(ranking.by)
    others = [shown for shown in asked.shown if not _is_any(shown, summed)]
    asked.returned = [ranking.by if _is_any(shown, summed) else shown for shown in asked.returned]
    asked.shown = [ranking.of, ranking.by, replace(ranking.by, term=ranked_by), *others]


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


def rank_by_rows(asked: Asked, rules: NumberRules) -> None:
    """`top 3 trainers by attended bookings`: by how many rows belong to each, which are no groups then."""
    group, top = asked.group, asked.tops[0] if len(asked.tops) == 1 else None
    if top is None or not isinstance(top.of, Rows | Columns) or asked.by or asked.orders or asked.best:
        return
    if len(group.rows) != 1 or group.grains or group.parts or group.is_per or asked.numbers():
        return
    rows, entity = group.rows[0], top.of.table if isinstance(top.of, Rows) else top.of.terms[0].table
    if set(group.terms) - set(rules.label(rows.table)):
        return
    path = rules.path(rows.table, entity)
    is_kind = isinstance(top.of, Columns) and not set(top.of.terms) & set(rules.label(entity))
    if (is_kind or rows.table != entity) and path is not None and is_to_one(path):
        asked.by.append(rules.counted(rows))
        asked.group = Group()


def without(group: Group, term: Attribute) -> Group:
    """A group without one of its terms."""
    return replace(group, terms=tuple(other for other in group.terms if other != term))
