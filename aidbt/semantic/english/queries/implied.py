"""What questions mean and do not say, completed step by step: orders, conditions and parts of numbers."""

from __future__ import annotations

from dataclasses import replace

from aidbt.semantic.english.grounding.refusal import Refused
from aidbt.semantic.english.meanings.number_phrases import Best, Filtered, Frequent, Number, Sorted, Top
from aidbt.semantic.english.meanings.phrases import Columns, Link, Rows
from aidbt.semantic.english.number_rules.aggregates import narrowed
from aidbt.semantic.english.number_rules.asked import Asked
from aidbt.semantic.english.number_rules.numbers import NumberRules
from aidbt.semantic.english.number_rules.tails import add_tails
from aidbt.semantic.english.queries.again import (
    add_theirs,
    check_said_before,
    list_spans,
    meet_again,
    show_spans,
    spread_period,
)
from aidbt.semantic.english.queries.alongside import add_running, sum_beside
from aidbt.semantic.english.queries.best_by import (
    add_as_told,
    drop_told_order,
    go_by_column,
    group_by_times,
    peak_of,
)
from aidbt.semantic.english.queries.best_of_each import best_of_each
from aidbt.semantic.english.queries.bridges import add_bridges, count_among, list_over
from aidbt.semantic.english.queries.first_few import keep_first
from aidbt.semantic.english.queries.numbers_meant import (
    add_number,
    count_beside,
    count_measured,
    count_values,
)
from aidbt.semantic.english.queries.on_average import average
from aidbt.semantic.english.queries.ranked import rank, rank_by_rows, tell_own
from aidbt.semantic.english.queries.shares import add_shares, add_wholes
from aidbt.semantic.english.queries.side_by_side import side_by_side
from aidbt.semantic.english.queries.units_asked import put_in_unit
from aidbt.semantic.query import Measure


def completed(asked: Asked, rules: NumberRules) -> Asked:
    """What a question asks for, with what its words leave out: "revenue by region" is its sum.

    Raises:
        Refused: what is left out may be several things.
    """
    _scoped(asked)
    _list_counted(asked, rules)
    _put_in_order(asked)
    _by_frequency(asked)
    _show_order(asked)
    keep_first(asked, rules)
    best_of_each(asked)
    add_wholes(asked, rules)
    if asked.is_average:
        average(asked, rules)
    meet_again(asked)
    show_spans(asked)
    list_spans(asked)
    add_theirs(asked)
    spread_period(asked)
    count_values(asked, rules)
    rank(asked, rules)
    rank_by_rows(asked, rules)
    go_by_column(asked, rules)
    drop_told_order(asked, rules)
    group_by_times(asked, rules)
    side_by_side(asked, rules)
    add_as_told(asked)
    tell_own(asked)
    asked.best = [peak_of(best, asked, rules) for best in asked.best]
    asked.tops = [
        replace(top, of=peak_of(top.of, asked, rules)) if isinstance(top.of, Best) else top
        for top in asked.tops
    ]
    add_tails(asked, rules)
    add_shares(asked)
    add_running(asked)
    sum_beside(asked, rules)
    check_said_before(asked)
    if not (asked.numbers() or asked.nested or asked.best or asked.tops):
        add_number(asked, rules)
    count_beside(asked, rules)
    count_measured(asked, rules)
    _restrict(asked)
    if asked.numbers():
        count_among(asked, rules)
        add_bridges(asked, rules)
    elif not asked.nested:
        list_over(asked, rules)
    if asked.is_each and not (asked.group or asked.tops or asked.best):
        raise Refused("how many there are of each is asked for, and it is not said of each what")
    beside = asked.returned or asked.shown
    beside += [_of_them(filtered, asked, rules) for filtered in asked.filtered]
    put_in_unit(asked, rules)
    return asked


def _list_counted(asked: Asked, rules: NumberRules) -> None:
    """`how many customers have orders? Return the customer name and the number of orders`: each with its own.

    Of rows that are seen one by one nobody can see besides how many they are.
    """
    counted = asked.shown[0] if len(asked.shown) == 1 else None
    term = counted.term if isinstance(counted, Number) else None
    if not isinstance(term, Measure) or (term.function, term.of) != ("count", None) or not term.table:
        return
    named = [c for c in asked.returned if isinstance(c, Columns) and c.rows is None]
    label = rules.label(term.table)
    others = [n for n in asked.returned if isinstance(n, Number) and n.table != term.table]
    is_said = any(set(columns.terms) <= set(label) for columns in named)
    if is_said and others and not (asked.group or asked.tops or asked.best or asked.counts):
        asked.shown = [Rows(term.table, term.where, term.at)]
        asked.lists = True


