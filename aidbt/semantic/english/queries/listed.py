"""Questions that list rows, one by one: which, in what order, and what of each is seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from aidbt.semantic.english.grounding.refusal import Distant, Elsewhere, Refused
from aidbt.semantic.english.meanings.number_phrases import Best, Number, Sorted
from aidbt.semantic.english.meanings.phrases import Amount, Columns, Condition, Link, Rows
from aidbt.semantic.english.number_rules.asked import Asked
from aidbt.semantic.english.number_rules.numbers import NumberRules
from aidbt.semantic.english.queries.shown_rows import of_shown_rows
from aidbt.semantic.english.words.dimensions import year_begun
from aidbt.semantic.english.words.naming import name_of
from aidbt.semantic.graph import is_to_one
from aidbt.semantic.query import (
    Attribute,
    Comparison,
    Duration,
    Exists,
    Extreme,
    Missing,
    Not,
    Order,
    Output,
    Predicate,
    SemanticQuery,
    Term,
    attributes,
    both,
    conjuncts,
    parts,
)

Thing = Rows | Columns | Amount


def listed(asked: Asked, rules: NumberRules) -> SemanticQuery:
    """The rows that a question without numbers asks for.

    Raises:
        Refused: it is not said of what, or what is said does not belong together.
    """
    things = _things(asked)
    if not things or asked.compares:
        raise Refused("it is not said what is asked for")
    best = _only_best(asked)
    base = _base_of_best(best, _base(things, rules), rules)
    where = _where(asked, things, base, rules)
    orders = _best_orders(best) + [_order(order, base, rules, things, where) for order in asked.orders]
    terms = [_own(term, base, rules) for term in _terms(asked, things, orders, rules)]
    _check_fan(terms, base, rules)
    within = _within(asked)
    is_one_of_each = bool(within) and _limit(asked, best) == 1 and not _is_by_time(orders, rules)
    known = any(_rows_of(thing) is not None for thing in things)
    query = SemanticQuery(
        tuple(Output(term, name_of(term)) for term in dict.fromkeys((*within, *terms))),
        base=base,
        where=both(where, _of_groups(asked, base, rules), *_present(within, base)),
        order_by=tuple(dict.fromkeys((*map(Order, within), *orders))),
        limit=_limit(asked, best),
        limit_within=within,
        has_ties=asked.has_ties or is_one_of_each,
        distinct=not within and (not known or _repeats(terms, base, rules)),
    )
    _check_lengths(asked, query)
    return of_shown_rows(query, rules)


def _check_lengths(asked: Asked, query: SemanticQuery) -> None:
    """That `how long does it take to ship an order` says of which orders, or that the mean is meant."""
    lengths = [one.term for one in query.outputs if isinstance(one.term, Duration)]
    known = {Not(Missing(length.end)) for length in lengths}
    is_bare = len(lengths) == len(query.outputs) and set(conjuncts(query.where)) <= known
    if is_bare and query.limit is None and not (asked.lists or asked.shows or asked.returned):
        raise Refused("it is not certain whether how long it takes is meant of each, or on average")


def _things(asked: Asked) -> list[Thing]:
    found: list[Thing] = [shown for shown in asked.shown if not isinstance(shown, Number)]
    found += [top.of for top in asked.tops if isinstance(top.of, Rows | Columns)]
    bests = [*asked.best, *(top.of for top in asked.tops if isinstance(top.of, Best))]
    found += [best.rows for best in bests if best.rows is not None]
    return found or _of_kind(asked, bests) or [b.by for b in bests if isinstance(b.by, Columns | Amount)]


def _of_kind(asked: Asked, bests: Sequence[Best]) -> list[Thing]:
    """`which defender has the highest market value`: rows are asked for by what kind they are of."""
    if not asked.lists or len(bests) != 1 or not isinstance(bests[0].by, Columns):
        return []
    table = bests[0].by.terms[0].table
    claims = asked.claims
    is_own = len(claims) == 1 and isinstance(claims[0], Condition) and claims[0].table == table
    return [Rows(table)] if is_own else []


def _rows_of(thing: Thing) -> Rows | None:
    return thing if isinstance(thing, Rows) else thing.rows


def _base(things: Sequence[Thing], rules: NumberRules) -> str:
    """The table whose rows are listed: the first that is spoken of; of lengths of time the one with them."""
    measured = {thing.table for thing in things if isinstance(thing, Amount)}
    for thing in things:
        rows = _rows_of(thing)
        if rows is not None:
            path = rules.path(min(measured), rows.table) if len(measured) == 1 else None
            return min(measured) if path and is_to_one(path) else rows.table
    first = things[0]
    return first.terms[0].table if isinstance(first, Columns) else first.table


def _base_of_best(best: Best | None, base: str, rules: NumberRules) -> str:
    """The table of the greatest where its rows belong to those spoken of first: "who has the highest salary,
    and in what department do they work" lists an employee.
    """
    if best is None or not isinstance(best.rows, Rows):
        return base
    path = rules.path(best.rows.table, base)
    return best.rows.table if path and is_to_one(path) else base


def _check_fan(terms: Sequence[Term], base: str, rules: NumberRules) -> None:
    """That rows of two tables are not put side by side that only share what they belong to.

    Raises:
        Refused: they are: each enrollment of a course would stand beside each attendance of it.
    """
    tables = {a.table for term in terms for a in attributes(term) if a.table and not a.via}
    far = [t for t in sorted(tables) if (path := rules.path(base, t)) is not None and not is_to_one(path)]
    for one in far:
        for other in far:
            ways = [rules.path(one, other), rules.path(other, one)]
            if one != other and not any(way is not None and is_to_one(way) for way in ways):
                raise Refused(f"rows of {one} and {other} do not belong to each other")


def _only_best(asked: Asked) -> Best | None:
    bests = [*asked.best, *(top.of for top in asked.tops if isinstance(top.of, Best))]
    if len(bests) > 1:
        raise Refused("it is not certain which of two greatest or least is meant")
    return bests[0] if bests else None


def _best_orders(best: Best | None) -> list[Order]:
    if best is None:
        return []
    if isinstance(best.by, Number):
        raise Refused("the greatest number of what is not said")
    return [Order(term, best.is_descending) for term in _terms_of(best.by)]


def _terms_of(thing: Columns | Amount) -> tuple[Term, ...]:
    return (thing.term,) if isinstance(thing, Amount) else thing.terms[:1]


def _limit(asked: Asked, best: Best | None) -> int | None:
    if len(asked.tops) > 1:
        raise Refused("two numbers of rows are asked for")
    if asked.tops:
        top = asked.tops[0]
        if best is None and not asked.orders:
            raise Refused("the first of what is in no order", hint="say by what")
        return top.limit
    return 1 if best is not None and not asked.orders else None


def _where(asked: Asked, things: Sequence[Thing], base: str, rules: NumberRules) -> Predicate | None:
    where: Predicate | None = None
    for thing in things:
        rows = _rows_of(thing)
        if rows is None or rows.where is None:
            continue
        seen = rules.restricted(Rows(base), rows.table, rows.where)
        if seen is None:
            raise Refused(f"rows of {rows.table} and {base} are not known to belong together")
        where = both(where, seen[0].where)
    time = next((rows.time for thing in things if (rows := _rows_of(thing)) is not None), None)
    for claim in asked.claims:
        if isinstance(claim, Link) and claim.is_all:
            _check_included(claim, base, where)
            continue
        found = rules.claimed(Rows(base, where, time), claim)
        if found is None:
            raise Elsewhere(f"a condition is not about {base}, nor about what its rows belong to")
        where = found[0].where
    return where


def _check_included(claim: Link, base: str, where: Predicate | None) -> None:
    """That `including discontinued ones` says of the rows that are listed that others are among them too.

    Raises:
        Refused: it may say something else.
    """
    is_listed = claim.count == 0 or claim.rows.table == base
    if not is_listed or (claim.rows.where is not None and where is not None):
        raise Refused("it is not certain what is to be listed besides")


def _within(asked: Asked) -> tuple[Term, ...]:
    """The groups inside of which the first are meant: "the dearest product of each category"."""
    if not asked.group:
        return ()
    if not asked.best and not asked.tops:
        raise Refused("it is not said what is counted or added up in each group")
    if asked.group.grains or asked.group.parts:
        raise Refused("it is not certain how rows are listed in these groups")
    return asked.group.terms


def _of_groups(asked: Asked, base: str, rules: NumberRules) -> Predicate | None:
    """What holds of the things that make the groups, and of none of the rows in them: active customers."""
    where: Predicate | None = None
    for rows in asked.group.rows:
        if rows.where is None:
            continue
        path = rules.path(base, rows.table)
        is_own = path is not None and is_to_one(path)
        if not is_own or any(isinstance(part, Exists | Extreme) for part in parts(rows.where)):
            raise Refused("it is not certain how rows are listed in these groups")
        seen = rules.restricted(Rows(base), rows.table, rows.where)
        where = both(where, seen[0].where if seen else None)
    return where


def _present(within: Sequence[Term], base: str) -> list[Predicate]:
    """Rows that belong to none of the groups are not in them."""
    own = [term for term in within if isinstance(term, Attribute) and term.table != base]
    return [Not(Missing(term)) for term in own[:1]]


def _terms(asked: Asked, things: Sequence[Thing], orders: Sequence[Order], rules: NumberRules) -> list[Term]:
    wanted: list[Thing] = [shown for shown in asked.returned if not isinstance(shown, Number)]
    # What a name is defined as is shown, whatever it is called where the answer is described.
    if asked.scopes:
        wanted += [thing for thing in things if isinstance(thing, Columns)]
    wanted = wanted or list(things)
    terms: list[Term] = []
    for thing in wanted:
        terms += rules.named(thing)
    terms += [order.term for order in orders if isinstance(order.term, Attribute)]
    return list(dict.fromkeys(terms))


def _is_by_time(orders: Sequence[Order], rules: NumberRules) -> bool:
    """Whether the first come by a time: of two orders on one day one is the last."""
    terms = [order.term for order in orders if isinstance(order.term, Attribute)]
    return any(rules.is_time(term) for term in terms)


def _own(term: Term, base: str, rules: NumberRules) -> Term:
    """The base's own column that refers to a key, in place of the key that it refers to."""
    if isinstance(term, Attribute) and term.table != base and not term.via:
        for relationship in rules.graph.relationships:
            place = (relationship.source, relationship.target, relationship.target_columns)
            if place == (base, term.table, (term.column,)):
                return replace(term, table=base, column=relationship.source_columns[0])
    return term


