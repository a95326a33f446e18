"""What the phrases of a question mean, before they are a query."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass

from aidbt.semantic.query import (
    Attribute,
    Grain,
    Operator,
    Predicate,
    Term,
)

Found = Iterator[tuple[str, Hashable, float]]
"""What a rule gives: category, meaning and cost of a longer phrase."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of a table; `where` as seen from it."""

    table: str
    where: Predicate | None = None


@dataclass(frozen=True, slots=True)
class Columns:
    """Columns, the rows whose they are when that was said, and what else the same words may mean."""

    terms: tuple[Attribute, ...]
    rows: Rows | None = None
    alike: tuple[Attribute, ...] = ()


@dataclass(frozen=True, slots=True)
class Number:
    """An aggregate; `rows` are those it is made of."""

    term: Term
    table: str


@dataclass(frozen=True, slots=True)
class Condition:
    """A predicate on a column of a table."""

    table: str
    predicate: Predicate


@dataclass(frozen=True, slots=True)
class Link:
    """Being related to rows of another table, so many of them."""

    rows: Rows
    operator: Operator = ">="
    count: int = 1
    is_plain: bool = True


@dataclass(frozen=True, slots=True)
class Group:
    """What makes a group."""

    terms: tuple[Attribute, ...]
    rows: Rows | None = None
    grain: Grain | None = None


@dataclass(frozen=True, slots=True)
class Best:
    """The first so many, by what they have most or least of."""

    by: Hashable
    is_descending: bool
    limit: int | None = 1
    rows: Hashable = None


@dataclass(frozen=True, slots=True)
class Listed:
    """Several things side by side."""

    items: tuple[Hashable, ...]
