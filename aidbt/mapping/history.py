"""What was decided before: the names that source columns got in other staging models."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from aidbt.core.schema import Mapping
from aidbt.core.words import singular_words
from aidbt.project.conventions import Name

# A name is taken over when so many tables agree on it and so few do not; one table of the same source is
# enough for its loader's columns.
_TABLES = 2
_SHARE = 0.8


@dataclass(frozen=True, slots=True)
class History:
    """The decided mappings of a project: hand-written staging models that were read, and our own.

    Attributes:
        names: source column in lower case → how often it got each name, over all sources.
        by_source: the same by (source, column).
        words: short word of source columns → the words it became, in every decided name.
    """

    names: dict[str, Counter[str]] = field(default_factory=dict)
    by_source: dict[tuple[str, str], Counter[str]] = field(default_factory=dict)
    words: dict[str, str] = field(default_factory=dict)

    def name_of(self, source: str, column: str) -> Name | None:
        """The name that a column of that name got elsewhere, or None when there is no agreement.

        A column called `id` is named by its table, so that history says nothing about it.
        """
        if column.lower() == "id":
            return None
        for counted in (self.by_source.get((source, column.lower())), self.names.get(column.lower())):
            if counted:
                name, times = counted.most_common(1)[0]
                if times >= _TABLES and times >= _SHARE * counted.total():
                    return Name(name, "as in other staging models")
        return None


def history_of(mappings: Iterable[Mapping]) -> History:
    """What people decided in the given mappings; what is by convention follows from the conventions."""
    names: dict[str, Counter[str]] = {}
    by_source: dict[tuple[str, str], Counter[str]] = {}
    words: dict[str, Counter[str]] = {}
    for mapping in mappings:
        for column in mapping.columns:
            if column.status == "accepted" and column.by == "person" and column.is_passthrough:
                known = column.sources[0].lower()
                names.setdefault(known, Counter())[column.target] += 1
                by_source.setdefault((mapping.source, known), Counter())[column.target] += 1
                for short, spelled in _spelled_out(singular_words(known), singular_words(column.target)):
                    words.setdefault(short, Counter())[spelled] += 1
    agreed = {short: seen.most_common(1)[0][0] for short, seen in words.items() if len(seen) == 1}
    return History(names, by_source, agreed)


def _spelled_out(source: tuple[str, ...], target: tuple[str, ...]) -> list[tuple[str, str]]:
    """The short words of one name beside what the other name says instead, where that can be told.

    Example:
        >>> _spelled_out(("cust", "nm"), ("customer", "name"))
        [('cust', 'customer'), ('nm', 'name')]
        >>> _spelled_out(("dob",), ("date", "of", "birth"))
        [('dob', 'date of birth')]
    """
    left = [word for word in source if word not in target]
    right = [word for word in target if word not in source]
    if len(left) == 1 and len(right) > 1 and left[0] == "".join(word[0] for word in right):
        return [(left[0], " ".join(right))]
    if len(left) != len(right):
        return []
    return [(a, b) for a, b in zip(left, right, strict=True) if _is_short_for(a, b)]


def _is_short_for(short: str, long: str) -> bool:
    letters = iter(long)
    return len(short) < len(long) and short[0] == long[0] and all(letter in letters for letter in short)
