"""The tables that can be asked about, and how their rows belong together."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from aidbt.core.errors import AidbtError, UnknownName
from aidbt.core.words import singular_words

Kind = Literal["number", "text", "time", "date", "bool", "other"]

# Longer ways than that between two tables are nobody's meaning.
MOST_STEPS = 6
_MOST_LISTED = 6


class NoPath(AidbtError):
    """Two tables that a question holds do not belong together, or in more ways than one."""


@dataclass(frozen=True, slots=True)
class GraphColumn:
    """A column that can be asked about.

    Attributes:
        kind: what it holds, as far as questions care.
        description, synonyms: as the project documents it.
        unit: "percent", "usd", "seconds" and so on; "" when unknown.
        is_pii: values of it are never shown or indexed.
        values: what it takes, when those are few and kept: its codes.
    """

    name: str
    kind: Kind
    data_type: str = ""
    description: str = ""
    synonyms: tuple[str, ...] = ()
    unit: str = ""
    is_pii: bool = False
    nullable: bool = True
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GraphTable:
    """A table that can be asked about: a model, a source, or one of a database without a project.

    Attributes:
        name: unique in its graph, e.g. a model's name.
        identifier, schema, database: where the warehouse has it, unquoted.
        keys: sets of columns of which no two rows are alike, the primary key first.
        time: the column that says when a row happened, where one is meant by default; "" for none.
        label: the column that people call a row by (a name, a title); "" for none.
        behind: the table of a later layer that has the same rows, and is meant where both may be.
    """

    name: str
    columns: tuple[GraphColumn, ...]
    identifier: str = ""
    schema: str = ""
    database: str = ""
    keys: tuple[tuple[str, ...], ...] = ()
    description: str = ""
    synonyms: tuple[str, ...] = ()
    time: str = ""
    label: str = ""
    behind: str = ""

    def column(self, name: str) -> GraphColumn:
        """The column of that exact name.

        Raises:
            UnknownName: there is none.
        """
        for column in self.columns:
            if column.name == name:
                return column
        raise UnknownName(f"column of {self.name}", name, [column.name for column in self.columns])


@dataclass(frozen=True, slots=True)
class Relationship:
    """Rows of `source` refer to rows of `target`.

    Attributes:
        name: unique in its graph, e.g. "orders.customer_id".
        target_columns: in the order of `source_columns`.
        is_to_one: whether a row of the source belongs to one row of the target at most.
        is_one_to_one: whether no two rows of the source refer to the same one.
        condition: values that columns of the source have on rows that refer to this target at all, e.g. of a
            `receiver_id` that is a merchant's where `receiver_type` is 1.
        evidence: where it is known from: "declared", "tested", "inferred".
        role: what the target is to the source where its own noun does not say it, e.g. "manager"; then it is
            no way that is meant unless it is named.
    """

    name: str
    source: str
    source_columns: tuple[str, ...]
    target: str
    target_columns: tuple[str, ...]
    is_to_one: bool = True
    is_one_to_one: bool = False
    condition: tuple[tuple[str, str | int], ...] = ()
    evidence: str = "inferred"
    role: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """A relationship taken in one direction; forward is from the rows that refer to those referred to."""

    relationship: Relationship
    is_forward: bool = True

    @property
    def start(self) -> str:
        return self.relationship.source if self.is_forward else self.relationship.target

    @property
    def end(self) -> str:
        return self.relationship.target if self.is_forward else self.relationship.source

    @property
    def is_to_one(self) -> bool:
        """Whether it leads from one row to one at most."""
        return self.relationship.is_to_one if self.is_forward else self.relationship.is_one_to_one


Path = tuple[Step, ...]


def is_to_one(path: Path) -> bool:
    """Whether a way leads from one row to one row at most."""
    return all(step.is_to_one for step in path)


@dataclass(frozen=True)
class Graph:
    """Tables and how they refer to each other."""

    tables: tuple[GraphTable, ...]
    relationships: tuple[Relationship, ...] = ()
    _paths: dict[tuple[str, str, tuple[str, ...]], tuple[Path, ...]] = field(
        default_factory=dict, repr=False, compare=False
    )

    @cached_property
    def _by_name(self) -> Mapping[str, GraphTable]:
        return {table.name: table for table in self.tables}

    def table(self, name: str) -> GraphTable:
        """The table of that exact name.

        Raises:
            UnknownName: there is none.
        """
        if name not in self._by_name:
            raise UnknownName("table", name, list(self._by_name))
        return self._by_name[name]

    def path(self, start: str, end: str, via: Iterable[str] = ()) -> Path:
        """The way from a table's rows to another's, which has to take the relationships `via`.

        A way on which every row leads to one row at most goes before all others, then that with the fewest
        roles, then the shortest, then that which every row has; over tables that only link two others a way
        to many rows is as good as one step.

        Raises:
            NoPath: there is none, or several as good as each other.
        """
        ways = self.paths(start, end, via)
        if len(ways) == 1:
            return ways[0]
        if not ways:
            with_ = f" by way of {', '.join(via)}" if via else ""
            raise NoPath(
                f"the rows of {start} and {end} do not belong together{with_}",
                hint="declare how they do with a relationships test, or ask about one of them",
            )
        best = [way for way in ways if self._rank(way) == self._rank(ways[0])]
        # Nearer rows in a role (the team that a player left) are as likely meant as farther ones in none.
        best += [
            way for way in ways if has_role(way) and not via and len(way) < len(ways[0]) and is_to_one(way)
        ]
        if len(best) > 1:
            # The way that every row has goes before those that only some rows have: by way of a coupon.
            always = [way for way in best if is_to_one(way) and not self._is_optional(way)]
            best = always if len(always) == 1 else best
        if len(best) > 1:
            shown = "; ".join(described(way) for way in best[:_MOST_LISTED])
            raise NoPath(
                f"there is more than one way from {start} to {end}: {shown}",
                hint="say which is meant",
            )
        return best[0]

    def paths(self, start: str, end: str, via: Iterable[str] = ()) -> tuple[Path, ...]:
        """All ways from a table to another, best first."""
        key = (start, end, tuple(sorted(via)))
        if key not in self._paths:
            found = [way for way in self._walk(start, end) if set(key[2]) <= _names(way)]
            self._paths[key] = tuple(sorted(found, key=lambda way: (self._rank(way), described(way))))
        return self._paths[key]

    def is_link(self, name: str) -> bool:
        """Whether a table says nothing but which rows of others belong together."""
        table = self.table(name)
        referring = [r for r in self.relationships if r.source == name]
        linking = {column for relationship in referring for column in relationship.source_columns}
        return len(referring) >= 2 and all(
            column.name in linking or [column.name] in map(list, table.keys) for column in table.columns
        )

    def is_between(self, name: str, one: str, other: str) -> bool:
        """Whether a table is called by two others whose rows it brings together: `route_stop`."""
        ends = {words[-1] for words in map(singular_words, (one, other)) if words}
        return len(ends) == 2 and ends <= set(singular_words(name))

    def _is_optional(self, way: Path) -> bool:
        """Whether some rows may have no such way, for a column on it may be empty."""
        return any(
            not step.is_forward or self.table(step.start).column(column).nullable
            for step in way
            for column in step.relationship.source_columns
        )

    def _rank(self, way: Path) -> tuple[int, int, int]:
        links = sum(self.is_link(step.end) for step in way[:-1])
        if len(way) == 2 and not links:
            links += self.is_between(way[0].end, way[0].start, way[1].end)
        roles = sum(bool(step.relationship.role) for step in way)
        return (0 if is_to_one(way) else 1, roles, len(way) - links)

    @cached_property
    def _steps(self) -> Mapping[str, tuple[Step, ...]]:
        steps: dict[str, list[Step]] = {table.name: [] for table in self.tables}
        for relationship in self.relationships:
            steps[relationship.source].append(Step(relationship))
            steps[relationship.target].append(Step(relationship, is_forward=False))
        return {name: tuple(found) for name, found in steps.items()}

    def _walk(self, start: str, end: str) -> Iterator[Path]:
        """Ways that enter no table twice; from a table to itself only the empty one, and loops by name."""
        self.table(start), self.table(end)
        if start == end:
            yield ()
        waiting: deque[Path] = deque([()])
        while waiting:
            way = waiting.popleft()
            here = way[-1].end if way else start
            for step in self._steps[here]:
                longer = (*way, step)
                if step.end == end:
                    yield longer
                elif step.end != start and step.end not in {s.end for s in way} and len(longer) < MOST_STEPS:
                    waiting.append(longer)


def described(path: Path) -> str:
    """A way in words that name its columns.

    Example:
        >>> of = Relationship("orders.customer_id", "orders", ("customer_id",), "customers", ("id",))
        >>> described((Step(of), Step(of, is_forward=False)))
        'orders.customer_id > customers < orders.customer_id'
    """
    words: list[str] = []
    for step in path:
        words.append(
            f"{step.relationship.name} > {step.end}" if step.is_forward else f"< {step.relationship.name}"
        )
    return " ".join(words) or "itself"


def has_role(path: Path) -> bool:
    """Whether a way goes by what one row is to another: its manager."""
    return any(step.relationship.role for step in path)


def _names(path: Path) -> set[str]:
    return {step.relationship.name for step in path}
