"""How texts of a question are compared with the data, as instructions want it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from aidbt.semantic.english.grounding.refusal import Refused
from aidbt.semantic.english.instructions.parsed import Matching, heeds_case, is_of_parts
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


def matched(
    query: SemanticQuery, matching: TextMatching, values: Mapping[tuple[str, str], Sequence[str]]
) -> SemanticQuery:
    """A query whose texts are compared as instructions want it.

    Args:
        values: those of columns, as far as they are known.
    """
    if not matching and not matching.columns:
        return query

    def change(part: object) -> Predicate | None:
        match part:
            case OneOf(Attribute() as term, said) if all(isinstance(v.value, str) for v in said):
                way = matching.of(term)
                if way in ("", "cased"):
                    return None
                if way == "folded":
                    return OneOf(term, said, ignores_case=True)
                parts = tuple(Matches(term, "contains", str(v.value), way == "contains") for v in said)
                known = values.get((term.table, term.column), ())
                found = tuple(replace(p, how="is") if _is_within_others(p.text, known) else p for p in parts)
                return found[0] if len(found) == 1 else AnyOf(found)
            case Matches(Attribute() as term, how, text, ignores_case):
                is_part = is_of_parts(matching.of(term))
                is_folded = ignores_case and not heeds_case(matching.of(term))
                return Matches(term, "contains" if how == "is" and is_part else how, text, is_folded)
        return None

    return rewritten(query, change)


def check_folded_groups(query: SemanticQuery, values: Mapping[tuple[str, str], Sequence[str]]) -> None:
    """That no groups differ by their case alone, where a question is to be read "ignoring case".

    Raises:
        Refused: some do.
    """
    for term in query.group_by:
        known = values.get((term.table, term.column), ()) if isinstance(term, Attribute) else ()
        if len({value.lower() for value in known}) < len(set(known)):
            raise Refused("groups that differ by their case alone are not put together", spans=("case",))


def _is_within_others(text: str, values: Sequence[str]) -> bool:
    """Whether a text is a whole value, and of another one no word, or beginning of one: active, inactive."""
    said, held = text.lower(), [value.lower() for value in values]
    return said in held and any(re.search(rf"\w{re.escape(said)}", value) for value in held)
