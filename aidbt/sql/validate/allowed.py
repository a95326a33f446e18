"""What a query may read and call beside what is allowed to every query."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Allowed:
    """What a project allows of its own.

    Attributes:
        functions: names of its own functions and macros in the warehouse, or of functions that are refused
            otherwise, in lower case; "schema.name" allows it with that schema only.
        schemas: schemas of which every relation may be read, in lower case, besides the relations that are
            known. The standard's information_schema only tells what the user may see.
    """

    functions: frozenset[str] = field(default=frozenset())
    schemas: frozenset[str] = field(default=frozenset({"information_schema"}))


NOTHING_MORE = Allowed()
