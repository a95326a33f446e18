"""What questions mean and do not say: sums, counts, groups, and by what the first are the first."""

from __future__ import annotations

from dataclasses import replace

from aidbt.semantic.english.again import add_theirs, check_said_before, meet_again, spread_period
from aidbt.semantic.english.aggregates import conjuncts, narrowed
from aidbt.semantic.english.asked import Asked
from aidbt.semantic.english.number_phrases import (
    Best,
    Filtered,
    Group,
    Having,
    Nested,
    Number,
    Shown,
    Sorted,
    Whole,
)
from aidbt.semantic.english.numbers import NumberRules
from aidbt.semantic.english.periods import Period
from aidbt.semantic.english.phrases import Amount, Columns, Found, Link, Rows
from aidbt.semantic.english.refusal import Refused
from aidbt.semantic.english.side_by_side import side_by_side
from aidbt.semantic.graph import is_to_one
from aidbt.semantic.query import (
    Attribute,
    Calculation,
    Compared,
    Exists,
    Function,
    Grain,
    InPeriod,
    Measure,
    Predicate,
    Value,
    measures,
)


def completed(asked: Asked, rules: NumberRules) -> Asked:
    """What a question asks for, with what its words leave out: "revenue by region" is its sum.

    Raises:
        Refused: what is left out may be several things.
    """
    _scoped(asked)
    _put_in_order(asked)
    asked.shown += [_said_apart(whole, asked, rules) or _share(whole, asked.group) for whole in asked.wholes]
    asked.wholes = []
    if asked.is_average:
        _average(asked, rules)
    meet_again(asked)
    add_theirs(asked)
    spread_period(asked)
    _counted_values(asked, rules)
    _ranked(asked, rules)
    _ranked_by(asked, rules)
    _times_of_best(asked, rules)
    side_by_side(asked, rules)
    asked.best = [_peak(best, asked, rules) for best in asked.best]
    check_said_before(asked)
    if not (asked.numbers() or asked.nested or asked.best or asked.tops):
        _add_number(asked, rules)
    _counted_beside(asked, rules)
    _restrict(asked)
    if asked.is_each and not (asked.group or asked.tops or asked.best):
        raise Refused("how many there are of each is asked for, and it is not said of each what")
    beside = asked.returned or asked.shown
    beside += [_of_them(filtered, asked, rules) for filtered in asked.filtered]
    return asked


def _add_number(asked: Asked, rules: NumberRules) -> None:
    """The number that a question by group, or for an amount alone, is about."""
    if asked.counts and asked.group.terms and not asked.shown:
        asked.shown.append(rules.counted(Rows(asked.group.terms[0].table)))
        return
    is_number = bool(asked.group or asked.counts or asked.changes)
    if not is_number and not _is_amount(asked):
        return
    shown = _implied(asked, rules)
    listed = _of_each(asked, rules)
    if listed is not None:
        asked.group, asked.shows = Group(), True
        asked.shown = [listed, *asked.shown]
    elif any(isinstance(one, Number) for one in shown):
        asked.shown = shown
    elif is_number:
        raise Refused("it is not said what is counted or added up in each group")


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


def _ranked(asked: Asked, rules: NumberRules) -> None:
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
        asked.group = _without(asked.group, column)
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
    asked.shown.insert(0, ranking.of)
    rank = Compared("rank", ranking.by.term, is_ascending=ranking.is_ascending)
    asked.shown += [ranking.by, replace(ranking.by, term=rank)]


def _put_in_order(asked: Asked) -> None:
    """`order the categories by their number of products`: those are listed, where nothing else is."""
    things = [order.things for order in asked.orders if order.things is not None]
    if things and not (asked.shown or asked.tops or asked.best or asked.group):
        asked.shown += things
        asked.lists = True


def _scoped(asked: Asked) -> None:
    """`PMO` is one of each month by its definition, also where the question does not say so.

    Raises:
        Refused: the question groups by something else.
    """
    for scope in asked.scopes:
        is_other = not set(scope.terms) <= set(asked.group.terms) and bool(asked.group.terms)
        if is_other or (scope.grains and asked.group.grains and scope.grains != asked.group.grains):
            raise Refused("the groups of the question are others than those of a definition")
        asked.group |= scope


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


def _ranked_by(asked: Asked, rules: NumberRules) -> None:
    """`top 3 products by price`: a number after "by" is no group where the first so many are asked for."""
    numbers = [term for term in asked.group.terms if rules.is_measured(term)]
    if asked.tops:
        # `the 3 oldest, going by the purchase date`: nobody wants three of each day.
        numbers += [term for term in asked.group.terms if term.grain is None and rules.is_time(term)]
    if len(numbers) != 1 or asked.by or asked.best:
        return
    if not asked.tops:
        _listed_by(asked, numbers[0])
    if len(asked.tops) != 1 or asked.orders:
        return
    top = asked.tops[0]
    if isinstance(top.of, Best) and isinstance(top.of.by, Columns):
        asked.tops = [replace(top, of=replace(top.of, by=Columns((numbers[0],))))]
        asked.group = _without(asked.group, numbers[0])
        return
    if not isinstance(top.of, Rows | Columns):
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
    asked.group = _without(asked.group, numbers[0])


