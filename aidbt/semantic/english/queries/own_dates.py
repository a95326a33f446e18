"""`the date` of rows that have several, where a question speaks of one of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from aidbt.semantic.english.checks.misplaced import bare_dates
from aidbt.semantic.english.meanings.chart import Item
from aidbt.semantic.english.number_rules.grammar import Rules
from aidbt.semantic.english.words.naming import unique_names
from aidbt.semantic.english.words.tokens import Token
from aidbt.semantic.query import Attribute, InPeriod, Output, SemanticQuery, parts

Said = tuple[Sequence[Token], Sequence[Item]]


def with_own_dates(query: SemanticQuery, said: Sequence[Said], rules: Rules) -> SemanticQuery:
    """A list whose "date" is the one of its own rows that it was asked about, and no date of other rows.

    Of "jobs that were scheduled in May, with the date" it is when they were scheduled.
    """
    others = set(_dates_of_others(said, query.base))
    own = [c for c in rules.graph.table(query.base).columns if c.kind in ("time", "date")] if others else ()
    if not own:
        return query
    held = {part.term for part in parts(query.where) if isinstance(part, InPeriod)}
    asked = [term for term in held if isinstance(term, Attribute) and term.table == query.base]
    if len(asked) != 1:
        return query
    term = asked[0]
    outputs = [Output(term, term.column) if o.term in others else o for o in query.outputs]
    return replace(query, outputs=unique_names(tuple(dict.fromkeys(outputs))))


def _dates_of_others(said: Sequence[Said], base: str) -> Iterator[Attribute]:
    """The columns of other rows that are called a date alone."""
    for sentence, items in said if base else ():
        for columns in bare_dates(sentence, [word for item in items for word in item.words()]):
            yield from (term for term in columns.terms if term.table != base)
