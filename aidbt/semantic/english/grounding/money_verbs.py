"""Verbs of money, behind which the amounts of what was done are meant: "the total donated"."""

from __future__ import annotations

from collections.abc import Iterator

from aidbt.core.words import words_of
from aidbt.semantic.english.meanings.phrases import Columns, Rows
from aidbt.semantic.english.words.additive import is_additive
from aidbt.semantic.english.words.tokens import verb_stem
from aidbt.semantic.graph import Graph
from aidbt.semantic.query import Attribute, Missing, Not

PAYING = frozenset("paid earned spent charged billed collected received invoiced".split())
"""What is done with any money, which says nothing of payments where there are others."""
_MONEY = PAYING | frozenset(
    """donated pledged contributed raised refunded repaid reimbursed fined lent loaned borrowed invested
    deposited withdrawn transferred granted awarded claimed owed taxed tipped""".split()
)


def amount_columns(text: str, graph: Graph) -> Iterator[Columns]:
    """The amounts that go by a verb of money: `amount_paid`, of "total paid"."""
    stem = verb_stem(text)
    for table in graph.tables if text in _MONEY else ():
        for column in table.columns:
            words = [verb_stem(word) for word in words_of(column.name)]
            is_bare = set(words) <= {stem, *map(verb_stem, ("amount", "total", "sum", "value"))}
            if stem in words and is_bare and is_additive(table, column.name):
                yield Columns((Attribute(table.name, column.name),))


def amounts_done(text: str, meaning: object, graph: Graph) -> Rows | None:
    """The rows whose amounts a verb of money speaks of; None where a number of theirs goes by it itself.

    Args:
        meaning: the rows that were done, or the time at which they were.
    """
    if text not in _MONEY:
        return None
    if isinstance(meaning, Columns):
        time = meaning.terms[0]
        is_always = not graph.table(time.table).column(time.column).nullable
        rows = Rows(time.table, None if is_always else Not(Missing(time)), time)
    elif isinstance(meaning, Rows):
        rows = meaning
    else:
        return None
    table = graph.table(rows.table)
    numbers = [column.name for column in table.columns if is_additive(table, column.name)]
    stems = {verb_stem(word) for name in numbers for word in words_of(name)}
    return None if verb_stem(text) in stems - set(map(verb_stem, words_of(table.name))) else rows
