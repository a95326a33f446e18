"""What is known of a query once every name in it has been resolved: its columns, and what each is made of."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, get_args

from aidbt.core.findings import Severity
from aidbt.core.schema import Column

How = Literal[
    "passthrough", "rename", "cast", "expression", "window", "aggregate", "filter", "join", "group", "order"
]
"""How a query uses a column. The first six say how a value is made of it, from nearest to farthest; the
last four that it decides which rows there are, or in which order."""
Made = Literal[
    "passthrough", "rename", "cast", "expression", "window", "aggregate", "constant", "generated", "unknown"
]
"""How a column as a whole is made. "generated" is made of no column and is no constant either: a clock, a
random number, a sequence."""

_DISTANCE = {how: rank for rank, how in enumerate(get_args(How))}
ROW_USES = frozenset({"filter", "join", "group", "order"})


def farther(one: How, other: How) -> How:
    """How a column is used by what uses a use of it: a cast of a rename is a cast.

    Example:
        >>> farther("rename", "cast"), farther("aggregate", "expression")
        ('cast', 'aggregate')
    """
    return max(one, other, key=_DISTANCE.__getitem__)


@dataclass(frozen=True, slots=True, order=True)
class ColumnUse:
    """One column of a relation that a query reads outright, and how it is used.

    Attributes:
        relation: the `key` of the relation.
        column: its name as the relation has it; "" is the rows themselves, as `count(*)` uses them.
    """

    relation: str
    column: str
    how: How


@dataclass(frozen=True, slots=True)
class OutputColumn:
    """One column that a query gives.

    Attributes:
        name: as the system would store it.
        data_type: its type in the dialect's words; "" when unknown.
        nullable: False only where it is certain that no NULL can come out.
        uses: the columns of relations that its values are made of, sorted, through all CTEs and subqueries of
            the query: each once, as its farthest use. A filter, join, group or order inside of a scalar
            subquery belongs to the column too, each once beside that.
        text: the expression as the query writes it; "" for a column that a star passes on.
        why: of an "unknown" one, what keeps it from being known; of any other, on what trust it is known.
        defined: the expression that makes it, where that stands in a CTE or subquery whose column the query
            only passes on; "" where `text` says it.
    """

    name: str
    data_type: str = ""
    nullable: bool = True
    made: Made = "unknown"
    uses: tuple[ColumnUse, ...] = ()
    text: str = ""
    why: str = ""
    defined: str = ""


@dataclass(frozen=True, slots=True)
class KnownRelation:
    """A relation that a query may read.

    Attributes:
        key: what uses name it by, e.g. dbt's unique_id.
        columns: in the order of the relation.
        is_complete: False where it may have more columns than these.
        unique: sets of columns of which no two rows have the same values, as the project declares them.
    """

    key: str
    columns: tuple[Column, ...] = ()
    is_complete: bool = True
    unique: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class SqlProblem:
    """Something wrong with a query, at a place in its text.

    Attributes:
        code: dotted and stable, e.g. "column.unknown".
        line, column: where, both from 1; 0 when the place is not known.
        start, end: the characters of the text that it is about; equal when there are none.
        nearest: names that might have been meant, the likeliest first.
        replacement: what [start:end] would have to be; "" when there is no single answer.
    """

    code: str
    message: str
    line: int = 0
    column: int = 0
    start: int = 0
    end: int = 0
    nearest: tuple[str, ...] = ()
    replacement: str = ""
    severity: Severity = Severity.ERROR


@dataclass(frozen=True, slots=True)
class ResolvedQuery:
    """A query with all names resolved.

    Attributes:
        columns: what it gives, in order.
        is_complete: False where a star passes on columns of a relation whose columns are not all known.
        row_uses: the columns that decide which rows there are; they bear on every column.
        relations: the keys of what it reads, in the order they are met.
        problems: what is wrong with it; such a place resolves to an "unknown" column.
    """

    columns: tuple[OutputColumn, ...] = ()
    is_complete: bool = True
    row_uses: tuple[ColumnUse, ...] = ()
    relations: tuple[str, ...] = ()
    problems: tuple[SqlProblem, ...] = field(default=())
