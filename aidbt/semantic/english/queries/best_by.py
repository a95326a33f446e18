"""By what the best and the first so many go, where the words leave it out or say it elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from aidbt.semantic.english.grounding.refusal import Refused
from aidbt.semantic.english.meanings.number_phrases import Best, Group, Number, Shown, Sorted
from aidbt.semantic.english.meanings.phrases import Amount, Columns, Condition, Rows
from aidbt.semantic.english.number_rules.asked import Asked
from aidbt.semantic.english.number_rules.numbers import NumberRules
from aidbt.semantic.english.queries.ranked import without
from aidbt.semantic.graph import is_to_one
from aidbt.semantic.query import Attribute, Function, Grain, Measure


def go_by_column(asked: Asked, rules: NumberRules) -> None:
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


def drop_told_order(asked: Asked, rules: NumberRules) -> None:
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


def group_by_times(asked: Asked, rules: NumberRules) -> None:
    """`which month had the highest revenue`: months make the groups, and their sums are compared."""
    if not asked.times or asked.group or len(asked.best) != 1:
        return
    best = asked.best[0]
    by = rules.implied(best.by) if isinstance(best.by, Columns) else best.by
    if isinstance(by, Number):
        asked.best = [replace(best, by=by)]
        asked.times = asked.group = _of_day(asked.times)


def peak_of(best: Best, asked: Asked, rules: NumberRules) -> Best:
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
    if path is None or is_to_one(path) or rules.column(by).kind not in ("number", "time", "date"):
        return best
    if best.is_added:
        return replace(best, by=_added(best.by, rules))
    function: Function = "max" if best.is_descending else "min"
    return replace(best, by=Number(Measure(function, by.table, by), by.table))


def add_as_told(asked: Asked) -> None:
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
    asked.tops = [replace(top, of=added(top.of)) if isinstance(top.of, Best) else top for top in asked.tops]


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
