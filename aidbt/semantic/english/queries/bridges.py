"""Numbers of things over the rows that relate them to others: the courses that each student is enrolled in.

Students and courses may be related in several ways, by enrolments and by attendances. A verb says which: what
happened is a row of one table, and that table is what is counted over, each thing once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from aidbt.semantic.english.grounding.refusal import Refused
from aidbt.semantic.english.meanings.number_phrases import Best, Number
from aidbt.semantic.english.meanings.phrases import Columns, Link, Rows
from aidbt.semantic.english.meanings.ways import names_over, path_of, pivot
from aidbt.semantic.english.number_rules.asked import Asked
from aidbt.semantic.english.number_rules.numbers import NumberRules
from aidbt.semantic.graph import is_to_one
from aidbt.semantic.query import (
    Attribute,
    Exists,
    InPeriod,
    Measure,
    Missing,
    Not,
    Predicate,
    both,
    conjuncts,
)
from aidbt.semantic.rewriting import rewritten

_HOLDERS = ("shown", "returned", "best", "tops", "by", "theirs", "havings", "orders", "rankings")


def add_bridges(asked: Asked, rules: NumberRules) -> None:
    """Count things over the rows of what happened, where a verb says it and the things lie far apart."""
    ends = set(_ends(asked))
    for number in asked.numbers():
        acts = list(dict.fromkeys((*_acts(asked, number), *_counted_acts(asked, number, rules))))
        if len(acts) == 1 and _is_done_in_times(asked, number, acts[0], rules):
            counted = _counted_over(acts[0].table, number, acts[0], rules)
            if counted is not None:
                _replace(asked, number, _at_time(counted, acts[0], rules), acts[0])
            continue
        table = pivot(rules.graph, {number.table, *ends}, acts[0].table) if len(acts) == 1 else ""
        if (
            table
            and _is_count(number)
            and any(_is_apart(rules, number.table, end, table, acts[0]) for end in ends)
        ):
            counted = _counted_over(table, number, acts[0], rules)
            if counted is not None:
                _replace(asked, number, counted, acts[0])


def _is_done_in_times(asked: Asked, number: Number, act: Exists, rules: NumberRules) -> bool:
    """Whether those are counted who did something each month, or with whom it was done; not what has a time
    of its own by which it may be counted, such as orders that were refunded, unless "distinct" ones are.
    """
    group = asked.group
    is_timed = bool(group.grains or group.parts) and not group.terms and rules.time_of(act.table) is not None
    path = rules.path(act.table, number.table)
    is_own = path is not None and len(path) > 0 and is_to_one(path)
    is_alone = asked.numbers() == [number] and not (asked.tops or asked.best)
    is_told = number.table in rules.people or rules.time_of(number.table) is None or asked.is_distinct
    return is_timed and is_own and is_alone and _is_count(number) and is_told


def _at_time(counted: Number, act: Exists, rules: NumberRules) -> Number:
    """A number by the time that says when it was done: "completed a course in each month"."""
    denied = [one.predicate for one in conjuncts(act.where) if isinstance(one, Not)]
    done = [one.term for one in denied if isinstance(one, Missing)]
    done += [one.term for one in conjuncts(act.where) if isinstance(one, InPeriod)]
    times = [t for t in done if isinstance(t, Attribute) and t.table == act.table and rules.is_time(t)]
    if not times or not isinstance(counted.term, Measure):
        return counted
    return replace(counted, term=replace(counted.term, at=times[0]))


def count_among(asked: Asked, rules: NumberRules) -> None:
    """`top 3 clubs by check-ins, with the number of members`: the members of those check-ins, each once."""
    bests = [best.by for best in (*asked.best, *(top.of for top in asked.tops)) if isinstance(best, Best)]
    by = [one for one in (*asked.by, *bests) if isinstance(one, Number) and isinstance(one.term, Measure)]
    ends = set(_ends(asked)) | {top.of.table for top in asked.tops if isinstance(top.of, Rows)}
    if len(by) != 1 or not isinstance(by[0].term, Measure) or len(ends) != 1:
        return
    told, end = by[0].term, next(iter(ends))
    for number in [one for one in asked.returned if isinstance(one, Number) and _is_count(one)]:
        ways = [path_of(rules.graph, told.table, table) for table in (number.table, end)]
        is_own = isinstance(number.term, Measure) and number.term.where is not None
        if is_own or number.table in (told.table, end) or not all(w and is_to_one(w) for w in ways):
            continue
        keys = rules.graph.table(number.table).keys[:1]
        if len(keys) == 1 and len(keys[0]) == 1:
            of = Attribute(number.table, keys[0][0])
            among = Number(Measure("count_distinct", told.table, of, told.where, told.at), told.table)
            asked.returned[asked.returned.index(number)] = among


def list_over(asked: Asked, rules: NumberRules) -> None:
    """Show things beside each other by the rows of what happened, where a verb says it: "customers and the
    products they ordered".

    Raises:
        Refused: they belong together in several ways, and no verb says which is meant.
    """
    things = [
        one if isinstance(one, Rows) else one.rows for one in asked.shown if isinstance(one, Rows | Columns)
    ]
    base = next((rows.table for rows in things if rows is not None), "")
    for place, shown in enumerate(asked.shown):
        rows = shown if isinstance(shown, Rows) else shown.rows if isinstance(shown, Columns) else None
        path = rules.path(base, rows.table) if base and rows is not None else ()
        if rows is None or (path is not None and is_to_one(path)):
            continue
        acts = [one for one in _held(rows.where) if pivot(rules.graph, {base, rows.table}, one.table)]
        if len(acts) == 1 and acts[0].where is None:
            middle = pivot(rules.graph, {base, rows.table}, acts[0].table)
            via = names_over(rules.graph, base, middle, rows.table)
            terms = tuple(
                replace(term, via=via) for term in rules.named(shown) if isinstance(term, Attribute)
            )
            rest = both(*(held for held in conjuncts(rows.where) if held != acts[0]))
            if rest is None:
                asked.shown[place] = Columns(terms)
        elif rules.distance(base, rows.table) is None:
            raise Refused(f"{base} and {rows.table} belong together in several ways, or only far off")


def _held(where: Predicate | None) -> list[Exists]:
    """What a verb alone says of rows."""
    held = [one for one in conjuncts(where) if isinstance(one, Exists) and not one.via]
    return [one for one in held if (one.operator, one.count) == (">=", 1)]


def _ends(asked: Asked) -> Iterator[str]:
    """The tables that make groups."""
    yield from (rows.table for rows in (*asked.group.rows, *asked.rows()))
    yield from (term.table for term in asked.group.terms)
    for shown in asked.shown:
        if isinstance(shown, Columns):
            yield from (term.table for term in shown.terms)


def _is_count(number: Number) -> bool:
    term = number.term
    return isinstance(term, Measure) and term.function == "count" and term.of is None and term.at is None


def _acts(asked: Asked, number: Number) -> Iterator[Exists]:
    """What verbs say of the things that are counted or that make groups."""
    wheres = [number.term.where] if isinstance(number.term, Measure) else []
    wheres += [rows.where for rows in (*asked.group.rows, *asked.rows())]
    for where in wheres:
        yield from _held(where)
    for claim in asked.claims:
        if isinstance(claim, Link) and claim.is_act and claim.is_plain and claim.rows.time is None:
            yield Exists(claim.rows.table, (), claim.rows.where)


def _counted_acts(asked: Asked, number: Number, rules: NumberRules) -> Iterator[Exists]:
    """What is said by how many of the things it was done with: "observed with at least 4 telescopes"."""
    sources = {relationship.name: relationship.source for relationship in rules.graph.relationships}
    for rows in (*asked.group.rows, *asked.rows()):
        for one in conjuncts(rows.where):
            if isinstance(one, Exists) and one.table == number.table and len(one.via) == 2:
                tables = {sources[name] for name in one.via}
                if len(tables) == 1 and one.where is None:
                    yield Exists(tables.pop())


def _is_apart(rules: NumberRules, counted: str, end: str, table: str, act: Exists) -> bool:
    """Whether things of two tables are not related without a verb, or in another way than it says, or only
    some of the rows that relate them are meant.
    """
    if counted == end:
        return False
    path = rules.path(counted, end)
    if path is None or rules.distance(counted, end) is None:
        return True
    return not is_to_one(path) and (act.where is not None or table not in {step.end for step in path})


def _counted_over(table: str, number: Number, act: Exists, rules: NumberRules) -> Number | None:
    """How many different things the rows of a table belong to; None where conditions are not theirs."""
    keys = rules.graph.table(number.table).keys[:1]
    if not keys or len(keys[0]) > 1 or not isinstance(number.term, Measure):
        return None
    where: Predicate | None = None
    said = [(number.table, held) for held in conjuncts(number.term.where) if held != act]
    said += [(act.table, held) for held in conjuncts(act.where)]
    for of, held in said:
        found = rules.restricted(Rows(table), of, held)
        if found is None:
            return None
        where = both(where, found[0].where)
    return Number(Measure("count_distinct", table, Attribute(number.table, keys[0][0]), where), table)


def _replace(asked: Asked, number: Number, counted: Number, act: Exists) -> None:
    """Put one number in place of another, whose rows say by themselves what was done."""

    def changed(part: Any) -> Any | None:
        if part == number:
            return counted
        if isinstance(part, Rows) and act in conjuncts(part.where):
            rest = both(*(held for held in conjuncts(part.where) if held != act))
            return Rows(part.table, rest, part.time)
        return None

    for name in _HOLDERS:
        setattr(asked, name, list(rewritten(tuple(getattr(asked, name)), changed)))
    asked.group = rewritten(asked.group, changed)
    links = (Link(Rows(act.table, act.where)), Link(Rows(act.table, act.where), is_act=True))
    asked.claims = [claim for claim in asked.claims if claim not in links]