def _put_in_order(asked: Asked) -> None:
    """`order the categories by their number of products`: those are listed, where nothing else is."""
    things = [order.things for order in asked.orders if order.things is not None]
    if things and not (asked.shown or asked.tops or asked.best or asked.group):
        asked.shown += things
        asked.lists = True


def _by_frequency(asked: Asked) -> None:
    """`reasons, the most common first`: each with how often it occurs, which the answer is sorted by."""
    frequent = [order for order in asked.orders if order.of == "frequency"]
    if not frequent:
        return
    order, things = frequent[0], [one for one in asked.shown if isinstance(one, Rows | Columns)]
    counted = [n for n in asked.numbers() if isinstance(n.term, Measure) and n.term.function == "count"]
    if asked.tops or asked.best or len(asked.orders) > 1 or len(counted) > 1:
        raise Refused("it is not certain what the most frequent is", hint="say the most frequent of what")
    if counted:
        asked.orders = [Sorted(counted[0], order.is_descending)]
    elif asked.group and (
        (asked.counts and not asked.shown) or (len(asked.shown) == 1 and isinstance(asked.shown[0], Rows))
    ):
        asked.orders = [Sorted(None, order.is_descending)]
    elif len(things) == 1 and len(asked.shown) == 1 and not asked.group:
        asked.orders, asked.shown = [], []
        asked.tops.append(Top(None, Frequent(things[0], bool(order.is_descending))))
    else:
        raise Refused("it is not said how often what occurs")


def _show_order(asked: Asked) -> None:
    """`customers with 10 orders, sorted by number of orders`: what they are sorted by is seen beside them."""
    by = [order.by for order in asked.orders if isinstance(order.by, Number)]
    is_list = len(asked.shown) == 1 and isinstance(asked.shown[0], Rows | Columns)
    if is_list and len(by) == len(asked.orders) == 1 and not (asked.numbers() or asked.tops or asked.group):
        asked.shown += by


def _scoped(asked: Asked) -> None:
    """`PMO` is one of each month by its definition, also where the question does not say so.

    Raises:
        Refused: the question groups by something else.
    """
    for scope in asked.scopes:
        is_other = not set(scope.terms) <= set(asked.group.terms) and bool(asked.group.terms)
        if is_other or (scope.grains and asked.group.grains and scope.grains != asked.group.grains):
            raise Refused("the groups of the question are others than those of a definition")
        # The question may name another time than the rows' own: "by month of the pay date".
        named = {term.grain for term in asked.group.terms}
        asked.group |= replace(scope, grains=tuple(grain for grain in scope.grains if grain not in named))


def _restrict(asked: Asked) -> None:
    """`total revenue per customer, only paid orders`: rows after their own numbers say which of them."""
    for place, shown in enumerate(asked.shown):
        before = [one.table for one in asked.shown[:place] if isinstance(one, Number)]
        if isinstance(shown, Rows) and shown.where is not None and shown.table in before:
            asked.claims.append(Link(shown))
    said = [claim.rows for claim in asked.claims if isinstance(claim, Link)]
    asked.shown = [shown for shown in asked.shown if shown not in said]


def _of_them(filtered: Filtered, asked: Asked, rules: NumberRules) -> Number:
    """`and how many of them were returned`: a part of what was counted before, beside it."""
    made = [n for n in asked.numbers() if isinstance(n.term, Measure)]
    counted = [n for n in made if isinstance(n.term, Measure) and n.term.function == filtered.function]
    if filtered.function == "sum" and len(counted) != 1:
        raise Refused("it is not certain of what a part is asked for")
    found = rules.claimed(Rows(counted[0].table), filtered.claim) if counted else None
    if found is None or len({number.table for number in counted}) > 1:
        raise Refused("it is not certain of what a part is counted")
    return narrowed(counted[0], found[0].where)
