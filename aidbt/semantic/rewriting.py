"""Questions rewritten: parts of them replaced by others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar, cast

from aidbt.semantic.query import All, Attribute, Clock, Exists, Predicate, SemanticQuery

T = TypeVar("T")


def rewritten(node: T, change: Callable[[Any], Any | None]) -> T:
    """A term, predicate or query in which parts stand for others; a `source` is left as it is.

    Args:
        change: what a part becomes; None goes on to what the part is made of.

    Example:
        >>> from aidbt.semantic.query import Missing, OutputRef, Value
        >>> rewritten(Missing(OutputRef("n")), lambda part: Value(1) if part == OutputRef("n") else None)
        Missing(term=Value(value=1))
    """
    if isinstance(node, tuple):
        return cast(T, tuple(rewritten(item, change) for item in node))
    if not is_dataclass(node) or isinstance(node, type):
        return node
    changed = change(node)
    if changed is not None:
        return cast(T, changed)
    whole: Any = node
    inner = {item.name: getattr(whole, item.name) for item in fields(whole) if item.name != "source"}
    new = {name: rewritten(value, change) for name, value in inner.items()}
    return cast(T, replace(whole, **new))


def under_clock(query: SemanticQuery, clock: Clock) -> SemanticQuery:
    """The query, and those that it is about, seen from one clock."""
    source = under_clock(query.source, clock) if query.source is not None else None
    return replace(query, clock=clock, source=source)


def of_far_rows(far: Attribute, predicates: Sequence[Predicate]) -> Exists:
    """That there is one row of a far table of which all of these hold, its columns seen from there.

    Args:
        far: its table and the way to it count, not the column.
    """

    def own(part: Any) -> Attribute | None:
        is_own = isinstance(part, Attribute) and (part.table, part.via) == (far.table, far.via)
        return replace(part, via=()) if is_own else None

    inner = rewritten(tuple(predicates), own)
    return Exists(far.table, far.via, All(inner) if len(inner) > 1 else inner[0])
