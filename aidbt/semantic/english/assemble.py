"""The phrases of a question, from first to last, as one query."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from aidbt.semantic.english.asked import Asked, asked_of
from aidbt.semantic.english.chart import Item
from aidbt.semantic.english.grouped import Grouping
from aidbt.semantic.english.listed import listed
from aidbt.semantic.english.naming import unique_names
from aidbt.semantic.english.number_phrases import (
    Best,
    Frequent,
    Group,
    Having,
    Nested,
    Number,
    Shown,
    Sorted,
    Whole,
)
from aidbt.semantic.english.numbers import NumberRules, conjuncts
from aidbt.semantic.english.phrases import Columns, Condition, Link, Rows
from aidbt.semantic.english.refusal import Refused
from aidbt.semantic.graph import is_to_one
from aidbt.semantic.query import (
    Attribute,
    Calculation,
    Compared,
    Grain,
    InPeriod,
    Measure,
    OneOf,
    Order,
    Output,
    OutputRef,
    SemanticQuery,
    Value,
    parts,
)


def assemble(sentences: Sequence[Iterable[Item]], rules: NumberRules) -> SemanticQuery:
    """The query of a question's sentences, each cut into phrases.

    Raises:
        Refused: phrases do not fit together.
    """
    asked = _completed(asked_of(sentences), rules)
    _restrict(asked)
    if asked.nested:
        query = _nested(asked, rules)
    elif asked.numbers() or any(isinstance(top.of, Frequent) for top in asked.tops):
        query = Grouping(asked, rules).query()
    else:
        query = listed(asked, rules)
    return replace(query, outputs=unique_names(query.outputs))


# --- what is meant and not said -------------------------------------------------------------------------


def _completed(asked: Asked, rules: NumberRules) -> Asked:
    """What a question asks for, with what its words leave out: "revenue by region" is its sum."""
    asked.shown += [_share(whole, asked.group) for whole in asked.wholes]
    asked.wholes = []
    if asked.is_average:
        _average(asked)
    _counted_values(asked, rules)
    _ranked_by(asked, rules)
    _times_of_best(asked, rules)
    _side_by_side(asked)
    if asked.says_again and not (asked.numbers() or asked.nested):
        raise Refused("a number is spoken of that was not asked for")
    if asked.times and asked.group | asked.times != asked.group:
        raise Refused("a length of time is spoken of, and the answer is not grouped by it")
    if asked.numbers() or asked.nested or asked.best or asked.tops:
        return asked
    if asked.counts and asked.group.terms and not asked.shown:
        asked.shown.append(rules.counted(Rows(asked.group.terms[0].table)))
        return asked
    if not (asked.group or asked.counts or asked.changes or _is_amount(asked)):
        return asked
    shown = _implied(asked, rules)
    if not any(isinstance(one, Number) for one in shown):
        if asked.group or asked.counts or asked.changes:
            raise Refused("it is not said what is counted or added up in each group")
        return asked
    asked.shown = shown
    return asked


def _is_amount(asked: Asked) -> bool:
    """Whether one amount alone is asked for: "what was the revenue in May" means all of it."""
    is_alone = len(asked.shown) == 1 and isinstance(asked.shown[0], Columns) and not asked.orders
    return is_alone and not (asked.lists or asked.shows or asked.returned)


def _ranked_by(asked: Asked, rules: NumberRules) -> None:
    """`top 3 products by price`: a number after "by" is no group where the first so many are asked for."""
    numbers = [term for term in asked.group.terms if rules.is_measured(term)]
    if len(asked.tops) != 1 or len(numbers) != 1 or asked.by or asked.best or asked.orders:
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


def _of_day(times: Group) -> Group:
    """`which hour`: that of a day, for nobody asks for one hour of all years."""
    if Grain.HOUR not in times.grains:
        return times
    grains = tuple(grain for grain in times.grains if grain is not Grain.HOUR)
    return replace(times, grains=grains, parts=(*times.parts, "hour"))


def _side_by_side(asked: Asked) -> None:
    """`compare the average salary of Berlin and Lisbon`: values that are named make the groups."""
    if not asked.compares:
        return
    said = (*(n.term for n in asked.numbers()), *(c for c in asked.claims if isinstance(c, Condition)))
    named = [part.term for part in parts(said) if isinstance(part, OneOf) and len(part.values) > 1]
    if len(named) == 1 and isinstance(named[0], Attribute):
        asked.group |= Group((named[0],))
    elif not asked.group and len(asked.numbers()) < 2:
        raise Refused("it is not said what is compared with what")


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


def _restrict(asked: Asked) -> None:
    """`total revenue per customer, only paid orders`: rows after their own numbers say which of them."""
    for place, shown in enumerate(asked.shown):
        before = [one.table for one in asked.shown[:place] if isinstance(one, Number)]
        if isinstance(shown, Rows) and shown.where is not None and shown.table in before:
            asked.claims.append(Link(shown))
    said = [claim.rows for claim in asked.claims if isinstance(claim, Link)]
    asked.shown = [shown for shown in asked.shown if shown not in said]


def _share(whole: Whole, group: Group) -> Number:
    """`share of revenue by region`: of each group beside all of them."""
    term = whole.number.term
    is_part = isinstance(term, Measure) and any(not isinstance(c, InPeriod) for c in conjuncts(term.where))
    if not group or whole.kind == "ratio" or is_part:
        raise Refused("it is not said which part of them is meant")
    share = Compared("share", whole.number.term)
    shown = Calculation("*", share, Value(100)) if whole.kind == "percentage" else share
    return replace(whole.number, term=shown)


def _average(asked: Asked) -> None:
    """`how many orders per customer on average`: the mean of what every group has."""
    counted = [
        n for n in asked.numbers() if isinstance(n.term, Measure) and n.term.function in ("count", "sum")
    ]
    if not counted:
        return
    if len(counted) > 1 or not asked.group:
        raise Refused("it is not certain of what the average is meant")
    asked.nested.append(Nested("avg", counted[0], asked.group))
    asked.shown = [shown for shown in asked.shown if shown != counted[0]]
    asked.group = Group()


# --- aggregates of aggregates ---------------------------------------------------------------------------


def _nested(asked: Asked, rules: NumberRules) -> SemanticQuery:
    """An aggregate over groups: the inner query has one row for each of them, the outer one takes its rows."""
    if (
        len(asked.nested) > 1
        or asked.numbers()
        or asked.returned
        or asked.best
        or asked.tops
        or asked.changes
    ):
        raise Refused("an average of what groups have stands beside other things that are asked for")
    nested = asked.nested[0]
    outer = asked.group if nested.group else Group()
    inner_group = nested.group or asked.group
    if not inner_group:
        raise Refused("it is not said in which groups the numbers are that are averaged")
    within = Grouping(Asked(group=outer, shown=[nested.number]), rules).query() if outer else None
    terms = within.group_by if within else ()
    inner = Grouping(
        Asked(group=inner_group | outer, shown=[*asked.shown, nested.number], claims=asked.claims), rules
    ).query()
    inner = replace(inner, outputs=unique_names(inner.outputs), order_by=())
    names = {output.term: output.name for output in inner.outputs}
    measured = next(output for output in inner.outputs if output.term not in inner.group_by)
    groups = tuple(OutputRef(names[term]) for term in terms)
    measure = Measure(nested.function, "", OutputRef(measured.name))
    name = f"{'average' if nested.function == 'avg' else nested.function}_{measured.name}"
    outputs = (*(Output(group, group.name) for group in groups), Output(measure, name))
    orders = tuple(Order(measure, bool(o.is_descending)) for o in asked.orders if o.by is None)
    if len(orders) < len(asked.orders):
        raise Refused("an average of what groups have can only be sorted by itself")
    return SemanticQuery(outputs, group_by=groups, order_by=orders, source=inner)
