"""A kept reading, refined: what one more phrase changes in the sentence is changed in the reading too.

The sentence is read with the phrase and without; the difference between the two readings is made in the kept
one, which people may have edited meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from aidbt.semantic.english.grounding.refusal import Refused
from aidbt.semantic.query import (
    Attribute,
    Comparison,
    InPeriod,
    Measure,
    OneOf,
    Order,
    Output,
    Predicate,
    SemanticQuery,
    Term,
    both,
    conjuncts,
    measures,
)
from aidbt.semantic.rewriting import rewritten

Read = Callable[[str], SemanticQuery]
# How a phrase may be added to a sentence.
_JOINED = ("{sentence}, {phrase}", "{sentence} {phrase}", "{sentence} and {phrase}")


def refined(kept: SemanticQuery, sentence: str, phrase: str, read: Read) -> SemanticQuery:
    """The kept reading with what a phrase adds: conditions, groups, numbers, an order, a limit.

    A condition takes the place of one of the same kind on the same column, and a grain that of another grain:
    "only 2014" after "only 2013" means 2014.

    Args:
        sentence: what was asked first; it is read again.
        read: what a sentence means; it raises `Refused`.

    Raises:
        Refused: the phrase is not understood behind the sentence, or changes nothing, or too much.
    """
    before = lifted(read(sentence))
    first: Refused | None = None
    for form in _JOINED:
        try:
            change = _change(
                before, lifted(read(form.format(sentence=sentence.rstrip(" .?!"), phrase=phrase)))
            )
        except Refused as error:
            first = first or error
            continue
        if change != _Change():
            return _applied(change, lifted(kept))
        first = first or Refused(
            f"'{phrase}' changes nothing in the reading of the sentence",
            hint="say what to add: a condition, a group, a number, an order; or ask for the model anew",
        )
    assert first is not None
    raise first


def lifted(query: SemanticQuery) -> SemanticQuery:
    """The same query, with what all its measures ask of their rows among its own conditions.

    That is the same only where all measures are over the rows of one table, and these make the groups.
    """
    found = measures((query.outputs, query.having, query.order_by))
    if not found or query.base or len({(measure.table, measure.at) for measure in found}) > 1:
        return query
    first, *others = [conjuncts(measure.where) for measure in found]
    shared = [predicate for predicate in first if all(predicate in other for other in others)]

    def without(part: object) -> Measure | None:
        if not isinstance(part, Measure):
            return None
        return replace(part, where=both(*(p for p in conjuncts(part.where) if p not in shared)))

    return replace(
        query,
        outputs=rewritten(query.outputs, without),
        having=rewritten(query.having, without),
        order_by=rewritten(query.order_by, without),
        where=both(query.where, *shared),
    )


@dataclass(frozen=True, slots=True)
class _Change:
    """What is different between two readings; () and None where nothing is."""

    conditions: tuple[Predicate, ...] = ()
    gone: tuple[Predicate, ...] = ()
    groups: tuple[Term, ...] = ()
    outputs: tuple[Output, ...] = ()
    having: Predicate | None = None
    order_by: tuple[Order, ...] = ()
    limit: int | None = None
    limit_within: tuple[Term, ...] = ()
    distinct: bool = False


def _change(before: SemanticQuery, after: SemanticQuery) -> _Change:
    """Raises: Refused: what the rows are of is another."""
    same = ("base", "source", "clock", "has_ties")
    if any(getattr(before, name) != getattr(after, name) for name in same):
        raise Refused(
            "this changes what the whole model is about", hint="ask for the model anew, in one sentence"
        )
    old, new = conjuncts(before.where), conjuncts(after.where)
    shown = {output.term for output in before.outputs}
    return _Change(
        conditions=tuple(p for p in new if p not in old),
        gone=tuple(p for p in old if p not in new),
        groups=tuple(term for term in after.group_by if term not in before.group_by),
        outputs=tuple(output for output in after.outputs if output.term not in shown),
        having=after.having if after.having != before.having else None,
        order_by=after.order_by if after.order_by != before.order_by else (),
        limit=after.limit if after.limit != before.limit else None,
        limit_within=after.limit_within if after.limit_within != before.limit_within else (),
        distinct=after.distinct and not before.distinct,
    )


def _applied(change: _Change, query: SemanticQuery) -> SemanticQuery:
    kept = [p for p in conjuncts(query.where) if p not in change.gone]
    kept = [p for p in kept if not any(_replaces(new, p) for new in change.conditions)]
    groups = [term for term in query.group_by if not any(_other_grain(new, term) for new in change.groups)]
    outputs = [o for o in query.outputs if o.term not in query.group_by or o.term in groups]
    fresh = [output for output in change.outputs if output.term not in {o.term for o in outputs}]
    new_groups = [output for output in fresh if output.term in change.groups]
    rest = [_named_apart(o, outputs) for o in fresh if o.term not in change.groups]
    place = sum(output.term in groups for output in outputs)
    ordered = [*outputs[:place], *(_named_apart(o, outputs) for o in new_groups), *outputs[place:], *rest]
    return replace(
        query,
        where=_all(*kept, *change.conditions),
        group_by=tuple(dict.fromkeys([*groups, *change.groups])),
        outputs=tuple(ordered),
        having=_all(*conjuncts(query.having), *conjuncts(change.having)),
        order_by=change.order_by or query.order_by,
        limit=change.limit if change.limit is not None else query.limit,
        limit_within=change.limit_within or query.limit_within,
        distinct=query.distinct or change.distinct,
    )


def _all(*predicates: Predicate) -> Predicate | None:
    """The conditions together, each once."""
    return both(*dict.fromkeys(predicates))


def _replaces(new: Predicate, old: Predicate) -> bool:
    """Whether one condition takes the place of another: a period or a choice of the same column."""
    if isinstance(new, InPeriod) and isinstance(old, InPeriod):
        return new.term == old.term
    return _choice(new) is not None and _choice(new) == _choice(old)


def _choice(predicate: Predicate) -> Term | None:
    match predicate:
        case OneOf(term, _, _) | Comparison("=", term, _):
            return term
        case _:
            return None


def _other_grain(new: Term, old: Term) -> bool:
    """Whether both are groups by the same time, cut differently."""
    if not (isinstance(new, Attribute) and isinstance(old, Attribute)) or new.grain is None:
        return False
    return old.grain is not None and replace(new, grain=None) == replace(old, grain=None)


def _named_apart(output: Output, others: Sequence[Output]) -> Output:
    taken = {other.name for other in others}
    name, number = output.name, 2
    while name in taken:
        name, number = f"{output.name}_{number}", number + 1
    return replace(output, name=name)