def _listed_by(asked: Asked, term: Attribute) -> None:
    """`products by price, highest first`: an order, when a direction is said and rows are listed."""
    is_list = (
        len(asked.shown) == 1 and isinstance(asked.shown[0], Rows) and asked.shown[0].table == term.table
    )
    if is_list and len(asked.orders) == 1 and asked.orders[0].by is None:
        asked.orders = [replace(asked.orders[0], by=Columns((term,)))]
        asked.group = _without(asked.group, term)


def _without(group: Group, term: Attribute) -> Group:
    return replace(group, terms=tuple(other for other in group.terms if other != term))


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
    things = [best.rows] if best.rows is not None else asked.shown
    entities = [thing for thing in things if isinstance(thing, Rows)]
    if not isinstance(best.by, Columns) or len(entities) != 1:
        return best
    by = best.by.terms[0]
    path = rules.path(entities[0].table, by.table)
    if path is None or is_to_one(path) or rules.column(by).kind != "number":
        return best
    if best.is_added:
        total = rules.implied(best.by)
        if total is None:
            raise Refused(f"it is not said how {by.column} is added up", hint="say total or average")
        return replace(best, by=total)
    function: Function = "max" if best.is_descending else "min"
    return replace(best, by=Number(Measure(function, by.table, by), by.table))


def _of_day(times: Group) -> Group:
    """`which hour`: that of a day, for nobody asks for one hour of all years."""
    if Grain.HOUR not in times.grains:
        return times
    grains = tuple(grain for grain in times.grains if grain is not Grain.HOUR)
    return replace(times, grains=grains, parts=(*times.parts, "hour"))


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


def _said_apart(whole: Whole, asked: Asked, rules: NumberRules) -> Number | None:
    """`what share of the players of each team is injured`: the part, with the groups in between."""
    claims = [claim for claim in asked.claims if not isinstance(claim, Period)]
    table = whole.number.table
    own = [(rows, said) for rows in asked.group.rows if (said := _own_part(rows, table)) is not None]
    if not claims and not own:
        return None
    found = rules.claimed(Rows(table), claims[0]) if claims else (Rows(table, own[0][1]), 0.0)
    if len(claims) + len(own) > 1 or found is None or whole.kind == "ratio":
        raise Refused("it is not certain which part of them is meant")
    asked.claims = [claim for claim in asked.claims if claim not in claims]
    parted = [rows for rows, _ in own]
    rows = tuple(replace(r, where=None) if r in parted else r for r in asked.group.rows)
    asked.group = replace(asked.group, rows=rows)
    return rules.ratio_of(whole.kind, narrowed(whole.number, found[0].where), whole.number)


def _own_part(rows: Rows, table: str) -> Predicate | None:
    """What is said of a table's rows behind groups: `of the reels in each vault is in poor condition`."""
    match rows.where:
        case Exists(table=of, where=said, operator=">=", count=1) if of == table:
            return said
    return rows.where if rows.table == table else None


def _of_them(filtered: Filtered, asked: Asked, rules: NumberRules) -> Number:
    """`and how many of them were returned`: a part of what was counted before, beside it."""
    counted = [n for n in asked.numbers() if isinstance(n.term, Measure) and n.term.function == "count"]
    found = rules.claimed(Rows(counted[0].table), filtered.claim) if counted else None
    if found is None or len({number.table for number in counted}) > 1:
        raise Refused("it is not certain of what a part is counted")
    return narrowed(counted[0], found[0].where)


def _share(whole: Whole, group: Group) -> Number:
    """`share of revenue by region`: of each group beside all of them."""
    term = whole.number.term
    is_part = isinstance(term, Measure) and any(not isinstance(c, InPeriod) for c in conjuncts(term.where))
    is_restricted = any(rows.where is not None for rows in group.rows)
    if not group or whole.kind == "ratio" or is_part or is_restricted:
        raise Refused("it is not said which part of them is meant")
    share = Compared("share", whole.number.term)
    shown = Calculation("*", share, Value(100)) if whole.kind == "percentage" else share
    return replace(whole.number, term=shown)


def _average(asked: Asked, rules: NumberRules) -> None:
    """`how many orders per customer on average`: the mean of what every group has."""
    counted = [
        n for n in asked.numbers() if isinstance(n.term, Measure) and n.term.function in ("count", "sum")
    ]
    if not counted:
        _average_row(asked, rules)
        return
    things = [shown for shown in asked.shown if isinstance(shown, Rows)]
    if not asked.group and len(things) == 1 and things[0].table != counted[0].table:
        asked.group = Group(rules.label(things[0].table), (things[0],))
        asked.shown.remove(things[0])
    if len(counted) > 1 or not asked.group:
        raise Refused("it is not certain of what the average is meant")
    asked.nested.append(Nested("avg", counted[0], asked.group))
    asked.shown = [shown for shown in asked.shown if shown != counted[0]]
    asked.group = Group()


def _average_row(asked: Asked, rules: NumberRules) -> None:
    """`how many days between order and shipment on average`: of what each row has."""
    if asked.nested or any(m.function == "avg" for number in asked.numbers() for m in measures(number.term)):
        return
    made = [_mean(shown, rules) for shown in asked.shown]
    if len(made) != 1 or made[0] is None:
        raise Refused("it is not certain of what the average is meant")
    asked.shown = [made[0]]


def _mean(shown: Shown, rules: NumberRules) -> Number | None:
    found: Found = ()
    if isinstance(shown, Amount):
        found = rules.aggregate_amount("avg", shown)
    elif isinstance(shown, Columns):
        found = rules.aggregate("avg", shown)
    return next((number for _, number, _ in found if isinstance(number, Number)), None)
