"""What questions mean and do not say: sums, counts, groups, and by what the first are the first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from aidbt.semantic.english.grounding.refusal import Refused
from aidbt.semantic.english.meanings.number_phrases import (
    Best,
    Filtered,
    Frequent,
    Group,
    Having,
    Number,
    Shown,
    Sorted,
    Top,
)
from aidbt.semantic.english.meanings.phrases import Amount, Columns, Condition, Link, Rows
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
from aidbt.semantic.english.queries.best_of_each import best_of_each
from aidbt.semantic.english.queries.bridges import add_bridges, count_among, list_over
from aidbt.semantic.english.queries.first_few import keep_first
from aidbt.semantic.english.queries.on_average import average
from aidbt.semantic.english.queries.pairs import are_pairs, list_pairs, name_parents
from aidbt.semantic.english.queries.ranked import rank, rank_by_rows, tell_own, without
from aidbt.semantic.english.queries.shares import add_shares, add_wholes
from aidbt.semantic.english.queries.side_by_side import side_by_side
from aidbt.semantic.english.queries.units_asked import put_in_unit
from aidbt.semantic.graph import is_to_one
from aidbt.semantic.query import (
    Attribute,
    Function,
    Grain,
    Measure,
    Value,
)


def completed(asked: Asked, rules: NumberRules) -> Asked:
    """What a question asks for, with what its words leave out: "revenue by region" is its sum.

    Raises:
        Refused: what is left out may be several things.
    """
    _scoped(asked)
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
    _counted_values(asked, rules)
    rank(asked, rules)
    rank_by_rows(asked, rules)
    _ranked_by(asked, rules)
    _told_with_best(asked, rules)
    _times_of_best(asked, rules)
    side_by_side(asked, rules)
    _added_as_told(asked)
    tell_own(asked)
    asked.best = [_peak(best, asked, rules) for best in asked.best]
    bests = [(top, top.of) for top in asked.tops if isinstance(top.of, Best)]
    for top, best in bests:
        asked.tops[asked.tops.index(top)] = replace(top, of=_peak(best, asked, rules))
    add_tails(asked, rules)
    add_shares(asked)
    add_running(asked)
    sum_beside(asked, rules)
    check_said_before(asked)
    if not (asked.numbers() or asked.nested or asked.best or asked.tops):
        _add_number(asked, rules)
    _counted_beside(asked, rules)
    _count_measured(asked, rules)
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


def _add_number(asked: Asked, rules: NumberRules) -> None:
    """The number that a question by group, or for an amount alone, is about."""
    if asked.counts and asked.group.terms and not asked.shown:
        asked.shown.append(rules.counted(Rows(asked.group.terms[0].table)))
        return
    is_number = bool(asked.group or asked.counts or asked.changes)
    if not is_number and not _is_amount(asked):
        return
    name_parents(asked, rules)
    shown = _implied(asked, rules)
    listed = _of_each(asked, rules)
    if listed is not None:
        asked.group, asked.shows = Group(), True
        asked.shown = [listed, *asked.shown]
    elif are_pairs(asked, rules):
        list_pairs(asked)
    elif any(isinstance(one, Number) for one in shown):
        asked.shown = shown
    elif _are_listed_in(asked, rules):
        columns = [Columns((term,)) for term in asked.group.terms]
        if not asked.orders or asked.orders[0].after is not None:  # `by city, then by name`
            asked.orders.insert(0, Sorted(columns[-1], is_descending=False))
        asked.shown, asked.group = [*asked.shown, *columns], Group()
    elif is_number:
        raise Refused("it is not said what is counted or added up in each group")


def _count_measured(asked: Asked, rules: NumberRules) -> None:
    """`per title, the count and the lowest salary`: how many rows of the table there are that is measured."""
    numbers = [one for one in asked.shown if isinstance(one, Number)]
    tables = {number.table for number in numbers}
    are_plain = all(isinstance(n.term, Measure) and n.term.of and n.term.where is None for n in numbers)
    is_alone = len(numbers) == len(asked.shown) and not (asked.returned or asked.tops or asked.best)
    if asked.counts and asked.group and is_alone and len(tables) == 1 and are_plain:
        asked.shown.append(rules.counted(Rows(tables.pop())))


def _are_listed_in(asked: Asked, rules: NumberRules) -> bool:
    """Whether rows are listed with what they have alike: "list the names of the restaurants in each city"."""
    group, things = asked.group, [one for one in asked.shown if isinstance(one, Rows | Columns)]
    rows = [one if isinstance(one, Rows) else one.rows for one in things]
    is_plain = asked.lists and not (asked.counts or asked.changes or group.grains or group.parts)
    if not is_plain or len(things) != 1 or len(asked.shown) != 1:
        return False
    first = things[0]
    if isinstance(first, Columns) and any(map(rules.is_measured, first.terms)):
        return False  # "the amount of each customer" may be all that they have
    own = first.terms[0].table if isinstance(first, Columns) else first.table
    table = rows[0].table if rows[0] is not None else own
    are_all = all(one.where is None for one in group.rows)
    return are_all and all(_is_of(table, term, rules) for term in group.terms)


def _of_each(asked: Asked, rules: NumberRules) -> Rows | None:
    """The rows that are listed where columns of theirs are asked for of each: "the price of each product"."""
    group, columns = asked.group, [one for one in asked.shown if isinstance(one, Columns)]
    if len(group.rows) != 1 or group.grains or group.parts or asked.counts or asked.changes:
        return None
    rows = group.rows[0]
    if not columns or len(columns) < len(asked.shown) or set(group.terms) - set(rules.label(rows.table)):
        return None
    terms = [term for one in columns for term in one.terms]
    is_all = all(one.rows is None or one.rows.where is None for one in columns)
    # "Budget per employee" may divide that of their department.
    is_shared = group.is_per and any(term.table != rows.table for term in terms)
    is_known = is_all and not is_shared and all(_is_of(rows.table, term, rules) for term in terms)
    return rows if is_known else None


def _is_of(table: str, term: Attribute, rules: NumberRules) -> bool:
    """Whether each row of a table has one value of a column at most, by a way that a few words can mean."""
    if term.via:
        source = next(r.source for r in rules.graph.relationships if r.name == term.via[0])
        return source == table and len(term.via) == 1
    path = rules.path(table, term.table)
    return path is not None and is_to_one(path)


def _is_amount(asked: Asked) -> bool:
    """Whether one amount alone is asked for: "what was the revenue in May" means all of it."""
    is_alone = len(asked.shown) == 1 and isinstance(asked.shown[0], Columns) and not asked.orders
    return is_alone and not (asked.lists or asked.shows or asked.returned)


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
    elif asked.group and len(asked.shown) == 1 and isinstance(asked.shown[0], Rows):
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


def _ranked_by(asked: Asked, rules: NumberRules) -> None:
    """`top 3 products by price`: a number after "by" is no group where the first so many are asked for."""
    numbers = [term for term in asked.group.terms if rules.is_measured(term)]
    if asked.best or asked.orders or any(isinstance(top.of, Best) for top in asked.tops):
        # Of "the oldest clubs by founding year" the year is what they are sorted by.
        numbers += [term for term in asked.group.terms if rules.is_year(term)]
    if asked.tops:
        # `the 3 oldest, going by the purchase date`: nobody wants three of each day.
        numbers += [term for term in asked.group.terms if term.grain is None and rules.is_time(term)]
    if len(numbers) != 1 or asked.by:
        return
    if asked.best:
        _best_by(asked, numbers[0], rules)
        return
    if not asked.tops:
        _listed_by(asked, numbers[0])
    if len(asked.tops) != 1:
        return
    top = asked.tops[0]
    if isinstance(top.of, Best) and isinstance(top.of.by, Columns):
        asked.tops = [replace(top, of=replace(top.of, by=Columns((numbers[0],))))]
        asked.group = without(asked.group, numbers[0])
        return
    if not isinstance(top.of, Rows | Columns) or asked.orders:
        return
    entity = top.of.table if isinstance(top.of, Rows) else top.of.terms[0].table
    path = rules.path(entity, numbers[0].table)
    columns = Columns((numbers[0],))
    number = rules.implied(columns)
    if path is not None and is_to_one(path):
        asked.orders.append(Sorted(columns, top.is_descending))
    elif number is not None:
        asked.by.append(number)
    else:
        return
    asked.group = without(asked.group, numbers[0])


def _best_by(asked: Asked, term: Attribute, rules: NumberRules) -> None:
    """`the oldest airline by founding year`, `most watched title by watch time`: what the best goes by."""
    best = asked.best[0]
    by = Columns((term,)) if isinstance(best.by, Columns) else rules.implied(Columns((term,)))
    is_own = isinstance(best.rows, Rows) and best.rows.table == term.table
    if len(asked.best) > 1 or by is None or (isinstance(by, Columns) and not is_own):
        return
    asked.best = [replace(best, by=by)]
    asked.group = without(asked.group, term)


def _told_with_best(asked: Asked, rules: NumberRules) -> None:
    """`the 5 largest stadiums, from largest to smallest`: an order that the first so many are in anyway."""
    for top in asked.tops:
        if not isinstance(top.of, Best) or not isinstance(top.of.by, Columns):
            continue
        best, by = top.of, top.of.by
        kind = "time" if rules.is_time(by.terms[0]) else ""
        for order in list(asked.orders):
            is_same = order.by is None and order.of in ("", kind)
            is_same |= isinstance(order.by, Columns) and order.by.terms == by.terms
            if is_same and order.is_descending in (None, best.is_descending):
                asked.orders.remove(order)


def _listed_by(asked: Asked, term: Attribute) -> None:
    """`products by price, highest first`: an order, when a direction is said and rows are listed."""
    is_list = (
        len(asked.shown) == 1 and isinstance(asked.shown[0], Rows) and asked.shown[0].table == term.table
    )
    order = asked.orders[0] if len(asked.orders) == 1 else None
    if is_list and order is not None and (order.by is None or order.by == Columns((term,))):
        asked.orders = [replace(asked.orders[0], by=Columns((term,)))]
        asked.group = without(asked.group, term)


def _times_of_best(asked: Asked, rules: NumberRules) -> None:
    """`which month had the highest revenue`: months make the groups, and their sums are compared."""
    if not asked.times or asked.group or len(asked.best) != 1:
        return
    best = asked.best[0]
    by = rules.implied(best.by) if isinstance(best.by, Columns) else best.by
    if isinstance(by, Number):
        asked.best = [replace(best, by=by)]
        asked.times = asked.group = _of_day(asked.times)


def _peak(best: Best, asked: Asked, rules: NumberRules) -> Best:
    """`the employee with the highest salary`, who may have had several: the greatest of each is compared."""
    firsts = [top.of for top in asked.tops if isinstance(top.of, Rows | Columns)]
    things: Sequence[Shown] = [best.rows] if best.rows is not None else [*asked.shown, *firsts]
    entities = [thing for thing in things if isinstance(thing, Rows)]
    if isinstance(best.by, Columns) and best.is_added and _are_kinds(things, best.by.terms[0], rules):
        return replace(best, by=_added(best.by, rules))
    if isinstance(best.by, Amount) and len(entities) == 1:
        return _peak_amount(best, best.by, entities[0], rules)
    if not isinstance(best.by, Columns) or len(entities) != 1:
        return best
    by = best.by.terms[0]
    path = rules.path(entities[0].table, by.table)
    if path is None or is_to_one(path) or rules.column(by).kind != "number":
        return best
    if best.is_added:
        return replace(best, by=_added(best.by, rules))
    function: Function = "max" if best.is_descending else "min"
    return replace(best, by=Number(Measure(function, by.table, by), by.table))


def _added_as_told(asked: Asked) -> None:
    """`tiers with the highest amount? Return the tier and the total amount`: what is added up is the best."""

    def added(best: Best) -> Best:
        of = best.by.terms if isinstance(best.by, Columns) else ()
        own = best.rows.table if isinstance(best.rows, Rows) else ""
        sums = [n for n in asked.numbers() if isinstance(n.term, Measure) and n.term.function == "sum"]
        told = [n for n in sums if isinstance(n.term, Measure) and n.term.of in of and n.term.where is None]
        if len(told) != 1 or own == told[0].table or not isinstance(best.by, Columns):
            return best
        if best.by.rows is not None and best.by.rows.where is not None:
            # "The highest amount in May": what is shown beside it is of May too.
            asked.claims.append(Condition(best.by.rows.table, best.by.rows.where))
        return replace(best, by=told[0])

    asked.best = list(map(added, asked.best))
    for top in [top for top in asked.tops if isinstance(top.of, Best)]:
        if isinstance(top.of, Best):
            asked.tops[asked.tops.index(top)] = replace(top, of=added(top.of))


def _added(columns: Columns, rules: NumberRules) -> Number:
    """What several rows have together: of lengths of time their sum too, "the most minutes".

    Raises:
        Refused: nothing shows that it can be added up.
    """
    by = columns.terms[0]
    total = rules.implied(columns)
    if total is None and rules.column(by).unit.removesuffix("s") in set(Grain):
        return Number(Measure("sum", by.table, by), by.table)
    if total is None:
        raise Refused(f"it is not said how {by.column} is added up", hint="say total or average")
    return total


def _peak_amount(best: Best, by: Amount, rows: Rows, rules: NumberRules) -> Best:
    """`the customer with the highest order total in euros`."""
    path = rules.path(rows.table, by.table)
    if path is None or is_to_one(path) or by.rows is not None:
        return best
    function: Function = "max" if best.is_descending else "min"
    return replace(best, by=Number(Measure(function, by.table, by.term), by.table))


def _are_kinds(things: Sequence[Shown], by: Attribute, rules: NumberRules) -> bool:
    """Whether what is asked for is what several rows, each with a number, have alike: cities of sales."""
    terms = [term for thing in things if isinstance(thing, Columns) for term in thing.terms]
    if len(terms) != 1 or len(things) != 1 or rules.column(terms[0]).kind != "text":
        return False
    path = rules.path(terms[0].table, by.table)
    is_name = terms[0] in rules.label(terms[0].table)
    return not is_name if terms[0].table == by.table else path is not None and not is_to_one(path)


def _of_day(times: Group) -> Group:
    """`which hour`: that of a day, for nobody asks for one hour of all years."""
    if Grain.HOUR not in times.grains:
        return times
    grains = tuple(grain for grain in times.grains if grain is not Grain.HOUR)
    parts = tuple(part for part in times.parts if part != "hour")
    return replace(times, grains=grains, parts=(*parts, "hour"))


def _counted_values(asked: Asked, rules: NumberRules) -> None:
    """`colors that more than 40 vehicles have`: a condition on how many rows of its own a value has."""
    tables = {s.terms[0].table for s in asked.shown if isinstance(s, Columns) and s.rows is None}
    if len(tables) != 1 or any(not isinstance(shown, Columns) for shown in asked.shown):
        return
    for claim in list(asked.claims):
        if isinstance(claim, Link) and not claim.is_plain and claim.rows.table in tables and claim.count > 0:
            asked.claims.remove(claim)
            having = Having(rules.counted(claim.rows), claim.operator, Value(claim.count))
            asked.havings.append(having)


def _implied(asked: Asked, rules: NumberRules) -> list[Shown]:
    """What is meant where a thing is asked for by group: of amounts their sum, else of rows how many."""
    summed = [rules.implied(one) or one if isinstance(one, Columns) else one for one in asked.shown]
    if asked.lists or any(isinstance(one, Number) for one in summed):
        return summed
    return [rules.counted(one) if isinstance(one, Rows) else one for one in asked.shown]


def _counted_beside(asked: Asked, rules: NumberRules) -> None:
    """`orders and revenue per month`: rows beside a number of theirs, in groups, are counted."""
    if not asked.group or asked.lists or asked.tops or asked.best or asked.rankings:
        return
    for place, shown in enumerate(asked.shown):
        before = {one.table for one in asked.shown[:place] if isinstance(one, Number)}
        after = {one.table for one in asked.shown[place:] if isinstance(one, Number)}
        if isinstance(shown, Rows) and (
            shown.table in after or (shown == Rows(shown.table) and shown.table in before)
        ):
            asked.shown[place] = rules.counted(shown)
        elif isinstance(shown, Rows) and after and not asked.shows:
            raise Refused("it is not certain whether rows beside a number are counted or make groups too")


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
    counted = [n for n in asked.numbers() if isinstance(n.term, Measure) and n.term.function == "count"]
    found = rules.claimed(Rows(counted[0].table), filtered.claim) if counted else None
    if found is None or len({number.table for number in counted}) > 1:
        raise Refused("it is not certain of what a part is counted")
    return narrowed(counted[0], found[0].where)
