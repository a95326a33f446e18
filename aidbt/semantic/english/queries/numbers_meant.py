"""Numbers that are meant and not said: sums of amounts, and how many rows there are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from aidbt.semantic.english.grounding.refusal import Refused
from aidbt.semantic.english.meanings.number_phrases import Group, Having, Number, Shown, Sorted
from aidbt.semantic.english.meanings.phrases import Columns, Link, Rows
from aidbt.semantic.english.number_rules.asked import Asked
from aidbt.semantic.english.number_rules.numbers import NumberRules
from aidbt.semantic.english.queries.pairs import are_pairs, list_pairs, name_parents
from aidbt.semantic.graph import is_to_one
from aidbt.semantic.query import Attribute, Measure, Value


def add_number(asked: Asked, rules: NumberRules) -> None:
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
    elif _is_list_of_each(asked, rules):
        asked.shown, asked.group = list(_each_listed(asked.group, rules)), Group()
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


def count_measured(asked: Asked, rules: NumberRules) -> None:
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


def _is_list_of_each(asked: Asked, rules: NumberRules) -> bool:
    """Whether rows are listed one by one, with what is theirs: "show each member and their city", "list each
    member's name and club".
    """
    group, is_seen = asked.group, asked.shows or asked.lists
    if not is_seen or asked.shown or not group.terms or group.is_per or group.grains or group.parts:
        return False
    if asked.counts or asked.changes or asked.returned or asked.tops or asked.best:
        return False
    if not group.rows:
        return len({term.table for term in group.terms}) == 1 and not any(map(rules.is_measured, group.terms))
    is_named = set(rules.label(group.rows[0].table)) <= set(group.terms)
    are_all = all(rows.where is None for rows in group.rows[1:])
    return is_named and are_all and all(_is_of(group.rows[0].table, term, rules) for term in group.terms)


def _each_listed(group: Group, rules: NumberRules) -> Iterator[Rows | Columns]:
    """What is seen of each: the rows that are named by themselves or by their name, else different values."""
    if group.rows:
        yield group.rows[0]
        yield from (Columns((term,)) for term in group.terms)
    else:
        table = group.terms[0].table
        is_named = set(rules.names(table)) <= set(group.terms)
        yield Columns(group.terms, Rows(table) if is_named else None)


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


def count_values(asked: Asked, rules: NumberRules) -> None:
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
    summed = [number for one in asked.shown for number in _summed(one, rules)]
    if asked.lists or any(isinstance(one, Number) for one in summed):
        return summed
    return [rules.counted(one) if isinstance(one, Rows) else one for one in asked.shown]


def _summed(shown: Shown, rules: NumberRules) -> list[Shown]:
    """`the units and the revenue`: the sum of each column, where all of them add up."""
    if not isinstance(shown, Columns):
        return [shown]
    found = [rules.implied(replace(shown, terms=(term,))) for term in shown.terms]
    numbers = [number for number in found if number is not None]
    return [shown] if len(numbers) < len(found) else list(numbers)


def count_beside(asked: Asked, rules: NumberRules) -> None:
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
