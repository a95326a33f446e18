"""What predicates say together: whether they exclude each other, and whether they may be of the same row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

from aidbt.semantic.english.meanings.apart import are_apart
from aidbt.semantic.query import (
    All,
    Comparison,
    Exists,
    InPeriod,
    Missing,
    Not,
    OneOf,
    Predicate,
    Term,
    Value,
    attributes,
    both,
)


def is_contradiction(predicate: Predicate | None) -> bool:
    """Whether no row can be what is claimed of it: empty and yet a value, two values, below 1 and above 5."""
    if not isinstance(predicate, All):
        return False
    if any(isinstance(part, Not) and part.predicate in predicate.predicates for part in predicate.predicates):
        return True
    missing = {part.term for part in predicate.predicates if isinstance(part, Missing)}
    compared = [part for part in predicate.predicates if isinstance(part, Comparison)]
    if any(missing & set(attributes(part)) for part in compared):
        return True  # of what was not done there is no length
    related = [part for part in predicate.predicates if isinstance(part, Exists)]
    none = {(one.table, one.via) for one in related if _is_none(one)}
    if any((one.table, one.via) in none and one.count > 0 for one in related):
        return True
    about: dict[object, list[Predicate]] = {}
    for part in predicate.predicates:
        term = getattr(part, "term", None) or (part.left if isinstance(part, Comparison) else None)
        about.setdefault(term, []).append(part)
    return any(_excluded(said) for term, said in about.items() if term is not None)


def _is_none(some: Exists) -> bool:
    """Whether there is no related row at all."""
    return some.where is None and (some.operator, some.count) == ("=", 0)


def _excluded(said: Sequence[Predicate]) -> bool:
    """Whether predicates on one term exclude each other."""
    if any(isinstance(part, Missing) for part in said) and len(said) > 1:
        return True
    values: list[set[Term]] = [set(part.values) for part in said if isinstance(part, OneOf)]
    values += [{part.right} for part in said if isinstance(part, Comparison) and part.operator == "="]
    if values and not set.intersection(*values):
        return True
    periods = [part for part in said if isinstance(part, InPeriod)]
    if any(are_apart(one, other) for one, other in combinations(periods, 2)):
        return True
    low = [_number(part) for part in said if isinstance(part, Comparison) and part.operator in (">", ">=")]
    high = [_number(part) for part in said if isinstance(part, Comparison) and part.operator in ("<", "<=")]
    lows, highs = [n for n in low if n is not None], [n for n in high if n is not None]
    return bool(lows and highs and max(lows) > min(highs))


def _number(comparison: Comparison) -> float | None:
    value = comparison.right.value if isinstance(comparison.right, Value) else None
    return float(value) if isinstance(value, int | float) else None


def each_of_them(predicate: Predicate | None) -> list[Predicate | None]:
    """What holds of rows, apart for each thing that is asked for: "ordered both tea and cola".

    The one may be in another order than the other.
    """
    held = predicate.predicates if isinstance(predicate, All) else (predicate,)
    apart = [one for one in held if any(is_another(one, other) for other in held)]
    rest = [one for one in held if one not in apart]
    return [both(one, *rest) for one in apart] or [predicate]


def of_same_rows(said: Predicate | None, more: Predicate | None) -> Predicate | None:
    """What holds of rows, and of the same related row as before: animals "treated by Ortega for an injury"
    were so at one visit. None where another row may be meant.
    """
    held = said.predicates if isinstance(said, All) else (said,)
    for number, one in enumerate(held):
        if not isinstance(one, Exists) or not isinstance(more, Exists) or is_another(one, more):
            continue
        is_same = (one.table, one.via) == (more.table, more.via)
        if is_same and {(one.operator, one.count), (more.operator, more.count)} == {(">=", 1)}:
            merged = replace(one, where=both(one.where, more.where))
            return both(*held[:number], merged, *held[number + 1 :])
    return None


def is_another(one: Predicate | None, other: Predicate | None) -> bool:
    """Whether two predicates differ only in which value something is: one product, and another one."""
    match one, other:
        case InPeriod(), InPeriod():
            return are_apart(one, other)
        case OneOf(), OneOf():
            return one.term == other.term and one.values != other.values
        case Exists(), Exists():
            return (one.table, one.via) == (other.table, other.via) and is_another(one.where, other.where)
        case All(), All():
            rest = [(a, b) for a, b in zip(one.predicates, other.predicates, strict=False) if a != b]
            return len(one.predicates) == len(other.predicates) and [is_another(*p) for p in rest] == [True]
        case _:
            return False


def negated(predicate: Predicate) -> Predicate:
    """What holds where a predicate does not."""
    return predicate.predicate if isinstance(predicate, Not) else Not(predicate)
