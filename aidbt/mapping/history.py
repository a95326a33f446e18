"""What was decided before: the names that source columns got in other staging models."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from aidbt.core.schema import Mapping
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
    """

    names: dict[str, Counter[str]] = field(default_factory=dict)
    by_source: dict[tuple[str, str], Counter[str]] = field(default_factory=dict)

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
    for mapping in mappings:
        for column in mapping.columns:
            if column.status == "accepted" and column.by == "person" and column.is_passthrough:
                known = column.sources[0].lower()
                names.setdefault(known, Counter())[column.target] += 1
                by_source.setdefault((mapping.source, known), Counter())[column.target] += 1
    return History(names, by_source)