def _compared(where: Predicate | None, base: str, rules: NumberRules) -> list[Attribute]:
    """The numbers of rows that a question holds against others: "above 200 m, from highest to lowest"."""
    held = [
        part for part in parts(where) if isinstance(part, Comparison) and part.operator not in ("=", "<>")
    ]
    terms = [part.left for part in held if isinstance(part.left, Attribute) and not part.left.via]
    return list(dict.fromkeys(t for t in terms if t.table == base and rules.is_measured(t)))


def _order(
    order: Sorted, base: str, rules: NumberRules, things: Sequence[Thing], where: Predicate | None
) -> Order:
    is_descending = bool(order.is_descending)
    if isinstance(order.by, Number):
        raise Refused("sorted by a number that is not asked for")
    if order.by is not None:
        by = rules.named(order.by)[-1]
        path = rules.path(base, by.table) if isinstance(by, Attribute) else None
        is_shown = any(by in rules.named(thing) for thing in things)
        if path is not None and not is_to_one(path) and not is_shown:
            raise Distant("each row has several of what the answer is sorted by")
        return Order(by, is_descending)
    if order.of == "time":
        time, year = rules.time_of(base), year_begun(rules.graph.table(base))
        if time is None and not year:
            raise Refused(f"it is not known when rows of {base} happened")
        return Order(Attribute(base, year) if year or time is None else time, is_descending)
    columns = [term for thing in things if isinstance(thing, Columns) for term in thing.terms]
    measured = [term for term in columns if rules.is_measured(term)]
    if not order.of and len(measured) > 1:
        raise Refused("it is not said which number the answer is sorted by")
    if not order.of and measured:
        return Order(measured[0], is_descending)
    compared = _compared(where, base, rules)
    if not order.of and isinstance(things[0], Rows) and len(compared) == 1:
        return Order(compared[0], is_descending)
    if not order.of and isinstance(things[0], Rows):
        # "From longest to shortest" may be said of a column that the rows have.
        raise Distant("it is not said what the answer is sorted by", hint="say by which column")
    terms = rules.named(things[0])
    return Order(terms[-1] if order.of == "name" else terms[0], is_descending)


def _repeats(terms: Sequence[Term], base: str, rules: NumberRules) -> bool:
    """Whether rows of the base repeat when these terms are joined to them."""
    tables = {attribute.table for term in terms for attribute in attributes(term)}
    paths = [rules.path(base, table) for table in tables]
    return any(path is None or not is_to_one(path) for path in paths)
