"""Whether groups make sense beside what is counted in them, and beside what is the most in each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from aidbt.semantic.english.grounding.refusal import Refused
from aidbt.semantic.english.meanings.relations import Relations
from aidbt.semantic.graph import is_to_one
from aidbt.semantic.query import Attribute, Exists, InPeriod, Measure, Not, Predicate, Term, attributes


def check_finer(groups: Iterable[Term], counted: Sequence[Measure], rules: Relations) -> None:
    """That nothing is counted by what belongs to one of it: of guests by booking there is always one.

    Args:
        groups: those that nobody asked for as groups.

    Raises:
        Refused: it is.
    """
    for group in groups:
        if not isinstance(group, Attribute) or not group.table or group.via:
            continue
        if not any(group.column in key for key in rules.graph.table(group.table).keys):
            continue  # several have a street alike
        for measure in counted:
            is_count = measure.function in ("count", "count_distinct") and bool(measure.table)
            path = rules.path(group.table, measure.table) if is_count else None
            back = rules.path(measure.table, group.table) if path else None
            if path and back and is_to_one(path) and not is_to_one(back):
                raise Refused(f"a row of {group.table} belongs to one of {measure.table}, which are counted")


def check_agents(outer: Sequence[Term], inner: Sequence[Term], rules: Relations) -> None:
    """That people who make groups did not only do it: "which countries had the most views by learners".

    Raises:
        Refused: each of them has only one of what is asked for in each group.
    """
    groups = [term for term in (*outer, *inner) if isinstance(term, Attribute)]
    tables = {term.table for term in groups[: len(outer)]}
    if len(groups) < len(outer) + len(inner) or len(tables) != 1 or not tables <= rules.people:
        return
    who = tables.pop()
    keys = {name for key in rules.graph.table(who).keys for name in key}
    if not keys & {term.column for term in groups[: len(outer)]}:
        return  # "for every segment, the customer with the most orders": they are of a kind that is asked for
    for term in groups[len(outer) :]:
        path = () if term.table == who else rules.path(who, term.table)
        if path is None or not is_to_one(path):
            return
    raise Refused(f"it is not certain whether {who} are groups, or did what is counted")


def check_denied(held: Iterable[Predicate], groups: Sequence[Term], rules: Relations) -> None:
    """That no time is denied of what people did, where they may be meant who never did it then: "guests who
    have not checked in since May, and their latest check-in".

    Args:
        held: what holds of the rows that are measured.
        groups: those that nobody asked for as groups.

    Raises:
        Refused: one is.
    """
    tables = {term.table for term in groups if isinstance(term, Attribute)} & rules.people
    for predicate in held:
        inner = predicate.predicate if isinstance(predicate, Not) else None
        if isinstance(inner, InPeriod) and isinstance(inner.term, Attribute) and tables - {inner.term.table}:
            raise Refused("it is not certain whether somebody never did it, or rows of another time count")


def check_apart(held: Iterable[Predicate], counted: Sequence[Measure], rules: Relations) -> None:
    """That two conditions on one row are not of two: of the courses that learners from Spain took in May,
    each would be of somebody's there, and of somebody's then.

    Raises:
        Refused: they are.
    """
    plain = [one for one in held if not isinstance(one, Exists | Not)]
    for table in {measure.table for measure in counted if measure.table}:
        paths = {a.table: rules.path(table, a.table) for one in plain for a in attributes(one) if a.table}
        far = [other for other, path in paths.items() if path is not None and not is_to_one(path)]
        if len(far) > 1:
            raise Refused(f"conditions on {far[0]} and {far[1]} may be of different rows of {table}")
