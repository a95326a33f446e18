"""How texts of a question are compared with the data, as instructions want it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from aidbt.semantic.english.instructions.parsed import Matching
from aidbt.semantic.query import AnyOf, Attribute, Matches, OneOf, Predicate, SemanticQuery
from aidbt.semantic.rewriting import rewritten


@dataclass(frozen=True)
class TextMatching:
    """How texts of a question are compared with the data; false where no more than some columns are named.

    Attributes:
        everything: of all columns but those of `columns`, which are places (table, column).
    """

    everything: Matching = ""
    columns: Mapping[tuple[str, str], Matching] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.everything)

    def of(self, term: Attribute) -> Matching:
        """How texts are compared with a column."""
        return self.at(term.table, term.column)

    def at(self, table: str, column: str) -> Matching:
        """How texts are compared with a column of a table."""
        return self.columns.get((table, column), self.everything)


def matched(query: SemanticQuery, matching: TextMatching) -> SemanticQuery:
    """A query whose texts are compared as instructions want it."""
    if not matching and not matching.columns:
        return query

    def change(part: object) -> Predicate | None:
        match part:
            case OneOf(Attribute() as term, values) if all(isinstance(v.value, str) for v in values):
                if not matching.of(term):
                    return None
                if matching.of(term) == "folded":
                    return OneOf(term, values, ignores_case=True)
                found = tuple(Matches(term, "contains", str(value.value)) for value in values)
                return found[0] if len(found) == 1 else AnyOf(found)
            case Matches(Attribute() as term, "is", text):
                return Matches(term, "contains" if matching.of(term) == "contains" else "is", text)
        return None

    return rewritten(query, change)
