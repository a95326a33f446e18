"""What a table's own columns say was done with its rows, and when."""

from __future__ import annotations

from collections.abc import Iterable

from aidbt.core.words import words_of
from aidbt.semantic.english.words.tokens import verb_stem
from aidbt.semantic.graph import Graph


def tells(tables: Iterable[str], participle: str, graph: Graph) -> bool:
    """Whether a time or a flag of one of the tables is of what a participle says: `completed_on`."""
    if not participle.endswith("ed"):
        return False
    stem = verb_stem(participle)
    columns = [
        c for table in tables for c in graph.table(table).columns if c.kind in ("time", "date", "bool")
    ]
    return any(stem == verb_stem(part) for column in columns for part in words_of(column.name))
